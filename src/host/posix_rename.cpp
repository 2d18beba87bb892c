// The renames and syncs of PosixDirectory.

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/posix_directory.h"

#include "base/mutation.h"

#ifndef RENAME_EXCHANGE
#error "renameat2 is needed: glibc 2.28 or later"
#endif

namespace backout {
namespace {

Error rename_failure(int error_number, const std::string& what, const std::string& from, const std::string& to) {
    Error error = system_error(error_number, what + " " + from + " and", to);
    error.path = from;
    return error;
}

}  // namespace

Status PosixDirectory::exchange(const std::string& name, Directory& other, const std::string& other_name) {
    BACKOUT_TRY(check_name(name, path_));
    BACKOUT_TRY(check_name(other_name, other.path()));
    PosixDirectory& there = posix(other);
    if (::renameat2(fd(), name.c_str(), there.fd(), other_name.c_str(), RENAME_EXCHANGE) == 0) return {};
    Error error = rename_failure(errno, "exchange", path_of(name), there.path_of(other_name));
    if (error.system_errno == EINVAL || error.system_errno == ENOSYS) error.code = ErrorCode::unsupported;
    return error;
}

Status PosixDirectory::move_to(const std::string& name, Directory& other, const std::string& other_name) {
    BACKOUT_TRY(check_name(name, path_));
    BACKOUT_TRY(check_name(other_name, other.path()));
    PosixDirectory& there = posix(other);
    if (::renameat2(fd(), name.c_str(), there.fd(), other_name.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno == EINVAL || errno == ENOSYS) return move_without_noreplace(name, there, other_name);
    return rename_failure(errno, "move between", path_of(name), there.path_of(other_name));
}

/// For file systems that don't know RENAME_NOREPLACE. A link refuses a taken name like no other call; a directory can't
/// be linked, so an empty one is made as a placeholder (that refuses, too) and replaced. In between, a crash leaves two
/// names of one file, or an empty directory beside the whole one: recovery compares inodes, so it tells them apart.
Status PosixDirectory::move_without_noreplace(const std::string& name, PosixDirectory& there,
                                              const std::string& other_name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    const std::string from = path_of(name);
    const std::string to = there.path_of(other_name);
    if (found.status.type == EntryType::directory) {
        if (::mkdirat(there.fd(), other_name.c_str(), 0700) != 0)
            return rename_failure(errno, "move between", from, to);
        if (::renameat(fd(), name.c_str(), there.fd(), other_name.c_str()) == 0) return {};
        const int error_number = errno;
        ::unlinkat(there.fd(), other_name.c_str(), AT_REMOVEDIR);
        return rename_failure(error_number, "move between", from, to);
    }
    if (::linkat(fd(), name.c_str(), there.fd(), other_name.c_str(), 0) != 0) {
        return rename_failure(errno, "move between", from, to);
    }
    if (::unlinkat(fd(), name.c_str(), 0) == 0) return {};
    const int error_number = errno;
    ::unlinkat(there.fd(), other_name.c_str(), 0);
    return rename_failure(error_number, "move between", from, to);
}

Status PosixDirectory::replace_to(const std::string& name, Directory& other, const std::string& other_name) {
    PosixDirectory& there = posix(other);
    BACKOUT_TRY_ASSIGN(const PosixStatus source, entry_status(name));
    BACKOUT_TRY_ASSIGN(const PosixStatus target, there.entry_status(other_name));
    if (::renameat(fd(), name.c_str(), there.fd(), other_name.c_str()) != 0) {
        return rename_failure(errno, "move between", path_of(name), there.path_of(other_name));
    }
    // rename does nothing, and says it is done, when both names are one inode: the old name has to go by hand.
    const bool same_inode = target.status.present() && source.status.inode == target.status.inode &&
                            source.status.device == target.status.device;
    if (!same_inode) return {};
    BACKOUT_TRY_ASSIGN(const FileStatus here, own_status());
    BACKOUT_TRY_ASSIGN(const FileStatus over_there, there.own_status());
    if (here.inode == over_there.inode && here.device == over_there.device && name == other_name) return {};
    return remove_file(name);
}

Status PosixDirectory::sync() {
    if (!readable_) {
        return Error{ErrorCode::not_permitted, "can't sync " + path_ + ": it may not be read", path_, EACCES};
    }
    if (left_out("host.sync_directory")) return {};
    if (::fsync(fd()) != 0) return system_error(errno, "sync", path_);
    return {};
}

Status PosixDirectory::sync_file_system(const std::string& path) {
    if (!readable_) {
        return Error{ErrorCode::not_permitted, "can't sync " + path + ": " + path_ + " may not be read", path, EACCES};
    }
    if (left_out("host.sync_link_or_special")) return {};
    if (::syncfs(fd()) != 0) return system_error(errno, "sync the file system of", path);
    return {};
}

Status PosixDirectory::sync_file(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    const std::string path = path_of(name);
    if (!found.status.present()) return system_error(ENOENT, "sync", path);
    const bool plain = found.status.type == EntryType::file || found.status.type == EntryType::directory;
    // The attributes of links and special files have no descriptor that fsync takes.
    if (!plain) return sync_file_system(path);
    const int common = O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    UniqueFd file(retry_interrupted([&] { return ::openat(fd(), name.c_str(), O_RDONLY | common); }));
    if (!file.valid() && errno == EACCES) {
        if (found.status.type == EntryType::file) {
            file = UniqueFd(retry_interrupted([&] { return ::openat(fd(), name.c_str(), O_WRONLY | common); }));
        }
        if (!file.valid()) return sync_file_system(path);
    }
    if (!file.valid()) return system_error(errno, "open", path);
    if (left_out("host.sync_file")) return {};
    if (::fsync(file.get()) != 0) return system_error(errno, "sync", path);
    return {};
}

}  // namespace backout
