#pragma once
// The part of the question "is a saved plan still true?" that programs of the manifest answer (stale_check.h asks the
// rest): what they said while planning, they are asked again.

#include <vector>

#include "compensators/compensator.h"
#include "planner/stale_check.h"

namespace backout {

/// Empty: all answers are as they were. Errors: what can't be asked now.
Result<std::vector<StaleItem>> check_probes(const Plan& plan, Host& host, const Registry& kinds);

}  // namespace backout
