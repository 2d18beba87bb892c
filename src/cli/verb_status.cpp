#include "base/bytes.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "report/journal_report.h"
#include "report/style.h"

namespace backout {

namespace {

Json lease_to_json(const std::optional<LeaseHolder>& holder) {
    if (!holder) return nullptr;
    return {{"pid", holder->pid},
            {"user", holder->user},
            {"command", holder->command},
            {"since", time_or_null(holder->since)}};
}

// How many steps stand where: {"done": 2, "in_doubt": 1}.
Json steps_by_state(const RunReport& report) {
    Json counts = Json::object();
    for (const StepReport& step : report.steps) counts[step.state] = report.count(step.state);
    return counts;
}

Json orphan_to_json(const std::optional<ChildAtWork>& child) {
    return child ? Json{{"pid", child->pid}} : Json(nullptr);
}

Json open_run_to_json(const StatusReport::Unfinished& one) {
    return {{"run", one.run.run},
            {"name", one.run.name},
            {"state", shown_state(one.run)},
            {"direction", to_string(one.state.direction)},
            {"since", time_or_null(one.run.started)},
            {"awaits", one.state.awaits.empty() ? Json(nullptr) : Json(one.state.awaits)},
            {"steps", steps_by_state(one.report)},
            {"ways_out", one.ways_out}};
}

Json status_to_json(const StatusReport& status, bool with_bytes) {
    Json unfinished = Json::array();
    for (const StatusReport::Unfinished& one : status.unfinished) unfinished.push_back(open_run_to_json(one));
    Json incomplete = Json::array();
    for (const StatusReport::Unfinished& one : status.incomplete) incomplete.push_back(open_run_to_json(one));
    Json last = Json::array();
    for (const RunSummary& run : status.last) last.push_back(summary_to_json(run));
    return {{"unfinished", unfinished},
            {"incomplete", incomplete},
            {"lease", lease_to_json(status.lease)},
            {"orphan", orphan_to_json(status.orphan)},
            {"last", last},
            {"image_bytes", with_bytes ? Json(status.image_bytes) : Json(nullptr)}};
}

std::string ways_out_as_text(const StatusReport::Unfinished& one, const Context& context) {
    std::string text = "  ways out:\n";
    for (const std::string& way : one.ways_out) text += "    " + command_for(way, one.report, context.program) + "\n";
    return text;
}

std::string doubts_as_text(const RunReport& report) {
    std::string text;
    for (const StepReport& step : report.steps) {
        if (step.state != "in_doubt" && step.state != "running") continue;
        text += "  step " + std::to_string(step.step) + " " + printable(step.id) + ": " + printable(step.reason) + "\n";
    }
    return text;
}

std::string unfinished_as_text(const StatusReport::Unfinished& one, const Context& context) {
    const Style style(context.render.color);
    std::string text = style.paint(Tone::caution, "Unfinished:") + " run " + one.run.run + " " +
                       printable(one.run.name) + ", going " + to_string(one.state.direction) + ", since " +
                       format_time(one.run.started) + "\n";
    if (!one.state.awaits.empty()) text += "  it waits for a person: " + printable(one.state.awaits) + "\n";
    return text + doubts_as_text(one.report) + ways_out_as_text(one, context);
}

std::string incomplete_as_text(const StatusReport::Unfinished& one, const Context& context) {
    const Style style(context.render.color);
    return style.paint(Tone::bad, "Not fully undone:") + " run " + one.run.run + " " + printable(one.run.name) + "\n" +
           ways_out_as_text(one, context);
}

std::string status_as_text(const StatusReport& status, const Context& context, bool with_bytes) {
    std::string text;
    for (const StatusReport::Unfinished& one : status.unfinished) text += unfinished_as_text(one, context);
    if (status.unfinished.empty()) text += "Nothing is unfinished.\n";
    for (const StatusReport::Unfinished& one : status.incomplete) text += incomplete_as_text(one, context);
    if (status.lease) {
        text += "At work: pid " + std::to_string(status.lease->pid) + ", user " + printable(status.lease->user) +
                ", since " + format_time(status.lease->since) + ": " + printable(status.lease->command) + "\n";
    }
    if (status.orphan) {
        text += "Still at work: pid " + std::to_string(status.orphan->pid) +
                ", a program that a killed run had started; the ways out wait for its end (--lock-timeout)\n";
    }
    if (!status.last.empty()) text += "Last runs:\n" + history_as_text(status.last, context.render.color);
    if (with_bytes) text += "Images hold " + human_bytes(status.image_bytes) + ".\n";
    return text;
}

Result<int> run_status(Context& context) {
    const bool with_bytes = context.arguments.count("--verbose") > 0;
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const StatusReport status, session->status(with_bytes));
    context.show(status_to_json(status, with_bytes), status_as_text(status, context, with_bytes));
    const bool flagged = context.arguments.has("--detailed-exitcode") && !status.unfinished.empty();
    return static_cast<int>(flagged ? ExitCode::differences : ExitCode::done);
}

}  // namespace

VerbSpec status_verb() {
    return {"status",
            "What is unfinished, who is at work, and the ways out",
            "With -v also how many bytes the before-images hold.",
            {},
            {{"--detailed-exitcode", "", "exit 2 if a run is unfinished", false, {}}},
            {"backout status", "backout status --json"},
            run_status};
}

}  // namespace backout
