#include "cli/exit_codes.h"

#include "base/assert.h"

namespace backout {

namespace {

ExitCode class_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::conflict:
        case ErrorCode::in_doubt: return ExitCode::needs_person;
        case ErrorCode::stale: return ExitCode::stale;
        case ErrorCode::unfinished: return ExitCode::unfinished;
        case ErrorCode::usage: return ExitCode::usage;
        case ErrorCode::invalid:
        case ErrorCode::not_found:
        case ErrorCode::wrong_type: return ExitCode::malformed;
        case ErrorCode::journal: return ExitCode::journal;
        case ErrorCode::locked: return ExitCode::locked;
        case ErrorCode::not_permitted: return ExitCode::not_permitted;
        case ErrorCode::failed:
        case ErrorCode::exists:
        case ErrorCode::cross_device:
        case ErrorCode::unsupported:
        case ErrorCode::no_space:
        case ErrorCode::io:
        case ErrorCode::timeout:
        case ErrorCode::canceled: return ExitCode::undone;  // before the first step: nothing had begun
    }
    BACKOUT_ASSERT(false);
}

constexpr int kSignalBase = 128;

}  // namespace

int exit_code_of(const Error& error, int signal) {
    if (error.code == ErrorCode::canceled && signal != 0) return kSignalBase + signal;
    return static_cast<int>(class_of(error.code));
}

int exit_code_of(const RunOutcome& outcome) {
    BACKOUT_ASSERT(outcome.exit_status >= 0 && outcome.exit_status < 256);
    return outcome.exit_status;
}

}  // namespace backout
