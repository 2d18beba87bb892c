#include "journal/lmdb_tables.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <tuple>

#include "base/mutation.h"
#include "base/text.h"
#include "journal/ledger_access.h"

namespace backout {

namespace {

constexpr int kOpenAttempts = 5;
/// Room for pages that a transaction copies and frees only later, kept above what is asked for.
constexpr std::uint64_t kHeadroom = 1U << 20;
constexpr std::uint64_t kGrowthStep = 4U << 20;

std::size_t index(Table table) {
    return static_cast<std::size_t>(table);
}

/// What LMDB answers, in our words. Positive codes are errno.
Error lmdb_error(int code, const std::string& doing) {
    const std::string text = doing + ": " + mdb_strerror(code);
    switch (code) {
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_BAD_VALSIZE:
        case MDB_INCOMPATIBLE: return journal_damage(text);
        case MDB_VERSION_MISMATCH:
            return {ErrorCode::journal, text + ": it was written with another version of LMDB's format"};
        case MDB_MAP_FULL:
            return {ErrorCode::journal, doing +
                                            ": it is full, and its file system has no space for more: free some, then "
                                            "run `backout resume`"};
        case EACCES:
        case EPERM: return {ErrorCode::not_permitted, text, {}, code};
        default: return {ErrorCode::journal, text, {}, code > 0 ? code : 0};
    }
}

std::string_view view(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

MDB_val val(std::string_view bytes) {
    // LMDB takes keys and values through a pointer to non-const, and doesn't write through it.
    return {bytes.size(), const_cast<char*>(bytes.data())};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

using Handles = std::array<unsigned, kTableCount>;

class LmdbTransaction final : public TableTransaction {
  public:
    LmdbTransaction(MDB_txn* transaction, const Handles& handles) : transaction_(transaction), handles_(handles) {}
    ~LmdbTransaction() override {
        if (transaction_ != nullptr) mdb_txn_abort(transaction_);
    }
    LmdbTransaction(const LmdbTransaction&) = delete;
    LmdbTransaction& operator=(const LmdbTransaction&) = delete;

    Result<std::optional<Bytes>> get(Table table, std::string_view key) override {
        MDB_val wanted = val(key);
        MDB_val found{};
        const int code = mdb_get(transaction_, handles_[index(table)], &wanted, &found);
        if (code == MDB_NOTFOUND) return std::optional<Bytes>{};
        if (code != 0) return lmdb_error(code, "reading the journal");
        return std::optional<Bytes>{Bytes(view(found))};
    }

    Status scan(Table table, std::string_view first, const Visitor& visitor) override {
        const auto seek = [&](MDB_cursor* cursor, MDB_val* key, MDB_val* value) {
            if (first.empty()) return mdb_cursor_get(cursor, key, value, MDB_FIRST);
            *key = val(first);
            return mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
        };
        return walk(table, seek, MDB_NEXT, visitor);
    }

    Status scan_back(Table table, std::string_view last, const Visitor& visitor) override {
        const auto seek = [&](MDB_cursor* cursor, MDB_val* key, MDB_val* value) {
            if (last.empty()) return mdb_cursor_get(cursor, key, value, MDB_LAST);
            *key = val(last);
            const int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
            if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor, key, value, MDB_LAST);
            if (code != 0 || view(*key) == last) return code;
            return mdb_cursor_get(cursor, key, value, MDB_PREV);
        };
        return walk(table, seek, MDB_PREV, visitor);
    }

    Result<std::uint64_t> count(Table table) override {
        MDB_stat stat{};
        const int code = mdb_stat(transaction_, handles_[index(table)], &stat);
        if (code != 0) return lmdb_error(code, "reading the journal");
        return std::uint64_t{stat.ms_entries};
    }

    Status put(Table table, std::string_view key, std::string_view value) override {
        MDB_val wanted = val(key);
        MDB_val data = val(value);
        const int code = mdb_put(transaction_, handles_[index(table)], &wanted, &data, 0);
        return code == 0 ? Status{} : lmdb_error(code, "writing to the journal");
    }

    Status erase(Table table, std::string_view key) override {
        MDB_val wanted = val(key);
        const int code = mdb_del(transaction_, handles_[index(table)], &wanted, nullptr);
        return code == 0 || code == MDB_NOTFOUND ? Status{} : lmdb_error(code, "writing to the journal");
    }

    int commit() {
        MDB_txn* const transaction = transaction_;
        transaction_ = nullptr;
        return mdb_txn_commit(transaction);
    }

  private:
    template <typename Seek>
    Status walk(Table table, const Seek& seek, MDB_cursor_op step, const Visitor& visitor) {
        MDB_cursor* cursor = nullptr;
        int code = mdb_cursor_open(transaction_, handles_[index(table)], &cursor);
        if (code != 0) return lmdb_error(code, "reading the journal");
        const std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> closing(cursor, mdb_cursor_close);
        MDB_val key{};
        MDB_val value{};
        for (code = seek(cursor, &key, &value); code == 0; code = mdb_cursor_get(cursor, &key, &value, step)) {
            BACKOUT_TRY_ASSIGN(const bool more, visitor(view(key), view(value)));
            if (!more) return {};
        }
        return code == MDB_NOTFOUND ? Status{} : lmdb_error(code, "reading the journal");
    }

    MDB_txn* transaction_;
    const Handles& handles_;
};

/// Lock files that this process has open. A second environment on one of them would take the first one's locks away
/// when it is closed, and a third process would then think that nobody is there. With the process, for a child that was
/// forked off has none of its parent's locks.
using FileIdentity = std::tuple<pid_t, dev_t, ino_t>;
std::mutex lock_files_mutex;
std::set<FileIdentity>& lock_files() {
    static std::set<FileIdentity> files;
    return files;
}

std::uint64_t inode_of(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<LmdbTables>> LmdbTables::open(const Options& options, bool create) {
    std::unique_ptr<LmdbTables> tables(new LmdbTables(options));
    BACKOUT_TRY(tables->open_environment());
    BACKOUT_TRY(tables->open_tables(create));
    if (!options.single_file) BACKOUT_TRY(tables->remember_files());
    return tables;
}

LmdbTables::~LmdbTables() {
    if (environment_ != nullptr) mdb_env_close(environment_);
    const std::lock_guard<std::mutex> guard(lock_files_mutex);
    if (claimed_) lock_files().erase({::getpid(), lock_device_, lock_inode_});
}

Status LmdbTables::claim_lock_file() {
    struct stat status {};
    const std::string path = options_.path + "/lock.mdb";
    if (lstat(path.c_str(), &status) != 0) return system_error(errno, "lstat", path);
    lock_device_ = status.st_dev;
    lock_inode_ = status.st_ino;
    const std::lock_guard<std::mutex> guard(lock_files_mutex);
    claimed_ = lock_files().insert({::getpid(), lock_device_, lock_inode_}).second;
    if (claimed_) return {};
    return Error{ErrorCode::locked,
                 "this very process has the journal in " + options_.path + " open already: close that first"};
}

Status LmdbTables::open_environment() {
    unsigned flags = MDB_NOTLS;
    if (options_.read_only) flags |= MDB_RDONLY;
    if (options_.single_file) flags |= MDB_NOSUBDIR;
    if (!options_.locked) flags |= MDB_NOLOCK;
    if (options_.locked) BACKOUT_TRY(claim_lock_file());
    int code = 0;
    // LMDB says that opening may fail while another process opens or closes the same file.
    for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
        code = mdb_env_create(&environment_);
        if (code != 0) return lmdb_error(code, "opening the journal");
        mdb_env_set_maxdbs(environment_, kTableCount);
        mdb_env_set_mapsize(environment_, options_.map_bytes);
        if (left_out("journal.commit")) flags |= MDB_NOSYNC;
        if (left_out("journal.commit_of_meta_page")) flags |= MDB_NOMETASYNC;
        code = mdb_env_open(environment_, options_.path.c_str(), flags, 0600);
        if (code == 0) break;
        mdb_env_close(environment_);
        environment_ = nullptr;
        if (code != EAGAIN && code != EINTR && code != EBUSY) break;
    }
    if (code != 0) return lmdb_error(code, "opening the journal " + options_.path);
    int fd = -1;
    mdb_env_get_fd(environment_, &fd);
    // LMDB leaves it open for every program that we start.
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return system_error(errno, "fcntl", options_.path);
    if (options_.locked) {
        int cleared = 0;
        code = mdb_reader_check(environment_, &cleared);
        if (code != 0) return lmdb_error(code, "clearing the slots of dead readers");
    }
    return {};
}

Status LmdbTables::open_tables(bool create) {
    BACKOUT_TRY_ASSIGN(MDB_txn* const transaction, begin(!create));
    const Status checked = options_.check_first ? options_.check_first() : Status{};
    if (!checked.ok()) {
        mdb_txn_abort(transaction);
        return checked;
    }
    for (std::size_t i = 0; i < kTableCount; ++i) {
        const char* const name = to_string(static_cast<Table>(i));
        const int code = mdb_dbi_open(transaction, name, create ? MDB_CREATE : 0U, &handles_[i]);
        if (code != 0) {
            mdb_txn_abort(transaction);
            if (code == MDB_NOTFOUND) return journal_damage(std::string("its table '") + name + "' is missing");
            return lmdb_error(code, "opening the journal's tables");
        }
    }
    // Committing a read transaction keeps the handles.
    const int code = mdb_txn_commit(transaction);
    return code == 0 ? Status{} : lmdb_error(code, "opening the journal's tables");
}

Status LmdbTables::remember_files() {
    data_inode_ = inode_of(options_.path + "/data.mdb");
    return check_same_files();
}

/// A data file that was moved away takes commits that nobody will ever see; a lock file that was deleted lets a second
/// writer in whose commits, or ours, are lost.
Status LmdbTables::check_same_files() const {
    int fd = -1;
    mdb_env_get_fd(environment_, &fd);
    struct stat opened {};
    if (fstat(fd, &opened) != 0) return system_error(errno, "fstat", options_.path);
    const bool same = opened.st_ino == data_inode_ && inode_of(options_.path + "/data.mdb") == data_inode_ &&
                      (!options_.locked || inode_of(options_.path + "/lock.mdb") == lock_inode_);
    if (same && data_inode_ != 0) return {};
    return Error{ErrorCode::journal, "somebody moved, replaced or deleted the journal's files in " + options_.path +
                                         " while it was in use; nothing more is written. Put them back, then run "
                                         "`backout status`"};
}

Result<MDB_txn*> LmdbTables::begin(bool read_only) {
    MDB_txn* transaction = nullptr;
    const unsigned flags = read_only ? static_cast<unsigned>(MDB_RDONLY) : 0U;
    int code = mdb_txn_begin(environment_, nullptr, flags, &transaction);
    if (code == MDB_MAP_RESIZED) {
        // Another process made it larger: take its size.
        code = mdb_env_set_mapsize(environment_, 0);
        if (code == 0) code = mdb_txn_begin(environment_, nullptr, flags, &transaction);
    }
    if (code == MDB_READERS_FULL) {
        int cleared = 0;
        mdb_reader_check(environment_, &cleared);
        code = mdb_txn_begin(environment_, nullptr, flags, &transaction);
    }
    if (code != 0) return lmdb_error(code, "opening a transaction of the journal");
    return transaction;
}

Result<std::unique_ptr<TableReader>> LmdbTables::read() {
    BACKOUT_TRY_ASSIGN(MDB_txn* const transaction, begin(true));
    return std::unique_ptr<TableReader>(std::make_unique<LmdbTransaction>(transaction, handles_));
}

Status LmdbTables::write(const std::function<Status(TableTransaction&)>& body) {
    if (options_.read_only) return Error{ErrorCode::journal, "the journal is open for reading only"};
    if (failed_in_doubt_) return Error{ErrorCode::journal, "a commit of the journal failed before and is in doubt"};
    BACKOUT_TRY(check_same_files());
    BACKOUT_TRY_ASSIGN(MDB_txn* const begun, begin(false));
    LmdbTransaction transaction(begun, handles_);
    BACKOUT_TRY(body(transaction));
    const int code = transaction.commit();
    if (code == 0) return {};
    failed_in_doubt_ = true;
    return lmdb_error(code, "writing to the journal in " + options_.path);
}

Status LmdbTables::reserve(std::uint64_t bytes) {
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(environment_, &info);
    mdb_env_stat(environment_, &stat);
    const std::uint64_t used = (info.me_last_pgno + 1) * std::uint64_t{stat.ms_psize};
    // Twice, for pages are only partly filled, and a commit copies what it changes before it frees it.
    const std::uint64_t need = used + 2 * bytes + kHeadroom;
    if (need <= info.me_mapsize) return {};
    const std::uint64_t grown = need + std::max(need / 4, kGrowthStep);
    const std::uint64_t size = (grown + kHeadroom - 1) / kHeadroom * kHeadroom;
    int fd = -1;
    mdb_env_get_fd(environment_, &fd);
    const int failed = posix_fallocate(fd, 0, static_cast<off_t>(size));
    if (failed == ENOSPC || failed == EDQUOT || failed == EFBIG) {
        return Error{ErrorCode::no_space,
                     "the journal in " + options_.path + " needs " + human_bytes(size - used) +
                         " more: free space there, or choose another --state-dir",
                     options_.path, failed};
    }
    if (failed != 0) return system_error(failed, "posix_fallocate", options_.path);
    const int code = mdb_env_set_mapsize(environment_, size);
    return code == 0 ? Status{} : lmdb_error(code, "making room in the journal");
}

Status LmdbTables::preallocate() {
    int fd = -1;
    mdb_env_get_fd(environment_, &fd);
    MDB_envinfo info{};
    mdb_env_info(environment_, &info);
    const int failed = posix_fallocate(fd, 0, static_cast<off_t>(info.me_mapsize));
    if (failed == 0) return {};
    if (failed != ENOSPC && failed != EDQUOT && failed != EFBIG) {
        return system_error(failed, "posix_fallocate", options_.path);
    }
    return Error{ErrorCode::no_space,
                 "the journal in " + options_.path + " needs " + human_bytes(info.me_mapsize) +
                     ": free space there, or choose another --state-dir",
                 options_.path, failed};
}

Status LmdbTables::note_landmark(const Landmark& landmark) {
    return head_ ? head_->write(landmark) : Status{};
}

}  // namespace backout
