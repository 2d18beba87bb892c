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
#include "manifest/reference_check.h"
#include "plan/order.h"
#include "plan/plan_codec.h"
#include "plan/template.h"
#include "planner/action_planner.h"
#include "planner/docs.h"
#include "planner/plan_rules.h"
#include "planner/settled_chains.h"
#include "planner/skips.h"
#include "planner/source_file.h"
#include "planner/template_file.h"

namespace backout {

namespace {

constexpr std::uint64_t kMostTableBytes = 64U << 20U;
constexpr int kMostPasses = 3;

void add_new(std::vector<std::string>& list, const std::string& word) {
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

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
          real_world_(make_host_world_view(tools.host)) {}

    Result<Plan> run(Secrets* secrets);

  private:
    EnvironmentLookup recording_environment();
    Resolver::TableLoader table_loader() const;
    Status detect_facts(ManifestReferences& references, Resolver& resolver);
    Result<Json> detect(const FactSpecification& fact, Resolver& resolver, ManifestReferences& references);
    void collect_dependencies(const ManifestReferences& references);
    std::vector<std::string> actions_in_file(const Action& action, const ManifestReferences& references) const;
    Result<std::vector<std::size_t>> order() const;
    Status plan_actions(const ManifestReferences& references);
    Result<bool> plan_pass(const ManifestReferences& references);
    void check_rules();
    void check_order_conflicts(const std::vector<PlannedStep>& steps);
    void check_state_directory(const std::vector<PlannedStep>& steps);
    void check_space();
    Result<Plan> finish();
    Json state_of() const;
    std::vector<std::string> warnings_of(const std::vector<PlannedStep>& steps) const;
    Status resolve_plan_verify(Plan& plan) const;
    Position position_of(const std::string& id) const;
    Error error_here() const { return problems_.to_error(); }

    Manifest manifest_;
    const PlanOptions& options_;
    const PlannerTools& tools_;
    ProblemList problems_;
    std::unique_ptr<WorldView> real_world_;
    Detected detected_;
    std::vector<std::vector<std::string>> depends_on_;  // by action: declared, and by reference
    std::vector<std::optional<Skip>> skips_;            // by action
    std::set<std::string> late_;                        // ids that turned out irreversible
    std::vector<std::size_t> order_;                    // actions in order of execution
    std::vector<PlannedStep> steps_;                    // in that order
    std::vector<Draft> drafts_;                         // the same; at the end their steps are moved out
    std::unique_ptr<ManifestReferences> references_;    // with the outputs of the last pass's kept steps
    Json observed_;
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

// A template's references are dependencies like those in the manifest, so it is read before there is an order.
std::vector<std::string> Planner::actions_in_file(const Action& action, const ManifestReferences& references) const {
    const Node* file = action.with.find("template");
    if (file == nullptr || !file->is_text()) return {};
    Resolver resolver(manifest_.source_name, references);
    auto name = resolver.resolve(*file);
    if (!name.ok() || !name->is_string()) return {};  // told when the action is planned
    auto text =
        read_source_file(tools_.host, source_path(manifest_.directory, name->get<std::string>()), kMostTemplateBytes);
    if (!text.ok()) return {};
    return actions_in_template(*text, manifest_.ids);
}

void Planner::collect_dependencies(const ManifestReferences& references) {
    for (const Action& action : manifest_.actions) {
        std::vector<std::string>& ids = depends_on_.emplace_back();
        for (const SourceText& id : action.depends_on) add_new(ids, id.value);
        for (const std::string& id : referenced_actions(action, manifest_.ids)) add_new(ids, id);
        for (const std::string& id : actions_in_file(action, references)) add_new(ids, id);
    }
}

Position Planner::position_of(const std::string& id) const {
    for (const Action& action : manifest_.actions) {
        if (action.id == id) return action.position;
    }
    return Position{1, 1};
}

Result<std::vector<std::size_t>> Planner::order() const {
    std::vector<OrderNode> nodes;
    nodes.reserve(manifest_.actions.size());
    for (std::size_t at = 0; at < manifest_.actions.size(); ++at) {
        const Action& action = manifest_.actions[at];
        OrderNode& node = nodes.emplace_back();
        node.id = action.id;
        node.before = depends_on_[at];
        for (const SourceText& id : action.after) node.before.push_back(id.value);
        node.late = !skips_[at] && (action.irreversible || late_.count(action.id) != 0);
        node.wall = action.pivot;
    }
    auto order = order_steps(nodes);
    if (order.ok()) return order;
    ProblemList problems(manifest_.source_name);
    problems.add(position_of(order.error().path), order.error().code, order.error().message);
    return problems.to_error();
}

// True iff the order holds: a kind may turn out to be irreversible only when it is asked.
Result<bool> Planner::plan_pass(const ManifestReferences& references) {
    BACKOUT_TRY_ASSIGN(order_, order());
    references_ = std::make_unique<ManifestReferences>(references);
    Resolver resolver(manifest_.source_name, *references_, table_loader());
    PredictedWorld world(*real_world_, tools_.host);
    ActionPlanner planner(manifest_, tools_, *references_, resolver, world, problems_);
    std::map<std::string, Draft> earlier;
    for (const std::size_t at : order_) {
        const Action& action = manifest_.actions[at];
        const std::vector<std::string>& needs = depends_on_[at];
        const bool hopeless =
            std::any_of(needs.begin(), needs.end(), [&](const std::string& id) { return !earlier.at(id).sound; });
        if (hopeless) {
            earlier[action.id] = Draft{};  // what it needs has a problem of its own: one is enough
        } else if (skips_[at]) {
            earlier[action.id] = planner.skip(action, needs, *skips_[at]);
        } else {
            earlier[action.id] = planner.plan(action, needs, earlier);
        }
    }
    bool holds = true;
    for (const auto& [id, draft] : earlier) {
        if (draft.sound && draft.step.irreversible && late_.insert(id).second) holds = false;
    }
    drafts_.clear();
    for (const std::size_t at : order_) drafts_.push_back(std::move(earlier.at(manifest_.actions[at].id)));
    keep_settled_chains(drafts_, actions_awaited_in(manifest_.verify, resolver), world);
    for (std::size_t at = 0; at < drafts_.size(); ++at)
        planner.note_unless_kept(manifest_.actions[order_[at]], drafts_[at]);
    observed_ = world.observed();
    return holds;
}

// Planned again from the start if the order changes: what a step saw rests on what came before it.
Status Planner::plan_actions(const ManifestReferences& references) {
    for (int pass = 1; pass <= kMostPasses; ++pass) {
        BACKOUT_TRY_ASSIGN(const bool holds, plan_pass(references));
        if (holds || !problems_.empty()) return {};
        const std::vector<std::size_t> former = order_;
        BACKOUT_TRY_ASSIGN(const auto next, order());
        if (next == former) return {};
    }
    return Error{ErrorCode::invalid, manifest_.source_name +
                                         ": no stable order was found: which steps are irreversible changes "
                                         "with their order; say so with \"irreversible\": true"};
}

void Planner::check_order_conflicts(const std::vector<PlannedStep>& steps) {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t at = 0; at < steps.size(); ++at) places[steps[at].id] = at;
    DeclaredEdges declared(steps.size());
    for (std::size_t at = 0; at < steps.size(); ++at) {
        for (const std::string& id : depends_on_[order_[at]]) declared[at].push_back(places.at(id));
        for (const SourceText& id : manifest_.actions[order_[at]].after) declared[at].push_back(places.at(id.value));
    }
    for (const OrderConflict& conflict : find_order_conflicts(steps, declared)) {
        const std::string first = printable(steps[conflict.earlier].id);
        const std::string second = printable(steps[conflict.later].id);
        problems_.add(manifest_.actions[order_[conflict.later]].position, ErrorCode::invalid,
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
        if (touched.empty()) continue;
        problems_.add(manifest_.actions[order_[at]].position, ErrorCode::invalid,
                      "'" + printable(steps[at].id) + "' would touch " + printable(touched) + ": the state directory " +
                          printable(*key) + " holds the journal, and no step may reach into it");
    }
}

void Planner::check_space() {
    SpaceNeeds needs;
    for (const Draft& draft : drafts_) needs.insert(needs.end(), draft.space.begin(), draft.space.end());
    auto missing = find_missing_space(tools_.host, needs);
    if (!missing.ok()) return problems_.add(missing.error());
    for (const std::string& sentence : *missing) problems_.add(Error{ErrorCode::no_space, sentence});
}

void Planner::check_rules() {
    std::vector<PlannedStep>& steps = steps_;
    check_order_conflicts(steps);
    check_state_directory(steps);
    const std::string split_group = find_split_group(steps);
    if (!split_group.empty()) problems_.add(Position{1, 1}, ErrorCode::invalid, split_group);
    check_space();
    mark_superseded(steps);
}

Json Planner::state_of() const {
    Json state = observed_;
    state["facts"] = detected_.facts;
    Json& inputs = state["inputs"] = Json::object();
    for (const auto& [name, input] : references_->inputs().values) {
        inputs[name] =
            Json{{"value", input.secret ? Json(nullptr) : input.value}, {"secret", input.secret}, {"given", true}};
    }
    for (const auto& [name, how] : references_->inputs().missing) {
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
        for (const std::string& warning : drafts_[at].warnings) warnings.push_back(name + ": " + warning);
        if (step.every_time && step.changes()) warnings.push_back(name + " runs every time");
    }
    for (std::string& warning : warn_of_power_cuts(tools_.host, steps)) warnings.push_back(std::move(warning));
    return warnings;
}

Status Planner::resolve_plan_verify(Plan& plan) const {
    Resolver resolver(manifest_.source_name, *references_, table_loader());
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
    for (Draft& draft : drafts_) {
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
    collect_dependencies(references);
    skips_ = decide_skips(manifest_, references.inputs(), resolver, depends_on_, problems_);
    BACKOUT_TRY(plan_actions(references));
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
