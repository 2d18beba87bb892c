#include "engine/needed_secrets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/shell_word.h"
#include "engine/past_outputs.h"
#include "engine/recovery_table.h"
#include "plan/template.h"

namespace backout {
namespace {

using Outputs = std::map<std::string, Json>;
using Images = std::map<std::uint32_t, Json>;

void add_secrets(const Json& value, std::vector<std::string>& names) {
    for (const TemplateReference& reference : template_references(value)) {
        if (reference.kind != TemplateReference::Kind::secret_input) continue;
        if (std::find(names.begin(), names.end(), reference.name) == names.end()) names.push_back(reference.name);
    }
}

/// What the steps have given out: those of this run, and of those that it takes back.
Result<Outputs> outputs_at_hand(const Plan& plan, const RunState& state, JournalStore& journal) {
    Outputs outputs;
    for (const PlannedStep& step : plan.steps) {
        const Json& given = state.step(step.step).outputs;
        if (!given.is_null()) outputs.emplace(step.id, given);
    }
    if (plan.undoes.empty()) return outputs;
    BACKOUT_TRY_ASSIGN(const RunSummary target, journal.find_run(plan.undoes));
    BACKOUT_TRY_ASSIGN(const Outputs past, past_outputs(journal, target));
    outputs.insert(past.begin(), past.end());
    return outputs;
}

/// By step of `plan`: the images of the run that it takes back.
Result<Images> images_to_take_back(const Plan& plan, JournalStore& journal) {
    Images images;
    if (plan.undoes.empty()) return images;
    BACKOUT_TRY_ASSIGN(const RunSummary target, journal.find_run(plan.undoes));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, journal.records(target.number));
    BACKOUT_TRY_ASSIGN(const RunState state, fold(records, target.steps));
    for (const PlannedStep& step : plan.steps) {
        if (step.origin.step != 0) images[step.step] = state.step(step.origin.step).image;
    }
    return images;
}

bool is_open(StepPhase phase) {
    switch (phase) {
        case StepPhase::pending:
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::undo_in_doubt:
        case StepPhase::undone:
        case StepPhase::resolved_undone: return true;
        default: return false;
    }
}

/// What will be filled in when the step is dealt with. Null: nothing.
const Json& filled_in(const PlannedStep& step, const StepState& now, Direction direction, const Images& origins) {
    static const Json kNothing = nullptr;
    const bool back = direction == Direction::back;
    if (!step.changes() || (back ? !may_have_effect(now.phase) : !is_open(now.phase))) return kNothing;
    const auto origin = origins.find(step.step);
    if (!back && origin == origins.end()) return step.arguments;
    // Files go back without, but for those that others changed since.
    if (step.effect != Effect::tearable) return kNothing;
    return back ? now.image : origin->second;
}

Status ask(const std::string& input, const RunOptions& options) {
    if (!options.secrets)
        return Error{ErrorCode::invalid, "give it with --input " + input + "=VALUE, or in its environment variable"};
    const Result<Json> value = options.secrets("inputs." + input);
    return value.ok() ? Status{} : Status(value.error());
}

}  // namespace

std::vector<std::string> secrets_named_in(const Json& value, const Outputs& outputs) {
    std::vector<std::string> names;
    add_secrets(value, names);
    for (const TemplateReference& reference : template_references(value)) {
        if (reference.kind != TemplateReference::Kind::action_output) continue;
        const auto given = outputs.find(reference.name);
        const Json* output = given == outputs.end() ? nullptr : find_output(given->second, reference.field);
        if (output != nullptr) add_secrets(*output, names);
    }
    return names;
}

Result<std::vector<SecretNeed>> needed_secrets(const Plan& plan, const RunState& state, Direction direction,
                                               JournalStore& journal) {
    BACKOUT_TRY_ASSIGN(const Outputs outputs, outputs_at_hand(plan, state, journal));
    BACKOUT_TRY_ASSIGN(const Images origins, images_to_take_back(plan, journal));
    std::vector<SecretNeed> needs;
    for (const PlannedStep& step : plan.steps) {
        const Json& used = filled_in(step, state.step(step.step), direction, origins);
        const std::vector<std::string> inputs = secrets_named_in(used, outputs);
        if (!inputs.empty()) needs.push_back({step.id, inputs});
    }
    return needs;
}

MissingSecrets ask_for_secrets(const std::vector<SecretNeed>& needs, const RunOptions& options) {
    MissingSecrets missing;
    std::map<std::string, Status> answers;  // each is asked for once
    for (const SecretNeed& need : needs) {
        bool complete = true;
        for (const std::string& input : need.inputs) {
            if (answers.count(input) == 0) answers[input] = ask(input, options);
            const Status& answer = answers[input];
            complete = complete && answer.ok();
            if (!answer.ok() && !missing.why)
                missing.why = answer.error().in("step " + printable(need.step) + " needs the secret input '" +
                                                printable(input) + "'");
        }
        if (!complete) missing.steps.push_back(need.step);
    }
    return missing;
}

std::string rollback_without(const std::vector<std::string>& steps) {
    std::string words = "rollback";
    for (const std::string& step : steps) words += " --skip " + printable(shell_word(step));
    return words;
}

}  // namespace backout
