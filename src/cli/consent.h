#pragma once
// Nothing is written before somebody agreed (P2), and nothing irreversible before somebody agreed to just that (P7).

#include <string>

#include "cli/context.h"
#include "plan/plan.h"

namespace backout {

/// `usage` when nobody can be asked and --yes is missing. To be called before anything is read.
Status require_consent_possible(const Context& context, const std::string& verb);

/// The person's answer to `question`, or yes because of --yes. Shows `plan_text` where the person can see it.
Result<bool> ask_consent(Context& context, const std::string& plan_text, const std::string& question);

/// Each irreversible step needs --allow-irreversible ID or, on a terminal, a yes of its own.
/// Errors: `usage`, naming the flags that are missing, or an id that is no irreversible step.
Result<bool> ask_irreversible(Context& context, const Plan& plan);

}  // namespace backout
