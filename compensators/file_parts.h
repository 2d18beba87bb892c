#pragma once
// The parts of a file image, one by one. Each class lives as long as one call: it opens the places, looks, and acts at
// most once per look. Inside of the room: kinds use file_image.h.
//
// Words: T is what shall stand at the path (staged), O what stands there before (present); either may be nothing.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compensators/file_image.h"

namespace backout {

struct PartResult {
    bool was_already = true;
    std::vector<Difference> conflicts = {};
};

struct PartView {
    Where where = Where::unreadable;
    std::vector<Difference> differences = {};
};

Result<PartResult> apply_swap(StepContext& context, const FilePart& part, bool inverse);
Result<PartResult> apply_move(StepContext& context, const FilePart& part);
Result<PartResult> apply_attributes(StepContext& context, const FilePart& part);
Result<PartView> observe_swap(StepContext& context, const FilePart& part, bool inverse, bool deep);
Result<PartView> observe_move(StepContext& context, const FilePart& part, bool deep);
Result<PartView> observe_attributes(StepContext& context, const FilePart& part);

// ---- looking --------------------------------------------------------------------------------------------------------

/// What an entry is compared with.
struct Expectation {
    const std::optional<Fingerprint>& print;
    const EntryState& state;
    const std::vector<TreeEntry>& tree;
    const std::map<std::string, Fingerprint>& sealed;
};
Expectation expected_before(const FilePart& part);
Expectation expected_after(const FilePart& part);

struct MatchOptions {
    bool deep = false;                                     ///< always compare contents
    bool tolerate_more = false;                            ///< of trees: entries that others added are no difference
    std::vector<UnixNanoseconds> moved_at = {};            ///< when our own renames may have touched the ctime
    const std::vector<std::string>* superseded = nullptr;  ///< paths in a tree that a later step changed
};

struct Match {
    bool same = false;
    bool same_inode = false;
    bool flags_cleared = false;  ///< only our own cleared immutable or append flag is missing
    std::vector<Difference> differences = {};
};

/// An entry of a directory that may itself be gone, and how messages name it.
struct Entry {
    std::shared_ptr<Directory> directory;
    std::string name;
    std::string path;
    FileStatus status = {};
    std::string detour = {};  ///< without directory: the link above the path, or where it leads now
};

/// Compares what stands at `entry` with an expectation. Cheap where the fingerprint says that nothing was touched.
Result<Match> match_entry(const Entry& entry, const Expectation& expected, const MatchOptions& options);
/// The place of a path; its directory is null if a parent is missing, is no directory, or became a link (`detour`).
Result<Entry> find_entry(Host& host, const std::string& path);
/// An entry of a store; its directory is null if the store is gone.
Result<Entry> find_slot(ImageStore& images, const std::string& store, const std::string& name);
Status refresh(Entry& entry);
/// Sets the flags of what stands there now, where it is of a type that has them.
Status set_flags(const Entry& entry, std::uint32_t flags);

/// What is wrong with what waits in `slot` to come back to the part's path: it is gone, or not as it was put aside.
/// Files are read; of trees only what isn't surely untouched. Empty: all is well, or nothing was put aside.
Result<std::vector<Difference>> kept_damage(const FilePart& part, const Entry& slot);

/// Whether the path leads to a place that isn't the one that was changed: a directory above it became a link, or (where
/// `left_entry`: the run left an entry there) another directory stands there and nothing in it. Empty: the right place.
Result<std::vector<Difference>> compare_directory(const FilePart& part, const Entry& path, bool left_entry);

/// True if a later step answers for the path: it is one of the keys, or lies below one.
bool is_superseded(const std::string& path, const std::vector<std::string>& keys);

Fingerprint fingerprint_of(const FileStatus& status);
/// With `below` for directories. Requires: the entry is present.
Result<Fingerprint> take_fingerprint(const Entry& entry);
/// Whether an entry is still exactly what was looked at (inode, size, mtime; trees: everything below, too).
Result<bool> is_untouched(const Entry& entry, const Fingerprint& looked_at);
/// Whether contents of this part may be shown.
bool has_secret_content(const FilePart& part);
/// Adds what somebody else changed to the difference about content, as a text diff up to `now`, if it is a small text.
/// It begins with `expected`, where the planned arguments still hold it: the file itself was overwritten. Else with
/// `other`, which is what `other_is` says.
void add_content_diff(std::vector<Difference>& differences, const StepContext& context, const EntryState& expected,
                      const Entry& other, const std::string& other_is, const Entry& now);

/// True if `time` is when one of `moments` was, within what clocks of kernels need.
bool near_any(UnixNanoseconds time, const std::vector<UnixNanoseconds>& moments);
/// Sets the mtime of a directory back, if `ours`. Nothing to do and not permitted are success.
Status restore_parent_time(const Entry& entry, const ParentTime& time, bool ours);
/// A link in the store whose text is the mtime that our rename left in a directory: later steps may touch the ctime of
/// what was moved, but nobody touches this. A courtesy to directory times: it is not made durable, and its loss or
/// failure costs no more than such a time.
std::string time_note(const std::string& slot);
void leave_time_note(Directory& store, const std::string& slot, Directory& parent);
/// After an exchange, where no ctime tells its moment: xfs leaves those of files that it exchanges as they were.
void note_time_of_exchange(const Entry& path, const Entry& slot);
/// Adds what a note says, if there is one.
void read_time_note(Directory& store, const std::string& slot, std::vector<UnixNanoseconds>& moments);
/// The second name in the store: where an inode waits while an exchange is made of several renames.
std::string second_slot(const std::string& slot);

}  // namespace backout
