#pragma once
// A plan as text: one line a step with sign, operation, target, what changes and how it is undone; irreversible steps
// apart; warnings; a summary. Everything that came from outside is made printable.

#include <string>

#include "plan/plan.h"
#include "report/renderer.h"

namespace backout {

std::string plan_as_text(const Plan& plan, const RenderOptions& options);
/// "Plan: 3 to create, 1 to update, 2 kept; all reversible".
std::string plan_summary(const Plan& plan);
/// What changes, in a few words: from the step's details. "" if they say nothing.
std::string change_in_brief(const PlannedStep& step);
/// Steps that can't be taken back and would change something.
std::vector<const PlannedStep*> irreversible_steps(const Plan& plan);

}  // namespace backout
