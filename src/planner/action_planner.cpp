#include "planner/action_planner.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/argument_reader.h"
#include "compensators/asks_program.h"
#include "compensators/check_runner.h"
#include "manifest/action_parser.h"
#include "plan/template.h"
#include "planner/complaint_place.h"
#include "planner/source_file.h"
#include "planner/template_file.h"

namespace backout {

namespace {

// Kinds ask for images only when they work; while planning there are none.
class NoImages final : public ImageStore {
  public:
    Result<std::string> store_for(Directory& parent, bool /*exclude_state*/) override { return none(parent.path()); }
    Result<std::shared_ptr<Directory>> open(const std::string& store) override { return none(store); }

  private:
    static Error none(const std::string& path) {
        return Error{ErrorCode::not_permitted, "planning doesn't write: there is no image store", path};
    }
};

void add_new(std::vector<std::string>& list, const std::string& word) {
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

void remove_word(std::vector<std::string>& list, const std::string& word) {
    list.erase(std::remove(list.begin(), list.end(), word), list.end());
}

// What an action declares itself, as commands do, besides what its kind always has.
std::vector<std::string> output_names(const Compensator& kind, const Json& with) {
    std::vector<std::string> names;
    for (const std::string& words : kind.info().outputs) {  // "digest (SHA-256; not of secrets)"
        const std::string name = words.substr(0, words.find(" ("));
        if (name.find(' ') == std::string::npos) names.push_back(name);
    }
    const Json& declared = member(with, "outputs");
    if (declared.is_object()) {
        for (const auto& entry : declared.items()) names.push_back(entry.key());
    }
    return names;
}

bool has_parameter(const Compensator& kind, const std::string& name) {
    const auto& parameters = kind.info().parameters;
    return std::any_of(parameters.begin(), parameters.end(),
                       [&](const KindParameter& one) { return one.name == name; });
}

void take_planned(const Planned& planned, PlannedStep& step) {
    step.operation = planned.operation;
    step.target = planned.target;
    step.reason = planned.reason;
    step.details = planned.details;
    step.arguments = planned.arguments;
    step.before = planned.before;
    step.after = planned.after;
    step.known_after = planned.known_after;
    step.undo = planned.undo;
    step.resources = planned.resources;
    step.every_time = planned.every_time;
    step.effect = step.changes() ? planned.effect : Effect::none;
}

// "FILE:LINE:COLUMN: …".
bool names_its_place(const Error& error) {
    const std::size_t end = error.message.find(": ");
    if (!error.context.empty() || end == std::string::npos) return false;
    const std::vector<std::string> parts = split(error.message.substr(0, end), ':');
    const auto is_number = [](const std::string& part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    };
    return parts.size() >= 3 && is_number(parts[parts.size() - 1]) && is_number(parts[parts.size() - 2]);
}

// The manifest's word stands above the kind's.
void settle_undo(const Action& action, PlannedStep& step) {
    if (!step.changes()) {
        step.undo = UndoDeclaration{"nothing to undo"};
        return;
    }
    if (action.irreversible && step.undo.reversibility != Reversibility::irreversible) {
        step.undo = UndoDeclaration{"none: the manifest says it can't be taken back", Reversibility::irreversible};
    }
    step.irreversible = step.undo.reversibility == Reversibility::irreversible;
}

}  // namespace

ActionPlanner::ActionPlanner(const Manifest& manifest, const PlannerTools& tools, ManifestReferences& references,
                             Resolver& resolver, PredictedWorld& world, ProblemList& problems)
    : manifest_(manifest),
      tools_(tools),
      references_(references),
      resolver_(resolver),
      world_(world),
      problems_(problems) {}

PlannedStep ActionPlanner::start_step(const Action& action, const std::vector<std::string>& depends_on) const {
    PlannedStep step;
    step.id = action.id;
    step.kind = action.kind.value;
    step.category = action.kind.value.substr(0, action.kind.value.find('.'));
    step.description = action.description;
    step.depends_on = depends_on;
    for (const SourceText& id : action.after) add_new(step.after_ids, id.value);
    step.group = action.group;
    step.pivot = action.pivot;
    step.requires_input = action.requires_input;
    step.retry = action.retry;
    step.timeout = action.timeout;
    return step;
}

Draft ActionPlanner::skip(const Action& action, const std::vector<std::string>& depends_on, const Skip& skip) {
    Draft draft;
    draft.sound = true;
    PlannedStep& step = draft.step = start_step(action, depends_on);
    step.operation = "skip";
    step.reason = skip.reason;
    step.effect = Effect::none;
    step.undo = UndoDeclaration{"nothing to undo"};
    if (skip.blocked) step.details = Json{{"blocked", true}};
    step.target = action.kind.value;
    const Node* target = target_of(action.with);
    if (target == nullptr) return draft;
    Resolver quiet(manifest_.source_name, references_);  // the target may rest on what isn't there: that is no problem
    auto resolved = quiet.resolve(*target);
    if (resolved.ok()) step.target = describe_template(*resolved);
    return draft;
}

/// As the earlier steps will have left it, else the real one.
Result<Bytes> ActionPlanner::read_template(const std::string& path) {
    BACKOUT_TRY_ASSIGN(std::optional<Bytes> predicted, world_.read_predicted(path, kMostTemplateBytes));
    if (predicted) return std::move(*predicted);
    return read_source_file(tools_.host, path, kMostTemplateBytes);
}

Result<Json> ActionPlanner::resolve_arguments(const Action& action, const Compensator& kind) {
    BACKOUT_TRY_ASSIGN(Json with, resolver_.resolve(action.with));
    const Json& file = member(with, "template");
    if (!has_parameter(kind, "template") || !file.is_string()) return with;
    const std::string path = source_path(manifest_.directory, file.get<std::string>());
    auto text = read_template(path);
    if (!text.ok()) return std::move(text).error().in("template");
    BACKOUT_TRY_ASSIGN(with["template_resolved"], resolve_template_text(file.get<std::string>(), *text, references_));
    return with;
}

Error ActionPlanner::at(Position position, const Action& action, const std::string& problem) const {
    return Error{ErrorCode::invalid,
                 manifest_.source_name + ":" + to_string(position) + ": '" + printable(action.id) + "': " + problem};
}

Error ActionPlanner::verify_error(const Action& action, const Node& check,
                                  const std::vector<std::string>& complaints) const {
    return at(argument_place(check, complaints.front()), action, "verify: " + join(complaints, "; "));
}

Status ActionPlanner::resolve_verify(const Action& action, PlannedStep& step) {
    for (const Node& node : action.verify) {
        BACKOUT_TRY_ASSIGN(Json check, resolver_.resolve(node));
        const std::vector<std::string> complaints = validate_check(check);
        if (!complaints.empty()) return verify_error(action, node, complaints);
        for (const std::string& id : awaited_actions(check)) {
            if (id != step.id) add_new(step.depends_on, id);
        }
        step.verify.push_back(std::move(check));
    }
    return {};
}

// A reference to an output that will never be is found here, not in the middle of the run.
Status ActionPlanner::check_outputs(const Action& action, const Compensator& kind, const Json& with,
                                    const std::map<std::string, Draft>& earlier) const {
    for (const TemplateReference& reference : template_references(with)) {
        if (reference.kind != TemplateReference::Kind::action_output) continue;
        const bool own = reference.name == action.id;
        const auto draft = earlier.find(reference.name);
        if (!own && draft == earlier.end()) {
            return Error{ErrorCode::invalid, "${" + reference.text + "} is known too late: '" + reference.name +
                                                 "' comes after this action"};
        }
        const std::string output = reference.field.substr(0, reference.field.find('.'));
        const std::vector<std::string> names = own ? output_names(kind, with) : draft->second.outputs;
        if ((own || !names.empty()) && std::find(names.begin(), names.end(), output) == names.end()) {
            const std::string near = did_you_mean(output, names);
            const std::string problem = "'" + reference.name + "' has no output '" + printable(output) + "'";
            const Position place = reference_place(action.with, reference.text);
            return at(place.line == 0 ? action.position : place, action,
                      problem + (names.empty()  ? "; declare it under 'outputs'"
                                 : near.empty() ? "; it has " + join_words(names)
                                                : near));
        }
    }
    return {};
}

// Secrets are known to the planner, so probes can use them; nothing else that stands in a template is.
Result<Json> ActionPlanner::expand_now(const Json& value) const {
    return expand_templates(value, [this](const std::string& text) -> Result<Json> {
        const auto reference = parse_template_reference(text);
        const auto& values = references_.inputs().values;
        const auto found = reference && reference->kind == TemplateReference::Kind::secret_input
                               ? values.find(reference->name)
                               : values.end();
        if (found != values.end()) return found->second.value;
        return Error{ErrorCode::in_doubt, "${" + text + "} is known only during the run"};
    });
}

Result<Planned> ActionPlanner::answer_of(const Compensator& kind, PlanRequest& request, const Draft& draft) const {
    const auto* asker = dynamic_cast<const AsksProgram*>(&kind);
    if (asker == nullptr || unasked_ == nullptr || unasked_->count(request.id) == 0) return kind.plan(request);
    Json outputs;
    if (!draft.outputs.empty() && tools_.last_outputs) outputs = tools_.last_outputs(request.id).value_or(nullptr);
    return asker->plan_unasked(request, unasked_->at(request.id), outputs);
}

Status ActionPlanner::ask_kind(const Compensator& kind, Json with, Draft& draft) {
    PlannedStep& step = draft.step;
    const std::vector<std::string> awaited = awaited_actions(with);
    draft.outputs = output_names(kind, with);
    PlanRequest request{step.id, std::move(with), manifest_.directory,
                        world_,  tools_.host,     [this](const Json& value) { return expand_now(value); }};
    BACKOUT_TRY_ASSIGN(Planned planned, answer_of(kind, request, draft));
    take_planned(planned, step);
    for (const std::string& id : awaited) {
        add_new(step.known_after, id);
        add_new(step.depends_on, id);
    }
    remove_word(step.known_after, step.id);  // its own outputs, in its undo
    for (const std::string& id : step.known_after) add_new(step.depends_on, id);
    for (const std::string& id : world_.steps_seen()) add_new(step.depends_on, id);
    remove_word(step.depends_on, step.id);
    const std::size_t met = step.depends_on.size();
    remove_word(step.depends_on, kBeforeAllSteps);
    draft.rests_on_retraced = step.depends_on.size() < met;
    for (const Prediction& prediction : planned.predictions) BACKOUT_TRY(world_.predict(step.id, prediction));
    draft.space = std::move(planned.space);
    draft.warnings = std::move(planned.warnings);
    draft.unless_kept = std::move(planned.unless_kept);
    return {};
}

Result<Retraced> ActionPlanner::ask_for_retrace(const Action& action) {
    const Compensator* kind = tools_.kinds.find(action.kind.value);
    const auto* retraceable = dynamic_cast<const Retraceable*>(kind);
    if (retraceable == nullptr) return Retraced{};
    BACKOUT_TRY_ASSIGN(Json with, resolve_arguments(action, *kind));
    PlanRequest request{action.id, std::move(with), manifest_.directory, world_, tools_.host};
    return retraceable->retrace(request);
}

bool ActionPlanner::retrace(const Action& action) {
    const auto retraced = ask_for_retrace(action);
    if (!retraced.ok()) return false;
    for (const Prediction& prediction : retraced->before) {
        if (!world_.predict(kBeforeAllSteps, prediction).ok()) return false;
    }
    return !retraced->before.empty();
}

bool ActionPlanner::is_outstanding(const Action& action) {
    const auto retraced = ask_for_retrace(action);
    return retraced.ok() && retraced->outstanding;
}

Status ActionPlanner::make_outputs_known(const Compensator& kind, const PlannedStep& step) {
    NoImages images;
    StepContext context{tools_.host, images};
    context.step_id = step.id;
    BACKOUT_TRY_ASSIGN(Json outputs, kind.outputs_of_kept(context, step));
    if (outputs.is_null() && tools_.last_outputs) outputs = tools_.last_outputs(step.id).value_or(nullptr);
    references_.set_outputs(step.id, outputs.is_object() ? std::move(outputs) : Json::object());
    return {};
}

Status ActionPlanner::plan_into(const Action& action, const std::map<std::string, Draft>& earlier, Draft& draft) {
    const Compensator* kind = tools_.kinds.find(action.kind.value);
    if (kind == nullptr) {
        return Error{ErrorCode::invalid, "unknown kind '" + printable(action.kind.value) + "'" +
                                             did_you_mean(action.kind.value, tools_.kinds.names())};
    }
    world_.begin_step();
    BACKOUT_TRY_ASSIGN(Json with, resolve_arguments(action, *kind));
    BACKOUT_TRY(check_outputs(action, *kind, with, earlier));
    BACKOUT_TRY(ask_kind(*kind, std::move(with), draft));
    settle_undo(action, draft.step);
    BACKOUT_TRY(resolve_verify(action, draft.step));
    if (draft.step.operation == "keep") BACKOUT_TRY(make_outputs_known(*kind, draft.step));
    return {};
}

Draft ActionPlanner::plan(const Action& action, const std::vector<std::string>& depends_on,
                          const std::map<std::string, Draft>& earlier) {
    Draft draft;
    draft.step = start_step(action, depends_on);
    const Status planned = plan_into(action, earlier, draft);
    draft.sound = planned.ok();
    if (!planned.ok()) note(action, planned.error());
    return draft;
}

void ActionPlanner::note_unless_kept(const Action& action, const Draft& draft) {
    if (draft.unless_kept && draft.step.changes()) note(action, *draft.unless_kept);
}

// The manifest room's errors name their places themselves; those of kinds concern the action.
void ActionPlanner::note(const Action& action, const Error& error) {
    if (names_its_place(error)) return problems_.add(error);
    const ComplaintPlace place = complaint_place(action, error, manifest_.directory);
    const std::string written = place.written.empty() ? "" : " (the manifest says '" + printable(place.written) + "')";
    problems_.add(place.position, error.code, "'" + printable(action.id) + "': " + error.text() + written);
}

}  // namespace backout
