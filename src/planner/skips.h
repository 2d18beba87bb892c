#pragma once
// Which actions are skipped, and why, before anything is planned: conditions can't ask for outputs, so all of it is
// known.

#include <optional>
#include <string>
#include <vector>

#include "manifest/inputs.h"
#include "manifest/resolver.h"
#include "planner/problem_list.h"

namespace backout {

struct Skip {
    std::string reason;
    bool blocked = false;  ///< for the sake of an action it depends on
};

/// By position in `manifest.actions`. A skipped action takes along the members of its group, and whatever depends on
/// it. `depends_on`: by position, ids that must have succeeded.
std::vector<std::optional<Skip>> decide_skips(const Manifest& manifest, const InputValues& inputs, Resolver& resolver,
                                              const std::vector<std::vector<std::string>>& depends_on,
                                              ProblemList& problems);

}  // namespace backout
