#include "saboteur.h"

#include <cerrno>
#include <map>
#include <set>
#include <string>

namespace backout::simulation {

namespace {

int errno_of(const std::string& code) {
    static const std::map<std::string, int> kNumbers = {{"io", EIO},       {"no_space", ENOSPC}, {"read_only", EROFS},
                                                        {"quota", EDQUOT}, {"files", EMFILE},    {"full", ENOSPC}};
    const auto found = kNumbers.find(code);
    return found == kNumbers.end() ? EIO : found->second;
}

/// On a full disk names can be moved and removed, and what is there can be synced.
bool needs_space(const std::string& what) {
    static const std::set<std::string> kGrowing = {"create",    "write",        "set_size",     "reserve",
                                                   "make_link", "make_symlink", "make_special", "make_directory"};
    return kGrowing.count(what) != 0;
}

}  // namespace

Status Saboteur::answer(const Operation& operation) const {
    if (!fault_ || operation.number < fault_->operation) return {};
    if (operation.number > fault_->operation && !fault_->for_ever) return {};
    if (fault_->code == "full" && !needs_space(operation.what)) return {};
    return system_error(errno_of(fault_->code), operation.what, operation.path);
}

}  // namespace backout::simulation
