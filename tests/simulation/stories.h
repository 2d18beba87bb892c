#pragma once
// The runs that a scenario tells of: it is applied; what was applied is taken back; what was taken back is redone.

#include <vector>

#include "walk.h"

namespace backout::simulation {

/// The scenario's run, begun on its scene. Errors, as a text: the run without any fault doesn't end as it should.
Story story_of_apply(const Scenario& scenario);
/// Taking back what `story` did, begun when that had ended. Requires: it commits.
Story story_of_taking_back(const Story& story, const std::string& name);

}  // namespace backout::simulation
