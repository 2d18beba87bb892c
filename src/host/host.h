#pragma once
// The one door to the world: files, processes, network, users, sync. PosixHost is the real one, MemHost an in-memory
// one with a durable and a volatile side for fault tests. Policy lives elsewhere: a Host decides nothing.
// Paths are absolute paths inside the host's root ("/" or --root DIR, resolved so that no link leads out).

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/directory.h"
#include "host/process.h"

namespace backout {

/// A place in the tree: an open parent directory and one name in it. The entry itself may be absent.
struct Location {
    std::shared_ptr<Directory> directory;
    std::string name;
    /// directory->path() + "/" + name: the resource key, links above resolved.
    std::string key() const;
};

struct FileSystemInfo {
    std::string type;              ///< "ext4", "xfs", "btrfs", "tmpfs", "nfs", …
    std::string mount_point;       ///< path inside the root
    std::uint64_t mount = 0;       ///< statx mount id
    std::uint64_t free_bytes = 0;  ///< for this user
    bool read_only = false;
    bool network = false;            ///< nfs, cifs, 9p, sshfs, …: no journal may live there
    bool survives_power_cut = true;  ///< false: no journal and no copy-on-write (ext2, vfat, ext4 without journal, …)
};

class Host {
  public:
    virtual ~Host() = default;

    /// Opens the directory that holds the last component of `path`. Links above it are followed only if root, this
    /// user, or the owner of the directory that they lead to owns them. `path` must be absolute; "." and "//" are cleaned,
    /// ".." is refused. Errors: `not_found` (a parent is missing; Error::path names the first missing one),
    /// `wrong_type` (a parent is no directory), `not_permitted`, `invalid` (".." , name of more than 255 bytes, path of
    /// more than 4095, NUL).
    virtual Result<Location> locate(const std::string& path) = 0;
    virtual Result<std::shared_ptr<Directory>> open_directory(const std::string& path) = 0;
    virtual Result<FileSystemInfo> file_system(Directory& directory) = 0;

    /// Makes all of it durable: each directory and file once, batched. An error leaves everything in doubt: never
    /// retry.
    virtual Status sync(const std::vector<SyncRequest>& requests) = 0;
    /// syncfs of every writable local file system (commands without `touches`).
    virtual Status sync_everything() = 0;

    virtual Result<ProcessOutcome> run(const ProcessSpec& spec) = 0;
    virtual Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) = 0;
    /// Success iff a TCP connection can be made within `timeout`.
    virtual Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) = 0;

    virtual std::uint32_t user_id() const = 0;                    ///< effective
    virtual std::uint32_t group_id() const { return user_id(); }  ///< effective; without groups: the user's number
    /// May this user give files to the group? Its effective group and its other ones.
    virtual bool has_group(std::uint32_t group) const { return group == group_id(); }
    virtual Result<std::uint32_t> user_by_name(const std::string& name) = 0;  ///< also "1000"; from the root's passwd
    virtual Result<std::uint32_t> group_by_name(const std::string& name) = 0;
    virtual std::string user_name(std::uint32_t uid) = 0;  ///< the number as text if unknown
    virtual std::string group_name(std::uint32_t gid) = 0;
    virtual std::string host_name() = 0;
    virtual const std::string& root() const = 0;  ///< "/" or the --root folder
};

/// The whole content of a file, at most `limit` bytes. Errors: `invalid` if it is larger.
Result<Bytes> read_all(InputFile& file, std::uint64_t limit);
Result<Bytes> read_file(Host& host, const std::string& path, std::uint64_t limit);
/// SHA-256 of a file's content, streamed.
Result<std::string> digest_file(InputFile& file);
/// Copies content, keeping holes. Not durable.
Status copy_content(InputFile& from, OutputFile& to);
/// Removes an entry and, if it is a directory, all below it; nothing is followed. Absent is success.
Status remove_tree(Directory& directory, const std::string& name);

/// The real host. `root_directory` is "/" or an existing directory.
Result<std::unique_ptr<Host>> open_posix_host(const std::string& root_directory);

}  // namespace backout
