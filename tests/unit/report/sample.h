#pragma once
// Plans and runs as the report's tests want them: small, with one of everything.

#include <nlohmann/json.hpp>

#include "plan/plan.h"
#include "report/run_report.h"

namespace backout {

inline PlannedStep sample_step(std::uint32_t number, const std::string& id, const std::string& operation,
                               const std::string& target) {
    PlannedStep step;
    step.step = number;
    step.id = id;
    step.kind = "file.write";
    step.category = "file";
    step.operation = operation;
    step.target = target;
    step.undo.description = "the former file comes back";
    return step;
}

inline Plan sample_plan() {
    Plan plan;
    plan.name = "site";
    plan.id = "p1";
    plan.digest = "d1";
    plan.steps.push_back(sample_step(1, "dirs", "create", "/srv/app"));
    plan.steps.push_back(sample_step(2, "conf", "update", "/etc/app.conf"));
    plan.steps[1].details = {{"changes", {{{"attribute", "mode"}, {"from", "0600"}, {"to", "0644"}}}},
                             {"diff", "--- /etc/app.conf\n+++ /etc/app.conf\n@@ -1 +1 @@\n-port=1\n+port=2\n"}};
    plan.steps[1].depends_on = {"dirs"};
    plan.steps.push_back(sample_step(3, "motd", "keep", "/etc/motd"));
    plan.steps[2].reason = "is as wanted";
    plan.steps.push_back(sample_step(4, "old", "skip", "/etc/old"));
    plan.steps[3].reason = "when: false";
    plan.steps[3].after_ids = {"conf"};
    return plan;
}

inline RunState sample_state(const Plan& plan, RunPhase phase, Direction direction) {
    RunState state;
    state.steps.resize(plan.steps.size());
    state.phase = phase;
    state.direction = direction;
    state.finished =
        phase == RunPhase::committed || phase == RunPhase::rolled_back || phase == RunPhase::rollback_incomplete;
    return state;
}

inline RunSummary sample_summary(const RunState& state) {
    RunSummary summary;
    summary.number = 12;
    summary.run = "r-12-k3f9";
    summary.name = "site";
    summary.phase = state.phase;
    summary.direction = state.direction;
    summary.started = 1'700'000'000 * kSecond;
    if (state.finished) summary.finished = summary.started + 2 * kSecond;
    summary.steps = static_cast<std::uint32_t>(state.steps.size());
    summary.exit_status = state.exit_status;
    return summary;
}

}  // namespace backout
