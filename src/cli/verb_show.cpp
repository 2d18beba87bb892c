#include "cli/verbs.h"
#include "report/plan_text.h"

namespace backout {

namespace {

Result<int> show_run(Context& context, const std::string& run) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RunDetails details, session->show(run));
    const RunReport report = make_run_report(details.plan, details.state, details.summary, details.around);
    context.channels.data(context.renderer()->run(report), context.json);
    if (context.render.diff && !context.json) context.channels.data("\n" + plan_as_text(details.plan, context.render));
    return static_cast<int>(ExitCode::done);
}

Result<int> run_show(Context& context) {
    const std::string word = context.arguments.text("PLAN|RUN");
    if (names_run(word)) return show_run(context, word);
    BACKOUT_TRY_ASSIGN(const InputText input, read_input(word, context.environment.working_directory));
    BACKOUT_TRY_ASSIGN(const Plan plan, load_plan(context, input));
    context.channels.data(context.renderer()->plan(plan), context.json);
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec show_verb() {
    return {"show",
            "Show a saved plan, or a run with its steps",
            "",
            {{"PLAN|RUN", "file of a saved plan, or the name of a run"}},
            {{"--diff", "", "show contents as unified diffs", false, {}},
             {"--undo", "", "show in full how each step is undone", false, {}}},
            {"backout show site.plan --diff", "backout show r-12", "backout show r-12 --undo --json"},
            run_show};
}

}  // namespace backout
