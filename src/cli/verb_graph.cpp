#include "cli/verbs.h"

namespace backout {

namespace {

Result<std::string> drawn(Context& context, const Renderer& renderer) {
    const std::string word = context.arguments.text("PLAN|RUN|MANIFEST");
    if (names_run(word)) {
        BACKOUT_TRY_ASSIGN(const RunReport report, report_of(context, word));
        return renderer.run(report);
    }
    BACKOUT_TRY_ASSIGN(const InputText input, read_input(word, context.environment.working_directory));
    BACKOUT_TRY_ASSIGN(const Plan plan, plan_of(context, input));
    return renderer.plan(plan);
}

Result<std::unique_ptr<Renderer>> renderer_for(const Context& context) {
    const bool has_format = context.arguments.has("--format");
    if (context.json && has_format) {
        return Error{ErrorCode::usage, "--json is a format of its own: leave --format out, or --json"};
    }
    if (context.json) return make_graph_json_renderer();
    const bool mermaid = context.arguments.text("--format", "dot") == "mermaid";
    return mermaid ? make_mermaid_renderer() : make_dot_renderer();
}

Result<int> run_graph(Context& context) {
    BACKOUT_TRY_ASSIGN(const Output output, output_of(context, context.arguments.text("PLAN|RUN|MANIFEST")));
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<Renderer> renderer, renderer_for(context));
    BACKOUT_TRY_ASSIGN(const std::string picture, drawn(context, *renderer));
    if (output.is_file) {
        BACKOUT_TRY(write_output(output.path, context.channels.redactor().redact(picture)));
    } else {
        context.channels.data(picture, true);
    }
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec graph_verb() {
    return {"graph",
            "Draw a plan or a run as dot or mermaid",
            "With --json: nodes and edges, in one document.",
            {{"PLAN|RUN|MANIFEST", "what to draw"}},
            {{"--format", "FORMAT", "dot (default) or mermaid", false, {"dot", "mermaid"}},
             {"-o,--output", "FILE", "write it there; - is standard output", false, {}}},
            {"backout graph site.json | dot -Tsvg > plan.svg", "backout graph r-12 --format mermaid -o run.mmd"},
            run_graph};
}

}  // namespace backout
