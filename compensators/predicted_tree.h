#pragma once
// All entries of a tree as a step will find it: the real ones, or, where earlier steps of the plan change something in
// it, those of the predicted world.

#include <string>
#include <vector>

#include "compensators/compensator.h"

namespace backout {

struct PredictedTree {
    bool known = true;
    std::string known_after = {};
    EntryState state = {};                ///< of the top, summarized
    std::vector<TreeEntry> entries = {};  ///< sorted by path, the top first; empty: nothing is there
};

Result<PredictedTree> look_at_tree(PlanRequest& request, const std::string& path);

/// The real entries of a tree; empty if nothing is there.
Result<std::vector<TreeEntry>> real_tree(Host& host, const std::string& path);

}  // namespace backout
