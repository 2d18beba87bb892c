#pragma once
// One action → one step: arguments resolved, the kind asked once, its answer written into the step. Also lays what the
// step will leave over the predicted world, and makes outputs of kept steps known.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compensators/retraceable.h"
#include "manifest/manifest_references.h"
#include "manifest/resolver.h"
#include "planner/planner.h"
#include "planner/predicted_world.h"
#include "planner/problem_list.h"
#include "planner/skips.h"

namespace backout {

/// A step that isn't numbered yet, with what only the planner needs to know.
struct Draft {
    PlannedStep step;
    std::vector<std::pair<std::string, std::uint64_t>> space = {};
    std::vector<std::string> warnings = {};
    std::vector<std::string> outputs = {};  ///< names that may be referred to; empty: any
    bool sound = false;                     ///< false: a problem was noted
    bool rests_on_retraced = false;         ///< it saw what is there no more: it can only be kept
    std::optional<Error> unless_kept = {};  ///< the problem that is noted in the end unless the step is kept
};

/// By id of a step that asks a program: the steps after which it can be asked.
using UnaskedIds = std::map<std::string, std::vector<std::string>>;

class ActionPlanner {
  public:
    /// Requires: all outlive this.
    ActionPlanner(const Manifest& manifest, const PlannerTools& tools, ManifestReferences& references,
                  Resolver& resolver, PredictedWorld& world, ProblemList& problems);

    /// A step for `action`, planned after all of `earlier`. Problems are noted, and the draft is unsound then.
    Draft plan(const Action& action, const std::vector<std::string>& depends_on,
               const std::map<std::string, Draft>& earlier);
    /// Steps that are planned without an answer. Requires: `unasked` outlives this.
    void leave_unasked(const UnaskedIds& unasked) { unasked_ = &unasked; }
    /// A step that shows why the action isn't done.
    Draft skip(const Action& action, const std::vector<std::string>& depends_on, const Skip& skip);

    /// Lays over the predicted world what stood there before `action` was executed. True iff something could be said.
    bool retrace(const Action& action);
    /// True iff `action` can be retraced, and has surely not been done.
    bool is_outstanding(const Action& action);

    /// Notes why a step can't be executed, now that it is known whether it has to be.
    void note_unless_kept(const Action& action, const Draft& draft);

  private:
    PlannedStep start_step(const Action& action, const std::vector<std::string>& depends_on) const;
    Result<Bytes> read_template(const std::string& path);
    Result<Json> resolve_arguments(const Action& action, const Compensator& kind);
    Status resolve_verify(const Action& action, PlannedStep& step);
    Error at(Position position, const Action& action, const std::string& problem) const;
    Error verify_error(const Action& action, const Node& check, const std::vector<std::string>& complaints) const;
    Status check_outputs(const Action& action, const Compensator& kind, const Json& with,
                         const std::map<std::string, Draft>& earlier) const;
    Result<Retraced> ask_for_retrace(const Action& action);
    Status ask_kind(const Compensator& kind, Json with, Draft& draft);
    Result<Planned> answer_of(const Compensator& kind, PlanRequest& request, const Draft& draft) const;
    Status make_outputs_known(const Compensator& kind, const PlannedStep& step);
    Result<Json> expand_now(const Json& value) const;
    void note(const Action& action, const Error& error);
    Status plan_into(const Action& action, const std::map<std::string, Draft>& earlier, Draft& draft);

    const Manifest& manifest_;
    const PlannerTools& tools_;
    ManifestReferences& references_;
    Resolver& resolver_;
    PredictedWorld& world_;
    ProblemList& problems_;
    const UnaskedIds* unasked_ = nullptr;
};

}  // namespace backout
