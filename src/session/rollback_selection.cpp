#include "session/rollback_selection.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "session/local_session.h"
#include "session/rollback_choice.h"
#include "session/taken_back.h"

namespace backout {

namespace {

using Runs = std::vector<RunSummary>;

/// The run's plan, with only those steps whose effects are still there.
Result<Plan> what_stands(JournalStore& journal, const Runs& runs, const RunSummary& run) {
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
    BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> back, steps_taken_back(journal, runs, run));
    Plan plan = details.plan;
    plan.steps.clear();
    for (const TakenStep& taken : taken_steps(details)) {
        if (back.count(taken.step) == 0) plan.steps.push_back(details.plan.steps[taken.step - 1]);
    }
    return plan;
}

void keep_only(Plan& plan, const std::set<std::string>& ids) {
    const auto goes = [&ids](const PlannedStep& step) { return ids.count(step.id) == 0; };
    plan.steps.erase(std::remove_if(plan.steps.begin(), plan.steps.end(), goes), plan.steps.end());
}

Status refuse_overlap(JournalStore& journal, const RunSummary& target) {
    BACKOUT_TRY_ASSIGN(const std::string way, what_is_in_the_way(journal, target, {}));
    if (way.empty()) return {};
    return Error{ErrorCode::failed, way + "; take that one back first, or 'backout rollback --to " + target.run + "'"};
}

Result<Selection> select_named(JournalStore& journal, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const RunSummary target, journal.find_run(name));
    if (!target.undone_by.empty())
        return Selection{{}, "run " + target.run + " was taken back already, by " + target.undone_by};
    if (!target.changed) return Selection{{}, "run " + target.run + " left nothing to take back"};
    BACKOUT_TRY(refuse_overlap(journal, target));
    return Selection{{target}, ""};
}

/// A run of nothing but checks was committed and changed nothing: it stands in nobody's way. Neither does one of which
/// nothing is left but what a person said to leave.
Result<bool> left_an_effect(JournalStore& journal, const Runs& runs, const RunSummary& run) {
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
    BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> left, steps_left_by_a_person(journal, runs, run));
    std::set<std::uint32_t> settled = left;
    if (!left.empty()) {
        BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> back, steps_taken_back(journal, runs, run));
        settled.insert(back.begin(), back.end());
    }
    const std::vector<PlannedStep>& steps = details.plan.steps;
    return std::any_of(steps.begin(), steps.end(), [&](const PlannedStep& step) {
        return step.changes() && step.effect != Effect::none && !details.state.step(step.step).image.is_null() &&
               settled.count(step.step) == 0;
    });
}

Result<Selection> select_newest(JournalStore& journal, const Runs& runs) {
    auto found = runs.begin();
    for (; found != runs.end(); ++found) {
        if (!can_be_taken_back(*found)) continue;
        BACKOUT_TRY_ASSIGN(const bool changed_something, left_an_effect(journal, runs, *found));
        if (changed_something) break;
    }
    if (found == runs.end()) return Selection{{}, "no run is committed, changed something, and wasn't taken back"};
    BACKOUT_TRY(refuse_overlap(journal, *found));
    return Selection{{*found}, ""};
}

}  // namespace

Result<Selection> select_targets(JournalStore& journal, const RollbackRequest& request) {
    BACKOUT_TRY_ASSIGN(const Runs runs, journal.runs(0, 0));
    if (!request.run.empty()) return select_named(journal, request.run);
    if (request.to.empty()) return select_newest(journal, runs);
    BACKOUT_TRY_ASSIGN(const RunSummary oldest, journal.find_run(request.to));
    return Selection{runs_since(runs, oldest), "nothing since " + oldest.run + " stands any more"};
}

Result<std::string> what_is_in_the_way(JournalStore& journal, const RunSummary& target, const TakenBackFirst& first) {
    BACKOUT_TRY_ASSIGN(const Runs runs, journal.runs(0, 0));
    BACKOUT_TRY_ASSIGN(const Plan own, what_stands(journal, runs, target));
    for (const RunSummary& run : later_runs(runs, target)) {
        BACKOUT_TRY_ASSIGN(Plan other, what_stands(journal, runs, run));
        if (other.root != own.root) continue;
        const auto goes_first = first.find(run.run);
        if (goes_first != first.end()) keep_only(other, goes_first->second);
        const RunInTheWay found = find_run_in_the_way(own, {{run.run, &other}});
        if (found.run.empty()) continue;
        const std::string left = goes_first == first.end() ? "" : ", which is left as it is";
        return "run " + target.run + " can't be taken back: the later run " + run.run + " (" + printable(run.name) +
               ") changed " + printable(found.key) + " too" + left;
    }
    return std::string();
}

Status check_ids(const Plan& plan, const std::string& run, const std::set<std::string>& wanted) {
    std::vector<std::string> ids;
    for (const PlannedStep& step : plan.steps) ids.push_back(step.id);
    for (const std::string& id : wanted) {
        if (plan.find(id) != nullptr) continue;
        return Error{ErrorCode::invalid,
                     "the run " + run + " has no step '" + printable(id) + "'" + did_you_mean(id, ids)};
    }
    return {};
}

}  // namespace backout
