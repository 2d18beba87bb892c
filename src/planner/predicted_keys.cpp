#include "planner/predicted_keys.h"

#include <algorithm>

namespace backout {

std::string child_key(const std::string& directory, const std::string& name) {
    return directory == "/" ? "/" + name : directory + "/" + name;
}

std::string parent_key(const std::string& key) {
    const std::size_t slash = key.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : key.substr(0, slash);
}

std::string below_prefix(const std::string& key) {
    return key == "/" ? key : key + "/";
}

bool is_below(const std::string& key, const std::string& directory) {
    const std::string prefix = below_prefix(directory);
    return key.size() > prefix.size() && key.compare(0, prefix.size(), prefix) == 0;
}

// States of a tree that comes with a prediction, found by their path.
const EntryState* find_entry(const std::vector<TreeEntry>& tree, const std::string& path) {
    const auto found =
        std::lower_bound(tree.begin(), tree.end(), path,
                         [](const TreeEntry& entry, const std::string& wanted) { return entry.path < wanted; });
    return found != tree.end() && found->path == path ? &found->state : nullptr;
}

void remove_entries(std::vector<TreeEntry>& entries, const std::string& path) {
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&path](const TreeEntry& entry) {
                                     return entry.path == path || is_below("/" + entry.path, "/" + path);
                                 }),
                  entries.end());
}

std::string joined(const std::string& above, const std::string& below) {
    if (above.empty() || below.empty()) return above + below;
    return above + "/" + below;
}

Seen unknown_after_step(const std::string& step) {
    Seen seen;
    seen.known = false;
    seen.known_after = step;
    return seen;
}

}  // namespace backout
