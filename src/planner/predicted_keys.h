#pragma once
// Keys and entries of trees, as predicted_world puts them together. Pure.

#include <string>
#include <vector>

#include "compensators/entry_state.h"
#include "compensators/world_view.h"

namespace backout {

std::string child_key(const std::string& directory, const std::string& name);
std::string parent_key(const std::string& key);
std::string below_prefix(const std::string& key);  ///< what all keys below begin with
bool is_below(const std::string& key, const std::string& directory);
std::string joined(const std::string& above, const std::string& below);  ///< either may be ""

/// The state of an entry of a sorted tree; null if there is none.
const EntryState* find_entry(const std::vector<TreeEntry>& tree, const std::string& path);
/// Takes out an entry with all below it.
void remove_entries(std::vector<TreeEntry>& entries, const std::string& path);

Seen unknown_after_step(const std::string& step);

}  // namespace backout
