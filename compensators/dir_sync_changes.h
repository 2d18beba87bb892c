#pragma once
// What has to change in one tree to make it like another: pure, on lists of entries. Each change is one part of an
// image: a new or replaced entry with all below it, one that goes, or attributes set in place. What no change names
// stays.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "compensators/dir_sync_glob.h"
#include "compensators/entry_state.h"
#include "compensators/file_image.h"

namespace backout {

struct SyncRules {
    bool remove_others = false;  ///< what only the target has goes
    bool keep_owners = false;    ///< root: owners as in the source; else the runner owns what is new
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::vector<std::string> exclude = {};  ///< globs: neither copied nor removed
};

enum class SyncAction { put, remove, attributes };

struct SyncChange {
    SyncAction action = SyncAction::put;
    std::string path;                   ///< below the top
    EntryState before = {};             ///< what stands there, trees summarized
    std::vector<TreeEntry> after = {};  ///< put: the entry and all below it, paths relative to it
    AttributeSet attributes = {};
    bool replaces = false;  ///< put: something stands there
};

struct SyncComparison {
    std::vector<SyncChange> changes = {};
    std::vector<TreeEntry> result = {};     ///< the target's tree afterwards
    std::vector<TreeEntry> expected = {};   ///< what the source demands of the target, top left out
    std::vector<std::string> created = {};  ///< for people; folders end with '/'
    std::vector<std::string> updated = {};
    std::vector<std::string> deleted = {};
    std::vector<std::string> retouched = {};  ///< attributes only
    std::uint64_t bytes = 0;                  ///< to be copied
};

/// Both lists are sorted by path, the top ("") first; `target` is empty if nothing is there.
/// Errors: `wrong_type` if a folder of the target would have to give way to a file and others' entries may not be
/// removed; `unsupported` for sockets and devices in the source.
Result<SyncComparison> compare_for_sync(const std::vector<TreeEntry>& source, const std::vector<TreeEntry>& target,
                                        const SyncRules& rules);

Json sync_change_to_json(const SyncChange& change);
Result<SyncChange> sync_change_from_json(const Json& json);

}  // namespace backout
