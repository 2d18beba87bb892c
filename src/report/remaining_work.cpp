#include "report/remaining_work.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/groups.h"
#include "plan/own_outputs.h"

namespace backout {

namespace {

bool in_doubt(StepPhase phase) {
    return phase == StepPhase::in_doubt || phase == StepPhase::failed_in_doubt || phase == StepPhase::undo_in_doubt;
}

bool may_stand(StepPhase phase) {
    return in_doubt(phase) || phase == StepPhase::applied || phase == StepPhase::resolved_done;
}

bool is_irreversible(const PlannedStep& step) {
    return step.irreversible || step.undo.reversibility == Reversibility::irreversible;
}

RemainingStep to_undo(const PlannedStep& planned, const StepState& state) {
    RemainingStep step{planned.step, planned.id, planned.target, "undo", planned.undo.description};
    const bool unknown = state.outputs.is_null() && names_outputs_of(planned.id, member(planned.arguments, "undo"));
    if (is_irreversible(planned)) {
        step.does = "stays";
        step.how = "it can't be undone";
    } else if (unknown) {
        step.does = in_doubt(state.phase) ? "settle" : "stays";
        step.how = "its undo needs what it gave out, which isn't known";
        if (in_doubt(state.phase))
            step.how = "in doubt: it is looked at, and what is there of it stays, for " + step.how;
    } else if (in_doubt(state.phase)) {
        step.does = "settle";
        step.how = "in doubt: it is looked at, and what is there of it is undone";
        if (!planned.undo.description.empty()) step.how += " (" + planned.undo.description + ")";
    }
    return step;
}

RemainingStep to_apply(const PlannedStep& planned, const StepState& state) {
    RemainingStep step{planned.step, planned.id, planned.target, "apply", planned.operation};
    if (!in_doubt(state.phase)) return step;
    step.does = "settle";
    step.how = "in doubt: it is looked at, and brought to its end (" + planned.operation + ")";
    return step;
}

/// Undo goes strictly backwards over intents (invariant 5), and no further than a pivot that was passed.
std::vector<RemainingStep> going_back(const Plan& plan, const RunState& state) {
    std::vector<const PlannedStep*> standing;
    for (const PlannedStep& planned : plan.steps) {
        if (planned.changes() && may_stand(state.step(planned.step).phase)) standing.push_back(&planned);
    }
    std::sort(standing.begin(), standing.end(), [&state](const PlannedStep* one, const PlannedStep* other) {
        return state.step(one->step).intent_sequence > state.step(other->step).intent_sequence;
    });
    std::vector<RemainingStep> steps;
    for (const PlannedStep* planned : standing) {
        const StepState& now = state.step(planned->step);
        if (planned->pivot && now.phase == StepPhase::applied && !now.failed) break;
        steps.push_back(to_undo(*planned, now));
    }
    return steps;
}

bool still_to_do(StepPhase phase) {
    return in_doubt(phase) || phase == StepPhase::pending || phase == StepPhase::undone ||
           phase == StepPhase::resolved_undone;
}

std::vector<RemainingStep> going_forward(const Plan& plan, const RunState& state) {
    std::vector<RemainingStep> steps;
    for (const PlannedStep& planned : plan.steps) {
        const StepState& now = state.step(planned.step);
        if (planned.changes() && still_to_do(now.phase)) steps.push_back(to_apply(planned, now));
    }
    return steps;
}

}  // namespace

std::vector<RemainingStep> remaining_work(const Plan& plan, const RunState& state, Direction direction,
                                          const std::set<std::string>& skipped) {
    std::vector<RemainingStep> steps =
        direction == Direction::back ? going_back(plan, state) : going_forward(plan, state);
    const std::set<std::string> left_out = with_groups(plan, skipped);
    for (RemainingStep& step : steps) {
        if (left_out.count(step.id) == 0) continue;
        step.does = "stays";
        step.how = "it is left out by --skip";
    }
    return steps;
}

std::string remaining_as_text(const std::vector<RemainingStep>& steps, Direction direction) {
    const bool back = direction == Direction::back;
    if (steps.empty()) return back ? "Nothing is left to be undone.\n" : "Every step is done; the end is verified.\n";
    std::string text = back ? "To be undone, in this order:\n" : "Still to be done, in this order:\n";
    for (const RemainingStep& step : steps) {
        text += "  " + std::to_string(step.step) + " " + printable(step.id) + ": " +
                (step.does == "stays" ? "stays, for " : "") + printable(step.how) + "\n";
    }
    return text;
}

Json remaining_to_json(const std::vector<RemainingStep>& steps) {
    Json list = Json::array();
    for (const RemainingStep& step : steps) {
        list.push_back(
            {{"step", step.step}, {"id", step.id}, {"target", step.target}, {"does", step.does}, {"how", step.how}});
    }
    return list;
}

}  // namespace backout
