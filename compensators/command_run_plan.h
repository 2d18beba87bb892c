#pragma once
// The planning half of `command.run`: arguments, and the decision whether there is anything to run.

#include "compensators/compensator.h"

namespace backout {

/// `with` checked and made complete: absolute paths, programs with cwd and env, exit statuses as a list.
Result<Json> read_command(const Json& with, const std::string& manifest_directory);

Result<Planned> plan_command(PlanRequest& request);

}  // namespace backout
