#pragma once
// From a word on the command line to a plan: a manifest is planned, a saved plan is loaded, "-" is standard input.

#include <string>

#include "cli/context.h"
#include "cli/files.h"
#include "plan/plan.h"

namespace backout {

/// Notes where the secret inputs of a plan come from: what was given with this call, and the variables that the plan
/// names. Asks nobody. Errors: those of reading --inputs.
Status offer_secrets(Context& context, const Plan& plan);
/// Plans a manifest with the inputs of the command line. Writes nothing.
Result<Plan> plan_manifest(Context& context, const InputText& input);
/// Loads a saved plan; its digest is checked (`stale`). Secret inputs that it needs are noted, not asked for yet.
Result<Plan> load_plan(Context& context, const InputText& input);
/// Either of the two, by what the text says it is.
Result<Plan> plan_of(Context& context, const InputText& input);

/// Where -o leads.
struct Output {
    bool is_file = false;
    bool is_stream = false;  ///< "-": standard output
    std::string path = {};   ///< absolute, of a file
};
/// What -o says, looked at before any work. `source` is what is read. Errors: `usage`, `not_found`.
Result<Output> output_of(const Context& context, const std::string& source);

/// True iff `word` names a run rather than a file: "r-12…" or a number, unless a file of that name is there.
bool names_run(const std::string& word);
/// A run as its report.
Result<RunReport> report_of(Context& context, const std::string& run);

}  // namespace backout
