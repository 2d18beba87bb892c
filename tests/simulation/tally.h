#pragma once
// What a walk has counted, from all its threads.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace backout::simulation {

class Tally {
  public:
    std::atomic<std::uint64_t> cuts{0};        ///< machines that a kill or one outcome of a power cut left
    std::atomic<std::uint64_t> recoveries{0};  ///< lives lived from them: equal machines are recovered once
    std::atomic<std::uint64_t> sampled{0};     ///< crashes with more outcomes than the bound: a part of them was taken
    std::atomic<std::uint64_t> crashes{0};     ///< operations at which a life was cut
    std::atomic<std::uint64_t> errors{0};      ///< operations that were made to fail
    std::atomic<std::uint64_t> bad{0};

    /// Of each `subject` the first is told.
    void add_violation(const std::string& subject, const std::string& text) {
        ++bad;
        const std::lock_guard lock(mutex_);
        if (told_.size() < kTold && told_.insert(subject).second) violations_.push_back(subject + ": " + text);
    }
    std::string violations() const {
        const std::lock_guard lock(mutex_);
        std::string all;
        for (const std::string& one : violations_) all += one + "\n";
        return all;
    }

  private:
    static constexpr std::size_t kTold = 20;
    mutable std::mutex mutex_;
    std::set<std::string> told_;
    std::vector<std::string> violations_;
};

}  // namespace backout::simulation
