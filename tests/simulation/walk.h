#pragma once
// Goes through all that can become of one run of a scenario: cut at every operation, every outcome of the power cut,
// recovered in both directions, and again inside the recovery. Equal machines are recovered once.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "tally.h"
#include "trail.h"
#include "verdict.h"

namespace backout::simulation {

struct Limits {
    int crashes = 2;             ///< in a row: the run's own, and those of its recoveries
    std::size_t outcomes = 256;  ///< of one power cut; beyond them a part is taken by seed
    std::uint64_t stride = 1;    ///< inside recoveries: every so many operations (where they begin is by seed)
    std::uint64_t seed = 1;
};

/// One run of a story: what it begins with, its plan, its two ends.
struct Story {
    std::string name;  ///< "apply", "rollback", "redo"
    const Scenario* scenario = nullptr;
    SimulatedMachine start;
    Plan plan;
    Ends ends;
};

class Walk {
  public:
    Walk(const Story& story, const Limits& limits, Tally& tally, Broken broken = Broken::nothing);
    /// The run and all its crashes.
    void all_crashes();
    /// The run with its n-th operation failing, once and for ever, for all n; each with its recoveries.
    void all_errors(const std::vector<std::string>& codes);
    /// The run killed at each operation, then taken back on a disk that is full: it must succeed there and then.
    void all_full_disks();
    /// Repeats one trail, telling each operation. Returns what is wrong, or "".
    std::string repeat(const Trail& trail, std::string& told);

  private:
    void live(const SimulatedMachine& start, const Trail& trail, int crashes_left);
    void crash(const SimulatedMachine& machine, const Trail& trail, int crashes_left);
    void each_power_cut(const SimulatedMachine& machine, const Trail& trail, int crashes_left);
    void consider(const SimulatedMachine& machine, const Trail& trail, int crashes_left);
    void recover(const SimulatedMachine& machine, const Trail& trail, int crashes_left);
    void live_with_errors(const Fault& fault);
    void live_on_full_disk(const SimulatedMachine& machine, const Trail& trail);
    void end_of(const LifeEnd& end, const Trail& trail, int crashes_left);
    bool awaits_a_word(const LifeEnd& end) const;
    std::uint64_t operations_of_run();
    void judge(const LifeEnd& end, const Trail& trail);
    void judge_durability(const SimulatedMachine& machine, const Trail& trail);
    void violation(const std::string& what, const Trail& trail);
    bool chosen(std::uint64_t operation, const Trail& trail) const;

    const Story& story_;
    Limits limits_;
    Tally& tally_;
    Verdict verdict_;
    Broken broken_;
    std::unordered_map<std::uint64_t, int> seen_;  ///< identity → crashes left when it was recovered
};

}  // namespace backout::simulation
