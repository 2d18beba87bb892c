#pragma once
// What must hold between the steps of a plan, and what people are told about the plan as a whole. Pure but for looks at
// file systems.

#include <cstddef>
#include <string>
#include <vector>

#include "compensators/compensator.h"
#include "plan/plan.h"

namespace backout {

/// Two steps on one resource, neither of which is declared to come first.
struct OrderConflict {
    std::size_t earlier = 0;  ///< positions in the order of execution
    std::size_t later = 0;
    std::string key;
};

/// Edges that people declared, by position: what depends_on, after and references name. Those that came from looking at
/// predictions don't count: the order they follow is the very one in question.
using DeclaredEdges = std::vector<std::vector<std::size_t>>;

/// Each pair once, nearest pairs only: mending them mends all.
std::vector<OrderConflict> find_order_conflicts(const std::vector<PlannedStep>& steps, const DeclaredEdges& declared);

/// Two entries of one file, neither of them inside the other: an order they need, but neither takes the other's place.
bool are_apart(const Resource& a, const Resource& b);

/// Fills `superseded`: what a later step changes again is verified at the later one.
void mark_superseded(std::vector<PlannedStep>& steps);

/// "" or what is wrong: a group with members before and behind a point of no return.
std::string find_split_group(const std::vector<PlannedStep>& steps);

/// "" or the key with which `step` would touch `directory` (a real key).
std::string touches_directory(const PlannedStep& step, const std::string& directory);

/// "" or the source with which `step` would copy `directory` (a real key), or something in it.
std::string copies_directory(const PlannedStep& step, const std::string& directory);

/// By position: "" or what is wrong. A file kind has nowhere to put new content beside its target in /proc, /sys and
/// the like.
std::vector<std::string> find_pseudo_targets(Host& host, const std::vector<PlannedStep>& steps);

/// Bytes wanted, by path.
using SpaceNeeds = std::vector<std::pair<std::string, std::uint64_t>>;
/// One sentence for each file system with too little room. Errors: of looking.
Result<std::vector<std::string>> find_missing_space(Host& host, const SpaceNeeds& needs);

/// One sentence for each file system that may lose renames in a power cut and that a step changes.
std::vector<std::string> warn_of_power_cuts(Host& host, const std::vector<PlannedStep>& steps);

}  // namespace backout
