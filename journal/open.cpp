#include "journal/open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mutation.h"
#include "base/text.h"
#include "journal/ledger.h"
#include "journal/ledger_access.h"
#include "journal/lmdb_journal.h"
#include "journal/private_files.h"

namespace backout {

namespace {

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Makes what is missing of `path`, each directory 0700 and durable before the next.
Status make_directories(const std::string& path, int depth) {
    BACKOUT_TRY_ASSIGN(const bool there, path_exists(path));
    if (there) return {};
    if (depth == 0) return Error{ErrorCode::invalid, "the path of the state directory is too deep", path};
    BACKOUT_TRY(make_directories(parent_of(path), depth - 1));
    BACKOUT_TRY(check_directories_above(path));  // before anything is made there
    const Status made = make_private_directory(path);
    if (!made.ok() && made.error().code != ErrorCode::exists) return made.error();
    if (!left_out("journal.state_directory")) BACKOUT_TRY(sync_path(path));
    return left_out("journal.name_of_state_directory") ? Status{} : sync_directory_of(path);
}

}  // namespace

Status make_state_directory(const std::string& state_directory) {
    if (state_directory.empty() || state_directory.front() != '/') {
        return Error{ErrorCode::invalid, "the state directory must be an absolute path", state_directory};
    }
    constexpr int kDeepest = 256;
    BACKOUT_TRY(make_directories(state_directory, kDeepest));
    return check_private_directory(state_directory);
}

Result<JournalPresence> journal_presence(const std::string& state_directory) {
    BACKOUT_TRY_ASSIGN(const bool directory, path_exists(state_directory));
    if (!directory) return JournalPresence::absent;
    BACKOUT_TRY(check_private_directory(state_directory));
    BACKOUT_TRY_ASSIGN(const bool marker, path_exists(state_directory + "/" + kMarkerFile));
    BACKOUT_TRY_ASSIGN(const bool data, path_exists(state_directory + "/" + kDataFile));
    if (marker && !data) {
        return journal_damage("there was one in " + state_directory + ", but its file data.mdb is missing");
    }
    return data ? JournalPresence::present : JournalPresence::absent;
}

Result<std::unique_ptr<JournalStore>> open_journal_for_reading(const JournalOptions& options) {
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options.state_directory));
    if (presence == JournalPresence::absent) {
        return Error{ErrorCode::not_found, "there is no journal in " + options.state_directory,
                     options.state_directory};
    }
    BACKOUT_TRY_ASSIGN(auto ledger, open_reading_ledger(options.state_directory, options.copy_limit));
    return std::unique_ptr<JournalStore>(std::move(ledger));
}

Result<std::unique_ptr<JournalStore>> open_journal(const JournalOptions& options, IdSource& ids) {
    BACKOUT_TRY(make_state_directory(options.state_directory));
    BACKOUT_TRY(refuse_network_file_system(options.state_directory));
    BACKOUT_TRY(refuse_read_only_file_system(options.state_directory));
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options.state_directory));
    if (presence == JournalPresence::absent) {
        BACKOUT_TRY(create_journal(options.state_directory, options.initial_bytes, ids));
    }
    BACKOUT_TRY_ASSIGN(auto ledger, open_writing_ledger(options.state_directory));
    return std::unique_ptr<JournalStore>(std::move(ledger));
}

}  // namespace backout
