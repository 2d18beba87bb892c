#pragma once
// A run as people and programs see it: where each step ended, where the machine is, and the ways out. Made from values
// alone (plan, folded records, summary); it knows neither engine nor disk, so a running run, a finished one and one
// read from an old journal are reported by the same code.

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "journal/journal_store.h"
#include "journal/run_state.h"
#include "plan/plan.h"

namespace backout {

/// What is known of a run, but not from its own records.
struct RunSurroundings {
    bool at_work = false;                     ///< a process holds the lease and works on it
    std::set<std::uint32_t> taken_back = {};  ///< steps that a rollback took back before it had to leave others
    std::string taken_back_by = {};           ///< that rollback; "" if there is none
    /// Unfinished: "rollback --skip ID", which leaves what can't go back without a secret; "" if all can.
    std::string way_without_secrets = {};
};

/// Where a step stands in the words of the contract: done kept skipped failed blocked not_reached undone undo_failed
/// conflict residue. While the run is unfinished, an intent without outcome is `in_doubt`, or `running` if somebody is
/// at work; after its end it counts as failed, since nobody may rely on it. Pure.
std::string final_state_of(const StepState& step, const PlannedStep& planned, const RunState& run,
                           bool at_work = false);

/// The ways out of an unfinished or incomplete run, the recommended one first: "resume", "rollback", "resolve". Empty
/// for a run that needs nobody. Besides, of runs that need secrets to go back, "rollback --skip ID" (RunSurroundings).
/// Pure.
std::vector<std::string> ways_out(const Plan& plan, const RunState& run);

struct StepReport {
    std::uint32_t step = 0;
    std::string id;
    std::string category;
    std::string operation;
    std::string target;
    std::string state;        ///< as final_state_of says it
    std::string reason = {};  ///< why kept, skipped, blocked, in doubt
    std::string error = {};
    UnixNanoseconds started = 0;  ///< 0: never
    UnixNanoseconds finished = 0;
    Json verify = nullptr;     ///< what verification said
    Json conflicts = nullptr;  ///< list of differences that were left alone
    UndoDeclaration undo = {};
    bool irreversible = false;
    bool drifted = false;
    int attempts = 0;                     ///< the first is 1; 0: never begun
    bool unproven = false;                ///< undone by a command, and nothing can tell whether that worked
    std::vector<std::string> notes = {};  ///< what came back otherwise than it was put aside, and the like
};

struct RunReport {
    RunSummary summary;
    std::string state;  ///< run state as shown: "rolled_back" too for a run that a later one took back
    std::vector<StepReport> steps;
    std::string plan_id = {};
    std::string plan_digest = {};
    std::string abort_reason = {};
    std::uint32_t abort_cause_step = 0;
    std::string awaits = {};
    int recoveries = 0;
    Json residue = nullptr;
    std::vector<std::string> ways_out = {};
    std::string partly_undone_by = {};  ///< the rollback that took a part of it back and left the rest

    /// Steps that ended in `state_word`.
    std::size_t count(const std::string& state_word) const;
};

RunReport make_run_report(const Plan& plan, const RunState& state, const RunSummary& summary,
                          const RunSurroundings& around = {});

/// The state of a run as shown in lists: its phase, or "rolled_back" if a later run took it back.
std::string shown_state(const RunSummary& summary);

/// One sentence: where the machine is after this run.
std::string where_the_machine_is(const RunReport& report);

/// The command for a way out: "backout resume r-12-k3f9". `program` is how the program is called, with its state
/// directory.
std::string command_for(const std::string& way_out, const RunReport& report, const std::string& program);

}  // namespace backout
