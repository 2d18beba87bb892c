#pragma once
// RFC 6902 on a text, with one difference, so that plans converge: an operation whose result is there already is done.
//   add      an equal value at the place (of an array: an equal element at that index; for "-": anywhere in the array)
//   remove   nothing is there (members only: an index always means an element)
//   replace  an equal value
//   move     nothing at `from`, and something at `path`
//   copy     an equal value
// `test` compares by value; if what else is in the patch is there already, they are not asked. Pure.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

struct JsonPatched {
    Bytes content;
    bool repeats = false;  ///< takes elements out of an array by index: applied again, it would take another one
};

/// All complaints about a patch; empty if it is sound. Pure.
std::vector<std::string> validate_json_patch(const Json& patch);

/// Requires: the patch is sound. Errors: `invalid`, naming the operation: a place that isn't there, a test that fails.
Result<JsonPatched> patch_json_text(const Bytes& content, const Json& patch);

}  // namespace backout
