#include "host/posix_status.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host/posix_fd.h"

namespace backout {
namespace {

EntryType entry_type(std::uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG: return EntryType::file;
        case S_IFDIR: return EntryType::directory;
        case S_IFLNK: return EntryType::symlink;
        case S_IFIFO: return EntryType::fifo;
        case S_IFSOCK: return EntryType::socket;
        case S_IFCHR: return EntryType::character_device;
        default: return EntryType::block_device;
    }
}

UnixNanoseconds nanoseconds(const struct statx_timestamp& time) {
    return time.tv_sec * kSecond + static_cast<UnixNanoseconds>(time.tv_nsec);
}

PosixStatus convert(const struct statx& from) {
    PosixStatus result;
    FileStatus& to = result.status;
    to.type = entry_type(from.stx_mode);
    to.mode = from.stx_mode & 07777U;
    to.uid = from.stx_uid;
    to.gid = from.stx_gid;
    to.size = from.stx_size;
    to.mtime = nanoseconds(from.stx_mtime);
    to.ctime = nanoseconds(from.stx_ctime);
    to.device = makedev(from.stx_dev_major, from.stx_dev_minor);
    to.inode = from.stx_ino;
    to.link_count = from.stx_nlink;
    to.special_device = makedev(from.stx_rdev_major, from.stx_rdev_minor);
    // Kernels before 5.8 don't tell the mount: the device is the next best border for renames.
    to.mount = (from.stx_mask & STATX_MNT_ID) != 0 ? from.stx_mnt_id : to.device;
    if ((from.stx_attributes & STATX_ATTR_IMMUTABLE) != 0) result.flags |= kFlagImmutable;
    if ((from.stx_attributes & STATX_ATTR_APPEND) != 0) result.flags |= kFlagAppend;
    return result;
}

}  // namespace

Result<PosixStatus> posix_status(int fd, const std::string& name, const std::string& path) {
    struct statx buffer {};
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.empty() ? AT_EMPTY_PATH : 0);
    const unsigned mask = STATX_BASIC_STATS | STATX_MNT_ID;
    if (retry_interrupted([&] { return ::statx(fd, name.c_str(), flags, mask, &buffer); }) == 0) return convert(buffer);
    if (errno == ENOENT) return PosixStatus{};
    return system_error(errno, "stat", path);
}

Result<int> open_entry(int fd, const std::string& name, const std::string& path) {
    const int entry = retry_interrupted([&] { return ::openat(fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC); });
    if (entry < 0) return system_error(errno, "open", path);
    return entry;
}

}  // namespace backout
