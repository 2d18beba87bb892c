#pragma once
// Tells what a run does while it does it: one line a step for people (on standard error), one JSON object a line for
// programs (on standard output, the first a "version" event). It decides nothing, and keeps nothing but counts.

#include "cli/channels.h"
#include "engine/event.h"
#include "plan/plan.h"

namespace backout {

class EventPrinter final : public EventSink {
  public:
    EventPrinter(Channels& channels, bool json, bool color) : channels_(channels), json_(json), color_(color) {}

    /// Before the first event of a verb that executes: the "version" line of --json.
    void begin();
    /// A line of --json that is no engine event: {"type", "seq": 0, "time", ...data}.
    void document(const std::string& type, const Json& data);
    void set_step_count(std::size_t count) { step_count_ = count; }

    void on_event(const Event& event) override;

  private:
    void print_step(const Event& event);
    void print_note(const Event& event);
    void print_output(const Event& event);

    Channels& channels_;
    bool json_;
    bool color_;
    bool begun_ = false;
    std::size_t step_count_ = 0;
    UnixNanoseconds step_began_ = 0;
};

inline constexpr const char* kProgramVersion = BACKOUT_VERSION;

}  // namespace backout
