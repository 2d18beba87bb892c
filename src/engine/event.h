#pragma once
// What the engine tells the outside while it works. The library never prints and never logs: it emits events, and the
// journal is not the log.

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"

namespace backout {

/// One thing that happened. `type` is one of:
///   run_started run_resumed step_started step_done step_kept step_skipped step_blocked step_retry step_output
///   step_failed run_aborting undo_started step_undone step_conflict step_residue undo_failed verifying run_drifted
///   run_awaits run_finished warning stop_requested
struct Event {
    std::string type;
    std::uint64_t sequence = 0;  ///< journal sequence that made it durable; 0: not a record
    UnixNanoseconds time = 0;
    std::string run = {};
    std::uint32_t step = 0;  ///< 0: the run as a whole
    std::string id = {};
    Json data = nullptr;  ///< by type: {operation, target, error, how, conflicts, …}
};
/// {"type","seq","time","run","step","id",…data}
Json event_to_json(const Event& event);

class EventSink {
  public:
    virtual ~EventSink() = default;
    /// **Threads:** called from the engine's thread only.
    virtual void on_event(const Event& event) = 0;
};

}  // namespace backout
