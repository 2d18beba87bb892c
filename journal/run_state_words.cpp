// The words of run_state.h, as they stand in JSON and in the journal.

#include "base/bytes.h"
#include "journal/run_state.h"

namespace backout {

const char* to_string(RunPhase phase) {
    switch (phase) {
        case RunPhase::running: return "running";
        case RunPhase::interrupted: return "interrupted";
        case RunPhase::committed: return "committed";
        case RunPhase::rolling_back: return "rolling_back";
        case RunPhase::rolled_back: return "rolled_back";
        case RunPhase::rollback_incomplete: return "rollback_incomplete";
    }
    return "unknown";
}

Result<RunPhase> run_phase_from(const std::string& text) {
    for (const RunPhase phase : {RunPhase::running, RunPhase::interrupted, RunPhase::committed, RunPhase::rolling_back,
                                 RunPhase::rolled_back, RunPhase::rollback_incomplete}) {
        if (text == to_string(phase)) return phase;
    }
    return Error{ErrorCode::invalid, "'" + printable(text) + "' is no state of a run"};
}

const char* to_string(Direction direction) {
    return direction == Direction::forward ? "forward" : "back";
}

const char* to_string(StepPhase phase) {
    switch (phase) {
        case StepPhase::pending: return "pending";
        case StepPhase::settled: return "settled";
        case StepPhase::in_doubt: return "in_doubt";
        case StepPhase::applied: return "applied";
        case StepPhase::failed_in_doubt: return "failed_in_doubt";
        case StepPhase::undo_in_doubt: return "undo_in_doubt";
        case StepPhase::undone: return "undone";
        case StepPhase::conflict: return "conflict";
        case StepPhase::residue: return "residue";
        case StepPhase::resolved_done: return "resolved_done";
        case StepPhase::resolved_undone: return "resolved_undone";
        case StepPhase::resolved_skipped: return "resolved_skipped";
    }
    return "unknown";
}

}  // namespace backout
