#pragma once
// Takes splices back out of a text that others have edited since: what we put in is found by the lines around it, and
// only that is turned back. A line of ours that was changed is a conflict and stays as it is, and so is one that can't
// be told from a copy that somebody made of it. In an ini file a key is looked for in its section. Pure.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "compensators/text_edit_match.h"
#include "compensators/text_edit_splice.h"

namespace backout {

enum class SpliceFate {
    intact,   ///< our text stands there
    undone,   ///< the former text stands there again
    adopted,  ///< our section header stands there, and others' entries are below it: it stays
    changed,  ///< something else does, or its place can't be found for sure
};

struct SpliceReversal {
    Bytes content;                       ///< `current` with all intact splices turned back
    std::vector<SpliceFate> fates = {};  ///< of each splice
    bool all(SpliceFate fate) const;
};

/// Requires: `splices` lead from `before` to the text that was ours.
SpliceReversal reverse_splices(const Bytes& before, const std::vector<Splice>& splices, const Bytes& current,
                               TextSort sort = TextSort::sections);

/// Insertions of whole lines into an ini file as one splice for each line (a header together with the blank line above
/// it): others may have written in between.
std::vector<Splice> split_insertions(const Bytes& before, const std::vector<Splice>& splices);

}  // namespace backout
