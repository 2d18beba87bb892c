#pragma once
// A whole machine as a value: the world, volatile and durable, and the journal, of which only what was committed is
// there. It is never changed once it was made: a life of the program begins with a copy, and so do all that come after
// a crash of it.

#include <cstdint>
#include <memory>
#include <string>

#include "host/mem_host.h"
#include "journal/mem_journal.h"

namespace backout::simulation {

inline constexpr const char* kStateDirectory = "/var/lib/backout";
/// Lives begin later than this, and scenes are set before: a time tells who made it.
inline constexpr UnixNanoseconds kFirstLife = 1'700'000'000 * kSecond;
inline constexpr UnixNanoseconds kSceneTime = 1'600'000'000 * kSecond;

/// Goes on by a microsecond at each look, so that a run is the same each time, and renames come as close together as
/// they do in a kernel.
class SteadyClock final : public Clock {
  public:
    explicit SteadyClock(UnixNanoseconds start) : time_(start) {}
    UnixNanoseconds now() override { return time_ += 1000; }
    Nanoseconds monotonic() override { return time_ += 1000; }
    void sleep(Nanoseconds duration) override { time_ += duration; }

  private:
    UnixNanoseconds time_;
};

struct SimulatedMachine {
    std::shared_ptr<const MemHost> host;
    std::shared_ptr<const MemTablesState> journal;
    int lives = 0;  ///< of the program so far: each has an hour of its own

    /// Equal machines have equal identities (64 bits). The hour is left out: nothing of ours depends on it.
    std::uint64_t identity() const;
    /// The power goes; `choose` says what survives of what was not synced.
    SimulatedMachine after_power_cut(const PowerCutChooser& choose) const;
};

/// A clone of the world whose clock is `clock`.
std::unique_ptr<MemHost> live_clone(const MemHost& world, Clock& clock);

/// Which of its outcomes a power cut had: one digit a choice, and back. It says again what it was asked to say.
class CutChoices {
  public:
    /// Notes what `choose` says.
    PowerCutChooser noting(PowerCutChooser choose);
    /// Says what `digits` say; 0 beyond their end.
    static PowerCutChooser repeating(const std::string& digits);
    const std::string& digits() const { return digits_; }

  private:
    std::string digits_;
};

}  // namespace backout::simulation
