#pragma once
// Detects and decides: manifest → plan, each step decided once, in the order of execution, through a world in which the
// earlier steps have already been (predicted_world.h). It touches nothing, and leaves no trace. What can't be known yet
// is said to be known after a step, never guessed. Invariant: no secret's value enters the plan; kinds get its name
// only.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compensators/compensator.h"
#include "manifest/inputs.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "planner/detectors/detector.h"
#include "planner/stale_check.h"

namespace backout {

/// What comes with one manifest.
struct PlanOptions {
    std::string source_name = "-";  ///< of the manifest, for errors
    std::string directory = "/";    ///< absolute: what relative paths are relative to
    std::string command = {};       ///< as given, without output flags
    GivenInputs inputs = {};
    EnvironmentLookup environment = {};                      ///< unset: every variable is unset
    InputAsker ask = {};                                     ///< unset: nobody can be asked
    OnMissingInput on_missing_input = OnMissingInput::fail;  ///< where the manifest says nothing
};

/// What the planner works with.
struct PlannerTools {
    Host& host;
    const Registry& kinds;
    const DetectorRegistry& detectors;
    Clock& clock;
    IdSource& ids;
    std::string state_directory = {};  ///< no step may touch it; "" if there is none
    /// Outputs of an action's last committed run, for kept steps whose outputs can't be read from the world.
    std::function<std::optional<Json>(const std::string& id)> last_outputs = {};
};

/// Values of secret inputs that planning took in; never part of a plan. For the run that follows at once.
using Secrets = std::map<std::string, Json>;  ///< by input name

/// Errors: all problems together, each "FILE:LINE:COLUMN: …"; `invalid` unless all are of one other kind
/// (`not_permitted`: a target that can't be written; `no_space`).
Result<Plan> make_plan(Manifest manifest, const PlanOptions& options, const PlannerTools& tools,
                       Secrets* secrets = nullptr);
/// The same from the manifest's text.
Result<Plan> make_plan_of_text(const std::string& text, const PlanOptions& options, const PlannerTools& tools,
                               Secrets* secrets = nullptr);

}  // namespace backout
