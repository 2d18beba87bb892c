#pragma once
// Dependency resolution: stable, portable, no domain. And windows: which steps may share one commit.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace backout {

struct OrderNode {
    std::string id;
    std::vector<std::string> before = {};  ///< ids that must come earlier (depends_on, order, references)
    bool late = false;                     ///< irreversible: as late as dependencies allow
    bool wall = false;                     ///< pivot: a total order around it
};

/// A stable topological order: positions into `nodes`; manifest order where nothing else is said.
/// Errors: `invalid`: a cycle, with its ids in order; a dependency on an unknown or doubled id. Error::path is the
/// id concerned.
Result<std::vector<std::size_t>> order_steps(const std::vector<OrderNode>& nodes);

/// Splits a plan's steps (by position) into windows: members neither depend on one another nor overlap in resources; a
/// tearable step and a pivot are windows of their own; at most `limit` members.
std::vector<std::vector<std::uint32_t>> windows_of(const Plan& plan, std::size_t limit);

}  // namespace backout
