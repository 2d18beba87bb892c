#include "cli/consent.h"
#include "cli/outcome.h"
#include "cli/verbs.h"
#include "report/remaining_work.h"

namespace backout {

namespace {

Result<std::optional<Direction>> wanted_direction(const Arguments& arguments) {
    const bool forward = arguments.has("--forward");
    const bool back = arguments.has("--back");
    if (forward && back) return Error{ErrorCode::usage, "--forward and --back exclude each other"};
    if (forward) return std::optional<Direction>(Direction::forward);
    if (back) return std::optional<Direction>(Direction::back);
    return std::optional<Direction>();
}

// `RUN` names the one that is unfinished, or nothing is to be resumed.
Result<std::optional<RunDetails>> unfinished_run(Context& context, const std::string& name) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const StatusReport status, session->status(false));
    if (!name.empty()) {
        BACKOUT_TRY_ASSIGN(RunDetails named, session->show(name));
        return named.state.finished ? std::optional<RunDetails>() : std::optional<RunDetails>(std::move(named));
    }
    if (status.unfinished.empty()) return std::optional<RunDetails>();
    BACKOUT_TRY_ASSIGN(RunDetails details, session->show(status.unfinished.front().run.run));
    return std::optional<RunDetails>(std::move(details));
}

std::string question_for(const RunDetails& details, std::optional<Direction> direction) {
    const Direction way = direction.value_or(details.state.direction);
    return way == Direction::forward ? "Carry on to what the plan says?" : "Go back to what was before?";
}

Result<int> nothing_to_resume(Context& context, const std::string& name) {
    context.events.begin();
    const std::string text =
        name.empty() ? "Nothing is unfinished." : "Run " + name + " is finished; nothing to resume.";
    context.channels.say("result", kLevelResults, text);
    return tell_no_run(context, ExitCode::done);
}

Result<int> run_resume(Context& context) {
    const std::string name = context.arguments.text("RUN");
    BACKOUT_TRY_ASSIGN(const std::optional<Direction> direction, wanted_direction(context.arguments));
    BACKOUT_TRY_ASSIGN(const std::optional<RunDetails> details, unfinished_run(context, name));
    if (!details) return nothing_to_resume(context, name);
    BACKOUT_TRY(require_consent_possible(context, "resume"));
    context.events.begin();
    const RunReport before = make_run_report(details->plan, details->state, details->summary);
    const Direction way = direction.value_or(details->state.direction);
    const std::vector<RemainingStep> next = remaining_work(details->plan, details->state, way);
    const std::string text = make_text_renderer(context.render)->run(before) + "\n" + remaining_as_text(next, way);
    if (!context.json) context.channels.data(text);
    if (context.json) context.events.document("next", {{"run", before.summary.run}, {"next", remaining_to_json(next)}});
    BACKOUT_TRY_ASSIGN(const bool yes, ask_consent(context, text, question_for(*details, direction)));
    if (!yes) return declined(context);
    BACKOUT_TRY_ASSIGN(const RunOptions options, context.run_options());
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    context.events.set_step_count(details->plan.steps.size());
    const RunScope scope(context, after_signal(details->plan, way));
    BACKOUT_TRY_ASSIGN(const std::optional<RunOutcome> outcome,
                       session->resume(details->summary.run, direction, options));
    if (!outcome) return nothing_to_resume(context, name);
    return tell_outcome(context, details->plan, *outcome);
}

}  // namespace

VerbSpec resume_verb() {
    return {"resume",
            "Carry an unfinished run on",
            "In its own direction: a run that was going back goes on going back. The exit code is that of the finished "
            "run.",
            {{"RUN", "the unfinished run", false}},
            {{"-y,--yes", "", "don't ask", false, {}},
             {"--forward", "", "towards what the plan says, whatever the direction was", false, {}},
             {"--back", "", "towards what was before; a rollback is turned round", false, {}},
             {"--overwrite-conflict", "ID", "replace what somebody else put there; it is kept as an image", true, {}}},
            {"backout resume", "backout resume --yes", "backout resume r-12 --back"},
            run_resume};
}

}  // namespace backout
