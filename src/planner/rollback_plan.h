#pragma once
// A plan that takes a finished run back: one step for each step that had an effect, in the reverse order of their
// intents. It carries no arguments: what is done is the inverse of the image that the run being taken back recorded
// (P5), named by `origin`. It shows before consent what can't come back and what somebody else has changed since.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compensators/compensator.h"
#include "plan/plan.h"

namespace backout {

/// A step of the run with an effect that stayed, as the journal tells it.
struct TakenStep {
    std::uint32_t step = 0;             ///< its number in the run's plan
    std::uint64_t intent_sequence = 0;  ///< undo goes backwards over intents (invariant 5)
    Json image = nullptr;               ///< null only for residue
    std::string residue = {};           ///< why it can't be taken back; "" if it can
};

struct RollbackOptions {
    std::string command = {};
    std::set<std::string> skip = {};                 ///< ids that stay as they are, and with each its whole group
    std::vector<std::string> taken_back_first = {};  ///< resource keys that newer runs, taken back before, bring back
    std::set<std::string> overwrite_conflicts = {};  ///< ids that go back although somebody changed them since
};

struct RollbackTools {
    Host& host;
    const Registry& kinds;
    ImageStore& images;
    Clock& clock;
    IdSource& ids;
    /// Fills in what stands in images by name (outputs, secrets). Unset: there is nothing of the kind.
    std::function<Result<Json>(const Json&)> expand = {};
};

/// Looks at the world, changes nothing. Errors: `invalid` for ids in `options` that aren't steps of the run, or a kind
/// that this program doesn't have.
Result<Plan> make_rollback_plan(const std::string& run, const Plan& target, const std::vector<TakenStep>& taken,
                                const RollbackOptions& options, const RollbackTools& tools);

/// A run that came after the one to be taken back, is committed, and was not taken back itself.
struct LaterRun {
    std::string run;
    const Plan* plan = nullptr;
};
/// The first of `later` that changed something `target` changed, with the key in question; both "" if none did.
struct RunInTheWay {
    std::string run = {};
    std::string key = {};
};
RunInTheWay find_run_in_the_way(const Plan& target, const std::vector<LaterRun>& later);

}  // namespace backout
