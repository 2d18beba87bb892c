#include "planner/probe_check.h"

#include "base/text.h"
#include "compensators/asks_program.h"

namespace backout {

Result<std::vector<StaleItem>> check_probes(const Plan& plan, Host& host, const Registry& kinds) {
    std::vector<StaleItem> items;
    for (const PlannedStep& step : plan.steps) {
        const auto* asker = dynamic_cast<const AsksProgram*>(kinds.find(step.kind));
        if (asker == nullptr) continue;
        auto answer = asker->ask_again(host, step);
        if (!answer.ok()) return std::move(answer).error().in("while asking about step " + step.id + " again");
        if (!*answer) continue;
        const Difference& one = **answer;
        items.push_back(
            StaleItem{step.id, printable(one.path) + ": " + one.attribute, one.expected, printable(one.found)});
    }
    return items;
}

}  // namespace backout
