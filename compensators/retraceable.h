#pragma once
// What some kinds can do besides: say what stood at their paths before the step, where the step looks done. "Edit f,
// then move it to g" finds no f the second time; seen from before the move, f is there with the edit in it. The planner
// asks (planner/step_planning.h) only where a manifest can't be executed as things are.

#include <vector>

#include "compensators/compensator.h"

namespace backout {

struct Retraced {
    bool outstanding = false;             ///< the step has surely not been done
    std::vector<Prediction> before = {};  ///< what would have stood there; empty: nothing can be said
};

class Retraceable {
  public:
    virtual ~Retraceable() = default;
    /// Touches nothing. Errors as those of Compensator::plan.
    virtual Result<Retraced> retrace(PlanRequest& request) const = 0;
};

}  // namespace backout
