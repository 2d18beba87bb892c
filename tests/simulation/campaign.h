#pragma once
// Many walks on all processors: the same ones each time, for what is left to chance is drawn from a seed that is told.

#include <functional>
#include <string>
#include <vector>

#include "tally.h"
#include "walk.h"

namespace backout::simulation {

/// BACKOUT_TEST_FULL: the long tier, for hours.
bool full_tier();
/// BACKOUT_TEST_SEED, or 1.
std::uint64_t seed_of_tests();

class Campaign {
  public:
    explicit Campaign(std::string name) : name_(std::move(name)) {}

    /// What is walked of each run of a story.
    using Deal = std::function<void(Walk& walk)>;
    /// `make` is called by the thread that walks.
    void add(std::function<Scenario()> make, const Limits& limits, Deal deal, Broken broken = Broken::nothing);
    /// The run, then taking it back, then redoing it, as far as it commits.
    void add_all_stories(std::function<Scenario()> make, const Limits& limits, const Deal& deal);

    /// All of them; then prints "simulation: …" and fails the test if anything was bad, or nothing was done.
    Tally& run();

  private:
    struct Job {
        std::function<Scenario()> make;
        Limits limits;
        Deal deal;
        Broken broken = Broken::nothing;
        int taken_back = 0;  ///< times that the scenario's run was taken back, and that in turn
    };
    void work(const Job& job);
    void work_all();

    std::string name_;
    std::vector<Job> jobs_;
    std::atomic<std::size_t> next_{0};
    Tally tally_;
};

/// The line that a campaign is told by.
std::string line_of(const std::string& name, const Tally& tally, double seconds);

}  // namespace backout::simulation
