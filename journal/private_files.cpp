#include "journal/private_files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/mutation.h"
#include "base/text.h"

namespace backout {

namespace {

constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;
constexpr std::uint32_t kBtrfsMagic = 0x9123683E;
constexpr std::uint32_t kFuseMagic = 0x65735546;

Error refused(const std::string& path, const std::string& why) {
    return {ErrorCode::not_permitted, path + " " + why, path};
}

Status check_private_status(const struct stat& status, const std::string& path) {
    if (!S_ISREG(status.st_mode)) return refused(path, "is no regular file; the journal's files must be");
    if (status.st_uid != geteuid()) return refused(path, "belongs to somebody else: run as its owner");
    if (status.st_nlink != 1) return refused(path, "has a second name (a hard link): remove the other name");
    if ((status.st_mode & 077U) != 0) return refused(path, "may be used by others: chmod 600 " + path);
    return {};
}

/// A directory on the way down: whoever owns it, or may write it, may swap everything below.
Status check_directory_above(const std::string& path, const struct stat& status) {
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        return refused(path, "belongs to another user, who could swap the state directory: choose another --state-dir");
    }
    if ((status.st_mode & kOthersMayWrite) != 0 && (status.st_mode & S_ISVTX) == 0) {
        return refused(path, "is writable by others, who could swap the state directory: chmod go-w " + path +
                                 ", or choose another --state-dir");
    }
    return {};
}

Status check_ancestors(const std::string& path) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string prefix = slash == std::string::npos ? path : path.substr(0, slash);
        struct stat status {};
        if (lstat(prefix.c_str(), &status) != 0) return system_error(errno, "lstat", prefix);
        if (S_ISLNK(status.st_mode)) {
            if (status.st_uid != 0 && status.st_uid != geteuid()) {
                return refused(prefix, "is somebody else's link: choose another --state-dir");
            }
        } else {
            BACKOUT_TRY(check_directory_above(prefix, status));
        }
        if (slash == std::string::npos) return {};
    }
}

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// Types of fuse file systems that are somebody else's machine, from /proc/self/mountinfo.
std::string fuse_type(const std::string& directory) {
    struct stat status {};
    if (stat(directory.c_str(), &status) != 0) return {};
    const std::string device = std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        const auto words = split(line, ' ');
        const auto dash = std::find(words.begin(), words.end(), "-");
        if (words.size() > 2 && words[2] == device && words.end() - dash > 1) return *(dash + 1);
    }
    return {};
}

bool is_network(std::uint32_t magic, const std::string& directory) {
    constexpr std::array<std::uint32_t, 12> kNetwork = {0x6969,     0xFF534D42, 0xFE534D42, 0x517B,
                                                        0x01021997, 0x5346414F, 0x73757245, 0x00C36400,
                                                        0x0BD00BD0, 0x564C,     0x65735543, 0x19830326};
    if (std::find(kNetwork.begin(), kNetwork.end(), magic) != kNetwork.end()) return true;
    if (magic != kFuseMagic) return false;
    const std::string type = fuse_type(directory);
    constexpr std::array<const char*, 7> kRemote = {"fuse.sshfs",  "fuse.glusterfs", "fuse.s3fs",   "fuse.rclone",
                                                    "fuse.davfs2", "fuse.curlftpfs", "fuse.gcsfuse"};
    return std::any_of(kRemote.begin(), kRemote.end(), [&](const char* remote) { return type == remote; });
}

}  // namespace

OwnedFd::~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
}

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Result<bool> path_exists(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return system_error(errno, "lstat", path);
}

Result<OwnedFd> open_private_file(const std::string& path, int flags) {
    OwnedFd fd(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0 && errno == ELOOP) return refused(path, "is a symbolic link; the journal's files must not be");
    if (fd.get() < 0) return system_error(errno, "open", path);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return system_error(errno, "fstat", path);
    BACKOUT_TRY(check_private_status(status, path));
    return fd;
}

Result<Bytes> read_private_file(const std::string& path, std::uint64_t limit) {
    BACKOUT_TRY_ASSIGN(const OwnedFd fd, open_private_file(path, O_RDONLY));
    return read_at(fd.get(), 0, limit, path);
}

Status write_new_private_file(const std::string& path, std::string_view bytes) {
    const OwnedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd.get() < 0) return system_error(errno, "open", path);
    Status written = fchmod(fd.get(), 0600) == 0 ? Status{} : system_error(errno, "fchmod", path);
    if (written.ok()) written = write_at(fd.get(), 0, bytes, path);
    const bool synced = left_out("journal.new_private_file") || !written.ok() || fsync(fd.get()) == 0;
    if (!synced) written = system_error(errno, "fsync", path);
    if (!written.ok()) ::unlink(path.c_str());
    return written;
}

Status write_at(int fd, off_t at, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return system_error(errno, "write", path);
        bytes.remove_prefix(static_cast<std::size_t>(done));
        at += done;
    }
    return {};
}

Result<Bytes> read_at(int fd, off_t at, std::size_t length, const std::string& path) {
    Bytes bytes(length, '\0');
    std::size_t have = 0;
    while (have < length) {
        const ssize_t done = ::pread(fd, bytes.data() + have, length - have, at + static_cast<off_t>(have));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return system_error(errno, "read", path);
        if (done == 0) break;
        have += static_cast<std::size_t>(done);
    }
    bytes.resize(have);
    return bytes;
}

Status sync_path(const std::string& path) {
    const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return system_error(errno, "open", path);
    if (fsync(fd.get()) != 0) return system_error(errno, "fsync", path);
    return {};
}

Status sync_directory_of(const std::string& path) {
    const std::string parent = parent_of(path);
    const OwnedFd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return system_error(errno, "open", parent);
    if (fsync(fd.get()) != 0) return system_error(errno, "fsync", parent);
    return {};
}

Status check_directories_above(const std::string& path) {
    const std::string parent = parent_of(path);
    BACKOUT_TRY(check_ancestors(parent));
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(parent.c_str(), nullptr), std::free);
    if (!real) return system_error(errno, "realpath", parent);
    return check_ancestors(real.get());
}

Status check_private_directory(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return system_error(errno, "lstat", path);
    if (S_ISLNK(status.st_mode)) return refused(path, "is a symbolic link: name the directory itself");
    if (!S_ISDIR(status.st_mode)) return refused(path, "is no directory");
    if (status.st_uid != geteuid()) {
        return refused(path, "belongs to another user: run as its owner, or choose another --state-dir");
    }
    if ((status.st_mode & kOthersMayWrite) != 0) return refused(path, "is writable by others: chmod go-w " + path);
    return check_directories_above(path);
}

Status make_private_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0) return system_error(errno, "mkdir", path);
    if (::chmod(path.c_str(), 0700) != 0) return system_error(errno, "chmod", path);
    return {};
}

Status refuse_network_file_system(const std::string& directory) {
    struct statfs status {};
    if (statfs(directory.c_str(), &status) != 0) return system_error(errno, "statfs", directory);
    if (!is_network(static_cast<std::uint32_t>(status.f_type), directory)) return {};
    return Error{
        ErrorCode::unsupported,
        directory + " is on a network file system, where a journal isn't safe: choose a --state-dir on a local disk",
        directory};
}

Status refuse_read_only_file_system(const std::string& directory) {
    struct statvfs status {};
    if (statvfs(directory.c_str(), &status) != 0) return system_error(errno, "statvfs", directory);
    if ((status.f_flag & ST_RDONLY) == 0) return {};
    return Error{ErrorCode::journal,
                 directory + " is on a file system mounted read-only: mount it writable, or choose another --state-dir",
                 directory, EROFS};
}

void avoid_copy_on_write(const std::string& directory) {
    struct statfs status {};
    if (statfs(directory.c_str(), &status) != 0 || static_cast<std::uint32_t>(status.f_type) != kBtrfsMagic) return;
    const OwnedFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    int flags = 0;
    // Where it isn't offered (compression is on, say), the journal works all the same until the disk is full.
    if (fd.get() < 0 || ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
    flags |= FS_NOCOW_FL;
    ioctl(fd.get(), FS_IOC_SETFLAGS, &flags);
}

}  // namespace backout
