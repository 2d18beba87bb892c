#pragma once
// An undo may name what its own step gives out: what it takes back may have a name only since the step has run. All
// else that stands in a step's arguments is filled in before it runs; such an undo, when it is run.

#include <string>

#include "base/json.h"

namespace backout {

/// True iff a template in `value` refers to an output of the step `id`.
bool names_outputs_of(const std::string& id, const Json& value);

/// `arguments` without such an undo, which is left in `undo` (null: there is none).
Json without_own_undo(const std::string& id, Json arguments, Json& undo);

}  // namespace backout
