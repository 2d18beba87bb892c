#pragma once
// An open directory. All work on entries goes through (open directory, name): a path that was checked can't be swapped
// for a link afterwards. Names are single components, never "", ".", ".." and never with '/' or NUL (`invalid`).
// Nothing here follows a link in the last component. **Threads:** a Directory may be used by several threads.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/file_types.h"

namespace backout {

class InputFile {
  public:
    virtual ~InputFile() = default;
    /// Up to `limit` bytes from `offset`; empty at the end.
    virtual Result<Bytes> read(std::uint64_t offset, std::size_t limit) = 0;
    virtual Result<FileStatus> status() = 0;
    /// The next stretch with data at or after `offset`: {begin, end}; {size, size} when there is none (sparse files).
    virtual Result<std::pair<std::uint64_t, std::uint64_t>> next_data(std::uint64_t offset) = 0;
};

class OutputFile {
  public:
    virtual ~OutputFile() = default;
    virtual Status write(std::string_view bytes) = 0;                              ///< appends; all or an error
    virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;     ///< for sparse copies
    virtual Status set_size(std::uint64_t size) = 0;
    virtual Status reserve(std::uint64_t size) = 0;                                ///< allocate; `no_space` before anything is written
    /// Closes; an error of close is an error. Not durable: that is what Directory::sync_file is for.
    virtual Status close() = 0;
};

class Directory {
  public:
    virtual ~Directory() = default;

    /// The path it was opened by (inside the root), links above resolved: for messages and for resource keys.
    virtual const std::string& path() const = 0;
    virtual Result<FileStatus> own_status() = 0;

    /// Status of an entry itself (lstat). An absent entry is a value (type absent), not an error.
    virtual Result<FileStatus> status(const std::string& name) = 0;
    virtual Result<std::string> read_link(const std::string& name) = 0;
    /// All xattrs of the entry itself, those that may be read; `security.selinux` is left out.
    virtual Result<ExtendedAttributes> xattrs(const std::string& name) = 0;
    /// Immutable and append flags; 0 where the file system has none.
    virtual Result<std::uint32_t> flags(const std::string& name) = 0;
    /// Names without "." and "..", sorted by bytes.
    virtual Result<std::vector<std::string>> list() = 0;

    /// Opens a regular file for reading, never blocking on a fifo. Errors: `wrong_type`, `not_found`, …
    virtual Result<std::unique_ptr<InputFile>> open_read(const std::string& name) = 0;
    /// Creates a file that wasn't there (O_EXCL), mode exactly `mode` whatever the umask. Errors: `exists`.
    virtual Result<std::unique_ptr<OutputFile>> create(const std::string& name, std::uint32_t mode) = 0;
    /// Opens a directory that is an entry of this one. Errors: `wrong_type` for a link.
    virtual Result<std::shared_ptr<Directory>> open_directory(const std::string& name) = 0;

    virtual Status make_directory(const std::string& name, std::uint32_t mode) = 0;   ///< mode exact, whatever the umask
    virtual Status make_symlink(const std::string& name, const std::string& target) = 0;
    virtual Status make_link(const std::string& name, Directory& existing, const std::string& existing_name) = 0;
    virtual Status make_special(const std::string& name, EntryType type, std::uint32_t mode, std::uint64_t device) = 0;

    /// Swaps two entries atomically (RENAME_EXCHANGE). Errors: `cross_device`, `unsupported`, `not_found`.
    virtual Status exchange(const std::string& name, Directory& other, const std::string& other_name) = 0;
    /// Moves to a name that must not exist (RENAME_NOREPLACE). Errors: `exists`, `cross_device`.
    virtual Status move_to(const std::string& name, Directory& other, const std::string& other_name) = 0;
    /// Moves over whatever is there (rename). Only for places where EXCHANGE is refused.
    virtual Status replace_to(const std::string& name, Directory& other, const std::string& other_name) = 0;

    virtual Status remove_file(const std::string& name) = 0;        ///< unlink
    virtual Status remove_directory(const std::string& name) = 0;   ///< rmdir: must be empty
    virtual Status set_attributes(const std::string& name, const AttributeChange& change) = 0;
    virtual Status set_own_attributes(const AttributeChange& change) = 0;   ///< of the directory itself

    /// **Durable:** the names in this directory.
    virtual Status sync() = 0;
    /// **Durable:** content and attributes of the entry (fsync of a file or a directory; links and specials need only `sync`).
    virtual Status sync_file(const std::string& name) = 0;
};

/// One thing to make durable at a barrier.
struct SyncRequest {
    enum class What {
        names,       ///< the entries of `directory`
        file,        ///< content and attributes of entry `name`
        tree,        ///< everything below entry `name`, names and data
        filesystem,  ///< syncfs of the file system that holds `directory`
        everything,  ///< every writable local file system (commands that don't say what they touch); no `directory`
    };
    What what = What::names;
    std::shared_ptr<Directory> directory;
    std::string name = {};
};

}  // namespace backout
