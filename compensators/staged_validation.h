#pragma once
// The program that judges a new file before it goes live.

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "compensators/compensator.h"

namespace backout {

/// Runs `words` with "${file}" standing for `file` (a path inside the root). Nothing to run is success.
/// Errors: `failed` with what the program said, if it doesn't end with exit 0.
Status validate_staged_file(StepContext& context, const Json& words, const std::string& file);

}  // namespace backout
