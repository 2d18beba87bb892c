#pragma once
// What an unfinished run would do next, step by step, in either direction: the preview of `resume` and `rollback`. Made
// from plan and records alone; the world is looked at by the run itself, so what is in doubt is said to be so.

#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "journal/run_state.h"
#include "plan/plan.h"

namespace backout {

struct RemainingStep {
    std::uint32_t step = 0;
    std::string id;
    std::string target;
    std::string does;      ///< "undo", "apply", "settle" (in doubt: looked at first), "stays" (can't be undone)
    std::string how = {};  ///< in words: how it is undone, what is applied
};

/// In the order in which the steps will be dealt with. `skipped`: ids that a person wants left as they are. Pure.
std::vector<RemainingStep> remaining_work(const Plan& plan, const RunState& state, Direction direction,
                                          const std::set<std::string>& skipped = {});

std::string remaining_as_text(const std::vector<RemainingStep>& steps, Direction direction);
Json remaining_to_json(const std::vector<RemainingStep>& steps);

}  // namespace backout
