#include "session/taken_back.h"

#include <algorithm>

#include "session/local_session.h"

namespace backout {

namespace {

bool is_done(const StepState& step) {
    return (step.phase == StepPhase::applied && !step.failed) || step.phase == StepPhase::resolved_done;
}

bool took_back(const RunSummary& run, const RunSummary& target) {
    // Newer than what it undoes: so the recursion below ends, whatever the journal says.
    return run.undoes == target.run && run.number > target.number && run.finished != 0;
}

}  // namespace

Result<std::set<std::uint32_t>> steps_taken_back(JournalStore& journal, const std::vector<RunSummary>& runs,
                                                 const RunSummary& target) {
    std::set<std::uint32_t> back;
    for (const RunSummary& run : runs) {
        if (!took_back(run, target)) continue;
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
        BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> redone, steps_taken_back(journal, runs, run));
        for (const PlannedStep& step : details.plan.steps) {
            const bool stands = is_done(details.state.step(step.step)) && redone.count(step.step) == 0;
            if (stands && step.changes()) back.insert(step.origin.step);
        }
    }
    return back;
}

Result<std::set<std::uint32_t>> steps_left_by_a_person(JournalStore& journal, const std::vector<RunSummary>& runs,
                                                       const RunSummary& target) {
    std::set<std::uint32_t> left;
    for (const RunSummary& run : runs) {
        if (!took_back(run, target) || !run.undone_by.empty()) continue;
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
        for (const PlannedStep& step : details.plan.steps) {
            const bool skipped = details.state.step(step.step).phase == StepPhase::resolved_skipped;
            if (skipped) left.insert(step.origin.step);
        }
    }
    return left;
}

bool is_on_its_way_back(const std::vector<RunSummary>& runs, const RunSummary& target) {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const RunSummary& run) { return run.finished == 0 && run.undoes == target.run; });
}

std::string incomplete_rollback_of(const std::vector<RunSummary>& runs, const RunSummary& target) {
    const RunSummary* newest = nullptr;
    for (const RunSummary& run : runs) {
        const bool left_something = took_back(run, target) && run.phase == RunPhase::rollback_incomplete;
        if (left_something && (newest == nullptr || run.number > newest->number)) newest = &run;
    }
    return newest == nullptr ? "" : newest->run;
}

}  // namespace backout
