#pragma once
// Whole trees: walking, copying with everything that promises cover, and their JSON. Nothing follows a link, nothing
// crosses a mount: a tree that another file system is mounted in can't be moved as one, so it is refused.

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "compensators/entry_state.h"
#include "host/host.h"

namespace backout {

inline constexpr std::size_t kMaximumTreeEntries = 2'000'000;

/// Where a walk is: an open directory, a name in it, and the path below the tree's top ("" is the top itself).
struct TreeStep {
    Directory& directory;
    const std::string& name;
    const std::string& path;
    const FileStatus& status;
};
/// Calls `visit` for the entry and all below it, each directory before its contents, names sorted by bytes.
/// Absent: no call. Errors: `unsupported` for a mount inside, `invalid` beyond kMaximumTreeEntries.
/// With `on_mount`, a mount inside is no error: it is named there, and left alone with all below it.
Status walk_tree(Directory& directory, const std::string& name, const std::function<Status(const TreeStep&)>& visit,
                 const std::function<void(const std::string& path)>& on_mount = {});

/// Copies an entry (a tree with all below it): content with holes, mode, owner, xattrs, mtimes, links, specials; hard
/// links within the tree stay hard links. Flags are left out. Not durable. On failure a part may stand: remove it.
Status copy_entry(Directory& from, const std::string& from_name, Directory& to, const std::string& to_name);

/// SHA-256 over path, type, inode, size, mtime and ctime of everything below a directory (not the top): cheap to take.
Result<std::string> fingerprint_below(Directory& directory, const std::string& name);

Json tree_to_json(const std::vector<TreeEntry>& entries);
Result<std::vector<TreeEntry>> tree_from_json(const Json& json);

/// Puts `bytes` at `key` in an object; what is not UTF-8 goes to KEY_base64 instead.
void put_bytes(Json& object, const std::string& key, const std::string& bytes);
/// Takes it back; "" if neither is there.
std::string take_bytes(const Json& object, const std::string& key);

}  // namespace backout
