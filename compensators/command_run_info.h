#pragma once
// What `backout kinds command.run` prints, and what the schema says of it.

#include "compensators/compensator.h"

namespace backout {

KindInfo command_run_info();

}  // namespace backout
