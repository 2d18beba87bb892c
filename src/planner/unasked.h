#pragma once
// Which steps ask a program that can't be asked yet, because they rest on steps that change something. Known only when
// all are planned and chains are settled: a chain that turns out to be kept changes nothing. Planning is repeated then,
// with these left unasked.

#include <map>
#include <string>
#include <vector>

#include "planner/action_planner.h"

namespace backout {

/// Adds to `unasked` what `drafts`, in order of execution, show. True iff something was added.
bool note_unasked(const std::vector<Draft>& drafts, const Registry& kinds, UnaskedIds& unasked);

}  // namespace backout
