#pragma once
// Opening the journal of a state directory. Creation is crash-safe (aside, synced, renamed); a journal that can't be
// read stops everything and is never replaced by an empty one (P11).

#include <memory>
#include <string>

#include "base/clock.h"
#include "host/host.h"
#include "host/image_store.h"
#include "journal/journal_store.h"

namespace backout {

struct JournalOptions {
    std::string state_directory;  ///< absolute, real path (not inside the root: already joined)
    std::uint64_t initial_bytes = 10U << 20;
    std::uint64_t copy_limit = 64U << 20;  ///< bytes up to which readers work on a copy in memory; above in place
};

enum class JournalPresence { absent, present };

/// Looks without opening: absent iff neither marker nor data file is there. Errors: `journal` (marker without data, …),
/// `not_permitted` (not ours, group- or world-writable, reached through a link).
Result<JournalPresence> journal_presence(const std::string& state_directory);

/// Opens for reading only. Leaves no trace. Errors: `journal`, `not_found` when absent.
Result<std::unique_ptr<JournalStore>> open_journal_for_reading(const JournalOptions& options);

/// Opens, creating directory (0700) and journal if absent. Requires the lease of the state directory.
/// Errors: `journal` (damaged, newer, foreign host), `not_permitted`, `no_space`, `unsupported` (network file system).
Result<std::unique_ptr<JournalStore>> open_journal(const JournalOptions& options, IdSource& ids);

/// Creates the state directory itself if absent (0700, durable), so that the lease can be taken in it.
Status make_state_directory(const std::string& state_directory);

/// Everything that can be checked without changing anything: both meta pages, every record of every run, the head file.
/// Runs the reading in a child process, for a damaged file can crash the reader. Empty result: sound.
Result<std::vector<std::string>> check_journal(const JournalOptions& options);

/// The real image store: STATE/images on the state directory's mount, else MOUNT/.backout-UID/JOURNAL near the mount
/// point. `state_path_in_host` is the state directory as a path inside the host's root ("" if it lies outside the
/// root).
std::unique_ptr<ImageStore> make_image_store(Host& host, JournalStore& journal, const std::string& state_path_in_host);

/// For simulation: keeps commits in memory; `on_commit` may return an Error or throw before or after the commit takes
/// effect.
class MemJournal;

}  // namespace backout
