#include "journal/copied_tables.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "journal/lmdb_tables.h"
#include "journal/private_files.h"
#include "journal/snapshot.h"

namespace backout {

namespace {

/// With LMDB's lock where it is there, whole and ours to use; else without: nobody writes on read-only media, and a
/// missing lock file is not made by somebody who only reads.
bool lock_is_usable(const std::string& path) {
    const auto fd = open_private_file(path, O_RDWR);
    if (!fd.ok()) return false;
    struct stat status {};
    return fstat(fd->get(), &status) == 0 && status.st_size > 0 && status.st_blocks * 512 >= status.st_size;
}

/// Its structure is looked at while a transaction keeps writers from reusing its pages.
Result<std::unique_ptr<LmdbTables>> open_in_place(int fd, const std::string& directory, std::uint64_t map_bytes) {
    LmdbTables::Options options;
    options.path = directory;
    options.read_only = true;
    options.locked = lock_is_usable(directory + "/lock.mdb");
    options.map_bytes = map_bytes;
    options.check_first = [fd, path = directory + "/data.mdb"] { return check_pages_in_place(fd, path); };
    return LmdbTables::open(options, false);
}

Result<std::unique_ptr<LmdbTables>> open_copy(const Snapshot& snapshot) {
    BACKOUT_TRY(check_pages(snapshot.bytes(), snapshot.meta()));
    LmdbTables::Options options;
    options.path = snapshot.path();
    options.read_only = true;
    options.single_file = true;
    options.locked = false;
    options.map_bytes = snapshot.meta().used_bytes();
    return LmdbTables::open(options, false);
}

class CopiedTables final : public TableStore {
  public:
    CopiedTables(OwnedFd fd, std::string directory, std::uint64_t copy_limit)
        : fd_(std::move(fd)),
          copy_limit_(copy_limit),
          directory_(std::move(directory)),
          path_(directory_ + "/data.mdb") {}

    Result<std::unique_ptr<TableReader>> read() override {
        BACKOUT_TRY(refresh());
        return tables_->read();
    }

    /// Takes what has been committed since. In place a new transaction sees it by itself.
    Status refresh() {
        if (tables_ && !snapshot_) return {};
        BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(fd_.get(), path_));
        if (tables_ && look.meta.transaction == snapshot_->meta().transaction) return {};
        tables_.reset();
        snapshot_.reset();
        if (look.meta.used_bytes() <= copy_limit_) {
            BACKOUT_TRY_ASSIGN(snapshot_, Snapshot::take(fd_.get(), path_));
        }
        BACKOUT_TRY_ASSIGN(tables_,
                           snapshot_ ? open_copy(*snapshot_) : open_in_place(fd_.get(), directory_, look.file_size));
        return {};
    }

    Status write(const std::function<Status(TableTransaction&)>&) override { return refused(); }
    Status reserve(std::uint64_t) override { return refused(); }
    Status note_landmark(const Landmark&) override { return refused(); }
    bool failed_in_doubt() const override { return false; }

  private:
    static Status refused() { return Error{ErrorCode::journal, "the journal is open for reading only"}; }

    OwnedFd fd_;
    std::uint64_t copy_limit_;
    std::string directory_;
    std::string path_;
    std::optional<Snapshot> snapshot_;
    std::unique_ptr<LmdbTables> tables_;  ///< after the snapshot: closed before it goes
};

}  // namespace

Result<std::shared_ptr<TableStore>> open_for_reading(const std::string& directory, std::uint64_t copy_limit) {
    BACKOUT_TRY_ASSIGN(OwnedFd fd, open_private_file(directory + "/data.mdb", O_RDONLY));
    auto copied = std::make_shared<CopiedTables>(std::move(fd), directory, copy_limit);
    BACKOUT_TRY(copied->refresh());
    return std::shared_ptr<TableStore>(std::move(copied));
}

}  // namespace backout
