#pragma once
// "plan, apply, plan again: nothing to do", for several ordered steps on one file or tree. Each of them, planned
// through what the ones before it will leave, would change something (a file.write takes the later file.edit's change
// away, the file.edit makes it again), and the end is what stands there already. The end of a chain decides: if every
// resource that its steps lay hands on ends exactly as it is now, all of them are kept, and watched against that end.
//
// A chain is left as it is planned, if anybody could see what is in between: a command, a check, or anything else that
// isn't atomic runs between its first and its last step; a step of it can't be foreseen, runs every time, or has
// outputs that somebody refers to. An atomic step in between that depends on one of the chain is drawn into the chain.

#include <set>
#include <string>
#include <vector>

#include "planner/action_planner.h"
#include "planner/predicted_world.h"

namespace backout {

/// Ids of the actions whose outputs `checks` use. What is wrong with a check is told elsewhere.
std::set<std::string> actions_awaited_in(const std::vector<Node>& checks, Resolver& resolver);

/// Steps that the world was made to look undone for (compensators/retraceable.h).
struct RetracedIds {
    std::set<std::string> ids = {};
    std::set<std::string> outstanding = {};  ///< others that have surely not been done: their chains aren't settled
};

/// Answers those of `retraced` whose chains were kept. All of such a chain is watched against its end, also what the
/// retraced world would have kept by itself.
/// Requires: `drafts` in order of execution, `world` with what all of them leave; `referenced`: ids whose outputs are
/// used elsewhere than in the steps.
std::set<std::string> keep_settled_chains(std::vector<Draft>& drafts, std::set<std::string> referenced,
                                          PredictedWorld& world, const RetracedIds& retraced);

}  // namespace backout
