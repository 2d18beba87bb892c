#pragma once
// Members of a group go back together, in a run that turns back, too: one that was changed by somebody else keeps back
// those that weren't begun. So all are looked at before the first of them is undone.

#include <optional>
#include <vector>

#include "engine/decide.h"

namespace backout {

/// Why a step that could go back stays.
inline constexpr const char* kGroupStays = "its group goes back together, and a member stays";

/// What comes before any step of `window` is undone, for the sake of its group. Nothing: they may go.
std::optional<Command> keep_group_whole(const PlanShape& shape, const RunState& state, const Live& live,
                                        const std::vector<std::uint32_t>& window);

}  // namespace backout
