#include "base/shell_word.h"
#include "cli/verbs.h"
#include "plan/plan_codec.h"

namespace backout {

namespace {

constexpr const char* kNoDifference = "nothing to do";

Result<int> run_plan(Context& context) {
    BACKOUT_TRY_ASSIGN(const InputText input,
                       read_input(context.arguments.text("MANIFEST"), context.environment.working_directory));
    if (input.is_plan)
        return Error{ErrorCode::invalid, input.name + " is a plan already; 'backout show' shows it", input.name};
    BACKOUT_TRY_ASSIGN(const Output output, output_of(context, input.name));
    BACKOUT_TRY_ASSIGN(const Plan plan, plan_manifest(context, input));
    if (output.is_file) BACKOUT_TRY(write_output(output.path, plan_to_text(plan)));
    const bool document = context.json || output.is_stream;
    context.channels.data(document ? plan_to_text(plan) : context.renderer()->plan(plan), document);
    if (!plan.has_changes()) context.channels.hint(kNoDifference);
    const std::string file = context.arguments.text("--output");
    if (output.is_file)
        context.channels.hint("Saved. 'backout apply " + shell_word(file) + "' executes exactly this plan.");
    const bool different = plan.has_changes() && context.arguments.has("--detailed-exitcode");
    return static_cast<int>(different ? ExitCode::differences : ExitCode::done);
}

}  // namespace

VerbSpec plan_verb() {
    return {"plan",
            "Detect, plan and show; nothing is changed",
            "This is the dry run: what it shows is the very object that 'apply' executes. It writes nothing but the "
            "file of -o.",
            {{"MANIFEST", "file with the wanted state; - is standard input"}},
            {{"-o,--output", "FILE", "write the plan there, to be applied later; - is standard output", false, {}},
             {"--detailed-exitcode", "", "exit 2 if there are changes", false, {}},
             {"--diff", "", "show contents as unified diffs", false, {}},
             {"--undo", "", "show in full how each step is undone", false, {}}},
            {"backout plan site.json", "backout plan site.json --diff --input version=2.4.1",
             "backout plan site.json -o site.plan"},
            run_plan};
}

}  // namespace backout
