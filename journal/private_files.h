#pragma once
// Files and directories that belong to one user: 0600 and 0700 whatever the umask, ours, not reached through links, in
// places where nobody else can swap them. The journal and its images are as good as root for whoever may write them.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace backout {

/// Closes what it owns. A close that fails has nothing to tell here: whatever must be durable was synced before.
class OwnedFd {
  public:
    OwnedFd() = default;
    explicit OwnedFd(int fd) : fd_(fd) {}
    ~OwnedFd();
    OwnedFd(OwnedFd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    OwnedFd& operator=(OwnedFd&& other) noexcept;
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;

    int get() const { return fd_; }

  private:
    int fd_ = -1;
};

/// True iff something (a dangling link too) stands there. Errors: of lstat, other than absence.
Result<bool> path_exists(const std::string& path);

/// Opens an existing regular file that is ours alone: no link, one name, our owner, no rights for others.
/// Never blocks on a fifo. Errors: `not_found`, `not_permitted` (saying what to mend).
Result<OwnedFd> open_private_file(const std::string& path, int flags);
Result<Bytes> read_private_file(const std::string& path, std::uint64_t limit);
/// Creates it (O_EXCL) with these bytes. **Durable** once its directory is synced. On failure nothing is left.
Status write_new_private_file(const std::string& path, std::string_view bytes);

Status write_at(int fd, off_t at, std::string_view bytes, const std::string& path);
Result<Bytes> read_at(int fd, off_t at, std::size_t length, const std::string& path);
Status sync_path(const std::string& path);  ///< fsync of a file or directory
/// fsync of the directory that holds `path`. Links lead there too: check_directories_above accepts them.
Status sync_directory_of(const std::string& path);

/// The directory itself: no link, ours, not writable by others; and every directory above it, links on the way
/// included, belongs to root or us and is not writable by others unless sticky. Errors: `not_found`, `not_permitted`.
Status check_private_directory(const std::string& path);
/// Only the directories above it, which must exist.
Status check_directories_above(const std::string& path);
/// mkdir, 0700 whatever the umask. Errors: `exists` too.
Status make_private_directory(const std::string& path);

/// Errors: `unsupported` for network file systems, whose locks and maps LMDB can't rely on.
Status refuse_network_file_system(const std::string& directory);
/// Errors: `not_permitted` if the file system is mounted read-only.
Status refuse_read_only_file_system(const std::string& directory);
/// On btrfs: no copy-on-write for files made in this (empty) directory, or a full disk kills LMDB's users. Else
/// nothing.
void avoid_copy_on_write(const std::string& directory);

}  // namespace backout
