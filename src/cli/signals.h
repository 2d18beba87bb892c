#pragma once
// Signals of this process. While a question stands, the first one ends it; while a run is at work, the first one asks
// for an orderly end and says what a second one does, the second stops at once. One object a process.

#include "base/stop.h"

namespace backout {

enum class AfterSignal { roll_back, stop };

class Signals {
  public:
    /// INT, TERM and HUP are caught from here on; PIPE and XFSZ are ignored, so that writes fail instead.
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// From here on the first signal says on standard error what it does and what a second one will do.
    void run_begins(AfterSignal after, bool silent);
    void run_ends();

    const StopToken& token() const;
    /// The signal that came, 0 if none.
    static int last();
};

}  // namespace backout
