#pragma once
// What an entry of a file system *is*, as far as promises go: type, bytes, mode, owner, xattrs (ACLs, capabilities among
// them), flags, link text; for a tree, the same of everything below. Times and inode numbers are not part of it
// (DESIGN: "as the run left it"); they travel beside it in fingerprints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "host/host.h"

namespace backout {

struct EntryState {
    EntryType type = EntryType::absent;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;                 ///< of files
    std::string content = {};               ///< files: SHA-256 hex; empty: not known (predicted from a secret or deferred value)
    std::string link = {};                  ///< symlinks: the text
    std::uint64_t special_device = 0;
    ExtendedAttributes xattrs = {};
    std::uint32_t flags = 0;
    std::optional<std::string> tree = {};   ///< directories looked at as a tree: SHA-256 over the sorted entries below
    std::uint64_t tree_entries = 0;

    bool present() const { return type != EntryType::absent; }
    bool operator==(const EntryState& other) const = default;
};

/// One attribute in which two states differ: for messages and drift reports.
struct Difference {
    std::string path;
    std::string attribute;                  ///< "type", "content", "mode", "owner", "group", "xattrs", "flags", "link", "entries", "presence", …
    std::string expected;
    std::string found;
    std::string diff = {};                  ///< unified text diff where both contents are at hand and are text
};
Json difference_to_json(const Difference& difference);
Result<Difference> difference_from_json(const Json& json);

Json entry_state_to_json(const EntryState& state);      ///< null for absence
Result<EntryState> entry_state_from_json(const Json& json);
/// Attribute by attribute; empty content in `expected` matches any content. Empty result: same.
std::vector<Difference> compare_states(const std::string& path, const EntryState& expected, const EntryState& found);

/// One entry of a tree: its path relative to the tree's top ("" is the top).
struct TreeEntry {
    std::string path;
    EntryState state;
};

/// State of an entry; content is digested. Absent is a value.
Result<EntryState> capture_state(Directory& directory, const std::string& name);
/// All entries of a tree, sorted by path; the top first. Bounded by 2·10⁶ entries.
Result<std::vector<TreeEntry>> capture_tree(Directory& directory, const std::string& name);
/// The top's state with `tree` and `tree_entries` filled from the entries below it.
EntryState summarize_tree(const std::vector<TreeEntry>& entries);

}  // namespace backout
