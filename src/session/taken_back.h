#pragma once
// What rollbacks before have taken back of a run without reaching its whole. Read from the journal alone: what they did
// is done, and neither tried again nor claimed by the rollback that follows.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "journal/journal_store.h"
#include "session/session.h"

namespace backout {

/// The steps of `target` that rollbacks of it took back, but for those that a rollback of a rollback has redone since.
/// `runs`: the whole history.
Result<std::set<std::uint32_t>> steps_taken_back(JournalStore& journal, const std::vector<RunSummary>& runs,
                                                 const RunSummary& target);

/// The steps of `target` that a person said to leave as they are, in a rollback that couldn't take them back.
Result<std::set<std::uint32_t>> steps_left_by_a_person(JournalStore& journal, const std::vector<RunSummary>& runs,
                                                       const RunSummary& target);

/// An unfinished run takes it back, or was about to: its slots hold what was there before, or what came after.
bool is_on_its_way_back(const std::vector<RunSummary>& runs, const RunSummary& target);

/// The newest rollback of `target` that left something, "" if there is none.
std::string incomplete_rollback_of(const std::vector<RunSummary>& runs, const RunSummary& target);

}  // namespace backout
