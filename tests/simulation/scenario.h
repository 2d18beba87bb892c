#pragma once
// A scene and a plan for it, made by the real planner out of a manifest; and the two ends between which everything has
// to end.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pieces.h"
#include "plan/plan.h"
#include "simulated_machine.h"

namespace backout::simulation {

/// What a run of the scenario is to be.
struct Scenario {
    std::string name;
    SimulatedMachine machine;  ///< the scene, durable, with an empty journal
    Plan plan;
    bool may_wait = false;                        ///< for a person, who then has it taken back
    std::set<std::string> residue_ids = {};       ///< of irreversible steps
    std::vector<std::string> residue_paths = {};  ///< what they may leave
};

/// How the steps stand to each other, and how the run is to end.
struct Frame {
    bool ordered = false;  ///< each step depends on the one before: windows of one
    bool fails = false;    ///< a check at the end says no: the run rolls back
    bool grouped = false;
    bool stops = false;  ///< on_drift "stop": it waits for a person, who has it taken back
    std::string suffix() const;
};

/// Pieces side by side, each in a place of its own.
Scenario beside(const std::vector<const Piece*>& pieces, const Frame& frame);
/// A chain on one target.
Scenario chained(const Chain& chain, bool fails);
/// For debugging: throws if the planner refuses.
Plan plan_manifest(MemHost& world, const Json& manifest);

}  // namespace backout::simulation
