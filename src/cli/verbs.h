#pragma once
// The verbs, one file each. Each declares what it takes and does its one thing; consent, exit codes and the way things
// are said live elsewhere.

#include <vector>

#include "cli/command_line.h"
#include "cli/context.h"
#include "cli/plan_source.h"

namespace backout {

VerbSpec plan_verb();
VerbSpec show_verb();
VerbSpec check_verb();
VerbSpec apply_verb();
VerbSpec resume_verb();
VerbSpec rollback_verb();
VerbSpec verify_verb();
VerbSpec status_verb();
VerbSpec resolve_verb();
VerbSpec history_verb();
VerbSpec log_verb();
VerbSpec graph_verb();
VerbSpec kinds_verb();
VerbSpec schema_verb();
VerbSpec prune_verb();
VerbSpec doctor_verb();

/// All of them, in the order in which help lists them.
const std::vector<VerbSpec>& all_verbs();

}  // namespace backout
