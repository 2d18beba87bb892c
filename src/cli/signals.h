#pragma once
// Signals of this process. Before anything has begun one ends the program as signals do; while a question stands it
// ends the question; while a run is at work the first asks for an orderly end and says what a second one does, and the
// second stops at once. One object a process.

#include "base/stop.h"

namespace backout {

/// What the first signal leads to. A run that goes back already goes on: that is the end that it is asked for.
enum class AfterSignal { roll_back, go_on_back, stop };

class Signals {
  public:
    /// INT, TERM and HUP are caught from here on; PIPE and XFSZ are ignored, so that writes fail instead.
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// From here on signals only raise the token. The first one says on standard error what it does, unless `silent`.
    void run_begins(AfterSignal after, bool silent);
    void run_ends();

    const StopToken& token() const;
    /// The signal that came, 0 if none.
    static int last();

    /// While one exists, a signal ends the read that waits for an answer (EINTR), and not the program.
    class Question {
      public:
        Question();
        ~Question();
        Question(const Question&) = delete;
        Question& operator=(const Question&) = delete;
    };
};

}  // namespace backout
