#pragma once
// The kind `check`: a step that asks the world something (compensators/check_runner.h) and fails if the answer stays
// no. It changes nothing, so there is nothing to undo, and its image is the question itself, templates unexpanded.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_check_kind();

}  // namespace backout
