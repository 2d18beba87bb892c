#pragma once
// A request to stop, seen by whatever waits or loops. Set from a signal handler, so it is lock-free.

#include <atomic>

namespace backout {

enum class StopLevel : int {
    none = 0,
    after_step = 1,  ///< finish the step in hand, then roll back (or stop, as the options say)
    at_once = 2,     ///< kill the child at work and return; the journal makes the rest resumable
};

class StopToken {
  public:
    StopLevel level() const { return static_cast<StopLevel>(level_.load(std::memory_order_relaxed)); }
    int signal() const { return signal_.load(std::memory_order_relaxed); }
    /// Raises the level by one and notes the signal. Async-signal-safe. **Threads:** any.
    void request(int signal_number) {
        signal_.store(signal_number, std::memory_order_relaxed);
        if (level_.load(std::memory_order_relaxed) < 2) level_.fetch_add(1, std::memory_order_relaxed);
    }

  private:
    std::atomic<int> level_{0};
    std::atomic<int> signal_{0};
};

}  // namespace backout
