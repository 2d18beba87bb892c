#pragma once
// The one place that says which number the program ends with. The number says where the machine is, not what the
// program thinks of itself. Pure.

#include "base/error.h"
#include "engine/engine.h"

namespace backout {

enum class ExitCode : int {
    done = 0,          ///< as planned, nothing to do, or in step
    undone = 1,        ///< failed, drifted or stopped, and everything was undone; or nothing had begun
    differences = 2,   ///< plan --detailed-exitcode, verify, status --detailed-exitcode
    needs_person = 3,  ///< not fully undone
    unfinished = 5,    ///< refused: an unfinished run is in the way
    stale = 6,         ///< refused: plan stale, used, or its digest is wrong
    usage = 64,
    malformed = 65,  ///< manifest, plan or input malformed or not to be met
    journal = 74,
    locked = 75,
    not_permitted = 77,
};

/// `signal` is the one that asked to stop, 0 if none did: what was canceled by it ends with 128 + signal.
int exit_code_of(const Error& error, int signal);
int exit_code_of(const RunOutcome& outcome);

}  // namespace backout
