#include "cli/event_printer.h"

#include <map>

#include "base/bytes.h"
#include "base/text.h"
#include "report/run_text.h"
#include "report/style.h"

namespace backout {

namespace {

// Events of steps that people want to see, with the word for them; what isn't here is no line of its own.
const std::map<std::string, std::string>& step_words() {
    static const std::map<std::string, std::string> kWords = {
        {"step_done", "done"},         {"step_kept", "kept"},       {"step_skipped", "skipped"},
        {"step_blocked", "blocked"},   {"step_failed", "failed"},   {"step_undone", "undone"},
        {"step_conflict", "conflict"}, {"step_residue", "residue"}, {"undo_failed", "undo_failed"},
        {"step_retry", "retry"}};
    return kWords;
}

std::string operation_and_target(const Event& event) {
    const std::string target = string_member(event.data, "target", event.id);
    return printable(string_member(event.data, "operation")) + " " + printable(target);
}

std::string why(const Event& event) {
    for (const char* key : {"error", "reason", "message"}) {
        const Json& value = member(event.data, key);
        if (value.is_string() && !value.get<std::string>().empty()) return ": " + printable(value.get<std::string>());
    }
    return "";
}

bool is_trouble(const std::string& word) {
    return word == "failed" || word == "conflict" || word == "residue" || word == "undo_failed";
}

}  // namespace

void EventPrinter::begin() {
    if (!json_ || begun_) return;
    begun_ = true;
    document("version", {{"version", kProgramVersion}, {"format", "backout-events/1"}});
}

void EventPrinter::document(const std::string& type, const Json& data) {
    if (!json_) return;
    SystemClock clock;
    Json line = data.is_object() ? data : Json::object();
    line["type"] = type;
    line["seq"] = 0;
    line["time"] = format_time(clock.now());
    channels_.data(dump_canonical(line) + "\n", true);
}

void EventPrinter::on_event(const Event& event) {
    if (json_) {
        begin();
        channels_.data(dump_canonical(event_to_json(event)) + "\n", true);
        return;
    }
    if (event.type == "step_output") return print_output(event);
    if (event.type == "step_started" || event.type == "undo_started") {
        step_began_ = event.time;
        const std::string doing = event.type == "undo_started" ? "undoing " : "";
        channels_.progress("[" + std::to_string(event.step) + "/" + std::to_string(step_count_) + "] " + doing +
                           operation_and_target(event));
        return;
    }
    // With a note nothing was undone, for nothing had been done: it "failed", and that was said.
    if (event.type == "step_undone" && event.data.contains("note")) return;
    step_words().count(event.type) != 0 ? print_step(event) : print_note(event);
}

void EventPrinter::print_step(const Event& event) {
    const std::string& word = step_words().at(event.type);
    const Style style(color_);
    std::string line = "  " + style.paint(tone_of_state(word), padded(word, 11)) + " " + operation_and_target(event);
    const bool timed =
        step_began_ != 0 && event.time >= step_began_ && channels_.verbosity().shows("timing", kLevelTiming);
    if (timed && word == "done") line += " (" + format_duration(event.time - step_began_) + ")";
    channels_.say("action", is_trouble(word) ? kLevelErrors : kLevelActions, line + why(event));
    if (is_trouble(word)) {
        const std::string differences = differences_as_text(member(event.data, "conflicts"), color_, 6) +
                                        differences_as_text(member(event.data, "drift"), color_, 6);
        for (const std::string& part : split(differences, '\n')) {
            if (!part.empty()) channels_.say("action", kLevelErrors, part);
        }
    }
}

void EventPrinter::print_note(const Event& event) {
    if (event.type == "warning") return channels_.warn(printable(string_member(event.data, "message")));
    if (event.type == "run_aborting") return channels_.say("action", kLevelErrors, "going back" + why(event));
    if (event.type == "run_awaits") return channels_.say("action", kLevelErrors, "waiting for a person" + why(event));
    if (event.type == "run_drifted") return channels_.say("action", kLevelWarnings, "the world drifted from the plan");
    if (event.type == "stop_requested") return channels_.say("action", kLevelWarnings, "stop requested");
    if (event.type == "run_started" || event.type == "run_resumed") {
        return channels_.say("journal", kLevelTiming, event.type + " " + event.run);
    }
    channels_.say("journal", kLevelDebug, event.type + " " + printable(dump_canonical(event.data)));
}

void EventPrinter::print_output(const Event& event) {
    if (!channels_.verbosity().shows("exec", kLevelDetails)) return;
    const std::string text = string_member(event.data, "text");
    for (const std::string& line : split(text, '\n')) {
        if (!line.empty()) channels_.say("exec", kLevelDetails, "      | " + printable(line));
    }
}

}  // namespace backout
