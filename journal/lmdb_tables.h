#pragma once
// The tables in an LMDB environment: STATE/data.mdb with its lock.mdb for the writer, or a copy of it in memory for
// readers. Default sync flags, always: a commit is durable when it returns. Upholds what LMDB asks of its users: one
// environment a process and file, no plain open and close of lock.mdb while it is open, nothing across fork,
// close-on-exec. A commit that failed is in doubt: nothing is written through this object afterwards (invariant 10).
// **Threads:** one view or transaction at a time.

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "journal/head_file.h"
#include "journal/tables.h"

struct MDB_env;
struct MDB_txn;

namespace backout {

class LmdbTables final : public TableStore {
  public:
    /// Where the environment is, and how it is opened.
    struct Options {
        std::string path;  ///< directory of data.mdb and lock.mdb, or a single file
        bool read_only = false;
        bool single_file = false;  ///< `path` is the data file
        bool locked = true;        ///< false: no lock file is touched; only for copies and read-only media
        std::uint64_t map_bytes = 10U << 20;
        /// Asked before the first page behind the meta pages is read, while a transaction holds all of them.
        std::function<Status()> check_first = {};
    };

    /// Opens an environment whose raw checks have passed. `create` makes the tables (for a new journal).
    /// Errors: `journal`, `not_permitted`, `no_space`, `locked` if this process has it open with its lock already.
    static Result<std::unique_ptr<LmdbTables>> open(const Options& options, bool create);
    ~LmdbTables() override;
    LmdbTables(const LmdbTables&) = delete;
    LmdbTables& operator=(const LmdbTables&) = delete;

    Result<std::unique_ptr<TableReader>> read() override;
    Status write(const std::function<Status(TableTransaction&)>& body) override;
    bool failed_in_doubt() const override { return failed_in_doubt_; }
    Status reserve(std::uint64_t bytes) override;
    Status note_landmark(const Landmark& landmark) override;

    /// From now on landmarks go there. Without it they are dropped (reading, creation).
    void use_head(HeadFile head) { head_ = std::move(head); }
    /// Allocates the whole map on disk, so that commits work on a full disk. Errors: `no_space`.
    Status preallocate();

  private:
    explicit LmdbTables(Options options) : options_(std::move(options)) {}
    Status claim_lock_file();
    Status open_environment();
    Status open_tables(bool create);
    Status remember_files();
    Status check_same_files() const;
    Result<MDB_txn*> begin(bool read_only);

    Options options_;
    MDB_env* environment_ = nullptr;
    std::array<unsigned, kTableCount> handles_{};
    std::optional<HeadFile> head_;
    std::uint64_t data_inode_ = 0;
    std::uint64_t lock_device_ = 0;
    std::uint64_t lock_inode_ = 0;
    bool claimed_ = false;  ///< the lock file is in this process's list of open ones
    bool failed_in_doubt_ = false;
};

}  // namespace backout
