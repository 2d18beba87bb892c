#pragma once
// A reader's copy of data.mdb in memory. A reader of LMDB proper writes its slot into lock.mdb, can be crashed by
// damage or by a read error, and makes the file grow while it reads. A copy does none of that: `status` and its like
// leave no trace and wait for nobody. A commit may go on meanwhile: LMDB overwrites no page of a commit before the
// third one after it, so a copy is whole if at most one commit came in between; else it is taken again, and beside a
// busy writer given up.

#include <optional>
#include <string>

#include "journal/lmdb_pages.h"
#include "journal/private_files.h"

namespace backout {

/// The commits that a data file speaks of.
struct RawLook {
    LmdbMeta meta;
    Bytes beginning;  ///< the bytes that it was read from
    std::uint64_t file_size = 0;
};

/// Reads both meta pages, again if a commit comes in between. Errors: `journal`.
Result<RawLook> look_at_data_file(int fd, const std::string& path);

/// The structure of the newest commit, looked at where it is: for files that are too large to copy. Requires: nobody
/// reuses its pages meanwhile; the lease is ours, or a read transaction holds them. Errors: `journal`, `io`.
Status check_pages_in_place(int data_fd, const std::string& path);

class Snapshot {
  public:
    /// Copies the newest commit of an open data file. Nothing if commits come in faster than it can be copied: then a
    /// writer is at work, and LMDB's own lock is the way to read. Errors: `journal`, `io`.
    static Result<std::optional<Snapshot>> take(int data_fd, const std::string& path);
    ~Snapshot();
    Snapshot(Snapshot&& other) noexcept;
    Snapshot& operator=(Snapshot&& other) noexcept;
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    std::string_view bytes() const { return {data_, size_}; }
    const LmdbMeta& meta() const { return meta_; }
    /// A path that LMDB can open, valid while this lives.
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

  private:
    Snapshot() = default;
    Status copy(int data_fd, const RawLook& look, const std::string& path);

    OwnedFd fd_;
    char* data_ = nullptr;
    std::size_t size_ = 0;
    LmdbMeta meta_;
};

}  // namespace backout
