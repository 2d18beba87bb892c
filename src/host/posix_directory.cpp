#include "host/posix_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/posix_attributes.h"
#include "host/posix_file.h"

namespace backout {
namespace {

constexpr int kOpenForLook = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;

Error wrong_type(const std::string& path, EntryType found, const std::string& wanted) {
    return Error{ErrorCode::wrong_type, path + " is not a " + wanted + " but a " + to_string(found), path};
}

Error not_found(const std::string& path) {
    return Error{ErrorCode::not_found, path + " does not exist", path, ENOENT};
}

struct DirectoryCloser {
    void operator()(DIR* stream) const { ::closedir(stream); }
};

}  // namespace

PosixDirectory& posix(Directory& directory) {
    auto* result = dynamic_cast<PosixDirectory*>(&directory);
    BACKOUT_ASSERT(result != nullptr);
    return *result;
}

Result<std::shared_ptr<Directory>> PosixDirectory::from_path_fd(UniqueFd fd, std::string path) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    UniqueFd readable(retry_interrupted([&] { return ::openat(fd.get(), ".", flags); }));
    if (!readable.valid() && errno != EACCES && errno != EPERM) return system_error(errno, "open", path);
    const bool may_read = readable.valid();
    return std::shared_ptr<Directory>(
        std::make_shared<PosixDirectory>(may_read ? std::move(readable) : std::move(fd), may_read, std::move(path)));
}

Result<FileStatus> PosixDirectory::own_status() {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(fd(), "", path_));
    return found.status;
}

Result<PosixStatus> PosixDirectory::entry_status(const std::string& name) {
    BACKOUT_TRY(check_name(name, path_));
    return posix_status(fd(), name, path_of(name));
}

Result<FileStatus> PosixDirectory::status(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    return found.status;
}

Result<std::uint32_t> PosixDirectory::flags(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    if (!found.status.present()) return not_found(path_of(name));
    return found.flags;
}

Result<std::string> PosixDirectory::read_link(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    if (!found.status.present()) return not_found(path_of(name));
    if (found.status.type != EntryType::symlink) return wrong_type(path_of(name), found.status.type, "symlink");
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(fd(), name.c_str(), target.data(), target.size());
    if (length < 0) return system_error(errno, "readlink", path_of(name));
    target.resize(static_cast<std::size_t>(length));
    return target;
}

Result<ExtendedAttributes> PosixDirectory::xattrs(const std::string& name) {
    BACKOUT_TRY(check_name(name, path_));
    BACKOUT_TRY_ASSIGN(const int opened, open_entry(fd(), name, path_of(name)));
    const UniqueFd entry(opened);
    return posix_xattrs({entry.get(), fd(), name, path_of(name)});
}

Result<std::vector<std::string>> PosixDirectory::list() {
    // A descriptor of its own: the reading position belongs to the open file, and this object may be shared.
    UniqueFd own(retry_interrupted([&] { return ::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!own.valid()) return system_error(errno, "list", path_);
    const std::unique_ptr<DIR, DirectoryCloser> stream(::fdopendir(own.get()));
    if (!stream) return system_error(errno, "list", path_);
    own.release();  // the stream closes it
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const struct dirent* entry = ::readdir(stream.get());
        if (entry == nullptr && errno != 0) return system_error(errno, "list", path_);
        if (entry == nullptr) break;
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::unique_ptr<InputFile>> PosixDirectory::open_read(const std::string& name) {
    // Looked at before it is opened: opening a fifo may wait for ever, opening a device may do things.
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    const std::string path = path_of(name);
    if (!found.status.present()) return not_found(path);
    if (found.status.type != EntryType::file) return wrong_type(path, found.status.type, "file");
    UniqueFd file(retry_interrupted([&] { return ::openat(fd(), name.c_str(), kOpenForLook); }));
    if (!file.valid()) return system_error(errno, "open", path);
    BACKOUT_TRY_ASSIGN(const PosixStatus opened, posix_status(file.get(), "", path));
    if (opened.status.type != EntryType::file) return wrong_type(path, opened.status.type, "file");
    return std::unique_ptr<InputFile>(std::make_unique<PosixInputFile>(std::move(file), path));
}

Result<std::unique_ptr<OutputFile>> PosixDirectory::create(const std::string& name, std::uint32_t mode) {
    BACKOUT_TRY(check_name(name, path_));
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    // 0600 first: with the umask out of the way, but never wider than wanted, not for an instant.
    UniqueFd file(retry_interrupted([&] { return ::openat(fd(), name.c_str(), flags, 0600); }));
    if (!file.valid()) return system_error(errno, "create", path_of(name));
    if (::fchmod(file.get(), mode & 07777U) != 0) {
        const int error_number = errno;
        ::unlinkat(fd(), name.c_str(), 0);
        return system_error(error_number, "set the mode of", path_of(name));
    }
    return std::unique_ptr<OutputFile>(std::make_unique<PosixOutputFile>(std::move(file), path_of(name)));
}

Result<std::shared_ptr<Directory>> PosixDirectory::open_directory(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, entry_status(name));
    const std::string path = path_of(name);
    if (!found.status.present()) return not_found(path);
    if (found.status.type != EntryType::directory) return wrong_type(path, found.status.type, "directory");
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd directory(retry_interrupted([&] { return ::openat(fd(), name.c_str(), flags); }));
    if (!directory.valid()) return system_error(errno, "open", path);
    return from_path_fd(std::move(directory), path);
}

/// For an entry that was just made with a narrow mode: widens it, unless somebody swapped it meanwhile.
Status PosixDirectory::set_exact_mode(const std::string& name, EntryType type, std::uint32_t mode) {
    const std::string path = path_of(name);
    BACKOUT_TRY_ASSIGN(const int opened, open_entry(fd(), name, path));
    const UniqueFd entry(opened);
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(entry.get(), "", path));
    if (found.status.type != type || found.status.uid != ::geteuid()) {
        return Error{ErrorCode::conflict, path + " was replaced by somebody while it was made", path};
    }
    AttributeChange change;
    change.mode = mode & 07777U;
    return posix_set_attributes({entry.get(), fd(), name, path}, change);
}

Status PosixDirectory::make_directory(const std::string& name, std::uint32_t mode) {
    BACKOUT_TRY(check_name(name, path_));
    if (::mkdirat(fd(), name.c_str(), 0700) != 0) return system_error(errno, "make directory", path_of(name));
    Status done = set_exact_mode(name, EntryType::directory, mode);
    if (!done.ok()) ::unlinkat(fd(), name.c_str(), AT_REMOVEDIR);
    return done;
}

Status PosixDirectory::make_symlink(const std::string& name, const std::string& target) {
    BACKOUT_TRY(check_name(name, path_));
    if (target.empty() || target.find('\0') != std::string::npos) {
        return Error{ErrorCode::invalid, "a link can't lead to '" + printable(target) + "': " + path_of(name),
                     path_of(name)};
    }
    if (::symlinkat(target.c_str(), fd(), name.c_str()) == 0) return {};
    return system_error(errno, "make link", path_of(name));
}

Status PosixDirectory::make_link(const std::string& name, Directory& existing, const std::string& existing_name) {
    BACKOUT_TRY(check_name(name, path_));
    BACKOUT_TRY(check_name(existing_name, existing.path()));
    if (::linkat(posix(existing).fd(), existing_name.c_str(), fd(), name.c_str(), 0) == 0) return {};
    return system_error(errno, "link " + posix(existing).path_of(existing_name) + " to", path_of(name));
}

Status PosixDirectory::make_special(const std::string& name, EntryType type, std::uint32_t mode, std::uint64_t device) {
    BACKOUT_TRY(check_name(name, path_));
    mode_t kind = 0;
    if (type == EntryType::fifo) kind = S_IFIFO;
    if (type == EntryType::socket) kind = S_IFSOCK;
    if (type == EntryType::character_device) kind = S_IFCHR;
    if (type == EntryType::block_device) kind = S_IFBLK;
    BACKOUT_ASSERT(kind != 0);
    if (::mknodat(fd(), name.c_str(), kind | 0600, device) != 0) return system_error(errno, "make", path_of(name));
    Status done = set_exact_mode(name, type, mode);
    if (!done.ok()) ::unlinkat(fd(), name.c_str(), 0);
    return done;
}

Status PosixDirectory::remove_file(const std::string& name) {
    BACKOUT_TRY(check_name(name, path_));
    if (::unlinkat(fd(), name.c_str(), 0) == 0) return {};
    return system_error(errno, "remove", path_of(name));
}

Status PosixDirectory::remove_directory(const std::string& name) {
    BACKOUT_TRY(check_name(name, path_));
    if (::unlinkat(fd(), name.c_str(), AT_REMOVEDIR) == 0) return {};
    return system_error(errno, "remove directory", path_of(name));
}

Status PosixDirectory::set_attributes(const std::string& name, const AttributeChange& change) {
    BACKOUT_TRY(check_name(name, path_));
    BACKOUT_TRY_ASSIGN(const int opened, open_entry(fd(), name, path_of(name)));
    const UniqueFd entry(opened);
    return posix_set_attributes({entry.get(), fd(), name, path_of(name)}, change);
}

Status PosixDirectory::set_own_attributes(const AttributeChange& change) {
    return posix_set_attributes({fd(), -1, "", path_}, change);
}

}  // namespace backout
