#include "report/plan_text.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/template.h"
#include "report/run_text.h"
#include "report/style.h"

namespace backout {

namespace {

constexpr std::size_t kBriefLimit = 160;  // bytes of one step's change on its line

std::string value_in_brief(const Json& value) {
    if (value.is_null()) return "none";
    if (has_template(value)) return printable(describe_template(value));
    if (value.is_string()) return printable(value.get<std::string>());
    return printable(dump_canonical(value));
}

bool is_pair(const Json& value) {
    return value.is_object() && value.contains("from") && value.contains("to");
}

std::string pair_in_brief(const std::string& name, const Json& pair) {
    const Json& from = member(pair, "from");
    const std::string to = value_in_brief(member(pair, "to"));
    return from.is_null() ? name + " " + to : name + " " + value_in_brief(from) + " → " + to;
}

// One entry of "changes": a sentence, or {attribute, from, to}. Of what comes into being the operation says enough.
std::string change_entry(const Json& change) {
    if (!change.is_object()) return value_in_brief(change);
    const std::string attribute = string_member(change, "attribute", string_member(change, "name"));
    if (attribute == "presence" && member(change, "from") == "absent") return value_in_brief(member(change, "to"));
    if (attribute == "presence" && member(change, "to") == "absent") return value_in_brief(member(change, "from"));
    return pair_in_brief(printable(attribute), change);
}

bool is_long_material(const std::string& key) {
    return key == "diff" || key == "summary" || key == "changes";
}

std::string member_in_brief(const std::string& key, const Json& value) {
    if (is_long_material(key) || value.is_null() || value == "") return "";
    // What is different stands below the line.
    if (key == "conflict") return value.empty() ? "" : "changed by somebody else since";
    if (key == "overwrite") return value == true ? "overwritten all the same" : "";
    if (key == "already") return value == true ? "as it was before already" : "";
    if (key == "note") return value.is_string() ? printable(value.get<std::string>()) : "";
    if (is_pair(value)) return pair_in_brief(printable(key), value);
    if (value.is_boolean()) return value.get<bool>() ? printable(key) : "";
    if (value.is_primitive() || has_template(value)) return printable(key) + " " + value_in_brief(value);
    if (value.is_array() && !value.empty() && value.size() <= 8) return printable(key) + " " + value_in_brief(value);
    return "";
}

std::string known_after_text(const PlannedStep& step) {
    if (step.known_after.empty()) return "";
    return "(known after " + printable(join_words(step.known_after)) + ")";
}

std::string notes_of(const PlannedStep& step) {
    std::vector<std::string> notes;
    if (step.pivot) notes.push_back("point of no return");
    if (step.every_time) notes.push_back("runs every time");
    if (step.requires_input) notes.push_back("needs a person");
    if (!step.group.empty()) notes.push_back("group " + printable(step.group));
    return notes.empty() ? "" : " {" + join(notes, ", ") + "}";
}

std::string undo_in_brief(const PlannedStep& step) {
    if (!step.changes()) return "";
    std::string text = " [";
    if (!step.undo.description.empty()) text += "undo: " + printable(step.undo.description) + "; ";
    text += to_string(step.undo.reversibility);
    if (!step.undo.condition.empty()) text += ": " + printable(step.undo.condition);
    return text + "]";
}

struct Widths {
    std::size_t number = 1;
    std::size_t operation = 1;
};

Widths widths_of(const Plan& plan) {
    Widths widths;
    for (const PlannedStep& step : plan.steps) {
        widths.number = std::max(widths.number, std::to_string(step.step).size());
        widths.operation = std::max(widths.operation, columns_of(printable(step.operation)));
    }
    return widths;
}

std::string id_note(const PlannedStep& step) {
    return step.id == step.kind + ":" + step.target ? "" : " (" + printable(step.id) + ")";
}

std::string step_line(const PlannedStep& step, const Style& style, const Widths& widths) {
    const std::string number = std::to_string(step.step);
    const std::string operation = printable(step.operation);
    const Tone tone = tone_of_operation(step.operation);
    std::string line = "  " + std::string(widths.number - number.size(), ' ') + number + " ";
    line += style.paint(tone,
                        sign_of(step.operation, !step.origin.run.empty()) + " " + padded(operation, widths.operation));
    line += " " + style.paint(Tone::strong, printable(step.target)) + id_note(step);
    const std::string brief = change_in_brief(step);
    if (!brief.empty()) line += ": " + brief;
    if (!step.reason.empty()) line += ": " + printable(step.reason);
    const std::string waiting = known_after_text(step);
    if (!waiting.empty()) line += " " + waiting;
    return line + notes_of(step) + style.paint(Tone::faint, undo_in_brief(step)) + "\n";
}

std::string detail_line(const std::string& name, const std::string& value) {
    return value.empty() ? "" : "        " + name + ": " + value + "\n";
}

std::string everything_about(const PlannedStep& step) {
    std::string text =
        detail_line("kind", printable(step.kind)) + detail_line("depends on", printable(join_words(step.depends_on)));
    if (!step.details.is_null()) text += detail_line("details", printable(dump_canonical(step.details)));
    if (!step.before.is_null()) text += detail_line("before", printable(dump_canonical(step.before)));
    if (!step.after.is_null()) text += detail_line("after", printable(dump_canonical(step.after)));
    return text;
}

std::string step_extras(const PlannedStep& step, const Style& style, const RenderOptions& options) {
    std::string text;
    if (!step.description.empty()) text += detail_line("why", printable(step.description));
    if (options.undo && step.changes()) {
        text += detail_line("undo", printable(step.undo.description));
        text += detail_line("reversibility", to_string(step.undo.reversibility));
        text += detail_line("condition", printable(step.undo.condition));
    }
    if (options.everything) text += everything_about(step);
    if (options.diff) text += paint_diff(style, string_member(step.details, "diff"), 8);
    const std::size_t most_lines = options.diff ? static_cast<std::size_t>(-1) : kShortDiff;
    text += differences_as_text(member(step.details, "conflict"), style.color(), 8, most_lines);
    return text;
}

std::string irreversible_section(const Plan& plan, const Style& style) {
    const std::vector<const PlannedStep*> steps = irreversible_steps(plan);
    if (steps.empty()) return "";
    std::string text = "\n" + style.paint(Tone::bad, "Irreversible, and run as late as dependencies allow:") + "\n";
    for (const PlannedStep* step : steps) {
        text += "  ! " + printable(step->operation) + " " + printable(step->target);
        if (!step->undo.description.empty()) text += ": " + printable(step->undo.description);
        text += " (--allow-irreversible " + printable(step->id) + ")\n";
    }
    return text;
}

std::string warning_section(const Plan& plan, const Style& style) {
    std::string text;
    for (const std::string& warning : plan.warnings) {
        text += style.paint(Tone::caution, "warning:") + " " + printable(warning) + "\n";
    }
    return text.empty() ? "" : "\n" + text;
}

// A rollback leaves alone what somebody else changed, and has nothing to do where all is back already.
bool is_left_alone(const PlannedStep& step) {
    return !member(step.details, "conflict").empty() && !bool_member(step.details, "overwrite", false);
}
bool is_back_already(const PlannedStep& step) {
    return bool_member(step.details, "already", false);
}

std::string operations_counted(const Plan& plan) {
    std::vector<std::string> order;
    std::map<std::string, std::size_t> counts;
    for (const PlannedStep& step : plan.steps) {
        if (!step.changes() || is_left_alone(step) || is_back_already(step)) continue;
        if (counts[step.operation]++ == 0) order.push_back(step.operation);
    }
    std::vector<std::string> parts;
    for (const std::string& operation : order) {
        parts.push_back(std::to_string(counts[operation]) + " to " + printable(operation));
    }
    return parts.empty() ? "nothing to do" : join(parts, ", ");
}

std::size_t count_operation(const Plan& plan, const char* operation) {
    return static_cast<std::size_t>(
        std::count_if(plan.steps.begin(), plan.steps.end(),
                      [operation](const PlannedStep& step) { return step.operation == operation; }));
}

std::string reversibility_summary(const Plan& plan) {
    std::size_t changes = 0;
    std::size_t conditional = 0;
    const std::size_t irreversible = irreversible_steps(plan).size();
    for (const PlannedStep& step : plan.steps) {
        if (!step.changes()) continue;
        ++changes;
        if (step.undo.reversibility == Reversibility::conditional && !step.irreversible) ++conditional;
    }
    if (changes == 0) return "";
    if (conditional + irreversible == 0) return "; all reversible";
    std::vector<std::string> parts;
    if (changes > conditional + irreversible) {
        parts.push_back(std::to_string(changes - conditional - irreversible) + " reversible");
    }
    if (conditional > 0) parts.push_back(std::to_string(conditional) + " conditional");
    if (irreversible > 0) parts.push_back(std::to_string(irreversible) + " irreversible");
    return "; " + join(parts, ", ");
}

std::string heading(const Plan& plan, const Style& style) {
    std::string text = style.paint(Tone::strong, "Plan " + printable(plan.name));
    if (!plan.undoes.empty()) text += ", taking back run " + printable(plan.undoes);
    if (plan.root != "/") text += ", in " + printable(plan.root);
    return text + "\n";
}

}  // namespace

std::vector<const PlannedStep*> irreversible_steps(const Plan& plan) {
    std::vector<const PlannedStep*> steps;
    for (const PlannedStep& step : plan.steps) {
        const bool irreversible = step.irreversible || step.undo.reversibility == Reversibility::irreversible;
        if (step.changes() && irreversible) steps.push_back(&step);
    }
    return steps;
}

std::string change_in_brief(const PlannedStep& step) {
    if (step.details.is_string()) return cut_text(printable(step.details.get<std::string>()), kBriefLimit);
    if (!step.details.is_object()) return "";
    const std::string summary = string_member(step.details, "summary");
    if (!summary.empty()) return cut_text(printable(summary), kBriefLimit);
    std::vector<std::string> parts;
    const Json& changes = member(step.details, "changes");
    if (changes.is_array()) {
        for (const Json& change : changes) parts.push_back(change_entry(change));
    }
    const bool in_conflict = !member(step.details, "conflict").empty();
    for (const auto& [key, value] : step.details.items()) {
        if (key == "note" && in_conflict) continue;  // the differences say it in detail
        const std::string part = member_in_brief(key, value);
        if (!part.empty()) parts.push_back(part);
    }
    return cut_text(join(parts, ", "), kBriefLimit);
}

std::string plan_summary(const Plan& plan) {
    std::string text = "Plan: " + operations_counted(plan);
    const std::size_t kept = count_operation(plan, "keep");
    const std::size_t skipped = count_operation(plan, "skip");
    const auto alone = std::count_if(plan.steps.begin(), plan.steps.end(), is_left_alone);
    const auto already = std::count_if(plan.steps.begin(), plan.steps.end(), is_back_already);
    if (alone > 0) text += ", " + std::to_string(alone) + " in conflict and left alone";
    if (already > 0) text += ", " + std::to_string(already) + " as before already";
    if (kept > 0) text += ", " + std::to_string(kept) + " kept";
    if (skipped > 0) text += ", " + std::to_string(skipped) + " skipped";
    return text + reversibility_summary(plan);
}

std::string plan_as_text(const Plan& plan, const RenderOptions& options) {
    const Style style(options.color);
    const Widths widths = widths_of(plan);
    std::string text = heading(plan, style);
    for (const PlannedStep& step : plan.steps) {
        text += step_line(step, style, widths);
        text += step_extras(step, style, options);
    }
    text += irreversible_section(plan, style);
    text += warning_section(plan, style);
    text += "\n" + style.paint(Tone::strong, plan_summary(plan)) + "\n";
    if (options.everything) text += "digest " + plan.digest + "\n";
    return text;
}

}  // namespace backout
