#pragma once
// Takes our entries back out of a JSON text that others have changed since, by pointers: whatever differs between the
// texts before and after our change is ours, all else is theirs, however they formatted it. Pure.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

struct JsonConflict {
    std::string pointer;
    std::string expected;  ///< compact JSON, "" for absence
    std::string found;
};

struct JsonReversal {
    Bytes content;           ///< `current` with all entries of ours turned back that are as we left them
    std::size_t intact = 0;  ///< entries that were
    std::size_t undone = 0;  ///< entries that are as before already
    std::vector<JsonConflict> conflicts = {};  ///< entries that somebody changed
    bool empty = false;                        ///< `content` is an object or array without anything in it
};

/// Requires: `before` and `after` are sound JSON texts. Errors: `invalid` if `current` isn't.
Result<JsonReversal> reverse_json_text(const Bytes& before, const Bytes& after, const Bytes& current);

}  // namespace backout
