#pragma once
// Which steps of a run still need secrets that nobody has stored: found out before anything is begun, not in the step
// that needs them. What a step did to files goes back without; a command that is to be run needs all that it names.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/engine.h"
#include "journal/run_state.h"
#include "plan/plan.h"

namespace backout {

struct SecretNeed {
    std::string step;                 ///< its id
    std::vector<std::string> inputs;  ///< names of secret inputs, each once
};

/// Secret inputs that `value` names, and those that stand by name in the outputs (by step id) that it names.
std::vector<std::string> secrets_named_in(const Json& value, const std::map<std::string, Json>& outputs);

/// Of the steps that `direction` still leads to, in plan order. For a run that has just begun, and for one that is
/// carried on. Errors: `journal`.
Result<std::vector<SecretNeed>> needed_secrets(const Plan& plan, const RunState& state, Direction direction,
                                               JournalStore& journal);

struct MissingSecrets {
    std::vector<std::string> steps;  ///< ids of those that can't do without
    std::optional<Error> why = {};   ///< the first one; unset: all are at hand
};
/// Asks for each input once.
MissingSecrets ask_for_secrets(const std::vector<SecretNeed>& needs, const RunOptions& options);

/// "rollback --skip a --skip b": takes back everything but these, without the secrets that they need.
std::string rollback_without(const std::vector<std::string>& steps);

}  // namespace backout
