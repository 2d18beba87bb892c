#include "report/run_report.h"

#include <gtest/gtest.h>

#include "unit/report/sample.h"

namespace backout {
namespace {

struct Case {
    StepPhase phase;
    const char* state;
};

StepState in_phase(StepPhase phase) {
    StepState step;
    step.phase = phase;
    return step;
}

std::string state_in(const StepState& step, RunPhase phase, Direction direction, const char* operation = "create") {
    Plan plan = sample_plan();
    plan.steps[0].operation = operation;
    return final_state_of(step, plan.steps[0], sample_state(plan, phase, direction));
}

TEST(FinalState, EveryPhaseHasOneOfTheTenWords) {
    const std::vector<Case> cases = {{StepPhase::pending, "not_reached"},
                                     {StepPhase::in_doubt, "failed"},
                                     {StepPhase::applied, "done"},
                                     {StepPhase::failed_in_doubt, "failed"},
                                     {StepPhase::undo_in_doubt, "undo_failed"},
                                     {StepPhase::undone, "undone"},
                                     {StepPhase::conflict, "conflict"},
                                     {StepPhase::residue, "residue"},
                                     {StepPhase::resolved_done, "done"},
                                     {StepPhase::resolved_undone, "undone"},
                                     {StepPhase::resolved_skipped, "skipped"}};
    for (const Case& one : cases) {
        EXPECT_EQ(state_in(in_phase(one.phase), RunPhase::rollback_incomplete, Direction::forward), one.state)
            << to_string(one.phase);
    }
}

TEST(FinalState, WhileARunIsUnfinishedAnIntentIsNoFailure) {
    const Plan plan = sample_plan();
    RunState run = sample_state(plan, RunPhase::running, Direction::forward);
    run.finished = false;
    for (const StepPhase phase : {StepPhase::in_doubt, StepPhase::undo_in_doubt}) {
        EXPECT_EQ(final_state_of(in_phase(phase), plan.steps[0], run), "in_doubt") << to_string(phase);
        EXPECT_EQ(final_state_of(in_phase(phase), plan.steps[0], run, true), "running") << to_string(phase);
    }
    StepState failed = in_phase(StepPhase::undo_in_doubt);
    failed.error = "permission denied";
    EXPECT_EQ(final_state_of(failed, plan.steps[0], run), "undo_failed");
}

TEST(FinalState, SettledStepsSayHowTheyWereSettled) {
    StepState step = in_phase(StepPhase::settled);
    step.settled_as = "kept";
    EXPECT_EQ(state_in(step, RunPhase::committed, Direction::forward), "kept");
    step.settled_as = "blocked";
    EXPECT_EQ(state_in(step, RunPhase::committed, Direction::forward), "blocked");
    step.settled_as = "declined";
    EXPECT_EQ(state_in(step, RunPhase::committed, Direction::forward), "skipped");
}

TEST(FinalState, TheStepThatFailedStaysFailedAlthoughItWasUndone) {
    StepState step = in_phase(StepPhase::undone);
    step.failed = true;
    EXPECT_EQ(state_in(step, RunPhase::rolled_back, Direction::back), "failed");
}

TEST(FinalState, AStepThatFailedBeforeItsIntentIsFailed) {
    StepState step = in_phase(StepPhase::pending);
    step.failed = true;
    EXPECT_EQ(state_in(step, RunPhase::rolled_back, Direction::back), "failed");
}

TEST(FinalState, WhatARollbackCouldNotUndoIsUndoFailed) {
    StepState step = in_phase(StepPhase::applied);
    step.error = "permission denied";
    EXPECT_EQ(state_in(step, RunPhase::rollback_incomplete, Direction::back), "undo_failed");
}

TEST(WaysOut, AFinishedRunNeedsNobody) {
    const Plan plan = sample_plan();
    EXPECT_TRUE(ways_out(plan, sample_state(plan, RunPhase::committed, Direction::forward)).empty());
    EXPECT_TRUE(ways_out(plan, sample_state(plan, RunPhase::rolled_back, Direction::back)).empty());
}

TEST(WaysOut, AnUnfinishedRunCanBeResumedOrRolledBack) {
    const Plan plan = sample_plan();
    const RunState state = sample_state(plan, RunPhase::interrupted, Direction::forward);
    EXPECT_EQ(ways_out(plan, state), (std::vector<std::string>{"resume", "rollback"}));
}

TEST(WaysOut, AConflictCanBeResolved) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::rollback_incomplete, Direction::back);
    state.steps[0].phase = StepPhase::conflict;
    const std::vector<std::string> ways = ways_out(plan, state);
    EXPECT_NE(std::find(ways.begin(), ways.end(), "resolve"), ways.end());
}

TEST(RunReport, HoldsAStateForEveryStep) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::committed, Direction::forward);
    state.steps[0].phase = StepPhase::applied;
    state.steps[1].phase = StepPhase::applied;
    state.steps[2].phase = StepPhase::settled;
    state.steps[2].settled_as = "kept";
    state.steps[3].phase = StepPhase::settled;
    state.steps[3].settled_as = "skipped";
    const RunReport report = make_run_report(plan, state, sample_summary(state));
    EXPECT_EQ(report.state, "committed");
    EXPECT_EQ(report.count("done"), 2U);
    EXPECT_EQ(report.count("kept"), 1U);
    EXPECT_EQ(report.steps[3].reason, "when: false");
}

TEST(RunReport, ARunThatWasTakenBackIsShownSo) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::committed, Direction::forward);
    state.steps[0].phase = StepPhase::applied;
    RunSummary summary = sample_summary(state);
    summary.undone_by = "r-13-aaaa";
    const RunReport report = make_run_report(plan, state, summary);
    EXPECT_EQ(report.state, "rolled_back");
    EXPECT_EQ(report.steps[0].state, "undone");
    EXPECT_NE(where_the_machine_is(report).find("r-13-aaaa"), std::string::npos);
}

TEST(RunReport, ARunThatWasPartlyTakenBackClaimsNoSuccess) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::committed, Direction::forward);
    state.steps[0].phase = StepPhase::applied;
    state.steps[1].phase = StepPhase::applied;
    const RunReport report = make_run_report(plan, state, sample_summary(state), {false, {2}, "r-13-aaaa"});
    EXPECT_EQ(report.state, "rollback_incomplete");
    EXPECT_EQ(report.steps[0].state, "done");
    EXPECT_EQ(report.steps[1].state, "undone");
    EXPECT_NE(where_the_machine_is(report).find("r-13-aaaa"), std::string::npos);
    EXPECT_EQ(report.ways_out, std::vector<std::string>{"rollback"});
}

TEST(RunReport, TheFirstAttemptIsOne) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::committed, Direction::forward);
    state.steps[0].started = 1;
    state.steps[1].started = 1;
    state.steps[1].attempts = 1;  // retried once
    const RunReport report = make_run_report(plan, state, sample_summary(state));
    EXPECT_EQ(report.steps[0].attempts, 1);
    EXPECT_EQ(report.steps[1].attempts, 2);
    EXPECT_EQ(report.steps[2].attempts, 0);
}

TEST(RunReport, CommandsNameRunAndState) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::rollback_incomplete, Direction::back);
    state.steps[1].phase = StepPhase::conflict;
    const RunReport report = make_run_report(plan, state, sample_summary(state));
    EXPECT_EQ(command_for("resume", report, "backout --state-dir /s"), "backout --state-dir /s resume r-12-k3f9");
    EXPECT_EQ(command_for("resolve", report, "backout"),
              "backout resolve r-12-k3f9 conf --as done|undone|skipped --reason TEXT");
}

TEST(RunReport, SaysWhatCameBackOtherwiseThanItWasPutAside) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::rolled_back, Direction::back);
    state.steps[0].undo_image = {{"notes", {"/a: somebody still wrote to it"}}};
    state.steps[1].image = {{"files", {{"notes", {"/b: others changed it"}}}}};
    const RunReport report = make_run_report(plan, state, RunSummary{});
    EXPECT_EQ(report.steps[0].notes, std::vector<std::string>{"/a: somebody still wrote to it"});
    EXPECT_EQ(report.steps[1].notes, std::vector<std::string>{"/b: others changed it"});
}

TEST(RunReport, ClaimsNoMoreThanAnUndoWithoutProofAllows) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::rolled_back, Direction::back);
    state.steps[0].phase = StepPhase::undone;
    RunReport report = make_run_report(plan, state, sample_summary(state));
    EXPECT_EQ(where_the_machine_is(report), "Everything is as it was before the run.");
    state.steps[0].undo_image = {{"unproven", true}};
    report = make_run_report(plan, state, sample_summary(state));
    EXPECT_EQ(where_the_machine_is(report), "Everything is as it was before the run, if the undo of " +
                                                plan.steps[0].id +
                                                " did what it should: without probe nothing can tell.");
}

}  // namespace
}  // namespace backout
