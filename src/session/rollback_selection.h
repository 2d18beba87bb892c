#pragma once
// Which finished runs a request means, and whether a later run lies upon one of them. Reads the journal, and nothing
// else; the pure part is rollback_choice.h.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "journal/journal_store.h"
#include "session/session.h"

namespace backout {

/// Runs to take back, what lies on top first; a note says why there are none.
struct Selection {
    std::vector<RunSummary> targets;
    std::string note;
};
/// Errors: `not_found`; `failed` when a later run is in the way of the one that was meant.
Result<Selection> select_targets(JournalStore& journal, const RollbackRequest& request);

/// What a person names must be there: a slip of the pen would take back what is wanted left, or leave it. Errors:
/// `invalid`.
Status check_ids(const Plan& plan, const std::string& run, const std::set<std::string>& wanted);

/// Runs that are to be taken back before, each with the ids of the steps that will be left all the same.
using TakenBackFirst = std::map<std::string, std::set<std::string>>;

/// "" or why `target` can't be taken back: a later run, of which something stands, changed the same things.
Result<std::string> what_is_in_the_way(JournalStore& journal, const RunSummary& target, const TakenBackFirst& first);

}  // namespace backout
