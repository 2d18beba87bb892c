#include "base/bytes.h"
#include "cli/consent.h"
#include "cli/outcome.h"
#include "cli/verbs.h"
#include "plan/plan_codec.h"
#include "report/journal_report.h"
#include "report/remaining_work.h"

namespace backout {

namespace {

RollbackRequest request_of(const Arguments& arguments) {
    RollbackRequest request;
    request.run = arguments.text("RUN");
    request.to = arguments.text("--to");
    for (const std::string& id : arguments.list("--skip")) request.skip.insert(id);
    for (const std::string& id : arguments.list("--overwrite-conflict")) request.overwrite_conflicts.insert(id);
    return request;
}

// The old state of an unfinished rollback lies forward.
Direction way_back(const RunDetails& run) {
    return run.plan.undoes.empty() ? Direction::back : Direction::forward;
}

std::string proposal_as_text(const RenderOptions& options, const RollbackProposal& proposal,
                             const RollbackRequest& request) {
    const std::unique_ptr<Renderer> renderer = make_text_renderer(options);
    std::string text;
    if (proposal.unfinished) {
        const RunDetails& run = *proposal.unfinished;
        text += renderer->run(make_run_report(run.plan, run.state, run.summary)) + "\n";
        const Direction way = way_back(run);
        text += remaining_as_text(remaining_work(run.plan, run.state, way, request.skip), way);
    }
    for (const RollbackProposal::Item& item : proposal.items) text += renderer->plan(item.plan) + "\n";
    return text;
}

Json proposal_to_json(const RollbackProposal& proposal, const RollbackRequest& request) {
    Json document = {{"unfinished", nullptr},
                     {"plans", Json::array()},
                     {"passed_over", Json::array()},
                     {"left_alone", Json::array()}};
    for (const RollbackProposal::LeftAlone& one : proposal.left_alone)
        document["left_alone"].push_back({{"run", one.run.run}, {"name", one.run.name}, {"reason", one.reason}});
    for (const StatusReport::Unfinished& one : proposal.passed_over)
        document["passed_over"].push_back({{"run", one.run.run}, {"name", one.run.name}, {"ways_out", one.ways_out}});
    if (proposal.unfinished) {
        const RunDetails& run = *proposal.unfinished;
        document["unfinished"] = run_report_to_json(make_run_report(run.plan, run.state, run.summary));
        document["unfinished"]["next"] =
            remaining_to_json(remaining_work(run.plan, run.state, way_back(run), request.skip));
    }
    for (const RollbackProposal::Item& item : proposal.items) document["plans"].push_back(plan_to_json(item.plan));
    return document;
}

void tell_left_alone(Context& context, const RollbackProposal& proposal) {
    for (const RollbackProposal::LeftAlone& one : proposal.left_alone) context.channels.warn(one.reason);
}

// Whoever says only `rollback` may mean the run that just went wrong.
void tell_passed_over(Context& context, const RollbackProposal& proposal) {
    const std::string taken = proposal.items.empty() ? ""
                                                     : "; what is taken back now is " +
                                                           proposal.items.front().target.run + ", which is older";
    for (const StatusReport::Unfinished& one : proposal.passed_over) {
        context.channels.warn("run " + one.run.run + " (" + printable(one.run.name) +
                              ") ended without everything undone, and stays as it is: its way out is '" +
                              command_for(one.ways_out.front(), one.report, context.program) + "'" + taken);
    }
}

Result<int> nothing_to_take_back(Context& context, bool only_show) {
    if (context.json && only_show) context.show(proposal_to_json({}, {}), "");
    if (!only_show) context.events.begin();
    context.channels.say("result", kLevelResults, "Nothing to take back.");
    return only_show ? static_cast<int>(ExitCode::done) : tell_no_run(context, ExitCode::done);
}

// What was executed: the unfinished run's own plan, or the plan that was proposed for each finished one.
Result<int> tell_all(Context& context, const std::vector<RunOutcome>& outcomes) {
    int exit = static_cast<int>(ExitCode::done);
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    for (const RunOutcome& outcome : outcomes) {
        BACKOUT_TRY_ASSIGN(const RunDetails details, session->show(outcome.summary.run));
        const int own = tell_outcome(context, details.plan, outcome);
        // What one of them had to leave isn't mended by the others; one that didn't finish is the last.
        if (own != 0) exit = own;
    }
    return exit;
}

// An unfinished run that is rolled back ends with 1 ("everything was undone"); for this verb that is what was asked
// for.
int as_rollback(const RunOutcome& outcome, int exit) {
    const bool undone = outcome.state.finished && outcome.state.phase == RunPhase::rolled_back;
    return undone ? static_cast<int>(ExitCode::done) : exit;
}

Result<int> run_rollback(Context& context) {
    const RollbackRequest request = request_of(context.arguments);
    if (!request.run.empty() && !request.to.empty()) return Error{ErrorCode::usage, "give either RUN or --to RUN"};
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RollbackProposal proposal, session->plan_rollback(request));
    const bool only_show = context.arguments.has("--plan");
    tell_passed_over(context, proposal);
    tell_left_alone(context, proposal);
    if (proposal.nothing()) return nothing_to_take_back(context, only_show);
    const std::string text = proposal_as_text(context.render, proposal, request);
    if (only_show) {
        context.show(proposal_to_json(proposal, request), text);
        return static_cast<int>(ExitCode::done);
    }
    BACKOUT_TRY(require_consent_possible(context, "rollback"));
    context.events.begin();
    if (!context.json) context.channels.data(text);
    BACKOUT_TRY_ASSIGN(const bool yes, ask_consent(context, text, "Take this back?"));
    if (!yes) return declined(context);
    BACKOUT_TRY_ASSIGN(const RunOptions options, context.run_options());
    const AfterSignal after = proposal.unfinished
                                  ? after_signal(proposal.unfinished->plan, way_back(*proposal.unfinished))
                                  : AfterSignal::stop;
    const RunScope scope(context, after);
    BACKOUT_TRY_ASSIGN(const std::vector<RunOutcome> outcomes, session->rollback(request, options));
    BACKOUT_TRY_ASSIGN(const int exit, tell_all(context, outcomes));
    if (exit == 0 && !proposal.left_alone.empty()) return static_cast<int>(ExitCode::needs_person);
    return outcomes.empty() ? exit : as_rollback(outcomes.back(), exit);
}

}  // namespace

VerbSpec rollback_verb() {
    return {"rollback",
            "Take back the last run, or an earlier one",
            "Without RUN: an unfinished run goes back, else the newest run that changed something and wasn't taken "
            "back. What "
            "somebody else changed since is a conflict: it is shown and left alone. Naming a rollback redoes what it "
            "undid.",
            {{"RUN", "the run to take back", false}},
            {{"-y,--yes", "", "don't ask", false, {}},
             {"--plan", "", "only show what would be done", false, {}},
             {"--to", "RUN", "take back everything since RUN, and RUN too, newest first", false, {}},
             {"--skip", "ID", "leave this step, and its group, as it is", true, {}},
             {"--overwrite-conflict", "ID", "replace what somebody else put there; it is kept as an image", true, {}},
             {"--diff", "", "show contents as unified diffs", false, {}}},
            {"backout rollback", "backout rollback --plan", "backout rollback r-12 --yes", "backout rollback --to r-9"},
            run_rollback};
}

}  // namespace backout
