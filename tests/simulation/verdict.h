#pragma once
// Says whether a machine on which nothing is unfinished is at one of the two ends, at the one that its journal says,
// and whether it would still be after a power cut.

#include <map>
#include <optional>
#include <string>

#include "scenario.h"

namespace backout::simulation {

/// All that has to come back, by path: type, content, mode, owner, attributes, link text, hard link groups, and times
/// that are older than the run (what the run made is from "now"). Left out: the state directory, the image stores, and
/// the times of directories, which a power cut may take from what our last operation left.
using Picture = std::map<std::string, std::string>;
Picture picture_of(const MemHost& world);
/// What is otherwise, at most a few lines; "" if nothing.
std::string difference_of(const Picture& wanted, const Picture& found);

/// The two ends of one run of a story.
struct Ends {
    std::uint64_t run = 0;  ///< number in the journal
    Picture before;
    std::optional<Picture> after;  ///< nothing: it must not be reached
};

class Verdict {
  public:
    explicit Verdict(const Scenario& scenario) : scenario_(scenario) {}
    /// "" or what is wrong. Requires: all the program could do about it was done.
    std::string judge(const SimulatedMachine& machine, const Ends& ends) const;
    /// The world alone, against what the journal of `machine` says.
    std::string compare(const SimulatedMachine& machine, const Ends& ends, RunPhase phase) const;
    /// The state of run `number`; nothing if it was never begun.
    static std::optional<RunSummary> run_of(const SimulatedMachine& machine, std::uint64_t number);

  private:
    bool only_residue_left(const SimulatedMachine& machine, const Ends& ends) const;
    std::string left_in_stores(const SimulatedMachine& machine) const;
    const Scenario& scenario_;
};

/// For reading: nothing of it is changed.
MemJournal journal_of(const SimulatedMachine& machine);

}  // namespace backout::simulation
