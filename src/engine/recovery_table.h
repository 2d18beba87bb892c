#pragma once
// The recovery table as data. Rows: what the journal says of a step; columns: what the world says. One cell, one
// decision; the tests walk over every cell. journal/RECOVERY.md gives the reasons.

#include <array>
#include <cstddef>

#include "compensators/compensator.h"
#include "journal/run_state.h"

namespace backout {

/// What to do with one step that has, or may have, an effect.
enum class Settlement {
    apply,            ///< forward: act (again); every part is looked at first
    mark,             ///< it is already so: sync what was seen (invariant 8), then record it
    restore,          ///< back: apply the inverse image
    undo_then_apply,  ///< forward: our own tear is taken back first
    conflict,         ///< somebody else's: left alone, named
    halt,             ///< can't be looked at: a person is needed
    impossible,       ///< no such combination
};
const char* to_string(Settlement value);

enum class Row { in_doubt, applied, undo_in_doubt };
enum class Column { before, after, both, mixed, neither_atomic, neither_tearable, unreadable };
inline constexpr std::size_t kRows = 3;
inline constexpr std::size_t kColumns = 7;

/// Going back. `before` and `after` are those of the step itself, also where the undo is in doubt.
inline constexpr std::array<std::array<Settlement, kColumns>, kRows> kBackTable{{
    // before            after                both              mixed                neither_atomic neither_tearable
    // unreadable
    {Settlement::mark, Settlement::restore, Settlement::mark, Settlement::restore, Settlement::conflict,
     Settlement::restore, Settlement::halt},
    {Settlement::mark, Settlement::restore, Settlement::mark, Settlement::restore, Settlement::conflict,
     Settlement::conflict, Settlement::halt},
    {Settlement::mark, Settlement::restore, Settlement::mark, Settlement::restore, Settlement::conflict,
     Settlement::restore, Settlement::halt},
}};

/// Going forward: only what is in doubt is looked at; an undo in doubt is finished first (the back table), then
/// reopened.
inline constexpr std::array<Settlement, kColumns> kForwardTable{
    // before          after             both              mixed              neither_atomic        neither_tearable
    // unreadable
    Settlement::apply,           Settlement::mark, Settlement::mark, Settlement::apply, Settlement::conflict,
    Settlement::undo_then_apply, Settlement::halt};

/// Which column an observation falls into.
Column column_of(Where seen, Effect effect);
/// Which row a phase falls into. Requires: a phase that has, or may have, an effect.
Row row_of(StepPhase phase);
/// True for phases that going back must deal with.
bool may_have_effect(StepPhase phase);

Settlement settle_back(StepPhase phase, Where seen, Effect effect);
Settlement settle_forward(Where seen, Effect effect);

}  // namespace backout
