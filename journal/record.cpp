#include "journal/record.h"

namespace backout {

const char* to_string(RecordType type) {
    switch (type) {
        case RecordType::run_started: return "run_started";
        case RecordType::run_resumed: return "run_resumed";
        case RecordType::step_settled: return "step_settled";
        case RecordType::step_intended: return "step_intended";
        case RecordType::step_applied: return "step_applied";
        case RecordType::step_failed: return "step_failed";
        case RecordType::run_aborting: return "run_aborting";
        case RecordType::undo_intended: return "undo_intended";
        case RecordType::step_undone: return "step_undone";
        case RecordType::step_conflict: return "step_conflict";
        case RecordType::step_resolved: return "step_resolved";
        case RecordType::run_forwarding: return "run_forwarding";
        case RecordType::run_verified: return "run_verified";
        case RecordType::run_awaits: return "run_awaits";
        case RecordType::run_finished: return "run_finished";
        case RecordType::retry: return "retry";
        case RecordType::step_output: return "step_output";
        case RecordType::step_reopened: return "step_reopened";
        case RecordType::step_residue: return "step_residue";
        case RecordType::undo_failed: return "undo_failed";
    }
    return "unknown";
}

}  // namespace backout
