// Brute force over the protocol: the real engine, decide, fold and recovery table over a world of a few cells, killed
// and cut at every operation, with every subset of what was not durable, in both directions, and again inside the
// recovery. A violation is an end that is neither "all before" nor "all after", an acknowledged end that doesn't last,
// or a halt or conflict on our own work. With one rule removed the same walk must find violations.

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "engine/engine.h"
#include "journal/mem_journal.h"
#include "model_world.h"
#include "plan/plan_codec.h"

namespace backout::model {
namespace {

class StillClock final : public Clock {
  public:
    UnixNanoseconds now() override { return 1'700'000'000 * kSecond; }
    Nanoseconds monotonic() override { return 0; }
    void sleep(Nanoseconds) override {}
};

class CountingIds final : public IdSource {
  public:
    std::string random_name(std::size_t length) override { return std::string(length, 'm'); }
    std::uint64_t random_number() override { return ++number_; }

  private:
    std::uint64_t number_ = 0;
};

class Silence final : public EventSink {
  public:
    void on_event(const Event&) override {}
};

PlannedStep step_of(std::uint32_t number, CellKind kind) {
    PlannedStep step;
    step.step = number;
    step.id = "s" + std::to_string(number);
    step.kind = "model.cell";
    step.category = "model";
    step.operation = "update";
    step.target = step.id;
    step.arguments = {{"cell", number - 1}};
    step.effect = kind == CellKind::tear ? Effect::tearable : Effect::atomic;
    step.resources = {{"cell", step.id, false, ""}};
    return step;
}

/// `chained`: each step depends on the one before (windows of one); else all atomic ones share a window.
Plan plan_of(const std::vector<CellKind>& kinds, bool chained, bool failing) {
    Plan plan;
    plan.name = "model";
    plan.id = "p-model";
    for (std::uint32_t i = 1; i <= kinds.size(); ++i) {
        plan.steps.push_back(step_of(i, kinds[i - 1]));
        if (chained && i > 1) plan.steps.back().depends_on = {"s" + std::to_string(i - 1)};
    }
    if (failing) plan.verify.push_back({{"file", "/absent"}});
    plan.digest = plan_digest(plan);
    return plan;
}

/// A machine between two lives: what the journal and the world hold.
struct Machine {
    World world;
    MemTablesState journal;
};

enum class Outcome { finished, crashed, stuck };

struct Tally {
    std::uint64_t recoveries = 0;
    std::uint64_t violations = 0;
};

class Walk {
  public:
    Walk(Plan plan, Tally& tally) : plan_(std::move(plan)), tally_(tally) {}

    /// Many crashes leave the same machine: each is walked from once, at the greatest depth asked for.
    void explore(const Machine& start, std::optional<Direction> way, int depth, const std::string& trail) {
        const auto [known, fresh] = walked_.try_emplace(identity_of(start, way), depth);
        if (!fresh && known->second >= depth) return;
        known->second = depth;
        for (int fuel = 0;; ++fuel) {
            Machine machine = start;
            machine.world.fuel = fuel;
            const Outcome outcome = live(machine, way);
            machine.world.fuel.reset();
            if (outcome == Outcome::finished) return check_end(machine, trail);
            if (outcome == Outcome::stuck) return violation("stuck on our own work", machine, trail);
            if (depth > 0) recover_everywhere(machine, depth - 1, trail + "/" + std::to_string(fuel));
        }
    }

    /// Between crash and recovery somebody else writes to an atomic cell: it is kept, and nothing else of ours is left.
    void meddle(const Machine& start) {
        for (int fuel = 0;; ++fuel) {
            Machine crashed = start;
            crashed.world.fuel = fuel;
            const Outcome outcome = live(crashed, std::nullopt);
            crashed.world.fuel.reset();
            if (outcome != Outcome::crashed) return;
            for (std::size_t cell = 0; cell < crashed.world.kinds.size(); ++cell) {
                if (crashed.world.kinds[cell] != CellKind::atom) continue;
                for (const Direction way : {Direction::forward, Direction::back}) meddle_with(crashed, cell, way);
            }
        }
    }

  private:
    void meddle_with(Machine machine, std::size_t cell, Direction way) {
        machine.world.cache[cell].first = machine.world.disk[cell].first = 'X';
        machine.world.pending[cell].clear();
        const Outcome outcome = live(machine, way);
        ++tally_.recoveries;
        if (outcome == Outcome::crashed) return violation("died without a cause", machine, "meddled");
        if (machine.world.cache[cell].first != 'X') return violation("a foreign change was lost", machine, "meddled");
        for (std::size_t other = 0; other < machine.world.kinds.size(); ++other) {
            const bool ours = other != cell && machine.world.kinds[other] != CellKind::noop;
            if (ours && machine.world.cache[other].first != 'B')
                return violation("the rest did not go back", machine, "meddled");
        }
    }

    void recover_everywhere(const Machine& crashed, int depth, const std::string& trail) {
        std::vector<World> worlds = crashed.world.cuts();
        worlds.push_back(crashed.world);  // a kill: the caches stay
        for (const World& world : worlds) {
            for (const Direction way : {Direction::forward, Direction::back}) {
                explore({world, crashed.journal}, way, depth, trail + (way == Direction::forward ? "f" : "b"));
            }
        }
    }

    /// One life of the program: a run, or the recovery of one, until its end or its death.
    Outcome live(Machine& machine, std::optional<Direction> way) {
        auto state = std::make_shared<MemTablesState>(machine.journal);
        World& world = machine.world;
        MemJournal journal(state, {[&world](std::uint64_t) {
                                       world.spend();
                                       return Status();
                                   },
                                   {}});
        Outcome outcome = Outcome::crashed;
        try {
            outcome = carry_on(journal, world, way);
        } catch (const Crash&) {
        }
        machine.journal = *state;
        return outcome;
    }

    Outcome carry_on(MemJournal& journal, World& world, std::optional<Direction> way) {
        ModelHost host(world);
        NoImages images;
        Registry kinds;
        kinds.add(std::make_unique<ModelKind>(world));
        StillClock clock;
        CountingIds ids;
        Silence silence;
        Engine engine({host, journal, images, kinds, clock, ids, silence, nullptr});
        RunOptions options;
        options.recovery_limit = 1000;
        const auto unfinished = journal.unfinished();
        if (!unfinished.ok()) return Outcome::stuck;
        if (way && !*unfinished) return Outcome::finished;  // never begun, or over
        // A run that goes back already keeps its direction, as `resume` and `rollback` do.
        const bool turn = *unfinished && (*unfinished)->direction == Direction::forward && way == Direction::back;
        auto outcome = *unfinished ? engine.resume(**unfinished, plan_, turn ? way : std::nullopt, options)
                                   : engine.apply(plan_, options);
        if (!outcome.ok()) return Outcome::stuck;
        return outcome->state.finished && outcome->exit_status != 3 ? Outcome::finished : Outcome::stuck;
    }

    /// What was acknowledged survives everything.
    void check_end(const Machine& machine, const std::string& trail) {
        ++tally_.recoveries;
        MemJournal journal(std::make_shared<MemTablesState>(machine.journal));
        const auto run = journal.run(1);
        if (!run.ok()) return violation("unreadable journal", machine, trail);
        if (!*run) return uniform(machine.world, 'B') ? void() : violation("an effect without a run", machine, trail);
        const char wanted = (*run)->phase == RunPhase::committed ? 'A' : 'B';
        for (const World& world : machine.world.cuts()) {
            if (!uniform(world, wanted)) return violation("an acknowledged end was lost", machine, trail);
        }
        if (!uniform(machine.world, wanted)) violation("neither end", machine, trail);
    }

    static bool uniform(const World& world, char wanted) {
        for (std::size_t cell = 0; cell < world.kinds.size(); ++cell) {
            if (world.kinds[cell] != CellKind::noop && world.cache[cell].first != wanted) return false;
        }
        return true;
    }

    void violation(const std::string& what, const Machine& machine, const std::string& trail) {
        if (++tally_.violations > 3 || machine.world.broken != Broken::nothing) return;
        std::string cells;
        for (const Pair& pair : machine.world.cache) cells += std::string(1, pair.first) + pair.second + " ";
        ADD_FAILURE() << what << " at " << trail << ": cells " << cells;
    }

    static std::string identity_of(const Machine& machine, std::optional<Direction> way) {
        std::string text = way ? to_string(*way) : "start";
        for (std::size_t cell = 0; cell < machine.world.kinds.size(); ++cell) {
            const auto add = [&text](Pair pair) { text += {' ', pair.first, pair.second}; };
            add(machine.world.cache[cell]);
            add(machine.world.disk[cell]);
            for (const Pair& pair : machine.world.pending[cell]) add(pair);
            text += machine.world.dirty.count(cell) != 0 ? 'd' : '.';
        }
        std::size_t hash = machine.journal.commits;
        for (const auto& table : machine.journal.tables) {
            for (const auto& [key, value] : table) hash = hash * 1000003 + std::hash<std::string>()(key + value);
        }
        return text + std::to_string(hash);
    }

    Plan plan_;
    Tally& tally_;
    std::map<std::string, int> walked_;
};

void walk_all(std::size_t cells, bool chained, int depth, Broken broken, Tally& tally) {
    static constexpr CellKind kAll[] = {CellKind::atom, CellKind::tear, CellKind::noop};
    std::size_t combinations = 1;
    for (std::size_t i = 0; i < cells; ++i) combinations *= 3;
    for (std::size_t code = 0; code < combinations; ++code) {
        std::vector<CellKind> kinds;
        std::size_t noops = 0;
        for (std::size_t i = 0, rest = code; i < cells; ++i, rest /= 3) kinds.push_back(kAll[rest % 3]);
        for (CellKind kind : kinds) noops += kind == CellKind::noop ? 1 : 0;
        if (cells > 2 && noops > 0) continue;
        for (const bool failing : {false, true}) {
            World world(kinds);
            world.broken = broken;
            Walk walk(plan_of(kinds, chained, failing), tally);
            walk.explore({world, MemJournal().state()}, std::nullopt, depth, failing ? "failing" : "run");
        }
    }
}

/// Crashes in a row: the run's own, and one in its recovery; in the full tier one more.
int depth_of_tier() {
    return std::getenv("BACKOUT_FULL") != nullptr ? 3 : 2;
}

TEST(ProtocolModel, EveryCrashOfTwoStepsAndOfTheirRecoveriesEndsAtOneOfTheTwoEnds) {
    Tally tally;
    walk_all(2, true, depth_of_tier(), Broken::nothing, tally);
    std::cout << "model, two chained steps: " << tally.recoveries << " recoveries, " << tally.violations
              << " violations\n";
    EXPECT_EQ(tally.violations, 0U);
    EXPECT_GT(tally.recoveries, 1000U);
}

TEST(ProtocolModel, EveryCrashOfAWindowEndsAtOneOfTheTwoEnds) {
    Tally tally;
    walk_all(2, false, depth_of_tier(), Broken::nothing, tally);
    std::cout << "model, a window of two: " << tally.recoveries << " recoveries, " << tally.violations
              << " violations\n";
    EXPECT_EQ(tally.violations, 0U);
    EXPECT_GT(tally.recoveries, 1000U);
}

TEST(ProtocolModel, EveryCrashOfThreeStepsEndsAtOneOfTheTwoEnds) {
    Tally tally;
    walk_all(3, true, depth_of_tier() - 1, Broken::nothing, tally);
    walk_all(3, false, depth_of_tier() - 1, Broken::nothing, tally);
    std::cout << "model, three steps: " << tally.recoveries << " recoveries, " << tally.violations << " violations\n";
    EXPECT_EQ(tally.violations, 0U);
    EXPECT_GT(tally.recoveries, 1000U);
}

TEST(ProtocolModel, WhatSomebodyElseWroteBetweenCrashAndRecoveryIsKeptAndTheRestGoesBack) {
    Tally tally;
    for (const bool chained : {true, false}) {
        for (const CellKind second : {CellKind::atom, CellKind::tear, CellKind::noop}) {
            const std::vector<CellKind> kinds{CellKind::atom, second, CellKind::atom};
            Walk walk(plan_of(kinds, chained, false), tally);
            walk.meddle({World(kinds), MemJournal().state()});
        }
    }
    std::cout << "model, somebody else writes: " << tally.recoveries << " recoveries, " << tally.violations
              << " violations\n";
    EXPECT_EQ(tally.violations, 0U);
    EXPECT_GT(tally.recoveries, 300U);
}

class BrokenProtocol : public testing::TestWithParam<Broken> {};

TEST_P(BrokenProtocol, IsCaughtByTheSameWalk) {
    Tally tally;
    walk_all(2, true, 1, GetParam(), tally);
    walk_all(2, false, 1, GetParam(), tally);
    if (tally.violations == 0) walk_all(2, true, 2, GetParam(), tally);  // some need a crash inside the recovery
    std::cout << "broken rule: " << tally.recoveries << " recoveries, " << tally.violations << " violations\n";
    EXPECT_GT(tally.violations, 0U);
}

std::string rule_name(const testing::TestParamInfo<Broken>& parameter) {
    static const char* const kNames[] = {"nothing",        "OneBarrier", "NoSyncSeen",
                                         "NoNamesBarrier", "NoLook",     "EffectBeforeIntent"};
    return kNames[static_cast<int>(parameter.param)];
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenProtocol,
                         testing::Values(Broken::one_barrier, Broken::no_sync_seen, Broken::no_names_barrier,
                                         Broken::no_look, Broken::effect_before_intent),
                         rule_name);

}  // namespace
}  // namespace backout::model
