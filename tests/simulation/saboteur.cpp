#include "saboteur.h"

#include <cerrno>
#include <map>

namespace backout::simulation {

namespace {

int errno_of(const std::string& code) {
    static const std::map<std::string, int> kNumbers = {
        {"io", EIO}, {"no_space", ENOSPC}, {"read_only", EROFS}, {"quota", EDQUOT}, {"files", EMFILE}};
    const auto found = kNumbers.find(code);
    return found == kNumbers.end() ? EIO : found->second;
}

}  // namespace

Status Saboteur::answer(const Operation& operation) const {
    if (!fault_ || operation.number < fault_->operation) return {};
    if (operation.number > fault_->operation && !fault_->for_ever) return {};
    return system_error(errno_of(fault_->code), operation.what, operation.path);
}

}  // namespace backout::simulation
