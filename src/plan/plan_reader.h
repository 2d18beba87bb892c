#pragma once
// The strict half of the codec: a document of "backout-plan/1" back to a Plan. It checks the shape; whether the digest
// is right is `plan_codec`'s business.

#include "plan/plan.h"
#include "plan/strict_object.h"

namespace backout {

inline constexpr std::size_t kMostSteps = 2'000'000;
inline constexpr const char* kPlanFormat = "backout-plan/1";

/// The plan in `document`; worthless if `problem` was noted.
Plan read_plan(const Json& document, DocumentProblem& problem);

}  // namespace backout
