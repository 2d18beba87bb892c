#include "planner/planner.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/argument_reader.h"
#include "compensators/check_runner.h"
#include "manifest/parse.h"
#include "plan/plan_codec.h"
#include "plan/template.h"
#include "planner/docs.h"
#include "planner/plan_rules.h"
#include "planner/secret_paths.h"
#include "planner/skips.h"
#include "planner/source_file.h"
#include "planner/step_planning.h"

namespace backout {

namespace {

constexpr std::uint64_t kMostTableBytes = 64U << 20U;

// Facts and variables as they were used, for the plan's state.
struct Detected {
    Json facts = Json::object();
    std::map<std::string, std::optional<std::string>> variables;
};

class Planner {
  public:
    Planner(Manifest manifest, const PlanOptions& options, const PlannerTools& tools)
        : manifest_(std::move(manifest)),
          options_(options),
          tools_(tools),
          problems_(manifest_.source_name),
          real_world_(make_host_world_view(tools.host)),
          planning_(manifest_, tools, table_loader(), *real_world_, problems_) {}

    Result<Plan> run(Secrets* secrets);

  private:
    EnvironmentLookup recording_environment();
    Resolver::TableLoader table_loader() const;
    Status detect_facts(ManifestReferences& references, Resolver& resolver);
    Result<Json> detect(const FactSpecification& fact, Resolver& resolver, ManifestReferences& references);
    void check_rules();
    void check_order_conflicts(const std::vector<PlannedStep>& steps);
    void check_state_directory(const std::vector<PlannedStep>& steps);
    void check_pseudo_targets(const std::vector<PlannedStep>& steps);
    void check_space();
    /// Of the step at a position in the order of execution.
    const Action& action_at(std::size_t at) const { return manifest_.actions[planning_.order()[at]]; }
    Result<Plan> finish();
    Json state_of() const;
    std::vector<std::string> warnings_of(const std::vector<PlannedStep>& steps) const;
    Status resolve_plan_verify(Plan& plan) const;
    Error error_here() const { return problems_.to_error(); }

    Manifest manifest_;
    const PlanOptions& options_;
    const PlannerTools& tools_;
    ProblemList problems_;
    std::unique_ptr<WorldView> real_world_;
    Detected detected_;
    StepPlanning planning_;
    std::vector<PlannedStep> steps_;  // in order of execution
};

EnvironmentLookup Planner::recording_environment() {
    return [this](const std::string& name) {
        std::optional<std::string> value = options_.environment ? options_.environment(name) : std::nullopt;
        detected_.variables[name] = value;
        return value;
    };
}

Resolver::TableLoader Planner::table_loader() const {
    return [this](const std::string& file) {
        return read_source_file(tools_.host, source_path(manifest_.directory, file), kMostTableBytes);
    };
}

Result<Json> Planner::detect(const FactSpecification& fact, Resolver& resolver, ManifestReferences& references) {
    const Detector* detector = tools_.detectors.find(fact.detector.value);
    if (detector == nullptr) {
        problems_.add(fact.detector.position, ErrorCode::invalid,
                      "unknown detector '" + printable(fact.detector.value) + "'" +
                          did_you_mean(fact.detector.value, tools_.detectors.names()));
        return error_here();
    }
    auto with = resolver.resolve(fact.with);
    if (!with.ok()) return std::move(with).error();
    if (has_template(*with)) {
        problems_.add(fact.position, ErrorCode::invalid,
                      "facts can't rest on secrets or on the run's name: what they answer is stored");
        return error_here();
    }
    auto value = detector->detect(DetectRequest{*with, manifest_.directory, tools_.host});
    if (!value.ok()) {
        problems_.add(fact.position, value.error().code, "facts." + fact.name + ": " + value.error().text());
        return error_here();
    }
    detected_.facts[fact.name] = Json{{"detect", fact.detector.value}, {"with", *with}, {"value", *value}};
    references.set_fact(fact.name, *value);
    return value;
}

// Later facts may rest on earlier ones: the first that fails ends it.
Status Planner::detect_facts(ManifestReferences& references, Resolver& resolver) {
    for (const FactSpecification& fact : manifest_.facts) {
        auto value = detect(fact, resolver, references);
        if (!value.ok()) return std::move(value).error();
    }
    return {};
}

void Planner::check_order_conflicts(const std::vector<PlannedStep>& steps) {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t at = 0; at < steps.size(); ++at) places[steps[at].id] = at;
    DeclaredEdges declared(steps.size());
    for (std::size_t at = 0; at < steps.size(); ++at) {
        for (const std::string& id : planning_.depends_on()[planning_.order()[at]])
            declared[at].push_back(places.at(id));
        for (const SourceText& id : action_at(at).after) declared[at].push_back(places.at(id.value));
    }
    for (const OrderConflict& conflict : find_order_conflicts(steps, declared)) {
        const std::string first = printable(steps[conflict.earlier].id);
        const std::string second = printable(steps[conflict.later].id);
        problems_.add(action_at(conflict.later).position, ErrorCode::invalid,
                      "'" + first + "' and '" + second + "' both lay hands on " + printable(conflict.key) +
                          ", and nothing says which comes first: give '" + second + "' \"depends_on\": [\"" + first +
                          "\"], or \"after\" for the order alone");
    }
}

void Planner::check_state_directory(const std::vector<PlannedStep>& steps) {
    if (tools_.state_directory.empty()) return;
    const auto key = real_world_->key_of(tools_.state_directory);
    if (!key.ok()) return;  // it can't be reached, so no step reaches it
    for (std::size_t at = 0; at < steps.size(); ++at) {
        const std::string touched = touches_directory(steps[at], *key);
        const std::string copied = copies_directory(steps[at], *key);
        if (!copied.empty() && touched.empty()) {
            problems_.add(action_at(at).position, ErrorCode::invalid,
                          "'" + printable(steps[at].id) + "' would copy from " + printable(copied) +
                              ": the state directory " + printable(*key) +
                              " is part of it, and changes with every run; copy the folders beside it one by one, or "
                              "keep the state elsewhere (--state-dir)");
        }
        if (touched.empty()) continue;
        problems_.add(action_at(at).position, ErrorCode::invalid,
                      "'" + printable(steps[at].id) + "' would touch " + printable(touched) + ": the state directory " +
                          printable(*key) + " holds the journal, and no step may reach into it");
    }
}

void Planner::check_pseudo_targets(const std::vector<PlannedStep>& steps) {
    const std::vector<std::string> problems = find_pseudo_targets(tools_.host, steps);
    for (std::size_t at = 0; at < steps.size(); ++at) {
        if (!problems[at].empty()) problems_.add(action_at(at).position, ErrorCode::invalid, problems[at]);
    }
}

void Planner::check_space() {
    SpaceNeeds needs;
    for (const Draft& draft : planning_.drafts()) needs.insert(needs.end(), draft.space.begin(), draft.space.end());
    auto missing = find_missing_space(tools_.host, needs);
    if (!missing.ok()) return problems_.add(missing.error());
    for (const std::string& sentence : *missing) problems_.add(Error{ErrorCode::invalid, sentence});
}

void Planner::check_rules() {
    std::vector<PlannedStep>& steps = steps_;
    check_order_conflicts(steps);
    check_state_directory(steps);
    check_pseudo_targets(steps);
    const std::string split_group = find_split_group(steps);
    if (!split_group.empty()) problems_.add(Position{1, 1}, ErrorCode::invalid, split_group);
    check_space();
    mark_superseded(steps);
}

Json Planner::state_of() const {
    Json state = planning_.observed();
    hide_secret_contents(tools_.host, steps_, state["paths"]);
    state["facts"] = detected_.facts;
    Json& inputs = state["inputs"] = Json::object();
    for (const auto& [name, input] : planning_.references().inputs().values) {
        inputs[name] =
            Json{{"value", input.secret ? Json(nullptr) : input.value}, {"secret", input.secret}, {"given", true}};
    }
    for (const auto& [name, how] : planning_.references().inputs().missing) {
        const InputSpecification* input = manifest_.find_input(name);
        inputs[name] = Json{{"value", nullptr}, {"secret", input != nullptr && input->secret}, {"given", false}};
    }
    for (const InputSpecification& input : manifest_.inputs) {
        if (inputs.contains(input.name))
            inputs[input.name]["env"] = input.env.empty() ? Json(nullptr) : Json(input.env);
    }
    // A variable that is an input's source stands there, and may be a secret.
    Json& variables = state["env"] = Json::object();
    for (const auto& [name, value] : detected_.variables) variables[name] = value ? Json(*value) : Json(nullptr);
    return state;
}

std::vector<std::string> Planner::warnings_of(const std::vector<PlannedStep>& steps) const {
    std::vector<std::string> warnings;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        const PlannedStep& step = steps[at];
        const std::string name = "step " + std::to_string(step.step) + " (" + printable(step.id) + ")";
        for (const std::string& warning : planning_.drafts()[at].warnings) warnings.push_back(name + ": " + warning);
        if (step.every_time && step.changes()) warnings.push_back(name + " runs every time");
    }
    for (std::string& warning : warn_of_power_cuts(tools_.host, steps)) warnings.push_back(std::move(warning));
    return warnings;
}

Status Planner::resolve_plan_verify(Plan& plan) const {
    Resolver resolver(manifest_.source_name, planning_.references(), table_loader());
    for (const Node& node : manifest_.verify) {
        BACKOUT_TRY_ASSIGN(Json check, resolver.resolve(node));
        const std::vector<std::string> complaints = validate_check(check);
        if (!complaints.empty()) {
            return Error{ErrorCode::invalid, manifest_.source_name + ":" + to_string(node.position()) +
                                                 ": verify: " + join(complaints, "; ")};
        }
        plan.verify.push_back(std::move(check));
    }
    return {};
}

Result<Plan> Planner::finish() {
    for (Draft& draft : planning_.drafts()) {
        draft.step.step = static_cast<std::uint32_t>(steps_.size() + 1);
        steps_.push_back(std::move(draft.step));
    }
    check_rules();
    Plan plan;
    const Status verified = resolve_plan_verify(plan);
    if (!verified.ok()) problems_.add(verified.error());
    if (!problems_.empty()) return error_here();
    plan.name = manifest_.name;
    plan.command = options_.command;
    plan.created = tools_.clock.now();
    plan.host = tools_.host.host_name();
    plan.root = tools_.host.root();
    plan.state = state_of();
    plan.on_drift = manifest_.on_drift;
    plan.manifest_directory = manifest_.directory;
    plan.warnings = warnings_of(steps_);
    plan.context = Json{{"manifest", manifest_.source_name}, {"description", manifest_.description}};
    plan.steps = std::move(steps_);
    plan.id = "p-" + tools_.ids.random_name(16);
    plan.digest = plan_digest(plan);
    return plan;
}

Result<Plan> Planner::run(Secrets* secrets) {
    // Inputs read the environment too, but what they take is theirs: only ${env.X} counts as seen.
    BACKOUT_TRY_ASSIGN(InputValues inputs,
                       resolve_inputs(manifest_, options_.inputs, options_.environment, options_.ask));
    if (secrets != nullptr) {
        for (const auto& [name, input] : inputs.values) {
            if (input.secret) (*secrets)[name] = input.value;
        }
    }
    ManifestReferences references(manifest_, std::move(inputs), recording_environment());
    Resolver resolver(manifest_.source_name, references, table_loader());
    BACKOUT_TRY(detect_facts(references, resolver));
    BACKOUT_TRY(assign_ids(manifest_, references));
    planning_.collect_dependencies(references);
    auto skips = decide_skips(manifest_, references.inputs(), resolver, planning_.depends_on(), problems_);
    BACKOUT_TRY(planning_.run(references, std::move(skips)));
    if (!problems_.empty()) return error_here();
    return finish();
}

}  // namespace

Result<Plan> make_plan(Manifest manifest, const PlanOptions& options, const PlannerTools& tools, Secrets* secrets) {
    try {
        return Planner(std::move(manifest), options, tools).run(secrets);
    } catch (const std::exception& error) {
        return Error{ErrorCode::failed, std::string("planning failed: ") + error.what()};
    }
}

Result<Plan> make_plan_of_text(const std::string& text, const PlanOptions& options, const PlannerTools& tools,
                               Secrets* secrets) {
    ParseOptions parse;
    parse.directory = options.directory;
    parse.kinds = kind_docs(tools.kinds);
    parse.detectors = detector_docs(tools.detectors);
    parse.on_missing_input = options.on_missing_input;
    ParsedManifest parsed = parse_manifest(text, options.source_name, parse);
    if (!parsed.manifest) return parsed.errors.to_error();
    return make_plan(std::move(*parsed.manifest), options, tools, secrets);
}

}  // namespace backout
