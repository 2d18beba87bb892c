#include "session/rollback_choice.h"

#include <algorithm>

namespace backout {

namespace {

const RunSummary* find(const std::vector<RunSummary>& runs, const std::string& name) {
    const auto found =
        std::find_if(runs.begin(), runs.end(), [&name](const RunSummary& run) { return run.run == name; });
    return found == runs.end() ? nullptr : &*found;
}

bool effect_stands(const RunSummary& run) {
    return run.changed && run.undone_by.empty();
}

// Whatever may have left something: what is in doubt or in conflict is tried again.
bool has_effect(const StepState& step) {
    switch (step.phase) {
        case StepPhase::applied:
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::undo_in_doubt:
        case StepPhase::conflict:
        case StepPhase::residue:
        case StepPhase::resolved_done: return !step.image.is_null();
        default: return false;
    }
}

bool is_irreversible(const PlannedStep& step) {
    return step.irreversible || step.undo.reversibility == Reversibility::irreversible;
}

}  // namespace

const RunSummary& root_of(const std::vector<RunSummary>& runs, const RunSummary& run) {
    const RunSummary* root = &run;
    // Each link leads to an older run, so this ends; the bound guards against a journal that says otherwise.
    for (std::size_t i = 0; i < runs.size() && !root->undoes.empty(); ++i) {
        const RunSummary* next = find(runs, root->undoes);
        if (next == nullptr) break;
        root = next;
    }
    return *root;
}

bool can_be_taken_back(const RunSummary& run) {
    return run.phase == RunPhase::committed && run.undoes.empty() && effect_stands(run);
}

std::vector<RunSummary> later_runs(const std::vector<RunSummary>& runs, const RunSummary& target) {
    std::vector<RunSummary> later;
    for (const RunSummary& run : runs) {
        if (run.number <= target.number || !effect_stands(run)) continue;
        // A rollback of something newer than the target brought back what the target had left.
        const bool nets_out = !run.undoes.empty() && root_of(runs, run).number >= target.number;
        if (!nets_out) later.push_back(run);
    }
    return later;
}

std::vector<RunSummary> runs_since(const std::vector<RunSummary>& runs, const RunSummary& target) {
    std::vector<RunSummary> since;
    for (const RunSummary& run : later_runs(runs, target)) {
        if (run.phase == RunPhase::committed) since.push_back(run);
    }
    if (target.phase == RunPhase::committed && effect_stands(target)) since.push_back(target);
    std::sort(since.begin(), since.end(), [](const RunSummary& a, const RunSummary& b) { return a.number > b.number; });
    return since;
}

std::vector<TakenStep> taken_steps(const RunDetails& run) {
    std::vector<TakenStep> taken;
    for (const PlannedStep& planned : run.plan.steps) {
        const StepState& state = run.state.step(planned.step);
        if (!planned.changes() || !has_effect(state)) continue;
        const std::string residue = is_irreversible(planned) ? "it can't be taken back" : "";
        taken.push_back({planned.step, state.intent_sequence, state.image, residue});
    }
    return taken;
}

}  // namespace backout
