#include "base/bytes.h"
#include "cli/consent.h"
#include "cli/outcome.h"
#include "cli/verbs.h"
#include "manifest/parse.h"
#include "plan/plan_codec.h"

namespace backout {

namespace {

Status check_digest(const Context& context, const Plan& plan) {
    const std::string wanted = context.arguments.text("--require-digest");
    if (wanted.empty() || wanted == plan.digest) return {};
    return Error{ErrorCode::stale,
                 "the plan's digest is " + plan.digest + ", but --require-digest asks for " + printable(wanted)};
}

// Before anything is planned and anybody is asked: what the session would refuse anyway. Waits for the holder of the
// lease, so that the plan is made of what that one leaves.
Status check_way_is_free(Context& context) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    return session->ready_for_run();
}

void show_plan(Context& context, const Plan& plan) {
    context.events.begin();
    if (context.json) {
        context.events.document("plan", {{"plan", plan_to_json(plan)}});
    } else {
        context.channels.data(context.renderer()->plan(plan));
    }
}

Result<bool> consented(Context& context, const Plan& plan, bool is_saved) {
    if (!is_saved) {
        const std::string text = make_text_renderer(context.render)->plan(plan);
        BACKOUT_TRY_ASSIGN(const bool yes, ask_consent(context, text, "Apply this plan?"));
        if (!yes) return false;
    }
    return ask_irreversible(context, plan);
}

Result<int> execute(Context& context, const Plan& plan) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RunOptions options, context.run_options());
    context.events.set_step_count(plan.steps.size());
    const RunScope scope(context, AfterSignal::roll_back);
    BACKOUT_TRY_ASSIGN(const RunOutcome outcome, session->apply(plan, options));
    return tell_outcome(context, plan, outcome);
}

// Nothing is begun and no run recorded, but what the manifest asks of the whole is asked all the same.
Result<int> nothing_to_do(Context& context, const Plan& plan) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RunOptions options, context.run_options());
    BACKOUT_TRY_ASSIGN(const std::vector<VerifyReport::Step> checks, session->run_plan_checks(plan, options));
    for (const VerifyReport::Step& check : checks) {
        if (check.in_step) continue;
        return Error{ErrorCode::failed, "every step is as planned already, but the verification of the whole failed: " +
                                            check.note + "; nothing was changed"};
    }
    context.channels.hint("Nothing to do.");
    return tell_no_run(context, ExitCode::done);
}

// Steps are executed one after the other so far: any limit is kept.
Status check_jobs(const Context& context) {
    constexpr std::size_t kMostJobs = 64;
    BACKOUT_TRY_ASSIGN(const std::size_t jobs, context.arguments.number("--jobs", 1));
    if (jobs >= 1 && jobs <= kMostJobs) return {};
    return Error{ErrorCode::usage, "--jobs: " + std::to_string(jobs) + " is not between 1 and 64"};
}

// What is malformed is told first: no consent would help it.
Status consent_or_malformed(Context& context, const InputText& input) {
    const Status possible = require_consent_possible(context, "apply");
    if (possible.ok() || parse_manifest(input.text, input.name, {input.directory}).manifest) return possible;
    const Result<Plan> plan = plan_of(context, input);
    return plan.ok() ? possible : plan.error();
}

Result<int> apply_once(Context& context, const InputText& input) {
    BACKOUT_TRY(check_way_is_free(context));
    BACKOUT_TRY_ASSIGN(const Plan plan, plan_of(context, input));
    BACKOUT_TRY(check_digest(context, plan));
    show_plan(context, plan);
    // A saved plan goes through the session all the same: it may be stale or used.
    if (!input.is_plan && !plan.has_changes()) return nothing_to_do(context, plan);
    BACKOUT_TRY_ASSIGN(const bool yes, consented(context, plan, input.is_plan));
    if (!yes) return declined(context);
    return execute(context, plan);
}

// The newest run and where it stands: another answer later means that somebody's run has begun or ended since.
Result<std::string> newest_run(Context& context) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, session->history(1, 0));
    return runs.empty() ? std::string() : runs.front().run + " " + to_string(runs.front().phase);
}

// The lease is taken only when there is something to execute, for nothing is written before consent. Where another run
// got in between, it is no fault of the manifest's that the plan is stale: it is planned, shown and asked again. A
// saved plan was agreed to as it is.
Result<int> apply_as_planned_last(Context& context, const InputText& input) {
    for (;;) {
        BACKOUT_TRY_ASSIGN(const std::string then, newest_run(context));
        Result<int> ended = apply_once(context, input);
        if (ended.ok() || ended.error().code != ErrorCode::stale || input.is_plan) return ended;
        BACKOUT_TRY_ASSIGN(const std::string now, newest_run(context));
        if (now == then) return ended;
        context.channels.warn("another run (" + now + ") changed the world meanwhile: the plan is made again");
    }
}

Result<int> run_apply(Context& context) {
    BACKOUT_TRY(check_jobs(context));
    const std::string word = context.arguments.text("MANIFEST|PLAN");
    BACKOUT_TRY_ASSIGN(const InputText input, read_input(word, context.environment.working_directory));
    if (!input.is_plan) BACKOUT_TRY(consent_or_malformed(context, input));
    return apply_as_planned_last(context, input);
}

}  // namespace

VerbSpec apply_verb() {
    return {
        "apply",
        "Plan (or load a plan), show, ask, execute, verify",
        "On failure or drift everything is rolled back. Giving a saved plan is the approval: nothing is asked, except "
        "for steps that can't be taken back.",
        {{"MANIFEST|PLAN", "wanted state, or a saved plan; - is standard input"}},
        {{"-y,--yes", "", "agree to the plan without being asked", false, {}},
         {"--allow-irreversible", "ID", "agree to a step that can't be taken back", true, {}},
         {"--on-drift", "WHAT", "instead of what the plan says: rollback or stop", false, {"rollback", "stop"}},
         {"--require-digest", "HEX", "refuse any other plan than the one with this digest", false, {}},
         {"--jobs",
          "N",
          "at most N steps at work at once, 1 to 64; so far steps are executed one after the other, whatever N is",
          false,
          {}},
         {"--diff", "", "show contents as unified diffs", false, {}}},
        {"backout apply site.json", "backout apply site.plan",
         "backout apply site.json --yes --allow-irreversible migrate"},
        run_apply};
}

}  // namespace backout
