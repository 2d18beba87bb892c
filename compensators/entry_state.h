#pragma once
// What an entry of a file system *is*, as far as promises go: type, bytes, mode, owner, xattrs (ACLs, capabilities
// among them), flags, link text; for a tree, the same of everything below. Times and inode numbers are not part of it
// (DESIGN: "as the run left it"); they travel beside it in fingerprints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "host/host.h"

namespace backout {

struct EntryState {
    EntryType type = EntryType::absent;
    std::uint32_t mode = 0;  ///< 0 for links: they have none
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;    ///< of files
    std::string content = {};  ///< files: SHA-256 hex; empty: not known (predicted from a secret or deferred value)
    std::string link = {};     ///< symlinks: the text
    std::uint64_t special_device = 0;
    ExtendedAttributes xattrs = {};
    std::uint32_t flags = 0;
    std::optional<std::string> tree = {};  ///< directories looked at as a tree: SHA-256 over the sorted entries below
    std::uint64_t tree_entries = 0;

    bool present() const { return type != EntryType::absent; }
    bool operator==(const EntryState& other) const = default;
};

/// One attribute in which two states differ: for messages and drift reports.
struct Difference {
    std::string path;
    std::string attribute;  ///< "presence", "type", "content", "mode", "owner", "group", "xattrs", "flags", "link",
                            ///< "device", "entries", …
    std::string expected;
    std::string found;
    std::string diff = {};  ///< unified text diff where both contents are at hand and are text
};
Json difference_to_json(const Difference& difference);
Result<Difference> difference_from_json(const Json& json);
/// "/etc/app.conf: mode is 0600, expected 0644".
std::string describe(const Difference& difference);

Json entry_state_to_json(const EntryState& state);  ///< null for absence
/// Errors: `invalid`.
Result<EntryState> entry_state_from_json(const Json& json);
/// What stands for a state that is not known before the run: {"unknown": true}.
Json unknown_state_json();
bool is_unknown_state(const Json& json);

/// Attribute by attribute; empty content in `expected` matches any content (and size), an unset tree any tree.
/// Empty result: same.
std::vector<Difference> compare_states(const std::string& path, const EntryState& expected, const EntryState& found);

/// One entry of a tree: its path relative to the tree's top ("" is the top).
struct TreeEntry {
    std::string path;
    EntryState state;
};

/// State of an entry; content is digested. Absent is a value.
Result<EntryState> capture_state(Directory& directory, const std::string& name);
/// The same but for the content of files, which stays empty. Requires: `status` is that of the entry.
Result<EntryState> capture_attributes(Directory& directory, const std::string& name, const FileStatus& status);
/// All entries of a tree, sorted by path; the top first. Bounded by 2·10⁶ entries. Errors: see walk_tree.
Result<std::vector<TreeEntry>> capture_tree(Directory& directory, const std::string& name);
/// The top's state with `tree` and `tree_entries` filled from the entries below it.
EntryState summarize_tree(const std::vector<TreeEntry>& entries);
/// Entry by entry; `path` is the top's. With `tolerate_more`, entries that were not expected are no difference.
/// At most 100 differences are listed.
std::vector<Difference> compare_trees(const std::string& path, const std::vector<TreeEntry>& expected,
                                      const std::vector<TreeEntry>& found, bool tolerate_more);

}  // namespace backout
