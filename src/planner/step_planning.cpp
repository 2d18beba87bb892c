#include "planner/step_planning.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "compensators/argument_reader.h"
#include "manifest/reference_check.h"
#include "plan/order.h"
#include "planner/source_file.h"
#include "planner/template_file.h"
#include "planner/unasked.h"

namespace backout {

namespace {

constexpr int kMostPasses = 3;

void add_new(std::vector<std::string>& list, const std::string& word) {
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

}  // namespace

// A template's references are dependencies like those in the manifest, so it is read before there is an order.
std::vector<std::string> StepPlanning::actions_in_file(const Action& action,
                                                       const ManifestReferences& references) const {
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

void StepPlanning::collect_dependencies(const ManifestReferences& references) {
    for (const Action& action : manifest_.actions) {
        std::vector<std::string>& ids = depends_on_.emplace_back();
        for (const SourceText& id : action.depends_on) add_new(ids, id.value);
        for (const std::string& id : referenced_actions(action, manifest_.ids)) add_new(ids, id);
        for (const std::string& id : actions_in_file(action, references)) add_new(ids, id);
    }
}

Position StepPlanning::position_of(const std::string& id) const {
    for (const Action& action : manifest_.actions) {
        if (action.id == id) return action.position;
    }
    return Position{1, 1};
}

Result<std::vector<std::size_t>> StepPlanning::find_order() const {
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

// Lays aside what those that `wanted` names have done, last step first.
std::set<std::string> StepPlanning::retrace(ActionPlanner& planner, const std::set<std::string>& wanted) const {
    std::set<std::string> retraced;
    for (auto at = order_.rbegin(); at != order_.rend() && !wanted.empty(); ++at) {
        const Action& action = manifest_.actions[*at];
        if (wanted.count(action.id) != 0 && planner.retrace(action)) retraced.insert(action.id);
    }
    return retraced;
}

void StepPlanning::plan_drafts(ActionPlanner& planner) {
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
    drafts_.clear();
    for (const std::size_t at : order_) drafts_.push_back(std::move(earlier.at(manifest_.actions[at].id)));
}

// True iff nobody else turned out to be irreversible.
bool StepPlanning::note_late_ones() {
    bool holds = true;
    for (const Draft& draft : drafts_) {
        if (draft.sound && draft.step.irreversible && late_.insert(draft.step.id).second) holds = false;
    }
    return holds;
}

// True iff the order holds, and nothing was asked too early: a kind may turn out to be irreversible only when it is
// asked.
Result<bool> StepPlanning::plan_pass(const ManifestReferences& references, RetracedIds& retraced) {
    BACKOUT_TRY_ASSIGN(order_, find_order());
    references_ = std::make_unique<ManifestReferences>(references);
    Resolver resolver(manifest_.source_name, *references_, tables_);
    PredictedWorld world(real_world_, tools_.host);
    ActionPlanner planner(manifest_, tools_, *references_, resolver, world, problems_);
    planner.leave_unasked(unasked_);
    retraced.ids = retrace(planner, retraced.ids);
    plan_drafts(planner);
    const bool holds = note_late_ones();
    settled_ = keep_settled_chains(drafts_, actions_awaited_in(manifest_.verify, resolver), world, retraced);
    for (std::size_t at = 0; at < drafts_.size(); ++at)
        planner.note_unless_kept(manifest_.actions[order_[at]], drafts_[at]);
    observed_ = world.observed();
    asked_too_early_ = note_unasked(drafts_, tools_.kinds, unasked_);
    return holds && !asked_too_early_;
}

// Planned again from the start if the order changes: what a step saw rests on what came before it.
Status StepPlanning::plan_in_stable_order(const ManifestReferences& references) {
    // Steps that were asked too early get fewer with each pass: they don't count.
    for (int pass = 1; pass <= kMostPasses; pass += asked_too_early_ ? 0 : 1) {
        RetracedIds none;
        BACKOUT_TRY_ASSIGN(const bool holds, plan_pass(references, none));
        if (holds || !problems_.empty()) return {};
        if (asked_too_early_) continue;
        const std::vector<std::size_t> former = order_;
        BACKOUT_TRY_ASSIGN(const auto next, find_order());
        if (next == former) return {};
    }
    return Error{ErrorCode::invalid, manifest_.source_name +
                                         ": no stable order was found: which steps are irreversible changes "
                                         "with their order; say so with \"irreversible\": true"};
}

// Whose paths look as if they had been executed, by the world as it is.
RetracedIds StepPlanning::find_retraceable(const ManifestReferences& references) {
    ManifestReferences answers(references);
    Resolver resolver(manifest_.source_name, answers, tables_);
    PredictedWorld world(real_world_, tools_.host);
    ProblemList unheard(manifest_.source_name);
    ActionPlanner planner(manifest_, tools_, answers, resolver, world, unheard);
    RetracedIds found;
    for (const std::size_t at : order_) {
        const Action& action = manifest_.actions[at];
        if (skips_[at]) continue;
        (planner.is_outstanding(action) ? found.outstanding : found.ids).insert(action.id);
    }
    return found;
}

bool StepPlanning::rests_on_what_is_gone() const {
    return std::any_of(drafts_.begin(), drafts_.end(),
                       [](const Draft& draft) { return draft.rests_on_retraced && draft.step.changes(); });
}

// What was retraced in vain is left out of the next pass: its chain has something to do.
void StepPlanning::plan_as_if_undone(const ManifestReferences& references) {
    const ProblemList complaints = problems_;
    RetracedIds retraced = find_retraceable(references);
    for (int pass = 1; pass <= kMostPasses && !retraced.ids.empty(); ++pass) {
        problems_ = ProblemList(manifest_.source_name);
        const auto holds = plan_pass(references, retraced);
        if (!holds.ok()) break;
        const bool in_vain = settled_ != retraced.ids;
        if (*holds && !in_vain && problems_.empty() && !rests_on_what_is_gone()) return;
        if (*holds && !in_vain) break;
        retraced.ids = settled_;
    }
    problems_ = complaints;
}

Status StepPlanning::run(const ManifestReferences& references, std::vector<std::optional<Skip>> skips) {
    skips_ = std::move(skips);
    const bool sound = problems_.empty();
    BACKOUT_TRY(plan_in_stable_order(references));
    if (sound && !problems_.empty()) plan_as_if_undone(references);
    return {};
}

}  // namespace backout
