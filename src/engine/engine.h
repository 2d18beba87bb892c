#pragma once
// Runs a plan as a transaction: the loop over `decide`, with every effect between a durable intent and a durable
// outcome. Recovery is the same loop, entered with records instead of an empty list; rollback is the same loop in the
// direction back. Not here: planning, consent, the lease (the caller holds it), stale checks of a saved plan (the
// caller made them).

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/stop.h"
#include "compensators/compensator.h"
#include "engine/event.h"
#include "host/host.h"
#include "host/image_store.h"
#include "journal/journal_store.h"
#include "journal/lease.h"
#include "plan/plan.h"

namespace backout {

struct EngineParts {
    Host& host;
    JournalStore& journal;
    ImageStore& images;
    const Registry& kinds;
    Clock& clock;
    IdSource& ids;
    EventSink& events;
    Lease* lease = nullptr;  ///< to note the child at work; may be null in simulation
};

enum class OnSignal { rollback, stop };

struct RunOptions {
    std::optional<OnDrift> on_drift = {};  ///< overrides the plan's
    OnSignal on_signal = OnSignal::rollback;
    const StopToken* stop = nullptr;
    std::string command = {};  ///< who ran it, for the journal
    std::string user = {};
    std::set<std::string> skip = {};                 ///< ids whose undo is left out (rollback --skip)
    std::set<std::string> overwrite_conflicts = {};  ///< ids whose conflicts a person overrode
    std::size_t window_limit = 256;
    int recovery_limit = 20;  ///< invariant 12
    /// Values of references that are not stored: "inputs.token" → value. Asked when a step needs them.
    std::function<Result<Json>(const std::string& reference)> secrets = {};
};

struct RunOutcome {
    RunSummary summary;
    RunState state;
    int exit_status = 0;  ///< as in the contract's table: 0, 1, 3 or 128+n
};

class Engine {
  public:
    explicit Engine(const EngineParts& parts) : parts_(parts) {}

    /// A new run of `plan`, to its end: committed, rolled back, or waiting for a person.
    /// Errors: only before the first record (`unfinished`, `stale` for a used plan, `no_space`), or from the journal
    /// (`journal`: nothing more is done; reopen and resume).
    Result<RunOutcome> apply(const Plan& plan, const RunOptions& options);

    /// Carries the unfinished `run` on. `direction` unset: its own.
    Result<RunOutcome> resume(const RunSummary& run, const Plan& plan, std::optional<Direction> direction,
                              const RunOptions& options);

  private:
    EngineParts parts_;
};

}  // namespace backout
