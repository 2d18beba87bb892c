#pragma once
// The planning half of `command.run`: arguments, and the decision whether there is anything to run.

#include "compensators/command_run_state.h"
#include "compensators/compensator.h"

namespace backout {

/// `with` checked and made complete: absolute paths, programs with cwd and env, exit statuses as a list.
Result<Json> read_command(const Json& with, const std::string& manifest_directory);

Result<Planned> plan_command(PlanRequest& request);

/// The same where earlier steps change something: the probe is asked when the step's turn comes.
Result<Planned> plan_unasked_command(PlanRequest& request, const std::vector<std::string>& changed,
                                     const Json& last_outputs);

/// What the answer of a probe is called in a plan; null: unknown.
Json state_words(CommandState state);

}  // namespace backout
