#include "base/bytes.h"
#include "cli/verbs.h"
#include "report/run_text.h"

namespace backout {

namespace {

Json differences_to_json(const std::vector<Difference>& differences) {
    Json list = Json::array();
    for (const Difference& difference : differences) list.push_back(difference_to_json(difference));
    return list;
}

Json verify_to_json(const VerifyReport& report) {
    Json steps = Json::array();
    for (const VerifyReport::Step& step : report.steps) {
        steps.push_back({{"step", step.step == 0 ? Json(nullptr) : Json(step.step)},
                         {"id", step.id.empty() ? Json(nullptr) : Json(step.id)},
                         {"in_step", step.in_step},
                         {"differences", differences_to_json(step.differences)},
                         {"note", step.note.empty() ? Json(nullptr) : Json(step.note)}});
    }
    return {{"subject", report.subject}, {"in_step", report.in_step()}, {"steps", steps}};
}

std::string step_as_text(const VerifyReport::Step& step, const RenderOptions& options) {
    std::string text = step.in_step ? "  in step  " : "  drifted  ";
    text += step.step == 0 ? printable(step.id) : std::to_string(step.step) + " " + printable(step.id);
    if (!step.note.empty()) text += ": " + printable(step.note);
    return text + "\n" + differences_as_text(differences_to_json(step.differences), options.color, 11);
}

std::string verify_as_text(const VerifyReport& report, const RenderOptions& options) {
    std::string text = "Comparing the world with " + printable(report.subject) + "\n";
    std::size_t drifted = 0;
    for (const VerifyReport::Step& step : report.steps) {
        if (!step.in_step) ++drifted;
        text += step_as_text(step, options);
    }
    if (drifted == 0) return text + "Everything is in step.\n";
    return text + std::to_string(drifted) + (drifted == 1 ? " drifted.\n" : " drifted.\n");
}

// What a manifest declares is compared by planning it again: the plan must come out empty.
VerifyReport verify_manifest(const Plan& plan) {
    VerifyReport report;
    report.subject = "manifest " + plan.name;
    for (const PlannedStep& planned : plan.steps) {
        VerifyReport::Step step;
        step.step = planned.step;
        step.id = planned.id;
        // What by nature runs every time says nothing about drift.
        step.in_step = !planned.changes() || planned.every_time;
        if (!step.in_step) step.note = "would " + planned.operation + " " + planned.target;
        if (planned.changes() && planned.every_time) step.note = "runs every time; there is nothing to compare";
        report.steps.push_back(std::move(step));
    }
    return report;
}

Result<VerifyReport> verify_file(Context& context, const std::string& word) {
    BACKOUT_TRY_ASSIGN(const InputText input, read_input(word, context.environment.working_directory));
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    if (input.is_plan) {
        BACKOUT_TRY_ASSIGN(const Plan plan, load_plan(context, input));
        return session->verify_plan(plan);
    }
    BACKOUT_TRY_ASSIGN(const Plan plan, plan_manifest(context, input));
    VerifyReport report = verify_manifest(plan);
    BACKOUT_TRY_ASSIGN(const RunOptions options, context.run_options());
    BACKOUT_TRY_ASSIGN(const std::vector<VerifyReport::Step> checks, session->run_plan_checks(plan, options));
    report.steps.insert(report.steps.end(), checks.begin(), checks.end());
    return report;
}

Result<int> run_verify(Context& context) {
    const std::string word = context.arguments.text("RUN|PLAN|MANIFEST");
    VerifyReport report;
    if (word.empty() || names_run(word)) {
        BACKOUT_TRY_ASSIGN(Session * session, context.session());
        BACKOUT_TRY_ASSIGN(report, session->verify_run(word, true));
    } else {
        BACKOUT_TRY_ASSIGN(report, verify_file(context, word));
    }
    context.show(verify_to_json(report), verify_as_text(report, context.render));
    return static_cast<int>(report.in_step() ? ExitCode::done : ExitCode::differences);
}

}  // namespace

VerbSpec verify_verb() {
    return {"verify",
            "Compare the world with a run, a plan or a manifest",
            "Without argument with the newest committed run that was not taken back. Changes nothing; exit 2 on drift.",
            {{"RUN|PLAN|MANIFEST", "what to compare with", false}},
            {},
            {"backout verify", "backout verify r-12", "backout verify site.json --json"},
            run_verify};
}

}  // namespace backout
