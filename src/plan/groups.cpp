#include "plan/groups.h"

namespace backout {

std::set<std::string> with_groups(const Plan& plan, const std::set<std::string>& ids) {
    std::set<std::string> groups;
    for (const PlannedStep& step : plan.steps) {
        if (!step.group.empty() && ids.count(step.id) != 0) groups.insert(step.group);
    }
    std::set<std::string> all = ids;
    for (const PlannedStep& step : plan.steps) {
        if (groups.count(step.group) != 0) all.insert(step.id);
    }
    return all;
}

}  // namespace backout
