#pragma once
// What a run's records mean: `fold` is a pure function of them, and the only one who interprets them. Live runs and
// recovery fold the same records, so there is one truth.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/record.h"

namespace backout {

enum class RunPhase { running, interrupted, committed, rolling_back, rolled_back, rollback_incomplete };
/// As in JSON: "running", "interrupted", …
const char* to_string(RunPhase phase);
Result<RunPhase> run_phase_from(const std::string& text);

enum class Direction { forward, back };
const char* to_string(Direction direction);

/// Where a step stands by its records alone; the world is looked at only where this is in doubt.
enum class StepPhase {
    pending,   ///< no record, or reopened
    settled,   ///< kept, skipped, blocked, declined: no effect of its own
    in_doubt,  ///< intended without outcome
    applied,
    failed_in_doubt,  ///< apply reported failure: may have had an effect, treated as in doubt going back
    undo_in_doubt,    ///< undo intended without outcome
    undone,
    conflict,       ///< left alone for a person
    residue,        ///< irreversible and done
    resolved_done,  ///< a person's word
    resolved_undone,
    resolved_skipped,
};
const char* to_string(StepPhase phase);

struct StepState {
    StepPhase phase = StepPhase::pending;
    std::string settled_as = {};  ///< "kept", "skipped", "blocked", "declined" when settled
    std::string reason = {};
    Json image = nullptr;               ///< from step_intended
    Json expected = nullptr;            ///< from step_intended
    Json undo_image = nullptr;          ///< from undo_intended
    Json outputs = nullptr;             ///< from step_applied
    Json verify = nullptr;              ///< what verification said
    Json conflicts = nullptr;           ///< from step_conflict
    Json left = nullptr;                ///< of an undo: what it may have left behind; from step_undone or step_applied
    std::string error = {};             ///< from step_failed or undo_failed
    bool failed = false;                ///< a step_failed was recorded and not undone by a retry
    bool drifted = false;               ///< the failure was drift
    std::uint64_t intent_sequence = 0;  ///< order of undo is by intent, backwards (invariant 5)
    UnixNanoseconds started = 0;        ///< 0: never
    UnixNanoseconds finished = 0;
    int attempts = 0;
};

struct RunState {
    RunPhase phase = RunPhase::running;
    Direction direction = Direction::forward;
    std::vector<StepState> steps;  ///< index 0 is step 1; as long as the highest step seen or `step_count`
    std::string abort_reason = {};
    std::uint32_t abort_cause_step = 0;
    int recoveries = 0;
    bool finished = false;
    bool verified = false;
    Json residue = nullptr;
    int exit_status = 0;
    std::uint64_t last_sequence = 0;
    std::string awaits = {};  ///< why it waits for a person; "" if it doesn't
    UnixNanoseconds started = 0;
    UnixNanoseconds ended = 0;

    const StepState& step(std::uint32_t number) const;
    StepState& step(std::uint32_t number);
};

/// Applies one record. Errors: `journal` if it can't follow what was before (an undo without intent, a record after
/// run_finished other than step_resolved, …): such a journal is damaged.
Status fold_into(RunState& state, const Record& record);
Result<RunState> fold(const std::vector<Record>& records, std::uint32_t step_count);

}  // namespace backout
