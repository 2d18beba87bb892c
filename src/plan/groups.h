#pragma once
// Groups of steps: members go back together, or stay together.

#include <set>
#include <string>

#include "plan/plan.h"

namespace backout {

/// `ids`, and the ids of all steps that share a group with one of them.
std::set<std::string> with_groups(const Plan& plan, const std::set<std::string>& ids);

}  // namespace backout
