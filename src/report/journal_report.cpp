#include "report/journal_report.h"

#include "base/bytes.h"
#include "base/text.h"
#include "report/style.h"

namespace backout {

namespace {

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json undo_to_json(const UndoDeclaration& undo) {
    return {{"description", undo.description},
            {"reversibility", to_string(undo.reversibility)},
            {"condition", text_or_null(undo.condition)}};
}

Json step_to_json(const StepReport& step) {
    return {{"step", step.step},
            {"id", step.id},
            {"category", step.category},
            {"operation", step.operation},
            {"target", step.target},
            {"state", step.state},
            {"started", time_or_null(step.started)},
            {"finished", time_or_null(step.finished)},
            {"verify", step.verify},
            {"undo", undo_to_json(step.undo)},
            {"reason", text_or_null(step.reason)},
            {"error", text_or_null(step.error)},
            {"conflicts", step.conflicts},
            {"attempts", step.attempts},
            {"notes", step.notes}};
}

std::string clock_part(UnixNanoseconds time) {
    return time == 0 ? "-" : format_time(time);
}

std::string exit_part(const RunSummary& run) {
    return run.finished == 0 ? "unfinished" : "exit " + std::to_string(run.exit_status);
}

std::string step_name(const Record& record, const Plan& plan) {
    if (record.step == 0) return "";
    for (const PlannedStep& step : plan.steps) {
        if (step.step == record.step) return " " + std::to_string(record.step) + " " + printable(step.id);
    }
    return " " + std::to_string(record.step);
}

constexpr std::size_t kBodyLimit = 400;  // bytes of a record's body on its line; `log --json` has all of it

std::string body_in_brief(const Json& body) {
    if (body.empty()) return "";
    return "  " + cut_text(printable(dump_canonical(body)), kBodyLimit);
}

}  // namespace

Json time_or_null(UnixNanoseconds time) {
    return time == 0 ? Json(nullptr) : Json(format_time(time));
}

Json summary_to_json(const RunSummary& summary) {
    return {{"run", summary.run},
            {"name", summary.name},
            {"state", shown_state(summary)},
            {"started", time_or_null(summary.started)},
            {"finished", time_or_null(summary.finished)},
            {"steps", summary.steps},
            {"exit", summary.finished == 0 ? Json(nullptr) : Json(summary.exit_status)},
            {"changed", summary.changed},
            {"undoes", text_or_null(summary.undoes)},
            {"undone_by", text_or_null(summary.undone_by)},
            {"user", text_or_null(summary.user)},
            {"command", text_or_null(summary.command)}};
}

Json run_report_to_json(const RunReport& report) {
    Json document = summary_to_json(report.summary);
    document["state"] = report.state;
    document["direction"] = to_string(report.summary.direction);
    document["plan"] = {{"id", text_or_null(report.plan_id)}, {"digest", text_or_null(report.plan_digest)}};
    document["abort_reason"] = text_or_null(report.abort_reason);
    document["awaits"] = text_or_null(report.awaits);
    document["recoveries"] = report.recoveries;
    document["residue"] = report.residue;
    document["partly_undone_by"] = text_or_null(report.partly_undone_by);
    document["ways_out"] = report.ways_out;
    document["steps"] = Json::array();
    for (const StepReport& step : report.steps) document["steps"].push_back(step_to_json(step));
    return document;
}

Json record_to_json(const Record& record) {
    return {{"seq", record.sequence},
            {"type", to_string(record.type)},
            {"time", time_or_null(record.time)},
            {"step", record.step == 0 ? Json(nullptr) : Json(record.step)},
            {"body", record.body}};
}

std::string history_as_text(const std::vector<RunSummary>& runs, bool color) {
    const Style style(color);
    std::string text;
    for (const RunSummary& run : runs) {
        const std::string state = shown_state(run);
        text += style.paint(Tone::strong, padded(run.run, 12)) + " " +
                style.paint(tone_of_state(state), padded(state, 19)) + " " + clock_part(run.started) + "  " +
                printable(run.name) + ", " + std::to_string(run.steps) + (run.steps == 1 ? " step, " : " steps, ") +
                exit_part(run);
        if (!run.undoes.empty()) text += ", takes back " + run.undoes;
        if (!run.undone_by.empty()) text += ", taken back by " + run.undone_by;
        text += "\n";
    }
    return text;
}

std::string log_as_text(const std::vector<Record>& records, const Plan& plan) {
    std::string text;
    for (const Record& record : records) {
        text += std::to_string(record.sequence) + " " + clock_part(record.time) + " " +
                padded(to_string(record.type), 14) + step_name(record, plan) + body_in_brief(record.body) + "\n";
    }
    return text;
}

}  // namespace backout
