#pragma once
// What the steps of a run gave out, for a run that takes it back: an undo may name the output of an earlier step, which
// is in the journal of the run that made it, and nowhere else (P5).

#include <map>
#include <string>

#include "base/json.h"
#include "journal/journal_store.h"

namespace backout {

/// Outputs by step id: those of `run`, and where it gave out none, those of the run that it took back, and so on.
/// Secrets stand in them as templates. Errors: `journal`.
Result<std::map<std::string, Json>> past_outputs(JournalStore& journal, const RunSummary& run);

/// "a.b" walks into objects. Null if there is no such member.
const Json* find_output(const Json& outputs, const std::string& field);

}  // namespace backout
