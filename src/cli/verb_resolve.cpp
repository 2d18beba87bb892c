#include "cli/verbs.h"

namespace backout {

namespace {

Result<int> run_resolve(Context& context) {
    const Arguments& arguments = context.arguments;
    if (arguments.text("--as").empty()) return Error{ErrorCode::usage, "--as is missing: done, undone or skipped"};
    if (arguments.text("--reason").empty())
        return Error{ErrorCode::usage, "--reason is missing: say why, for those who read the journal"};
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RunDetails details, session->resolve(arguments.text("RUN"), arguments.text("STEP"),
                                                                  arguments.text("--as"), arguments.text("--reason")));
    const RunReport report = make_run_report(details.plan, details.state, details.summary);
    context.channels.data(context.renderer()->run(report), context.json);
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec resolve_verb() {
    return {"resolve",
            "State the truth about one stuck step",
            "For a step in doubt, in conflict, left as residue, or whose undo fails, after a person has looked: it is "
            "recorded with name and reason, nothing is touched. Then 'backout resume' goes on. done: what the step was "
            "to do is done. undone: it is as before the step. skipped: it stays as it is, whatever that is. In a run "
            "that takes another back, done and undone both say that it is taken back.",
            {{"RUN", "the run"}, {"STEP", "id or number of the step"}},
            {{"--as", "TRUTH", "done, undone or skipped", false, {"done", "undone", "skipped"}},
             {"--reason", "TEXT", "why", false, {}}},
            {"backout resolve r-12 conf --as undone --reason 'restored by hand'"},
            run_resolve};
}

}  // namespace backout
