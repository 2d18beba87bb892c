#include "report/run_text.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "report/style.h"

namespace backout {

namespace {

std::string duration_between(UnixNanoseconds begin, UnixNanoseconds end) {
    if (begin == 0 || end < begin) return "";
    return format_duration(end - begin);
}

std::string heading(const RunReport& report, const Style& style, bool timing) {
    const RunSummary& summary = report.summary;
    std::string text = style.paint(Tone::strong, "Run " + summary.run) + " " + printable(summary.name) + ": " +
                       style.paint(tone_of_state(report.state), report.state);
    if (summary.finished != 0) text += " (exit " + std::to_string(summary.exit_status) + ")";
    if (!summary.undoes.empty()) text += ", takes back " + summary.undoes;
    if (timing && summary.started != 0) {
        text += "\n  started " + format_time(summary.started);
        const std::string took = duration_between(summary.started, summary.finished);
        if (!took.empty()) text += ", took " + took;
    }
    return text + "\n";
}

std::string step_line(const StepReport& step, const Style& style, const RenderOptions& options) {
    std::string line = "  " + std::to_string(step.step) + " " +
                       style.paint(tone_of_state(step.state), padded(step.state, 11)) + " " +
                       printable(step.operation) + " " + printable(step.target);
    const std::string took = duration_between(step.started, step.finished);
    if (options.timing && !took.empty()) line += " (" + took + ")";
    // What was verified once says nothing of a step that went back or failed since.
    const std::string verified = step.state == "done" ? verification_in_brief(step.verify) : "";
    if (!verified.empty()) line += ", " + verified;
    if (!step.reason.empty()) line += ": " + printable(step.reason);
    if (step.drifted) line += ": it drifted";
    return line + "\n";
}

std::string step_extras(const StepReport& step, const RenderOptions& options) {
    std::string text;
    if (!step.error.empty()) text += "      " + printable(step.error) + "\n";
    if (step.attempts > 1) text += "      " + std::to_string(step.attempts) + " attempts\n";
    for (const std::string& note : step.notes) text += "      note: " + printable(note) + "\n";
    if (!options.undo || step.undo.description.empty()) return text;
    text += "      undo: " + printable(step.undo.description) + " (" + to_string(step.undo.reversibility);
    if (!step.undo.condition.empty()) text += ": " + printable(step.undo.condition);
    return text + ")\n";
}

// What is wrong is the before-image, not the target: nobody changed that.
bool is_of_image(const Json& difference) {
    return string_member(difference, "attribute") == "image";
}

std::string conflicts_of_steps(const RunReport& report, const Style& style, bool of_images) {
    std::string text;
    for (const StepReport& step : report.steps) {
        if (step.state != "conflict") continue;
        Json chosen = Json::array();
        for (const Json& one : step.conflicts) {
            if (is_of_image(one) == of_images) chosen.push_back(one);
        }
        const bool untold = step.conflicts.empty() && !of_images;
        if (chosen.empty() && !untold) continue;
        text += "  " + printable(step.id) + " (" + printable(step.target) + ")\n";
        text += differences_as_text(chosen, style.color(), 4);
    }
    return text;
}

std::string conflict_section(const RunReport& report, const Style& style) {
    const std::string foreign = conflicts_of_steps(report, style, false);
    const std::string images = conflicts_of_steps(report, style, true);
    std::string text;
    if (!foreign.empty()) {
        text += "\n" + style.paint(Tone::bad, "Conflicts: changed by somebody else, and left alone") + "\n" + foreign;
    }
    if (images.empty()) return text;
    return text + "\n" +
           style.paint(Tone::bad,
                       "Before-images missing or damaged: restore them from a backup, or leave "
                       "these steps out (--skip STEP)") +
           "\n" + images;
}

std::string residue_section(const RunReport& report, const Style& style) {
    std::string text;
    for (const StepReport& step : report.steps) {
        if (step.state != "residue") continue;
        text += "  " + printable(step.id) + ": " + printable(step.operation) + " " + printable(step.target) + "\n";
    }
    if (text.empty()) return "";
    return "\n" + style.paint(Tone::bad, "Residue: can't be taken back, and stays") + "\n" + text;
}

std::string cause_line(const RunReport& report) {
    std::string text;
    if (!report.abort_reason.empty()) text += "Going back because: " + printable(report.abort_reason) + "\n";
    if (!report.awaits.empty()) text += "Waiting for a person: " + printable(report.awaits) + "\n";
    if (report.recoveries > 0)
        text += report.recoveries == 1
                    ? "Carried on once after an interruption\n"
                    : "Carried on " + std::to_string(report.recoveries) + " times after interruptions\n";
    return text;
}

std::string meaning_of(const std::string& way_out, const RunReport& report) {
    const bool takes_back = !report.summary.undoes.empty();
    const bool back = (report.summary.direction == Direction::back) != takes_back;
    if (takes_back && !back && way_out != "resolve") return "carry on towards what the run had made";
    if (takes_back && report.summary.finished == 0 && way_out == "resume") {
        return "carry on taking back " + report.summary.undoes + " (--back turns round)";
    }
    if (way_out == "resume") return back ? "carry on going back" : "carry on to what the plan says";
    if (way_out.rfind("rollback --skip", 0) == 0)
        return "undo everything else, where a secret is lost that these steps need";
    if (way_out == "rollback" && report.summary.finished != 0)
        return "try again to take back what is left (--overwrite-conflict STEP where others changed it)";
    if (way_out == "rollback") return back ? "carry on going back" : "undo what was done";
    return "say what is true of a stuck step";
}

std::string ways_out_section(const RunReport& report, const RenderOptions& options) {
    if (report.ways_out.empty()) return "";
    std::string text = "Ways out:\n";
    for (const std::string& way : report.ways_out) {
        text += "  " + command_for(way, report, options.program) + "    " + meaning_of(way, report) + "\n";
    }
    return text;
}

std::string difference_line(const Json& difference) {
    std::string line = printable(string_member(difference, "path"));
    const std::string attribute = string_member(difference, "attribute");
    if (!attribute.empty()) line += ": " + printable(attribute);
    const std::string expected = string_member(difference, "expected");
    const std::string found = string_member(difference, "found");
    if (is_of_image(difference)) {
        const std::string how = found == "gone" ? "missing" : printable(found);
        return printable(string_member(difference, "path")) + ": its before-image is " + how + " (" +
               printable(expected) + ")";
    }
    if (!expected.empty() || !found.empty()) {
        line += ": expected " + printable(expected.empty() ? "nothing" : expected) + ", found " +
                printable(found.empty() ? "nothing" : found);
    }
    const std::string reason = string_member(difference, "reason");
    if (!reason.empty()) line += ": " + printable(reason);
    return line;
}

}  // namespace

std::string verification_in_brief(const Json& verify) {
    if (verify.is_null()) return "";
    if (verify.is_string()) return "verified: " + printable(verify.get<std::string>());
    const std::string how = string_member(verify, "how", string_member(verify, "summary"));
    if (!how.empty()) return "verified: " + printable(how);
    return "verified";
}

std::string differences_as_text(const Json& differences, bool color, std::size_t indent, std::size_t most_lines) {
    const Style style(color);
    std::string text;
    if (!differences.is_array()) return text;
    for (const Json& difference : differences) {
        const std::string line =
            difference.is_string() ? printable(difference.get<std::string>()) : difference_line(difference);
        text += std::string(indent, ' ') + line + "\n";
        text += paint_diff(style, string_member(difference, "diff"), indent + 2, most_lines);
    }
    return text;
}

std::string run_as_text(const RunReport& report, const RenderOptions& options) {
    const Style style(options.color);
    std::string text = heading(report, style, options.timing);
    for (const StepReport& step : report.steps) {
        text += step_line(step, style, options) + step_extras(step, options);
    }
    text += conflict_section(report, style) + residue_section(report, style);
    text += "\n" + cause_line(report) + where_the_machine_is(report) + "\n";
    return text + ways_out_section(report, options);
}

}  // namespace backout
