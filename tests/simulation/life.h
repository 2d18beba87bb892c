#pragma once
// One life of the program on a simulated machine: the real engine, kinds, image store and sweeping, from its start to
// its end. What a crash at this instant would leave can be asked for at every operation, so that one life shows all of
// its crashes; throwing in the hook instead is possible, too, and comes to the same (simulation_test.cpp compares).

#include <functional>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "simulated_machine.h"

namespace backout::simulation {

/// What a life is to do. `resume` goes on in the run's own direction; `back` and `forward` ask for one.
enum class Deed { apply, resume, back, forward };
const char* to_string(Deed deed);
std::optional<Deed> deed_from(const std::string& word);

/// Between the program and its machine: the real thing, or one that breaks a promise, which must then be found out.
enum class Broken { nothing, sync_file_dropped, sync_names_dropped, commit_not_durable };

/// One operation that changes something or makes it durable: those of MemHost's hook, and "commit" before and
/// "committed" after one of the journal's.
struct Operation {
    std::uint64_t number = 0;  ///< from 1, in this life
    std::string what;
    std::string path;
};

struct LifeEnd {
    SimulatedMachine machine;
    std::optional<RunOutcome> outcome = {};  ///< nothing: no run was unfinished
    std::optional<Error> error = {};
    bool crashed = false;
};

class Life {
  public:
    /// May refuse an operation, or end the life (SimulatedCrash).
    using Watcher = std::function<Status(const Operation& operation)>;

    Life(const SimulatedMachine& start, Broken broken = Broken::nothing);
    Watcher watcher = {};

    /// What a crash would leave now: the world with its caches, the journal as of its last commit.
    SimulatedMachine now();
    /// `plan`: of the run to be made, or of the one that is unfinished.
    LifeEnd live(Deed deed, const Plan& plan);
    std::uint64_t operations() const { return operations_; }

  private:
    Status watch(const std::string& what, const std::string& path);
    Status after_commit();
    LifeEnd perform(MemJournal& journal, Deed deed, const Plan& plan);

    SteadyClock clock_;
    std::unique_ptr<MemHost> host_;
    std::shared_ptr<MemTablesState> state_;
    std::shared_ptr<const MemTablesState> committed_;  ///< what is on disk
    std::shared_ptr<const MemTablesState> lagging_;    ///< Broken::commit_not_durable: what will be with the next one
    std::uint64_t operations_ = 0;
    int lives_;
    Broken broken_;
};

/// The kinds that come with the product; made once a thread.
const Registry& builtin_kinds();

}  // namespace backout::simulation
