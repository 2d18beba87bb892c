#include "compensators/permission_check.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace backout {

namespace {

constexpr const char* kAccessList = "system.posix_acl_access";
constexpr std::uint32_t kSticky = 01000;

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Error not_changeable(const Target& target, const std::string& directory, const std::string& why) {
    return Error{ErrorCode::not_permitted,
                 printable(target.path) + " can't be changed: " + printable(directory) + " " + why, target.path};
}

}  // namespace

// One of the three classes counts, as in the kernel: an owner whom the mode forbids isn't helped by the others' bits.
bool PermissionCheck::can_write(const FileStatus& status, std::uint32_t bits) const {
    const std::uint32_t user = request_.host.user_id();
    if (user == 0) return true;
    std::uint32_t allowed = status.mode;
    if (status.uid == user) {
        allowed >>= 6U;
    } else if (request_.host.has_group(status.gid)) {
        allowed >>= 3U;
    }
    return (allowed & bits) == bits;
}

Result<PermissionCheck::Place> PermissionCheck::look(const std::string& directory) const {
    Place place;
    BACKOUT_TRY_ASSIGN(const auto opened, request_.host.open_directory(directory));
    BACKOUT_TRY_ASSIGN(const FileSystemInfo file_system, request_.host.file_system(*opened));
    place.read_only = file_system.read_only;
    BACKOUT_TRY_ASSIGN(place.status, opened->own_status());
    if (directory == "/") return place;
    BACKOUT_TRY_ASSIGN(const Location location, request_.host.locate(directory));
    BACKOUT_TRY_ASSIGN(const ExtendedAttributes xattrs, location.directory->xattrs(location.name));
    place.may_be_listed = xattrs.count(kAccessList) != 0;
    BACKOUT_TRY_ASSIGN(place.flags, location.directory->flags(location.name));
    return place;
}

// A parent that is predicted, or to be made: what counts is where it will be made.
Result<std::pair<std::string, PermissionCheck::Place>> PermissionCheck::nearest_place(const std::string& key) {
    for (std::string directory = parent_of(key);; directory = parent_of(directory)) {
        const auto known = places_.find(directory);
        if (known != places_.end()) return std::pair<std::string, Place>(*known);
        auto place = look(directory);
        if (place.ok()) return std::pair<std::string, Place>(*places_.emplace(directory, *place).first);
        const ErrorCode code = place.error().code;
        if (directory == "/" || (code != ErrorCode::not_found && code != ErrorCode::wrong_type)) {
            return std::move(place).error();
        }
    }
}

Status PermissionCheck::check_place(const Target& target, const std::string& directory, const Place& place) const {
    const std::uint32_t user = request_.host.user_id();
    const EntryState& present = target.seen.state;
    if (place.read_only) return not_changeable(target, directory, "is on a read-only file system: remount it writable");
    if ((place.flags & kFlagImmutable) != 0)
        return not_changeable(target, directory, "is immutable: chattr -i it first");
    if ((place.flags & kFlagAppend) != 0 && present.present()) {
        return not_changeable(target, directory, "is append-only: chattr -a it first");
    }
    if (!place.may_be_listed && !can_write(place.status, 03)) {
        return not_changeable(target, directory,
                              "is not writable for user " + request_.host.user_name(user) +
                                  ": run as its owner or as root, or change its mode");
    }
    const bool sticky = (place.status.mode & kSticky) != 0 && present.present();
    if (sticky && user != 0 && place.status.uid != user && present.uid != user) {
        return not_changeable(target, directory,
                              "is sticky, and the entry belongs to " + request_.host.user_name(present.uid));
    }
    return {};
}

Status PermissionCheck::check_leaving(const Target& target) const {
    const EntryState& present = target.seen.state;
    if (present.type != EntryType::directory || present.xattrs.count(kAccessList) != 0) return {};
    FileStatus status;
    status.mode = present.mode;
    status.uid = present.uid;
    status.gid = present.gid;
    if (can_write(status, 02)) return {};
    return Error{ErrorCode::not_permitted,
                 printable(target.path) +
                     " can't be moved away: a directory that leaves its parent has to be writable, " +
                     "and it isn't for user " + request_.host.user_name(request_.host.user_id()) +
                     ": run as its owner or as root, or change its mode",
                 target.path};
}

Status PermissionCheck::change(const Target& target, bool leaves_parent) {
    if (target.seen.state.flags != 0 && request_.host.user_id() != 0) {
        return Error{ErrorCode::not_permitted,
                     printable(target.path) + " is immutable or append-only: only root can change it", target.path};
    }
    BACKOUT_TRY_ASSIGN(const auto found, nearest_place(target.key));
    BACKOUT_TRY(check_place(target, found.first, found.second));
    return leaves_parent ? check_leaving(target) : Status{};
}

Status PermissionCheck::set_attributes(const Target& target, const AttributeSet& wanted) {
    const std::uint32_t user = request_.host.user_id();
    const EntryState& present = target.seen.state;
    BACKOUT_TRY_ASSIGN(const auto found, nearest_place(target.key));
    if (found.second.read_only)
        return not_changeable(target, found.first, "is on a read-only file system: remount it writable");
    if (user == 0) return {};
    if (present.flags != 0) {
        return Error{ErrorCode::not_permitted,
                     printable(target.path) + " is immutable or append-only: only root can change it", target.path};
    }
    if (present.uid != user) {
        return Error{ErrorCode::not_permitted,
                     printable(target.path) + " belongs to " + request_.host.user_name(present.uid) +
                         ": only its owner or root can change its attributes",
                     target.path};
    }
    AttributeSet changed = wanted;
    if (changed.gid.value_or(present.gid) == present.gid) {
        changed.gid = request_.host.group_id();  // what stays needs no right
    }
    return own(target, changed);
}

Status PermissionCheck::own(const Target& target, const AttributeSet& wanted) const {
    const std::uint32_t user = request_.host.user_id();
    const EntryState& present = target.seen.state;
    if (user == 0) return {};
    const std::uint32_t owner = wanted.uid.value_or(present.present() ? present.uid : user);
    const std::uint32_t group = wanted.gid.value_or(present.present() ? present.gid : request_.host.group_id());
    if (owner != user) {
        return Error{ErrorCode::not_permitted,
                     printable(target.path) + " is to belong to " + request_.host.user_name(owner) +
                         ": only root can give files away, or keep the owner of somebody else's file; run as root",
                     target.path};
    }
    if (request_.host.has_group(group)) return {};
    return Error{ErrorCode::not_permitted,
                 printable(target.path) + " is to have the group " + request_.host.group_name(group) + ", which user " +
                     request_.host.user_name(user) + " isn't in: join it, name another one, or run as root",
                 target.path};
}

Status check_changeable(PlanRequest& request, const Target& target) {
    return PermissionCheck(request).change(target);
}

Status check_owner(PlanRequest& request, const Target& target, const AttributeSet& wanted) {
    return PermissionCheck(request).own(target, wanted);
}

}  // namespace backout
