#include "engine/shape.h"

#include <map>

#include "plan/order.h"

namespace backout {
namespace {

StepShape shape_of_step(const PlannedStep& step) {
    StepShape shape;
    shape.effect = step.changes() ? step.effect : Effect::none;
    shape.changes = step.changes();
    shape.keep = step.operation == "keep";
    shape.pivot = step.pivot;
    shape.undoable = step.undo.reversibility != Reversibility::irreversible;
    shape.attempts = step.retry.attempts < 1 ? 1 : step.retry.attempts;
    return shape;
}

}  // namespace

PlanShape shape_of(const Plan& plan, OnDrift on_drift, std::size_t window_limit) {
    PlanShape shape;
    std::map<std::string, std::uint32_t> groups;
    for (const PlannedStep& step : plan.steps) {
        shape.steps.push_back(shape_of_step(step));
        if (step.group.empty()) continue;
        const auto next = static_cast<std::uint32_t>(groups.size() + 1);
        shape.steps.back().group = groups.emplace(step.group, next).first->second;
    }
    for (const auto& window : windows_of(plan, window_limit)) {
        shape.windows.emplace_back();
        // windows_of speaks of positions, the engine of step numbers: position + 1.
        for (std::uint32_t position : window) shape.windows.back().push_back(position + 1);
    }
    shape.is_rollback = !plan.undoes.empty();
    shape.stop_on_drift = on_drift == OnDrift::stop;
    return shape;
}

}  // namespace backout
