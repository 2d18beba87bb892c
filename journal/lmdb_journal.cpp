#include "journal/lmdb_journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/mutation.h"
#include "base/text.h"
#include "journal/copied_tables.h"
#include "journal/head_file.h"
#include "journal/ledger_access.h"
#include "journal/lmdb_pages.h"
#include "journal/lmdb_tables.h"
#include "journal/private_files.h"
#include "journal/snapshot.h"

namespace backout {

namespace {

constexpr const char* kAsidePrefix = ".journal-new-";
/// What LMDB makes of it for its 126 readers. With fewer blocks than bytes, a full disk ends whoever opens it by
/// SIGBUS.
constexpr off_t kLockFileSize = 8192;
/// Up to this size the structure is looked at on a copy, which no read error can end: some 2 ms.
constexpr std::uint64_t kLargestCopy = 8U << 20;

std::string in(const std::string& directory, const char* name) {
    return directory + "/" + name;
}

Bytes random_bytes(IdSource& ids, std::size_t length) {
    Bytes bytes;
    while (bytes.size() < length) {
        std::uint64_t number = ids.random_number();
        for (int i = 0; i < 8; ++i, number >>= 8U) bytes.push_back(static_cast<char>(number & 0xFFU));
    }
    bytes.resize(length);
    return bytes;
}

/// Removes what a creation left that was ended by a crash.
void remove_aside(const std::string& directory) {
    for (const char* name : {kDataFile, kLockFile, kHeadFile}) ::unlink(in(directory, name).c_str());
    ::rmdir(directory.c_str());
}

void remove_leftovers(const std::string& directory) {
    DIR* const stream = ::opendir(directory.c_str());
    if (stream == nullptr) return;
    std::vector<std::string> leftovers;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string name = static_cast<const char*>(entry->d_name);
        if (name.rfind(kAsidePrefix, 0) == 0) leftovers.push_back(name);
    }
    ::closedir(stream);
    for (const auto& name : leftovers) remove_aside(directory + "/" + name);
}

Status allocate(const std::string& path, off_t size) {
    BACKOUT_TRY_ASSIGN(const OwnedFd fd, open_private_file(path, O_RDWR));
    const int failed = posix_fallocate(fd.get(), 0, size);
    if (failed != 0) return system_error(failed, "posix_fallocate", path);
    if (left_out("journal.allocation")) return {};
    if (fsync(fd.get()) != 0) return system_error(errno, "fsync", path);
    return {};
}

Status make_lock_file(const std::string& path) {
    BACKOUT_TRY(write_new_private_file(path, {}));
    return allocate(path, kLockFileSize);
}

/// Tables, first commit and head in the directory aside. Everything is synced when it returns.
Result<std::string> fill_aside(const std::string& aside, std::uint64_t bytes, IdSource& ids) {
    avoid_copy_on_write(aside);
    BACKOUT_TRY(make_lock_file(in(aside, kLockFile)));
    LmdbTables::Options options;
    options.path = aside;
    options.map_bytes = bytes;
    BACKOUT_TRY_ASSIGN(std::shared_ptr<LmdbTables> tables, LmdbTables::open(options, true));
    if (::chmod(in(aside, kDataFile).c_str(), 0600) != 0) return system_error(errno, "chmod", in(aside, kDataFile));
    BACKOUT_TRY(tables->preallocate());
    const Bytes key = random_bytes(ids, 32);
    BACKOUT_TRY(
        tables->write([&](TableTransaction& transaction) { return write_genesis(transaction, key, this_host()); }));
    BACKOUT_TRY_ASSIGN(const std::string id, Ledger(tables).journal_id());
    tables.reset();
    BACKOUT_TRY(HeadFile::create(in(aside, kHeadFile), id));
    if (!left_out("journal.data_aside")) BACKOUT_TRY(sync_path(in(aside, kDataFile)));
    if (!left_out("journal.lock_aside")) BACKOUT_TRY(sync_path(in(aside, kLockFile)));
    if (!left_out("journal.names_aside")) BACKOUT_TRY(sync_path(aside));
    return id;
}

Status move_into_place(const std::string& aside, const std::string& directory) {
    for (const char* name : {kLockFile, kHeadFile, kDataFile}) {
        // data.mdb last, and only when the others are durable: it is what says that a journal is there.
        const bool others_first = name == kDataFile && !left_out("journal.others_before_data");
        if (others_first) BACKOUT_TRY(sync_path(directory));
        if (::rename(in(aside, name).c_str(), in(directory, name).c_str()) != 0) {
            return system_error(errno, "rename", in(directory, name));
        }
    }
    return left_out("journal.names_in_place") ? Status{} : sync_path(directory);
}

Bytes marker_text(const std::string& id) {
    return dump_canonical(Json{{"backout_journal", 1}, {"id", id}}) + "\n";
}

/// Whole or not at all: a marker that a crash left empty would call a sound journal foreign.
Status write_marker(const std::string& directory, const std::string& id) {
    const std::string path = in(directory, kMarkerFile);
    const std::string aside = path + ".new";
    if (::unlink(aside.c_str()) != 0 && errno != ENOENT) return system_error(errno, "unlink", aside);
    BACKOUT_TRY(write_new_private_file(aside, marker_text(id)));
    if (::rename(aside.c_str(), path.c_str()) != 0) return system_error(errno, "rename", path);
    return left_out("journal.name_of_marker") ? Status{} : sync_path(directory);
}

/// Missing is well: the creation was cut short just before it. `present` says which.
Status check_marker(const std::string& directory, const std::string& id, bool& present) {
    BACKOUT_TRY_ASSIGN(present, path_exists(in(directory, kMarkerFile)));
    if (!present) return {};
    BACKOUT_TRY_ASSIGN(const Bytes text, read_private_file(in(directory, kMarkerFile), 4096));
    if (text == marker_text(id)) return {};
    return journal_damage("data.mdb is not the journal that the file 'marker' speaks of");
}

Status check_head(Ledger& ledger, const HeadFile::Content& head) {
    BACKOUT_TRY_ASSIGN(const std::string id, ledger.journal_id());
    if (head.journal_id != id) return journal_damage("data.mdb is not the journal that the file 'head' speaks of");
    BACKOUT_TRY_ASSIGN(const bool holds, ledger.holds(head.landmark));
    if (holds) return {};
    return journal_damage("data.mdb is an older copy: it lacks what was there at run " +
                          std::to_string(head.landmark.run));
}

Status check_host(Ledger& ledger, const std::string& directory) {
    BACKOUT_TRY_ASSIGN(const std::string made_on, ledger.host());
    const std::string here = this_host();
    if (made_on.empty() || here.empty() || made_on == here) return {};
    const auto accepted = read_private_file(in(directory, kAcceptedHostFile), 4096);
    if (accepted.ok() && accepted->substr(0, here.size()) == here) return {};
    return Error{
        ErrorCode::journal,
        "the journal in " + directory +
            " was made on another machine, and what it would take back isn't here. If this is that machine under "
            "a new /etc/machine-id: (umask 077; echo " +
            here + " > " + in(directory, kAcceptedHostFile) + "); else choose another --state-dir"};
}

/// Raw checks before LMDB may map the file: LMDB would take an empty one for a new journal, and die of a short one.
Status check_data_file(const std::string& directory) {
    const std::string path = in(directory, kDataFile);
    BACKOUT_TRY_ASSIGN(const OwnedFd fd, open_private_file(path, O_RDONLY));
    BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(fd.get(), path));
    if (look.meta.used_bytes() > kLargestCopy) return check_pages_in_place(fd.get(), path);
    BACKOUT_TRY_ASSIGN(const auto snapshot, Snapshot::take(fd.get(), path));
    // The lease is ours: who writes without it isn't one of us.
    if (!snapshot) return Error{ErrorCode::journal, "somebody writes to " + path + " without holding the lease"};
    return check_pages(snapshot->bytes(), snapshot->meta());
}

/// Without holes, and there at all. Nobody has the environment open for writing: the lease is ours.
Status check_lock_file(const std::string& directory) {
    const std::string path = in(directory, kLockFile);
    BACKOUT_TRY_ASSIGN(const bool there, path_exists(path));
    if (!there) return make_lock_file(path);
    struct stat status {};
    {
        BACKOUT_TRY_ASSIGN(const OwnedFd fd, open_private_file(path, O_RDONLY));
        if (fstat(fd.get(), &status) != 0) return system_error(errno, "fstat", path);
    }
    if (status.st_size >= kLockFileSize && status.st_blocks * 512 >= kLockFileSize) return {};
    return allocate(path, std::max(static_cast<off_t>(status.st_size), kLockFileSize));
}

Result<std::uint64_t> size_of(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return system_error(errno, "lstat", path);
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::string this_host() {
    std::ifstream file("/etc/machine-id");
    std::string id;
    if (!std::getline(file, id) || id.empty()) return {};
    return sha256_hex("backout-host " + id).substr(0, 32);
}

Status create_journal(const std::string& directory, std::uint64_t bytes, IdSource& ids) {
    remove_leftovers(directory);
    const std::string aside = directory + "/" + kAsidePrefix + ids.random_name(8);
    BACKOUT_TRY(make_private_directory(aside));
    const auto id = fill_aside(aside, bytes, ids);
    const Status moved = id.ok() ? move_into_place(aside, directory) : Status(id.error());
    remove_aside(aside);
    if (!moved.ok()) return Error(moved.error()).in("while making a new journal in " + directory);
    return write_marker(directory, *id);
}

Result<std::unique_ptr<Ledger>> open_writing_ledger(const std::string& directory) {
    BACKOUT_TRY_ASSIGN(const HeadFile::Content head, HeadFile::read(in(directory, kHeadFile)));
    BACKOUT_TRY(check_data_file(directory));
    BACKOUT_TRY(check_lock_file(directory));
    BACKOUT_TRY_ASSIGN(const std::uint64_t size, size_of(in(directory, kDataFile)));
    LmdbTables::Options options;
    options.path = directory;
    // As large as the file, which is allocated: nothing needs space here, so a full disk doesn't keep anybody from
    // resuming.
    options.map_bytes = size;
    BACKOUT_TRY_ASSIGN(std::shared_ptr<LmdbTables> tables, LmdbTables::open(options, false));
    auto ledger = std::make_unique<Ledger>(tables);
    BACKOUT_TRY(ledger->check_format());
    BACKOUT_TRY(check_head(*ledger, head));
    BACKOUT_TRY(check_host(*ledger, directory));
    bool marked = false;
    BACKOUT_TRY(check_marker(directory, head.journal_id, marked));
    if (!marked) BACKOUT_TRY(write_marker(directory, head.journal_id));
    tables->use_head(HeadFile(in(directory, kHeadFile), head));
    return ledger;
}

/// The head is read first: a run that begins in between then makes the journal newer than its head, never older.
Result<std::unique_ptr<Ledger>> open_reading_ledger(const std::string& directory, std::uint64_t copy_limit) {
    BACKOUT_TRY_ASSIGN(const HeadFile::Content head, HeadFile::read(in(directory, kHeadFile)));
    BACKOUT_TRY_ASSIGN(std::shared_ptr<TableStore> tables, open_for_reading(directory, copy_limit));
    auto ledger = std::make_unique<Ledger>(tables);
    BACKOUT_TRY(ledger->check_format());
    BACKOUT_TRY(check_head(*ledger, head));
    bool marked = false;
    BACKOUT_TRY(check_marker(directory, head.journal_id, marked));
    return ledger;
}

}  // namespace backout
