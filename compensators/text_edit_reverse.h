#pragma once
// Takes splices back out of a text that others have edited since: what we put in is found by the lines around it, and
// only that is turned back. A line of ours that was changed is a conflict and stays as it is. Pure.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "compensators/text_edit_splice.h"

namespace backout {

enum class SpliceFate {
    intact,   ///< our text stands there
    undone,   ///< the former text stands there again
    changed,  ///< something else does, or its place can't be found
};

struct SpliceReversal {
    Bytes content;                       ///< `current` with all intact splices turned back
    std::vector<SpliceFate> fates = {};  ///< of each splice
    bool all(SpliceFate fate) const;
};

/// Requires: `splices` lead from `before` to the text that was ours.
SpliceReversal reverse_splices(const Bytes& before, const std::vector<Splice>& splices, const Bytes& current);

}  // namespace backout
