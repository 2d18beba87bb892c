// Where secrets come from in calls that work on plans made earlier: the journal has only their names. See
// local_session.h.

#include "engine/needed_secrets.h"
#include "engine/past_outputs.h"
#include "plan/template.h"
#include "session/local_session.h"

namespace backout {

RunOptions LocalSession::with_secrets(RunOptions options, const Plan& plan) const {
    if (options.secrets || !options_.secrets) return options;
    options.secrets = [this, &plan](const std::string& reference) { return options_.secrets(plan, reference); };
    return options;
}

Result<std::string> way_without_secrets(JournalStore& journal, const RunDetails& run) {
    const Direction way = run.plan.undoes.empty() ? Direction::back : Direction::forward;
    BACKOUT_TRY_ASSIGN(const std::vector<SecretNeed> needs, needed_secrets(run.plan, run.state, way, journal));
    std::vector<std::string> steps;
    for (const SecretNeed& need : needs) steps.push_back(need.step);
    return steps.empty() ? std::string() : rollback_without(steps);
}

/// Fills in what stands in a run's images by name: outputs, which the journal has, and secrets, which are asked for
/// only when one is met.
Result<std::function<Result<Json>(const Json&)>> LocalSession::expander_of(JournalStore& journal,
                                                                           const RunDetails& run) const {
    BACKOUT_TRY_ASSIGN(const auto outputs, past_outputs(journal, run.summary));
    const auto look_up = [this, outputs, &run](const std::string& reference, const auto& self) -> Result<Json> {
        const auto parsed = parse_template_reference(reference);
        if (!parsed) return Error{ErrorCode::invalid, "'" + reference + "' can't be answered here"};
        if (parsed->kind == TemplateReference::Kind::run) return Json(run.summary.run);
        if (parsed->kind == TemplateReference::Kind::secret_input) {
            if (options_.secrets) return options_.secrets(run.plan, reference);
            return Error{ErrorCode::invalid, "the secret input '" + parsed->name + "' is not at hand"};
        }
        const auto found = outputs.find(parsed->name);
        const Json* value = found == outputs.end() ? nullptr : find_output(found->second, parsed->field);
        if (value == nullptr) return Error{ErrorCode::failed, "there is no output '" + reference + "'"};
        return expand_templates(*value, [&self](const std::string& inner) { return self(inner, self); });
    };
    return std::function<Result<Json>(const Json&)>([look_up](const Json& value) {
        return expand_templates(value, [&](const std::string& reference) { return look_up(reference, look_up); });
    });
}

}  // namespace backout
