#include "host/paths.h"

#include <cerrno>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {
namespace {

Error invalid_path(const std::string& path, const std::string& why) {
    return Error{ErrorCode::invalid, "path '" + printable(path) + "' " + why, path};
}

}  // namespace

Result<std::vector<std::string>> split_path(const std::string& path) {
    if (path.empty()) return Error{ErrorCode::invalid, "the path is empty"};
    if (path.find('\0') != std::string::npos) return invalid_path(path, "contains a NUL byte");
    if (path.front() != '/') return invalid_path(path, "is not absolute: it must begin with '/'");
    if (path.size() > kMaximumPath) {
        return invalid_path(path.substr(0, 60) + "…",
                            "has " + std::to_string(path.size()) + " bytes, 4095 are allowed");
    }
    std::vector<std::string> components;
    for (std::string& name : split(path, '/')) {
        if (name.empty() || name == ".") continue;
        if (name == "..") return invalid_path(path, "contains '..': write the path without it");
        if (name.size() > kMaximumName) {
            return invalid_path(path, "has a component of " + std::to_string(name.size()) + " bytes, 255 are allowed");
        }
        components.push_back(std::move(name));
    }
    return components;
}

std::vector<std::string> split_link_target(const std::string& target) {
    std::vector<std::string> components;
    for (std::string& name : split(target, '/')) {
        if (!name.empty() && name != ".") components.push_back(std::move(name));
    }
    return components;
}

std::string join_path(const std::string& directory, const std::string& name) {
    return (directory == "/" ? std::string() : directory) + "/" + name;
}

Status check_name(const std::string& name, const std::string& directory) {
    const bool component = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                           name.find('\0') == std::string::npos && name.size() <= kMaximumName;
    if (component) return {};
    return Error{ErrorCode::invalid,
                 "'" + printable(name) + "' can't name an entry of " + printable(directory) +
                     ": a name is one path component of 1 to 255 bytes, not '.' or '..'",
                 directory};
}

Error untrusted_link(const std::string& path, std::uint32_t owner, const std::string& leads_to) {
    return Error{ErrorCode::not_permitted,
                 "the link " + printable(path) + " belongs to user " + std::to_string(owner) +
                     ", who is neither root nor you nor the owner of " + printable(leads_to) +
                     ", where it leads: it is not followed; name the real path instead, or remove the link",
                 path};
}

Error too_many_links(const std::string& path) {
    return Error{ErrorCode::invalid, "too many links on the way to " + printable(path), path, ELOOP};
}

Error root_is_no_target() {
    return Error{ErrorCode::invalid, "the root folder itself can't be a target: name something below it", "/"};
}

}  // namespace backout
