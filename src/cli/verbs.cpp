#include "cli/verbs.h"

namespace backout {

const std::vector<VerbSpec>& all_verbs() {
    static const std::vector<VerbSpec> kVerbs = {plan_verb(),    show_verb(),     check_verb(),  apply_verb(),
                                                 resume_verb(),  rollback_verb(), verify_verb(), status_verb(),
                                                 resolve_verb(), history_verb(),  log_verb(),    graph_verb(),
                                                 kinds_verb(),   schema_verb(),   prune_verb(),  doctor_verb()};
    return kVerbs;
}

}  // namespace backout
