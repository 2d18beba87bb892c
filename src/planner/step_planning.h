#pragma once
// All actions of a manifest → all steps, in order of execution: pass after pass over the manifest, until the order that
// the steps were planned in is the order that they ask for. A manifest that can't be executed as things are may have
// been executed already: it is then planned once more as if its moves had not been made, and taken for executed if
// every chain of steps that this concerns ends in what is there (settled_chains.h, compensators/retraceable.h).

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "manifest/manifest_references.h"
#include "manifest/resolver.h"
#include "planner/action_planner.h"
#include "planner/predicted_world.h"
#include "planner/problem_list.h"
#include "planner/settled_chains.h"
#include "planner/skips.h"

namespace backout {

class StepPlanning {
  public:
    /// Requires: all outlive this. Problems are noted in `problems`.
    StepPlanning(const Manifest& manifest, const PlannerTools& tools, Resolver::TableLoader tables, WorldView& world,
                 ProblemList& problems)
        : manifest_(manifest), tools_(tools), tables_(std::move(tables)), real_world_(world), problems_(problems) {}

    /// What each action depends on, by position: declared, and by reference.
    void collect_dependencies(const ManifestReferences& references);
    const std::vector<std::vector<std::string>>& depends_on() const { return depends_on_; }
    /// Plans everything. `skips`: by action. Errors: no order; other problems are noted.
    Status run(const ManifestReferences& references, std::vector<std::optional<Skip>> skips);

    // The outcome of the last pass.
    const std::vector<std::size_t>& order() const { return order_; }  ///< actions in order of execution
    std::vector<Draft>& drafts() { return drafts_; }                  ///< in that order
    const std::vector<Draft>& drafts() const { return drafts_; }
    const ManifestReferences& references() const { return *references_; }  ///< with the outputs of kept steps
    const Json& observed() const { return observed_; }

  private:
    std::vector<std::string> actions_in_file(const Action& action, const ManifestReferences& references) const;
    Position position_of(const std::string& id) const;
    Result<std::vector<std::size_t>> find_order() const;
    Status plan_in_stable_order(const ManifestReferences& references);
    /// `retraced`: what to retrace; afterwards, what really was.
    Result<bool> plan_pass(const ManifestReferences& references, RetracedIds& retraced);
    std::set<std::string> retrace(ActionPlanner& planner, const std::set<std::string>& wanted) const;
    void plan_drafts(ActionPlanner& planner);
    bool note_late_ones();
    RetracedIds find_retraceable(const ManifestReferences& references);
    bool rests_on_what_is_gone() const;
    void plan_as_if_undone(const ManifestReferences& references);

    const Manifest& manifest_;
    const PlannerTools& tools_;
    Resolver::TableLoader tables_;
    WorldView& real_world_;
    ProblemList& problems_;
    std::vector<std::vector<std::string>> depends_on_;
    std::vector<std::optional<Skip>> skips_;
    std::set<std::string> late_;  // ids that turned out irreversible
    std::vector<std::size_t> order_;
    std::vector<Draft> drafts_;
    std::unique_ptr<ManifestReferences> references_;
    Json observed_;
    UnaskedIds unasked_;
    bool asked_too_early_ = false;   // in the last pass: a program, about a world that isn't there yet
    std::set<std::string> settled_;  // what was retraced in the last pass, and kept
};

}  // namespace backout
