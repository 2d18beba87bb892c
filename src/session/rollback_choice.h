#pragma once
// Which finished runs may be taken back, and what of them. Pure: summaries and records in, names out. How it is done is
// planned elsewhere (planner/rollback_plan.h).

#include <vector>

#include "journal/journal_store.h"
#include "planner/rollback_plan.h"
#include "session/session.h"

namespace backout {

/// The run at the beginning of a chain "R3 took back R2, which took back R1".
const RunSummary& root_of(const std::vector<RunSummary>& runs, const RunSummary& run);

/// Committed, changed something, is no rollback and was not taken back: what `rollback` without argument chooses from.
bool can_be_taken_back(const RunSummary& run);

/// What makes the world another one than `target` left it, newest first: later runs that stand, and rollbacks of older
/// runs that weren't redone. A rollback and its redo, both later, cancel each other out; an incomplete rollback of
/// `target` itself is not in its way.
std::vector<RunSummary> later_runs(const std::vector<RunSummary>& runs, const RunSummary& target);

/// All that must be taken back to reach the state before `target`, what lies on top first.
std::vector<RunSummary> runs_since(const std::vector<RunSummary>& runs, const RunSummary& target);

/// The steps of a run that had an effect which may still be there.
std::vector<TakenStep> taken_steps(const RunDetails& run);

}  // namespace backout
