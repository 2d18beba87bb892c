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

/// What stands of `run` gave out, by step id: its own outputs, or those of a rollback of it that turned round and did
/// a step again. Errors: `journal`.
Result<std::map<std::string, Json>> outputs_of_run(JournalStore& journal, const RunSummary& run);

/// True for a run that does what its steps say: a first one, or a redo. False for one that takes such a run back.
Result<bool> does_its_steps(JournalStore& journal, const RunSummary& run);

/// True iff every output of the step `id` that `image` names is in `outputs`.
bool has_own_outputs(const std::string& id, const Json& image, const std::map<std::string, Json>& outputs);

/// "a.b" walks into objects. Null if there is no such member.
const Json* find_output(const Json& outputs, const std::string& field);

}  // namespace backout
