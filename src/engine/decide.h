#pragma once
// What to do next: a pure function of the plan's shape, the records and the volatile side. No I/O, no clock, no kinds;
// the model in tests/model walks through it with a crash at every line.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/live.h"
#include "engine/recovery_table.h"
#include "engine/shape.h"
#include "journal/run_state.h"

namespace backout {

enum class CommandKind {
    settle,           ///< record steps that have no effect (kept, skipped, blocked)
    observe,          ///< look at steps in doubt
    adopt,            ///< in doubt, before or mixed, going forward: the intent stands, act again
    adopt_done,       ///< in doubt, after or both, going forward: sync what was seen, then verify
    undo_first,       ///< in doubt, torn, going forward: take it back, then it is pending again
    stage,            ///< make content ready
    secure,           ///< barrier 1
    intend,           ///< commit the intents
    act,              ///< touch the world
    sync,             ///< barrier 2
    verify,           ///< compare with the expectation
    record_applied,   ///< outcomes: commit, or let them ride
    retry,            ///< undo what an attempt left, wait, try again
    record_failure,   ///< the step failed for good; the run turns back (or goes on, or waits)
    record_conflict,  ///< left alone for a person
    record_residue,   ///< irreversible: stays
    look_ahead,       ///< going back: look at members of a group before the first of them is undone
    prepare_undo,     ///< make the inverse images
    secure_undo,      ///< barrier 1 of an undo that had to stage something
    intend_undo,      ///< commit the undo intents
    act_undo,         ///< apply the inverse images
    sync_undo,        ///< barrier 2
    record_undone,    ///< commit step_undone
    begin_abort,      ///< commit run_aborting
    turn_forward,     ///< commit run_forwarding and reopen what was undone
    check_end,        ///< verify the whole plan
    release_images,   ///< everything is as before: images of this run aren't needed any more
    try_again,        ///< what failed to go back, once: others have gone back since, and it may have needed them
    await_person,     ///< commit run_awaits and stop
    stop_resumable,   ///< a signal: commit what rides and stop
    finish,           ///< commit run_finished
};
const char* to_string(CommandKind kind);

struct Command {
    CommandKind kind = CommandKind::finish;
    std::vector<std::uint32_t> steps = {};  ///< in the order to be dealt with
    std::string reason = {};
};

/// Requires: the run isn't finished.
Command decide(const PlanShape& shape, const RunState& state, const Live& live);

}  // namespace backout
