// Comparing the world with what runs and plans say. Reads only. See local_session.h.

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "engine/step_worker.h"
#include "journal/mem_journal.h"
#include "plan/template.h"
#include "report/run_report.h"
#include "session/local_session.h"

namespace backout {

namespace {

using Step = VerifyReport::Step;

Step step_named(const PlannedStep& planned) {
    return {planned.step, planned.id, true, {}, {}};
}

Step unreadable(const PlannedStep& planned, const Error& error) {
    return {planned.step, planned.id, false, {}, "can't be looked at: " + error.text()};
}

Step compared_with_image(StepWorker& worker, const PlannedStep& planned, const RunState& state, bool deep) {
    const Result<Observation> seen = worker.observe_at_end(planned, state, state.step(planned.step).image, deep);
    if (!seen.ok()) return unreadable(planned, seen.error());
    Step step = step_named(planned);
    step.note = seen->note;
    if (!seen->can_tell) {
        step.note = "there is no means to look at it";
        return step;
    }
    step.in_step = seen->where == Where::after || seen->where == Where::both;
    if (!step.in_step) step.differences = seen->differences;
    if (!step.in_step && seen->where == Where::before) step.note = "it is as it was before the run";
    return step;
}

Step compared_with_expectation(StepWorker& worker, const PlannedStep& planned, const RunState& state) {
    Result<std::vector<Difference>> differences = worker.verify_kept(planned, state);
    if (!differences.ok()) return unreadable(planned, differences.error());
    Step step = step_named(planned);
    step.in_step = differences->empty();
    step.differences = std::move(*differences);
    return step;
}

std::vector<Step> checks_of(StepWorker& worker, const Plan& plan, const RunState& state) {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < plan.verify.size(); ++i) {
        Step step{0, "verify[" + std::to_string(i + 1) + "]", true, {}, {}};
        const Result<std::string> failure = worker.run_checks({plan.verify[i]}, state);
        step.in_step = failure.ok() && failure->empty();
        if (!step.in_step) step.note = failure.ok() ? *failure : failure.error().text();
        steps.push_back(std::move(step));
    }
    return steps;
}

void append(std::vector<Step>& steps, std::vector<Step> more) {
    steps.insert(steps.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Result<RunSummary> run_to_verify(JournalStore& journal, const std::string& name) {
    if (!name.empty()) return journal.find_run(name);
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        if (run.phase == RunPhase::committed && run.undone_by.empty()) return run;
    }
    return Error{ErrorCode::not_found, "there is no committed run to compare with; name a manifest or a plan"};
}

// A plan that has not been executed has no journal: nothing of it is stored, so nothing is looked up.
class NoImages final : public ImageStore {
  public:
    Result<std::string> store_for(Directory&, bool) override { return refused(); }
    Result<std::shared_ptr<Directory>> open(const std::string&) override { return refused(); }

  private:
    static Error refused() { return {ErrorCode::not_found, "there are no images outside a run"}; }
};

/// A secret that isn't at hand is no drift: nothing was seen. The first one that is missing is kept for the caller.
RunOptions noting_missing_secrets(RunOptions options, std::optional<Error>& missing) {
    if (!options.secrets) return options;
    options.secrets = [ask = options.secrets, &missing](const std::string& reference) -> Result<Json> {
        Result<Json> answer = ask(reference);
        if (!answer.ok() && !missing) missing = answer.error();
        return answer;
    };
    return options;
}

bool waits_for_run(const PlannedStep& step) {
    return !step.known_after.empty() || has_template(step.arguments) || has_template(step.after);
}

}  // namespace

Result<VerifyReport> LocalSession::verify_run(const std::string& run, bool deep) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal)
        return Error{ErrorCode::not_found, "no run was made with this state directory; name a manifest or a plan"};
    BACKOUT_TRY_ASSIGN(const RunSummary summary, run_to_verify(*journal, run));
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(*journal, summary));
    BACKOUT_TRY(use_root(details.plan.root));
    const std::unique_ptr<ImageStore> images = make_image_store(*host_, *journal, state_in_host());
    const EngineParts parts = reading_parts(*journal, *images);
    std::optional<Error> missing;
    RunOptions options = noting_missing_secrets(with_secrets({}, details.plan), missing);
    options.stop = options_.stop;
    StepWorker worker(parts, details.plan, options, details.summary);
    if (!details.plan.undoes.empty()) BACKOUT_TRY(worker.load_origins());
    VerifyReport report;
    report.subject = "run " + summary.run;
    for (const PlannedStep& planned : details.plan.steps) {
        const std::string state = final_state_of(details.state.step(planned.step), planned, details.state);
        const bool has_image = !details.state.step(planned.step).image.is_null();
        if (state == "done" && planned.changes() && has_image) {
            report.steps.push_back(compared_with_image(worker, planned, details.state, deep));
        } else if (state == "kept" || (state == "conflict" && planned.operation == "keep")) {
            report.steps.push_back(compared_with_expectation(worker, planned, details.state));
        }
    }
    append(report.steps, checks_of(worker, details.plan, details.state));
    if (missing) return *missing;
    return report;
}

Result<VerifyReport> LocalSession::verify_plan(const Plan& plan) {
    BACKOUT_TRY(use_root(plan.root));
    BACKOUT_TRY_ASSIGN(std::unique_ptr<JournalStore> journal, journal_for_reading());
    NoImages images;
    VerifyReport report;
    report.subject = "plan " + plan.name;
    const RunSummary summary;
    RunState state;
    state.steps.resize(plan.steps.size());
    std::optional<Error> missing;
    RunOptions options = noting_missing_secrets(with_secrets({}, plan), missing);
    options.stop = options_.stop;
    MemJournal none;
    const EngineParts parts = reading_parts(journal ? *journal : none, images);
    StepWorker worker(parts, plan, options, summary);
    for (const PlannedStep& planned : plan.steps) {
        if (planned.operation == "skip") continue;
        if (planned.every_time || waits_for_run(planned)) {
            Step step = step_named(planned);
            step.note = planned.every_time ? "runs every time; there is nothing to compare" : "known only after a run";
            report.steps.push_back(std::move(step));
            continue;
        }
        report.steps.push_back(compared_with_expectation(worker, planned, state));
    }
    append(report.steps, checks_of(worker, plan, state));
    if (missing) return *missing;
    return report;
}

Result<std::vector<VerifyReport::Step>> LocalSession::run_plan_checks(const Plan& plan, const RunOptions& options) {
    BACKOUT_TRY(use_root(plan.root));
    NoImages images;
    MemJournal none;
    const EngineParts parts = reading_parts(none, images);
    RunState state;
    state.steps.resize(plan.steps.size());
    const RunSummary summary;
    std::optional<Error> missing;
    const RunOptions with = noting_missing_secrets(with_secrets(options, plan), missing);
    StepWorker worker(parts, plan, with, summary);
    std::vector<Step> steps = checks_of(worker, plan, state);
    if (missing) return *missing;
    return steps;
}

}  // namespace backout
