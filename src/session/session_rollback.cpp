// What a rollback would do: chosen, looked at, and planned without touching anything. See local_session.h.

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "engine/past_outputs.h"
#include "session/local_session.h"
#include "session/rollback_choice.h"
#include "session/rollback_selection.h"
#include "session/taken_back.h"

namespace backout {

namespace {

RollbackProposal nothing(const std::string& note) {
    RollbackProposal proposal;
    proposal.note = note;
    return proposal;
}

bool stays_as_it_is(const PlannedStep& step) {
    if (step.operation == "skip") return true;
    return step.details.contains("conflict") && !bool_member(step.details, "overwrite", false);
}

/// Of several runs each has its own ids: what a person names need not be in all of them.
std::set<std::string> ids_of(const Plan& plan, const std::set<std::string>& wanted, const RollbackRequest& request) {
    if (request.to.empty()) return wanted;
    std::set<std::string> own;
    for (const std::string& id : wanted) {
        if (plan.find(id) != nullptr) own.insert(id);
    }
    return own;
}

/// An undo that names what its step gave out can't be run where that isn't known: what the step made stays.
Status leave_what_is_not_known(JournalStore& journal, const RunDetails& target, std::vector<TakenStep>& taken) {
    BACKOUT_TRY_ASSIGN(const bool does, does_its_steps(journal, target.summary));
    if (!does) return {};
    BACKOUT_TRY_ASSIGN(const auto outputs, outputs_of_run(journal, target.summary));
    for (TakenStep& one : taken) {
        const std::string& id = target.plan.steps.at(one.step - 1).id;
        if (!one.residue.empty() || has_own_outputs(id, one.image, outputs)) continue;
        one.residue = "what it gave out isn't known, and its undo needs it";
    }
    return {};
}

/// With --to: each id must be in one of the runs at least.
Status check_ids(JournalStore& journal, const std::vector<RunSummary>& targets, const RollbackRequest& request) {
    if (targets.empty() || (request.skip.empty() && request.overwrite_conflicts.empty())) return {};
    std::set<std::string> known;
    for (const RunSummary& target : targets) {
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, target));
        for (const PlannedStep& step : details.plan.steps) known.insert(step.id);
    }
    for (const auto* wanted : {&request.skip, &request.overwrite_conflicts}) {
        for (const std::string& id : *wanted) {
            if (known.count(id) != 0) continue;
            const std::vector<std::string> ids(known.begin(), known.end());
            return Error{ErrorCode::invalid, "no run since " + targets.back().run + " has a step '" + printable(id) +
                                                 "'" + did_you_mean(id, ids)};
        }
    }
    return {};
}

/// Runs newer than what is taken back that left something behind, but for those that this rollback is the way out of.
Result<std::vector<StatusReport::Unfinished>> passed_over_by(JournalStore& journal,
                                                             const std::vector<RunSummary>& targets) {
    std::vector<StatusReport::Unfinished> passed;
    BACKOUT_TRY_ASSIGN(const std::vector<StatusReport::Unfinished> left, incomplete_runs(journal));
    for (const StatusReport::Unfinished& one : left) {
        const bool newer = targets.empty() || one.run.number > targets.back().number;
        const bool mended_by_it = std::any_of(targets.begin(), targets.end(), [&one](const RunSummary& target) {
            return target.run == one.run.undoes || target.run == one.run.run;
        });
        if (newer && !mended_by_it) passed.push_back(one);
    }
    return passed;
}

}  // namespace

Result<RollbackProposal> LocalSession::plan_rollback(const RollbackRequest& request) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    const std::string named = request.run.empty() ? request.to : request.run;
    if (!journal && !named.empty()) {
        return Error{ErrorCode::not_found, "there is no run '" + printable(named) + "'"};
    }
    if (!journal) return nothing("no run was made");
    return propose(*journal, request);
}

Result<Plan> LocalSession::plan_for(JournalStore& journal, ImageStore& images, const RunSummary& target,
                                    const RollbackRequest& request, const std::vector<std::string>& newer) {
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, target));
    RollbackOptions options;
    options.command = "backout rollback " + target.run;
    options.skip = ids_of(details.plan, request.skip, request);
    options.overwrite_conflicts = ids_of(details.plan, request.overwrite_conflicts, request);
    options.taken_back_first = newer;
    BACKOUT_TRY_ASSIGN(const auto expand, expander_of(journal, details));
    const RollbackTools tools{*host_, kinds_, images, clock_, ids_, expand};
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> back, steps_taken_back(journal, runs, target));
    std::vector<TakenStep> taken = taken_steps(details);
    // What a rollback before has done is its own: this one has no part in it.
    taken.erase(
        std::remove_if(taken.begin(), taken.end(), [&back](const TakenStep& one) { return back.count(one.step) != 0; }),
        taken.end());
    BACKOUT_TRY(leave_what_is_not_known(journal, details, taken));
    return make_rollback_plan(target.run, details.plan, taken, options, tools);
}

Result<RollbackProposal> LocalSession::propose(JournalStore& journal, const RollbackRequest& request) {
    BACKOUT_TRY_ASSIGN(const std::optional<RunSummary> unfinished, journal.unfinished());
    if (unfinished) {
        const std::string& name = request.run.empty() ? request.to : request.run;
        if (!name.empty()) {
            BACKOUT_TRY_ASSIGN(const RunSummary named, journal.find_run(name));
            if (named.number != unfinished->number) return unfinished_error(*unfinished);
        }
        RollbackProposal proposal;
        BACKOUT_TRY_ASSIGN(proposal.unfinished, details_of(journal, *unfinished));
        BACKOUT_TRY(use_root_of(*proposal.unfinished));
        BACKOUT_TRY(check_ids(proposal.unfinished->plan, unfinished->run, request.skip));
        BACKOUT_TRY(check_ids(proposal.unfinished->plan, unfinished->run, request.overwrite_conflicts));
        return proposal;
    }
    BACKOUT_TRY_ASSIGN(const Selection selection, select_targets(journal, request));
    RollbackProposal proposal;
    if (selection.targets.empty()) proposal.note = selection.note;
    if (request.run.empty()) {
        BACKOUT_TRY_ASSIGN(proposal.passed_over, passed_over_by(journal, selection.targets));
    }
    BACKOUT_TRY(use_root_of(journal, selection.targets));
    if (!request.to.empty()) BACKOUT_TRY(check_ids(journal, selection.targets, request));
    BACKOUT_TRY(propose_each(journal, selection.targets, request, proposal));
    return proposal;
}

/// Newest first. What will be left of one keeps older ones that lie below it from going back.
Status LocalSession::propose_each(JournalStore& journal, const std::vector<RunSummary>& targets,
                                  const RollbackRequest& request, RollbackProposal& proposal) {
    const std::unique_ptr<ImageStore> images = make_image_store(*host_, journal, state_in_host());
    TakenBackFirst first;
    std::vector<std::string> newer;  // what the runs taken back first bring back
    for (const RunSummary& target : targets) {
        BACKOUT_TRY_ASSIGN(const std::string way, what_is_in_the_way(journal, target, first));
        if (!way.empty()) {
            proposal.left_alone.push_back({target, way});
            continue;
        }
        BACKOUT_TRY_ASSIGN(Plan plan, plan_for(journal, *images, target, request, newer));
        first[target.run] = {};
        for (const PlannedStep& step : plan.steps) {
            if (stays_as_it_is(step)) first[target.run].insert(step.id);
            if (stays_as_it_is(step)) continue;
            for (const Resource& resource : step.resources) newer.push_back(resource.key);
        }
        proposal.items.push_back({target, std::move(plan)});
    }
    if (!proposal.items.empty() || proposal.left_alone.empty()) return {};
    return Error{ErrorCode::failed, proposal.left_alone.front().reason};
}

Result<std::string> LocalSession::blocked_now(JournalStore& journal, const RunSummary& target,
                                              const RollbackRequest& request) {
    if (request.to.empty()) return std::string();  // looked at when it was chosen
    return what_is_in_the_way(journal, target, {});
}

}  // namespace backout
