#include "cli/consent.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "report/plan_text.h"

namespace backout {

namespace {

bool is_allowed(const Context& context, const std::string& id) {
    const std::vector<std::string>& allowed = context.arguments.list("--allow-irreversible");
    return std::find(allowed.begin(), allowed.end(), id) != allowed.end();
}

// A misspelt id would be found only when the step's turn came.
Status check_allowed_ids(const Context& context, const Plan& plan) {
    std::vector<std::string> ids;
    for (const PlannedStep& step : plan.steps) ids.push_back(step.id);
    for (const std::string& id : context.arguments.list("--allow-irreversible")) {
        if (std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
        return Error{ErrorCode::usage,
                     "--allow-irreversible: the plan has no step '" + printable(id) + "'" + did_you_mean(id, ids)};
    }
    return {};
}

std::string question_about(const PlannedStep& step) {
    std::string text = "Step " + std::to_string(step.step) + " (" + printable(step.id) +
                       ") can't be taken back: " + printable(step.operation) + " " + printable(step.target);
    if (!step.undo.description.empty()) text += " (" + printable(step.undo.description) + ")";
    return text + ". Run it all the same?";
}

Error missing_permissions(const std::vector<const PlannedStep*>& steps) {
    std::vector<std::string> flags;
    for (const PlannedStep* step : steps) flags.push_back("--allow-irreversible " + shell_word(step->id));
    return {ErrorCode::usage,
            "the plan has steps that can't be taken back; to run them all the same, give " + join(flags, " ")};
}

}  // namespace

Status require_consent_possible(const Context& context, const std::string& verb) {
    if (context.arguments.has("--yes") || context.terminal.interactive()) return {};
    return Error{ErrorCode::usage,
                 "backout " + verb +
                     " asks before it changes anything, and there is no terminal to ask on; "
                     "give --yes, or make a plan with 'backout plan MANIFEST -o FILE', look at it, and apply that"};
}

Result<bool> ask_consent(Context& context, const std::string& plan_text, const std::string& question) {
    if (context.arguments.has("--yes")) return true;
    BACKOUT_TRY(require_consent_possible(context, context.arguments.verb));
    // Data went to standard output; where nobody sees that, the plan is shown beside the question.
    const bool seen = context.environment.output_is_terminal && !context.json &&
                      context.channels.verbosity().shows("result", kLevelResults);
    if (!seen) context.channels.ask(plan_text);
    return context.terminal.confirm(question);
}

Result<bool> ask_irreversible(Context& context, const Plan& plan) {
    BACKOUT_TRY(check_allowed_ids(context, plan));
    std::vector<const PlannedStep*> open;
    for (const PlannedStep* step : irreversible_steps(plan)) {
        if (!is_allowed(context, step->id)) open.push_back(step);
    }
    if (open.empty()) return true;
    if (!context.terminal.interactive()) return missing_permissions(open);
    for (const PlannedStep* step : open) {
        BACKOUT_TRY_ASSIGN(const bool yes, context.terminal.confirm(question_about(*step)));
        if (!yes) return false;
    }
    return true;
}

}  // namespace backout
