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

class CopiedTables final : public TableStore {
  public:
    CopiedTables(OwnedFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Status refresh() {
        tables_.reset();
        snapshot_.reset();
        BACKOUT_TRY_ASSIGN(snapshot_, Snapshot::take(fd_.get(), path_));
        BACKOUT_TRY(check_pages(snapshot_->bytes(), snapshot_->meta()));
        LmdbTables::Options options;
        options.path = snapshot_->path();
        options.read_only = true;
        options.single_file = true;
        options.locked = false;
        options.map_bytes = snapshot_->meta().used_bytes();
        BACKOUT_TRY_ASSIGN(tables_, LmdbTables::open(options, false));
        return {};
    }

    Result<std::unique_ptr<TableReader>> read() override {
        BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(fd_.get(), path_));
        if (!tables_ || look.meta.transaction != snapshot_->meta().transaction) BACKOUT_TRY(refresh());
        return tables_->read();
    }

    Status write(const std::function<Status(TableTransaction&)>&) override { return refused(); }
    Status reserve(std::uint64_t) override { return refused(); }
    Status note_landmark(const Landmark&) override { return refused(); }
    bool failed_in_doubt() const override { return false; }

  private:
    static Status refused() { return Error{ErrorCode::journal, "the journal is open for reading only"}; }

    OwnedFd fd_;
    std::string path_;
    std::optional<Snapshot> snapshot_;
    std::unique_ptr<LmdbTables> tables_;  ///< after the snapshot: closed before it goes
};

/// With LMDB's lock where it is there, whole and ours to use; else without: nobody writes on read-only media, and a
/// missing lock file is not made by somebody who only reads.
bool lock_is_usable(const std::string& path) {
    const auto fd = open_private_file(path, O_RDWR);
    if (!fd.ok()) return false;
    struct stat status {};
    return fstat(fd->get(), &status) == 0 && status.st_size > 0 && status.st_blocks * 512 >= status.st_size;
}

}  // namespace

Result<std::shared_ptr<TableStore>> open_for_reading(const std::string& directory) {
    const std::string path = directory + "/data.mdb";
    BACKOUT_TRY_ASSIGN(OwnedFd fd, open_private_file(path, O_RDONLY));
    BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(fd.get(), path));
    if (look.meta.used_bytes() <= kSnapshotLimit) {
        auto copied = std::make_shared<CopiedTables>(std::move(fd), path);
        BACKOUT_TRY(copied->refresh());
        return std::shared_ptr<TableStore>(std::move(copied));
    }
    LmdbTables::Options options;
    options.path = directory;
    options.read_only = true;
    options.locked = lock_is_usable(directory + "/lock.mdb");
    options.map_bytes = look.file_size;
    BACKOUT_TRY_ASSIGN(auto tables, LmdbTables::open(options, false));
    return std::shared_ptr<TableStore>(std::move(tables));
}

}  // namespace backout
