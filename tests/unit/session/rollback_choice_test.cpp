#include "session/rollback_choice.h"

#include <gtest/gtest.h>

#include <random>

namespace backout {
namespace {

// Runs as the journal tells them, newest first.
class History {
  public:
    History& apply(bool changed = true) {
        add("", changed);
        return *this;
    }
    /// A rollback of `target`, complete: marks are set as the engine does.
    History& undo(std::uint64_t target) {
        RunSummary& taken = run(target);
        add(taken.run, true);
        RunSummary& again = run(target);
        again.undone_by = runs_.front().run;
        again.phase = RunPhase::rolled_back;
        const RunSummary* by = &again;
        for (bool stands = true; !by->undoes.empty(); stands = !stands) {
            RunSummary& next = named(by->undoes);
            next.undone_by = stands ? "" : by->run;
            next.phase = stands ? RunPhase::committed : RunPhase::rolled_back;
            by = &next;
        }
        return *this;
    }
    RunSummary& run(std::uint64_t number) { return runs_[runs_.size() - number]; }
    const std::vector<RunSummary>& all() const { return runs_; }

  private:
    RunSummary& named(const std::string& name) {
        for (RunSummary& one : runs_) {
            if (one.run == name) return one;
        }
        BACKOUT_ASSERT(false);
    }
    void add(const std::string& undoes, bool changed) {
        RunSummary summary;
        summary.number = runs_.size() + 1;
        summary.run = "r-" + std::to_string(summary.number);
        summary.phase = RunPhase::committed;
        summary.changed = changed;
        summary.undoes = undoes;
        summary.finished = 1;
        runs_.insert(runs_.begin(), summary);
    }
    std::vector<RunSummary> runs_;
};

std::vector<std::string> names(const std::vector<RunSummary>& runs) {
    std::vector<std::string> result;
    for (const RunSummary& run : runs) result.push_back(run.run);
    return result;
}

using Names = std::vector<std::string>;

std::string newest(const History& history) {
    for (const RunSummary& run : history.all()) {
        if (can_be_taken_back(run)) return run.run;
    }
    return "";
}

TEST(RollbackChoice, RepeatedCallsWalkBackThroughHistory) {
    History history;
    history.apply().apply().apply();
    EXPECT_EQ(newest(history), "r-3");
    history.undo(3);
    EXPECT_EQ(newest(history), "r-2");
    history.undo(2);
    EXPECT_EQ(newest(history), "r-1");
    history.undo(1);
    EXPECT_EQ(newest(history), "");
}

TEST(RollbackChoice, RunsThatChangedNothingAreLeftOut) {
    History history;
    history.apply().apply(false);
    EXPECT_EQ(newest(history), "r-1");
}

TEST(RollbackChoice, ARedoneRunStandsAgain) {
    History history;
    history.apply().undo(1).undo(2);  // r-3 redoes r-1
    EXPECT_EQ(newest(history), "r-1");
    EXPECT_EQ(root_of(history.all(), history.run(3)).run, "r-1");
    EXPECT_TRUE(later_runs(history.all(), history.run(1)).empty()) << "its own history is not in the way";
}

TEST(RollbackChoice, LaterRunsThatStandAreInTheWay) {
    History history;
    history.apply().apply();
    EXPECT_EQ(names(later_runs(history.all(), history.run(1))), (Names{"r-2"}));
}

TEST(RollbackChoice, LaterRunsThatWereTakenBackAreNot) {
    History history;
    history.apply().apply().undo(2);
    EXPECT_TRUE(later_runs(history.all(), history.run(1)).empty());
}

TEST(RollbackChoice, ARollbackOfSomethingOlderIsInTheWayOfARedo) {
    History history;
    history.apply().apply().undo(2).undo(1);  // r-3 took back r-2, r-4 took back r-1
    EXPECT_EQ(names(later_runs(history.all(), history.run(3))), (Names{"r-4"}));
}

TEST(RollbackChoice, SinceMeansEverythingThatStandsNewestFirst) {
    History history;
    history.apply().apply().apply().apply(false);
    EXPECT_EQ(names(runs_since(history.all(), history.run(2))), (Names{"r-3", "r-2"}));
    history.undo(3);
    EXPECT_EQ(names(runs_since(history.all(), history.run(2))), (Names{"r-2"}));
}

TEST(RollbackChoice, SinceRedoesWhatWasTakenBackOfOlderRuns) {
    History history;
    history.apply().apply().undo(1);
    EXPECT_EQ(names(runs_since(history.all(), history.run(2))), (Names{"r-3", "r-2"}));
}

TEST(RollbackChoice, ARedoLyingBelowIsNotInTheWay) {
    History history;
    history.apply().apply().apply().undo(3).undo(2).undo(1).undo(6);  // r-7 redoes r-1
    EXPECT_TRUE(later_runs(history.all(), history.run(5)).empty()) << "r-5 can be redone now";
    EXPECT_EQ(names(later_runs(history.all(), history.run(4))), (Names{"r-5"}));
}

TEST(RollbackChoice, WhatARedoBroughtBackAndWasTakenBackAgainDoesNotStand) {
    History history;
    history.apply().undo(1).undo(2).undo(3);  // r-4 takes back the redo r-3
    EXPECT_EQ(newest(history), "");
    EXPECT_TRUE(later_runs(history.all(), history.run(2)).empty()) << "r-2 can be redone";
}

TEST(RollbackChoice, APartlyTakenBackRunIsTriedAgain) {
    History history;
    history.apply().undo(1);
    history.run(1).undone_by.clear();
    history.run(1).phase = RunPhase::committed;
    history.run(2).phase = RunPhase::rollback_incomplete;
    EXPECT_TRUE(later_runs(history.all(), history.run(1)).empty());
    EXPECT_EQ(names(runs_since(history.all(), history.run(1))), (Names{"r-1"}));
}

/// One file, and the value that each run finds and leaves in it.
class OneFile {
  public:
    void apply() {
        history_.apply();
        values_.push_back({now(), ++last_});
    }
    void undo(std::uint64_t target) {
        history_.undo(target);
        values_.push_back({values_[target - 1].after, values_[target - 1].before});
    }
    int now() const { return values_.empty() ? 0 : values_.back().after; }
    int before(std::uint64_t run) const { return values_[run - 1].before; }
    int after(std::uint64_t run) const { return values_[run - 1].after; }
    bool is_undone(std::uint64_t run) { return !history_.run(run).undone_by.empty(); }
    std::uint64_t count() const { return values_.size(); }
    bool allowed(std::uint64_t run) { return later_runs(history_.all(), history_.run(run)).empty(); }
    std::vector<RunSummary> since(std::uint64_t run) { return runs_since(history_.all(), history_.run(run)); }

  private:
    struct Values {
        int before = 0;
        int after = 0;
    };
    History history_;
    std::vector<Values> values_;
    int last_ = 0;
};

/// Whatever was undone and redone before: a run goes back just when the file is as that run left it.
void expect_right_choices(OneFile& file, unsigned seed) {
    for (std::uint64_t run = 1; run <= file.count(); ++run) {
        if (file.is_undone(run)) continue;
        EXPECT_EQ(file.allowed(run), file.now() == file.after(run)) << "seed " << seed << ", r-" << run;
    }
}

TEST(RollbackChoice, RandomChainsGiveTheValueThatTheHistorySays) {
    int redone = 0;
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        OneFile file;
        for (int turn = 0; turn < 14; ++turn) {
            std::vector<std::uint64_t> choices;
            for (std::uint64_t run = 1; run <= file.count(); ++run) {
                if (!file.is_undone(run) && file.allowed(run)) choices.push_back(run);
            }
            if (choices.empty() || random() % 3 == 0) {
                file.apply();
            } else {
                const std::uint64_t target = choices[random() % choices.size()];
                file.undo(target);
                EXPECT_EQ(file.now(), file.before(target)) << "seed " << seed;
                ++redone;
            }
            expect_right_choices(file, seed);
        }
    }
    EXPECT_GT(redone, 1000);
}

TEST(RollbackChoice, SinceLeadsToTheValueBeforeWhateverTheChain) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        OneFile file;
        for (int turn = 0; turn < 12; ++turn) {
            std::vector<std::uint64_t> choices;
            for (std::uint64_t run = 1; run <= file.count(); ++run) {
                if (!file.is_undone(run) && file.allowed(run)) choices.push_back(run);
            }
            const bool applies = choices.empty() || random() % 3 == 0;
            applies ? file.apply() : file.undo(choices[random() % choices.size()]);
        }
        const std::uint64_t target = 1 + random() % file.count();
        const int wanted = file.before(target);
        for (const RunSummary& run : file.since(target)) {
            EXPECT_EQ(file.now(), file.after(run.number)) << "seed " << seed << ": " << run.run << " isn't on top";
            file.undo(run.number);
        }
        EXPECT_EQ(file.now(), wanted) << "seed " << seed << ", --to r-" << target;
    }
}

TEST(RollbackChoice, AnUnfinishedRunIsNoChoice) {
    History history;
    history.apply();
    history.run(1).phase = RunPhase::interrupted;
    EXPECT_EQ(newest(history), "");
}

TEST(TakenSteps, AreThoseWhoseEffectMayStand) {
    RunDetails run;
    const auto add = [&run](StepPhase phase, std::uint64_t intent, const char* operation) {
        PlannedStep planned;
        planned.step = static_cast<std::uint32_t>(run.plan.steps.size() + 1);
        planned.operation = operation;
        run.plan.steps.push_back(planned);
        StepState state;
        state.phase = phase;
        state.image = {{"part", 1}};
        state.intent_sequence = intent;
        run.state.steps.push_back(state);
    };
    add(StepPhase::applied, 3, "create");
    add(StepPhase::undone, 4, "create");
    add(StepPhase::settled, 0, "keep");
    add(StepPhase::conflict, 6, "update");
    add(StepPhase::applied, 7, "run");
    run.plan.steps[4].undo.reversibility = Reversibility::irreversible;
    const std::vector<TakenStep> taken = taken_steps(run);
    ASSERT_EQ(taken.size(), 3U);
    EXPECT_EQ(taken[0].step, 1U);
    EXPECT_EQ(taken[1].step, 4U);
    EXPECT_EQ(taken[2].step, 5U);
    EXPECT_FALSE(taken[2].residue.empty());
    EXPECT_TRUE(taken[0].residue.empty());
}

}  // namespace
}  // namespace backout
