#pragma once
// Scenarios by name, and longer ones by seed.

#include <cstdint>
#include <string>

#include "scenario.h"

namespace backout::simulation {

/// "write_new,move+ordered+fails", "chain:write_edit+fails", "random:17": as Scenario::name has it.
Scenario scenario_named(const std::string& name);

/// Three to six steps, ordered or not, in a group or not, with an end that holds, fails, or fails and waits.
Scenario random_sequence(std::uint64_t seed);

}  // namespace backout::simulation
