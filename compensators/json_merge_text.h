#pragma once
// RFC 7396 on a text: members that already are as wanted are not touched. Pure.

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

/// Requires: `merge` is an object. Errors: `invalid` for a text that is no JSON object, or a doubled key on the way.
Result<Bytes> merge_json_text(const Bytes& content, const Json& merge);

}  // namespace backout
