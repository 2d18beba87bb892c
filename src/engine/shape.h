#pragma once
// What `decide` needs to know of a plan, and no more: no arguments, no targets, no words of any domain.

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace backout {

struct StepShape {
    Effect effect = Effect::atomic;
    bool changes = true;  ///< false: keep, skip
    bool keep = false;
    bool pivot = false;
    bool undoable = true;  ///< false: irreversible, its inverse can't be made
    int attempts = 1;
    std::uint32_t group = 0;  ///< members go back together; 0: in none
};

struct PlanShape {
    std::vector<StepShape> steps;                     ///< index 0 is step 1
    std::vector<std::vector<std::uint32_t>> windows;  ///< step numbers (1…n)
    bool is_rollback = false;                         ///< never rolls itself back (invariant 11)
    bool stop_on_drift = false;

    const StepShape& step(std::uint32_t number) const { return steps.at(number - 1); }
};

PlanShape shape_of(const Plan& plan, OnDrift on_drift, std::size_t window_limit);

}  // namespace backout
