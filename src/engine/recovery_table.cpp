#include "engine/recovery_table.h"

#include "base/assert.h"

namespace backout {

const char* to_string(Settlement value) {
    switch (value) {
        case Settlement::apply: return "apply";
        case Settlement::mark: return "mark";
        case Settlement::restore: return "restore";
        case Settlement::undo_then_apply: return "undo_then_apply";
        case Settlement::conflict: return "conflict";
        case Settlement::halt: return "halt";
        case Settlement::impossible: return "impossible";
    }
    return "impossible";
}

Column column_of(Where seen, Effect effect) {
    switch (seen) {
        case Where::before: return Column::before;
        case Where::after: return Column::after;
        case Where::both: return Column::both;
        case Where::mixed: return Column::mixed;
        case Where::neither: return effect == Effect::tearable ? Column::neither_tearable : Column::neither_atomic;
        case Where::unreadable: return Column::unreadable;
    }
    return Column::unreadable;
}

bool may_have_effect(StepPhase phase) {
    switch (phase) {
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::applied:
        case StepPhase::undo_in_doubt:
        case StepPhase::resolved_done: return true;
        case StepPhase::pending:
        case StepPhase::settled:
        case StepPhase::undone:
        case StepPhase::conflict:
        case StepPhase::residue:
        case StepPhase::resolved_undone:
        case StepPhase::resolved_skipped: return false;
    }
    return false;
}

Row row_of(StepPhase phase) {
    BACKOUT_ASSERT(may_have_effect(phase));
    if (phase == StepPhase::undo_in_doubt) return Row::undo_in_doubt;
    return phase == StepPhase::applied || phase == StepPhase::resolved_done ? Row::applied : Row::in_doubt;
}

Settlement settle_back(StepPhase phase, Where seen, Effect effect) {
    return kBackTable[static_cast<std::size_t>(row_of(phase))][static_cast<std::size_t>(column_of(seen, effect))];
}

Settlement settle_forward(Where seen, Effect effect) {
    return kForwardTable[static_cast<std::size_t>(column_of(seen, effect))];
}

}  // namespace backout
