#pragma once
// Which of many resources overlap a new one, found by hashing keys and their ancestors: a look costs the depth of a
// key, not the number of resources. It answers exactly what `overlaps` would, asked for each pair.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plan/plan.h"

namespace backout {

/// Remembers, for each key, those that touched it last. A tree takes the place of all below it: whoever comes after it
/// and overlaps something below overlaps the tree, too.
class ResourceIndex {
  public:
    /// True iff `resource` overlaps anything that was added.
    bool overlaps_any(const Resource& resource) const;
    /// The latest that overlap `resource`, in no order, doubled ones possible: one for its own key, one for each tree
    /// above, and, if it is a tree, all below that no other tree has taken the place of.
    std::vector<std::uint32_t> latest(const Resource& resource) const;
    void add(const Resource& resource, std::uint32_t owner);
    void clear() { nodes_.clear(); }

  private:
    struct Node {
        std::vector<std::uint32_t> own = {};    // the last that touched exactly this key: one, or none
        std::vector<std::uint32_t> tree = {};   // the last that covered everything below: one, or none
        std::vector<std::uint32_t> below = {};  // all that touched something below since then
    };
    const Node* find(const std::string& type, std::string_view key) const;

    std::unordered_map<std::string, Node> nodes_;  // by type, NUL, key
};

}  // namespace backout
