#include "cli/outcome.h"

#include "report/journal_report.h"

namespace backout {

namespace {

// As `history` has it: what the run changed in the end, the journal knows best.
RunSummary summary_of(Context& context, const RunOutcome& outcome) {
    const Result<Session*> session = context.session();
    if (!session.ok()) return outcome.summary;
    const Result<std::vector<RunSummary>> newest = (*session)->history(1, 0);
    const bool found = newest.ok() && !newest->empty() && newest->front().run == outcome.summary.run;
    return found ? newest->front() : outcome.summary;
}

}  // namespace

int tell_outcome(Context& context, const Plan& plan, const RunOutcome& outcome) {
    const RunReport report = make_run_report(plan, outcome.state, summary_of(context, outcome));
    context.channels.progress("");
    if (context.json) {
        context.events.document("report", {{"report", run_report_to_json(report)}, {"exit", exit_code_of(outcome)}});
    } else {
        context.channels.data(context.renderer()->run(report));
    }
    return exit_code_of(outcome);
}

AfterSignal after_signal(const Plan& plan, Direction direction) {
    if (direction == Direction::back) return AfterSignal::go_on_back;
    return plan.undoes.empty() ? AfterSignal::roll_back : AfterSignal::stop;
}

RunScope::RunScope(Context& context, AfterSignal after) : signals_(context.signals) {
    const bool stop = context.arguments.text("--on-signal") == "stop";
    signals_.run_begins(stop ? AfterSignal::stop : after, context.channels.verbosity().silent());
}

RunScope::~RunScope() {
    signals_.run_ends();
}

int tell_no_run(Context& context, ExitCode code) {
    const int exit = static_cast<int>(code);
    if (context.json) context.events.document("report", {{"report", nullptr}, {"exit", exit}});
    return exit;
}

int declined(Context& context) {
    context.channels.say("result", kLevelResults, "Nothing was changed.");
    return tell_no_run(context, ExitCode::undone);
}

}  // namespace backout
