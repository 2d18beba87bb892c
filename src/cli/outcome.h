#pragma once
// How apply, resume and rollback tell their end.

#include "cli/context.h"

namespace backout {

/// The report on standard output (an event "report" with --json); the exit code says where the machine is.
int tell_outcome(Context& context, const Plan& plan, const RunOutcome& outcome);

/// The two moments around the work of a run: signals mean an orderly end from here on.
class RunScope {
  public:
    /// `after`: what the run will do when it is asked to stop, unless --on-signal says otherwise.
    RunScope(Context& context, AfterSignal after);
    ~RunScope();
    RunScope(const RunScope&) = delete;
    RunScope& operator=(const RunScope&) = delete;

  private:
    Signals& signals_;
};

/// What a run that goes that way does when it is asked to stop: see engine/run_loop.cpp, notice_stop.
AfterSignal after_signal(const Plan& plan, Direction direction);

/// Nothing was run: says so. The last event of --json is a report all the same, `null`, with the exit code.
int tell_no_run(Context& context, ExitCode code);

/// The answer was no: nothing has begun.
int declined(Context& context);

}  // namespace backout
