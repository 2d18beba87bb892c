#include "host/posix_attributes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <optional>

#include "host/posix_fd.h"
#include "host/posix_status.h"

namespace backout {
namespace {

constexpr const char* kCapability = "security.capability";
constexpr const char* kSelinux = "security.selinux";  // a label follows from the policy, not from us
constexpr std::uint32_t kBothFlags = kFlagImmutable | kFlagAppend;

/// The l… calls don't follow the last component, so a link is named in its directory; everything else is reached
/// through its own descriptor.
std::string proc_path(const EntryHandle& entry, EntryType type) {
    if (type == EntryType::symlink) return "/proc/self/fd/" + std::to_string(entry.parent_fd) + "/" + entry.name;
    return "/proc/self/fd/" + std::to_string(entry.fd);
}

/// Extended attributes of an entry, by whichever pair of calls suits its type.
class XattrAccess {
  public:
    XattrAccess(const EntryHandle& entry, EntryType type)
        : path_(proc_path(entry, type)), link_(type == EntryType::symlink) {}

    ssize_t list(char* buffer, std::size_t size) const {
        return link_ ? ::llistxattr(path_.c_str(), buffer, size) : ::listxattr(path_.c_str(), buffer, size);
    }
    ssize_t get(const char* name, char* buffer, std::size_t size) const {
        return link_ ? ::lgetxattr(path_.c_str(), name, buffer, size) : ::getxattr(path_.c_str(), name, buffer, size);
    }
    int set(const char* name, const Bytes& value) const {
        return link_ ? ::lsetxattr(path_.c_str(), name, value.data(), value.size(), 0)
                     : ::setxattr(path_.c_str(), name, value.data(), value.size(), 0);
    }
    int remove(const char* name) const {
        return link_ ? ::lremovexattr(path_.c_str(), name) : ::removexattr(path_.c_str(), name);
    }

  private:
    std::string path_;
    bool link_;
};

/// Calls `fill(buffer, size)` with a buffer that is large enough; the size may change between two calls.
template <typename Fill>
std::optional<Bytes> read_sized(Fill fill) {
    for (int attempt = 0; attempt < 10; ++attempt) {
        const ssize_t size = fill(nullptr, std::size_t{0});
        if (size < 0) return std::nullopt;
        Bytes buffer(static_cast<std::size_t>(size) + 64, '\0');
        const ssize_t got = fill(buffer.data(), buffer.size());
        if (got >= 0) {
            buffer.resize(static_cast<std::size_t>(got));
            return buffer;
        }
        if (errno != ERANGE) return std::nullopt;
    }
    return std::nullopt;
}

bool without_xattrs(int error_number) {
    return error_number == ENOTSUP || error_number == ENOSYS;
}

Result<ExtendedAttributes> read_xattrs(const XattrAccess& access, const std::string& path) {
    const auto names = read_sized([&](char* buffer, std::size_t size) { return access.list(buffer, size); });
    if (!names && without_xattrs(errno)) return ExtendedAttributes{};
    if (!names) return system_error(errno, "list extended attributes of", path);
    ExtendedAttributes result;
    for (std::size_t begin = 0; begin < names->size();) {
        const std::string name = names->c_str() + begin;
        begin += name.size() + 1;
        if (name.empty() || name == kSelinux) continue;
        auto value = read_sized([&](char* buffer, std::size_t size) { return access.get(name.c_str(), buffer, size); });
        if (value) result[name] = std::move(*value);
        // Gone meanwhile, or not for this user's eyes: "those that may be read".
        else if (errno != ENODATA && errno != EPERM && errno != EACCES && !without_xattrs(errno)) {
            return system_error(errno, "read extended attribute " + name + " of", path);
        }
    }
    return result;
}

/// Sets what AttributeChange asks for, one attribute a function, in the order that loses nothing.
class AttributeSetter {
  public:
    AttributeSetter(const EntryHandle& entry, const FileStatus& status, std::uint32_t flags)
        : entry_(entry), status_(status), flags_(flags), access_(entry, status.type) {}

    Status run(const AttributeChange& change) {
        BACKOUT_TRY(set_owner(change));
        if (change.xattrs) BACKOUT_TRY(set_xattrs(*change.xattrs));
        BACKOUT_TRY(set_mode(change));
        if (change.mtime) BACKOUT_TRY(set_mtime(*change.mtime));
        if (change.flags) BACKOUT_TRY(set_flags(*change.flags & kBothFlags));
        return {};
    }

  private:
    Error failure(int error_number, const std::string& attribute) const {
        Error error = system_error(error_number, "set " + attribute + " of", entry_.path);
        if (error.code == ErrorCode::not_permitted && (flags_ & kBothFlags) != 0) {
            error.message +=
                (flags_ & kFlagImmutable) != 0 ? " (it is immutable: chattr -i)" : " (it is append-only: chattr -a)";
        }
        return error;
    }

    /// A change of owner clears suid, sgid and file capabilities behind our back: they are put back, since attributes
    /// that were not named are to be left alone.
    Status set_owner(const AttributeChange& change) {
        const std::uint32_t uid = change.uid.value_or(status_.uid);
        const std::uint32_t gid = change.gid.value_or(status_.gid);
        if (uid == status_.uid && gid == status_.gid) return {};
        const auto capability =
            read_sized([&](char* buffer, std::size_t size) { return access_.get(kCapability, buffer, size); });
        if (::fchownat(entry_.fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
            return failure(errno, uid == status_.uid ? "group" : "owner");
        }
        owner_changed_ = true;
        if (!capability || change.xattrs) return {};
        return access_.set(kCapability, *capability) == 0 ? Status{} : failure(errno, kCapability);
    }

    Status set_xattrs(const ExtendedAttributes& wanted) {
        BACKOUT_TRY_ASSIGN(const ExtendedAttributes present, read_xattrs(access_, entry_.path));
        for (const auto& [name, value] : present) {
            if (wanted.count(name) != 0) continue;
            if (access_.remove(name.c_str()) != 0 && errno != ENODATA) {
                return failure(errno, "extended attribute " + name);
            }
        }
        for (const auto& [name, value] : wanted) {
            const auto found = present.find(name);
            if (name == kSelinux || (found != present.end() && found->second == value)) continue;
            if (access_.set(name.c_str(), value) != 0) return failure(errno, "extended attribute " + name);
        }
        return {};
    }

    Status set_mode(const AttributeChange& change) {
        if (status_.type == EntryType::symlink) return {};  // links have no mode of their own
        if (!change.mode && (!owner_changed_ || (status_.mode & 06000U) == 0)) return {};
        const std::uint32_t wanted = change.mode.value_or(status_.mode) & 07777U;
        // An ACL that was just set, or a new owner, may have changed it: ask again before doing nothing.
        BACKOUT_TRY_ASSIGN(const PosixStatus now, posix_status(entry_.fd, "", entry_.path));
        if (now.status.mode == wanted) return {};
        if (::chmod(proc_path(entry_, status_.type).c_str(), wanted) != 0) return failure(errno, "mode");
        return {};
    }

    Status set_mtime(UnixNanoseconds mtime) {
        struct timespec times[2] = {{0, UTIME_OMIT}, {mtime / kSecond, mtime % kSecond}};
        if (times[1].tv_nsec < 0) {  // before 1970
            times[1].tv_nsec += kSecond;
            --times[1].tv_sec;
        }
        const bool link = status_.type == EntryType::symlink;
        const int done = link ? ::utimensat(entry_.parent_fd, entry_.name.c_str(), times, AT_SYMLINK_NOFOLLOW)
                              : ::utimensat(AT_FDCWD, proc_path(entry_, status_.type).c_str(), times, 0);
        return done == 0 ? Status{} : failure(errno, "time");
    }

    Status set_flags(std::uint32_t wanted) {
        if (wanted == flags_) return {};
        if (status_.type != EntryType::file && status_.type != EntryType::directory) {
            return Error{ErrorCode::unsupported,
                         "only files and directories can be immutable or append-only: " + entry_.path, entry_.path};
        }
        const int how = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
        UniqueFd file(retry_interrupted([&] { return ::open(proc_path(entry_, status_.type).c_str(), how); }));
        if (!file.valid()) return failure(errno, "flags");
        int value = 0;
        if (::ioctl(file.get(), FS_IOC_GETFLAGS, &value) != 0) return flags_failure(errno);
        value = static_cast<int>((static_cast<std::uint32_t>(value) & ~kBothFlags) | wanted);
        if (::ioctl(file.get(), FS_IOC_SETFLAGS, &value) != 0) return flags_failure(errno);
        return {};
    }

    Error flags_failure(int error_number) const {
        Error error = failure(error_number, "flags");
        if (error_number == ENOTTY || error_number == EINVAL) error.code = ErrorCode::unsupported;
        return error;
    }

    const EntryHandle& entry_;
    const FileStatus& status_;
    std::uint32_t flags_;
    XattrAccess access_;
    bool owner_changed_ = false;
};

}  // namespace

Result<ExtendedAttributes> posix_xattrs(const EntryHandle& entry) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(entry.fd, "", entry.path));
    return read_xattrs(XattrAccess(entry, found.status.type), entry.path);
}

Status posix_set_attributes(const EntryHandle& entry, const AttributeChange& change) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(entry.fd, "", entry.path));
    return AttributeSetter(entry, found.status, found.flags).run(change);
}

}  // namespace backout
