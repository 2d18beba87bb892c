#pragma once
// Time and randomness come in through seams, so that a test can replay a run exactly.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace backout {

/// Nanoseconds since 1970-01-01T00:00:00Z.
using UnixNanoseconds = std::int64_t;
/// A length of time in nanoseconds.
using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kSecond = 1'000'000'000;
inline constexpr Nanoseconds kMillisecond = 1'000'000;

class Clock {
  public:
    virtual ~Clock() = default;
    /// Wall-clock time: for what is shown, never for order (order is by sequence).
    virtual UnixNanoseconds now() = 0;
    /// Monotonic time: for time-outs.
    virtual Nanoseconds monotonic() = 0;
    /// Sleeps; may return early when the run is asked to stop.
    virtual void sleep(Nanoseconds duration) = 0;
};

class IdSource {
  public:
    virtual ~IdSource() = default;
    /// `length` lower-case letters and digits, fresh each time.
    virtual std::string random_name(std::size_t length) = 0;
    /// A random integer, e.g. for jitter.
    virtual std::uint64_t random_number() = 0;
};

/// "2026-11-20T02:11:09.123Z" (RFC 3339, UTC, milliseconds).
std::string format_time(UnixNanoseconds time);
/// RFC 3339 to nanoseconds. Errors: `invalid`.
Result<UnixNanoseconds> parse_time(const std::string& text);
/// "90s", "2m30s", "500ms", "1h", "3d" (a bare number is refused). Errors: `invalid`, saying what is accepted.
Result<Nanoseconds> parse_duration(const std::string& text);
/// "1.5s", "2m30s": for people.
std::string format_duration(Nanoseconds duration);

/// The real clock and the system's randomness (getrandom).
class SystemClock final : public Clock {
  public:
    UnixNanoseconds now() override;
    Nanoseconds monotonic() override;
    void sleep(Nanoseconds duration) override;
};

class SystemIdSource final : public IdSource {
  public:
    std::string random_name(std::size_t length) override;
    std::uint64_t random_number() override;
};

}  // namespace backout
