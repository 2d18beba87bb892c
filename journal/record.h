#pragma once
// The records of a run: past events, dense in sequence from 1, never rewritten (invariant 4). The journal knows their
// types, steps and the few members that `fold` reads; everything else in `body` is opaque to it. FORMAT.md says how
// they are laid out.

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

/// Numbers are the format: never reused, never renumbered.
enum class RecordType : std::uint8_t {
    run_started = 1,     ///< body: {name, command, pid, user, host, boot, root, undoes?, on_drift, plan_digest}
    run_resumed = 2,     ///< body: {pid, user, count, direction}: one more recovery (invariant 12)
    step_settled = 3,    ///< a step that has no effect: body {state: kept|skipped|blocked|declined, reason}
    step_intended = 4,   ///< about to act. body: {image, expected}: all that undo needs (invariant 1)
    step_applied = 5,    ///< the effect and its names are durable. body: {outputs, result, verify}
    step_failed = 6,     ///< apply or verification failed. body: {error, drift?: [differences]}
    run_aborting = 7,    ///< from here on the direction is back. body: {reason, cause_step}
    undo_intended = 8,   ///< body: {image}: the inverse image
    step_undone = 9,     ///< body: {how: undone|already}
    step_conflict = 10,  ///< left alone for a person. body: {conflicts: [...]}
    step_resolved = 11,  ///< a person said the truth. body: {as: done|undone|skipped, reason, user}
    run_forwarding =
        12,  ///< direction is forward again (resume --forward after an abort, --back of a rollback: see fold)
    run_verified = 13,   ///< the whole plan was verified at the end. body: {drift: [...]} (empty: in step)
    run_awaits = 14,     ///< the run stops for a person (on_drift: stop, signal with --on-signal stop, recovery limit).
                         ///< body: {reason}
    run_finished = 15,   ///< body: {state, exit, residue: [...]}: the run is over iff this is there (invariant 7)
    retry = 16,          ///< an attempt failed and is undone; another follows. body: {attempt, error}
    step_output = 17,    ///< bounded output of a command. body: {stream, text | base64, truncated}
    step_reopened = 18,  ///< turning round: an undone step is to be applied again (direction forward). body: {}
    step_residue = 19,   ///< irreversible, stays as it is. body: {reason}
    undo_failed = 20,    ///< an undo didn't succeed and may be tried again. body: {error}
};
/// "step_intended" …; "unknown" never occurs in a journal that passed its checks.
const char* to_string(RecordType type);

struct Record {
    RecordType type = RecordType::run_started;
    std::uint32_t step = 0;  ///< 1…n; 0: the run as a whole
    Json body = Json::object();
    std::uint64_t sequence = 0;  ///< set by the store: 1…n in its run
    UnixNanoseconds time = 0;    ///< set by the writer of the record
};

}  // namespace backout
