#pragma once
// What kinds do besides, that ask a program of the manifest whether there is anything to do. It can be asked about the
// world as it is, and not about the one that earlier steps will have made: where the step rests on steps that change
// something, it is asked when the step's turn comes (planner/unasked.h).

#include <optional>
#include <string>
#include <vector>

#include "compensators/compensator.h"

namespace backout {

class AsksProgram {
  public:
    virtual ~AsksProgram() = default;
    /// True iff it depends on a program's answer what becomes of the step.
    virtual bool asks(const PlannedStep& step) const = 0;
    /// As Compensator::plan, but nothing is asked: it will be known after the steps `changed`. `last_outputs`: of the
    /// last run, for then there may be nothing to do; null: none.
    virtual Result<Planned> plan_unasked(PlanRequest& request, const std::vector<std::string>& changed,
                                         const Json& last_outputs) const = 0;
    /// Asks again what was asked while planning. Empty: the answer is the same, or nothing was asked, or it can't be
    /// asked without secrets.
    virtual Result<std::optional<Difference>> ask_again(Host& host, const PlannedStep& step) const = 0;
};

}  // namespace backout
