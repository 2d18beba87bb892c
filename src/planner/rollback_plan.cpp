#include "planner/rollback_plan.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/entry_state.h"
#include "plan/plan_codec.h"
#include "plan/resource_index.h"
#include "planner/plan_rules.h"

namespace backout {

namespace {

constexpr const char* kLeftOut = "left out by --skip";

std::string operation_of(const PlannedStep& step) {
    if (!step.before.is_null()) return "restore";
    return step.after.is_null() ? "run" : "remove";
}

std::string redo_text(const PlannedStep& step) {
    return "redo: " + step.operation + " " + printable(step.target);
}

void make_skip(PlannedStep& step, const std::string& reason) {
    step.operation = "skip";
    step.reason = reason;
    step.effect = Effect::none;
    step.resources.clear();
    step.undo = UndoDeclaration{"nothing to undo"};
}

bool is_listed(const std::vector<std::string>& keys, const std::string& path) {
    return std::find(keys.begin(), keys.end(), path) != keys.end();
}

bool is_left_alone(const PlannedStep& step) {
    return step.details.contains("conflict") && !bool_member(step.details, "overwrite", false);
}

class RollbackPlanner {
  public:
    RollbackPlanner(const std::string& run, const Plan& target, const RollbackOptions& options,
                    const RollbackTools& tools)
        : run_(run), target_(target), options_(options), tools_(tools) {}

    Result<Plan> make(std::vector<TakenStep> taken);

  private:
    Status check_ids() const;
    bool changes_nothing(const TakenStep& taken) const;
    Result<PlannedStep> make_step(const TakenStep& taken);
    Status look(const TakenStep& taken, const PlannedStep& former, PlannedStep& step);
    Result<std::vector<PlannedStep>> make_steps(const std::vector<TakenStep>& taken);
    bool keep_groups_whole(const std::vector<PlannedStep>& steps);
    std::vector<std::string> gone_before(const PlannedStep& former) const;
    void note_gone(const PlannedStep& step);
    void add_conflict(const PlannedStep& former, const Observation& seen, PlannedStep& step);
    void arrange(std::vector<PlannedStep>& steps) const;

    const std::string& run_;
    const Plan& target_;
    const RollbackOptions& options_;
    const RollbackTools& tools_;
    std::vector<std::string> warnings_;
    std::vector<std::string> gone_;  ///< resource keys of the steps that go back before the one at hand
    std::map<std::string, std::string> left_groups_;  ///< with the reason why they stay as they are
};

Status RollbackPlanner::check_ids() const {
    std::vector<std::string> ids;
    for (const PlannedStep& step : target_.steps) ids.push_back(step.id);
    for (const auto* wanted : {&options_.skip, &options_.overwrite_conflicts}) {
        for (const std::string& id : *wanted) {
            if (target_.find(id) != nullptr) continue;
            return Error{ErrorCode::invalid,
                         "the run " + run_ + " has no step '" + printable(id) + "'" + did_you_mean(id, ids)};
        }
    }
    return {};
}

// What later steps of the same run changed again is theirs, and goes back before this step does.
void RollbackPlanner::add_conflict(const PlannedStep& former, const Observation& seen, PlannedStep& step) {
    Json differences = Json::array();
    std::string words;
    for (const Difference& difference : seen.differences) {
        if (is_listed(former.superseded, difference.path) || is_listed(options_.taken_back_first, difference.path))
            continue;
        if (words.empty()) words = printable(difference.path) + ": " + difference.attribute;
        differences.push_back(difference_to_json(difference));
    }
    if (differences.empty() && (!former.superseded.empty() || !options_.taken_back_first.empty())) return;
    if (words.empty()) words = seen.note.empty() ? printable(step.target) : seen.note;
    const bool overwrite = options_.overwrite_conflicts.count(step.id) != 0;
    step.details = Json{{"conflict", differences}, {"note", seen.note}, {"overwrite", overwrite}};
    step.arguments = former.arguments;  // for the diff of what somebody else changed: what the run left is nowhere else
    const std::string name = "'" + printable(step.id) + "'";
    warnings_.push_back(name + " was changed by somebody else since (" + words + "): " +
                        (overwrite ? "it is overwritten, as you asked"
                                   : "it will be left alone; --overwrite-conflict " + printable(step.id) +
                                         " takes it back all the same"));
}

/// What lies below the step's own paths and goes back before it does is nobody else's.
std::vector<std::string> RollbackPlanner::gone_before(const PlannedStep& former) const {
    std::vector<std::string> below;
    for (const std::string& key : gone_) {
        const bool inside = std::any_of(former.resources.begin(), former.resources.end(), [&key](const Resource& own) {
            return key.size() > own.key.size() && key.compare(0, own.key.size() + 1, own.key + "/") == 0;
        });
        if (inside) below.push_back(key);
    }
    return below;
}

void RollbackPlanner::note_gone(const PlannedStep& step) {
    if (!step.changes() || is_left_alone(step)) return;
    for (const Resource& resource : step.resources) gone_.push_back(resource.key);
}

Status RollbackPlanner::look(const TakenStep& taken, const PlannedStep& former, PlannedStep& step) {
    const Compensator* kind = tools_.kinds.find(former.kind);
    if (kind == nullptr) {
        return Error{ErrorCode::invalid, "step '" + printable(former.id) + "' is of the kind '" +
                                             printable(former.kind) +
                                             "', which this program doesn't have: it can't be taken back without it"};
    }
    StepContext context{tools_.host, tools_.images};
    context.step_id = former.id;
    context.timeout = former.timeout;
    context.planned_arguments = &former.arguments;
    context.superseded = former.superseded;
    context.superseded.insert(context.superseded.end(), options_.taken_back_first.begin(),
                              options_.taken_back_first.end());
    const std::vector<std::string> gone = gone_before(former);
    context.superseded.insert(context.superseded.end(), gone.begin(), gone.end());
    context.going_back = true;
    context.expand = tools_.expand;
    auto seen = kind->observe(context, taken.image, true);
    if (!seen.ok()) {
        warnings_.push_back("'" + printable(step.id) + "' can't be looked at: " + seen.error().text());
        return {};
    }
    // Where nothing can be seen, the journal's word stands, as in the run itself.
    if (!seen->can_tell) return {};
    switch (seen->where) {
        case Where::after: break;
        case Where::before:
        case Where::both: step.details = Json{{"already", true}}; break;
        case Where::mixed:
            if (!seen->differences.empty()) add_conflict(former, *seen, step);
            break;
        case Where::neither: add_conflict(former, *seen, step); break;
        case Where::unreadable:
            warnings_.push_back("'" + printable(step.id) + "' can't be looked at" +
                                (seen->note.empty() ? "" : ": " + seen->note));
            break;
    }
    return {};
}

bool RollbackPlanner::changes_nothing(const TakenStep& taken) const {
    const bool known = taken.step >= 1 && taken.step <= target_.steps.size();
    return known && target_.steps[taken.step - 1].effect == Effect::none;
}

Result<PlannedStep> RollbackPlanner::make_step(const TakenStep& taken) {
    if (taken.step == 0 || taken.step > target_.steps.size()) {
        return Error{ErrorCode::journal, "the run " + run_ + " has a record of step " + std::to_string(taken.step) +
                                             ", which its plan lacks"};
    }
    const PlannedStep& former = target_.steps[taken.step - 1];
    PlannedStep step;
    step.id = former.id;
    step.kind = former.kind;
    step.category = former.category;
    step.operation = operation_of(former);
    step.target = former.target;
    step.description = former.description;
    step.before = former.after;
    step.after = former.before;
    step.resources = former.resources;
    step.group = former.group;
    step.effect = former.effect;
    step.retry = former.retry;
    step.timeout = former.timeout;
    step.origin = Origin{run_, taken.step};
    step.undo = UndoDeclaration{redo_text(former)};
    if (former.effect == Effect::tearable) {
        step.undo.reversibility = Reversibility::conditional;
        step.undo.condition = "what it did can be done again";
    }
    if (!taken.residue.empty()) {
        make_skip(step, taken.residue);
        step.details = Json{{"residue", true}};
    } else if (options_.skip.count(step.id) != 0) {
        make_skip(step, kLeftOut);
    } else {
        BACKOUT_TRY(look(taken, former, step));
    }
    // A member that is in conflict itself shows that; the others say why they stay.
    const auto group = left_groups_.find(step.group);
    const bool goes_along = step.changes() && !is_left_alone(step) && !bool_member(step.details, "already", false);
    if (group != left_groups_.end() && goes_along) make_skip(step, group->second);
    return step;
}

/// Members of a group go back together or not at all. False: a group was found that has to stay.
bool RollbackPlanner::keep_groups_whole(const std::vector<PlannedStep>& steps) {
    const std::size_t known = left_groups_.size();
    for (const PlannedStep& step : steps) {
        const bool left_out = step.operation == "skip" && step.reason == kLeftOut;
        if (step.group.empty() || (!left_out && !is_left_alone(step))) continue;
        const std::string why = left_out ? "' is left out by --skip" : "' was changed by somebody else";
        left_groups_.emplace(step.group, "its group '" + printable(step.group) + "' goes back together, and '" +
                                             printable(step.id) + why);
    }
    return left_groups_.size() == known;
}

/// What stays changes what is seen of the others: looked at anew until no further group has to stay.
Result<std::vector<PlannedStep>> RollbackPlanner::make_steps(const std::vector<TakenStep>& taken) {
    for (;;) {
        std::vector<PlannedStep> steps;
        warnings_.clear();
        gone_.clear();
        for (const TakenStep& one : taken) {
            if (changes_nothing(one)) continue;  // a check: there is nothing to take back
            BACKOUT_TRY_ASSIGN(PlannedStep step, make_step(one));
            note_gone(step);
            steps.push_back(std::move(step));
        }
        if (keep_groups_whole(steps)) return steps;
    }
}

// Order only: a step that is left as a conflict keeps nobody else from going back.
void RollbackPlanner::arrange(std::vector<PlannedStep>& steps) const {
    std::map<std::string, std::size_t> places;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        steps[at].step = static_cast<std::uint32_t>(at + 1);
        places[steps[at].id] = at;
    }
    const auto add_order = [&](std::size_t earlier, std::size_t later) {
        if (earlier >= later) return;
        auto& ids = steps[later].after_ids;
        if (std::find(ids.begin(), ids.end(), steps[earlier].id) == ids.end()) ids.push_back(steps[earlier].id);
    };
    ResourceIndex index;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        const PlannedStep& former = target_.steps[steps[at].origin.step - 1];
        for (const auto* needed : {&former.depends_on, &former.after_ids}) {
            for (const std::string& id : *needed) {
                const auto place = places.find(id);
                if (place != places.end()) add_order(at, place->second);
            }
        }
        for (const Resource& resource : steps[at].resources) {
            for (const std::uint32_t other : index.latest(resource)) add_order(other, at);
            index.add(resource, static_cast<std::uint32_t>(at));
        }
    }
    mark_superseded(steps);
}

Result<Plan> RollbackPlanner::make(std::vector<TakenStep> taken) {
    BACKOUT_TRY(check_ids());
    std::sort(taken.begin(), taken.end(),
              [](const TakenStep& a, const TakenStep& b) { return a.intent_sequence > b.intent_sequence; });
    Plan plan;
    BACKOUT_TRY_ASSIGN(plan.steps, make_steps(taken));
    arrange(plan.steps);
    plan.name = target_.name;
    plan.command = options_.command;
    plan.created = tools_.clock.now();
    plan.host = tools_.host.host_name();
    plan.root = tools_.host.root();
    plan.state = Json{{"paths", Json::object()},
                      {"lists", Json::object()},
                      {"facts", Json::object()},
                      {"inputs", member(target_.state, "inputs")},  // they name the variables that hold secrets
                      {"env", Json::object()}};
    plan.manifest_directory = target_.manifest_directory;
    plan.undoes = run_;
    plan.warnings = std::move(warnings_);
    plan.context = Json::object();
    plan.id = "p-" + tools_.ids.random_name(16);
    plan.digest = plan_digest(plan);
    return plan;
}

}  // namespace

Result<Plan> make_rollback_plan(const std::string& run, const Plan& target, const std::vector<TakenStep>& taken,
                                const RollbackOptions& options, const RollbackTools& tools) {
    try {
        return RollbackPlanner(run, target, options, tools).make(taken);
    } catch (const std::exception& error) {
        return Error{ErrorCode::failed, std::string("planning the rollback failed: ") + error.what()};
    }
}

namespace {

/// What taking the step back lays hands on. A folder that it made goes as a whole: what came into it later is in the
/// way, though the making itself concerned the folder's name only.
std::vector<Resource> reach_of_undo(const PlannedStep& step) {
    std::vector<Resource> reach = step.resources;
    const bool made = step.effect == Effect::atomic && (step.before.is_null() || step.operation == "create");
    for (Resource& resource : reach) resource.tree = resource.tree || (made && resource.part.empty());
    return reach;
}

}  // namespace

RunInTheWay find_run_in_the_way(const Plan& target, const std::vector<LaterRun>& later) {
    ResourceIndex index;
    std::vector<Resource> own;
    for (const PlannedStep& step : target.steps) {
        if (!step.changes()) continue;
        for (Resource& resource : reach_of_undo(step)) own.push_back(std::move(resource));
    }
    for (std::size_t at = 0; at < own.size(); ++at) index.add(own[at], static_cast<std::uint32_t>(at));
    for (const LaterRun& run : later) {
        for (const PlannedStep& step : run.plan->steps) {
            if (!step.changes()) continue;
            for (const Resource& resource : step.resources) {
                if (!index.overlaps_any(resource)) continue;
                // Other entries of a shared file are nobody's business but their own.
                const bool shared = std::any_of(own.begin(), own.end(), [&resource](const Resource& one) {
                    return overlaps(one, resource) && !are_apart(one, resource);
                });
                if (shared) return RunInTheWay{run.run, resource.key};
            }
        }
    }
    return {};
}

}  // namespace backout
