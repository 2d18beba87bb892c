// What decide answers in situations that a run passes through: each test builds records and a volatile side by hand.

#include "engine/decide.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

/// Two independent atomic steps in one window, then one that depends on both.
class DecideOnThreeSteps : public testing::Test {
  protected:
    DecideOnThreeSteps() {
        shape_.steps.resize(3);
        shape_.windows = {{1, 2}, {3}};
        state_.steps.resize(3);
        live_.steps.resize(3);
    }

    Command next() const { return decide(shape_, state_, live_); }
    void expect(CommandKind kind, const std::vector<std::uint32_t>& steps) const {
        const Command command = next();
        EXPECT_STREQ(to_string(command.kind), to_string(kind));
        EXPECT_EQ(command.steps, steps);
    }
    void all_at(Progress progress, std::initializer_list<std::uint32_t> steps) {
        for (std::uint32_t step : steps) live_.step(step).progress = progress;
    }

    PlanShape shape_;
    RunState state_;
    Live live_;
};

TEST_F(DecideOnThreeSteps, CrossesEachLineWithTheWholeWindow) {
    expect(CommandKind::stage, {1, 2});
    all_at(Progress::staged, {1, 2});
    expect(CommandKind::secure, {1, 2});
    all_at(Progress::secured, {1, 2});
    expect(CommandKind::intend, {1, 2});
    all_at(Progress::intended, {1, 2});
    expect(CommandKind::act, {1, 2});
    all_at(Progress::acted, {1});
    expect(CommandKind::act, {2});
    all_at(Progress::acted, {2});
    expect(CommandKind::sync, {1, 2});
    all_at(Progress::synced, {1, 2});
    expect(CommandKind::verify, {1, 2});
    all_at(Progress::verified, {1, 2});
    expect(CommandKind::record_applied, {1, 2});
    all_at(Progress::recorded, {1, 2});
    expect(CommandKind::stage, {3});
}

TEST_F(DecideOnThreeSteps, ChecksTheWholePlanBeforeItFinishes) {
    all_at(Progress::recorded, {1, 2, 3});
    expect(CommandKind::check_end, {});
    live_.checked_at_end = true;
    expect(CommandKind::finish, {});
    live_.final_failure = "drift";
    expect(CommandKind::begin_abort, {});
    shape_.stop_on_drift = true;
    expect(CommandKind::await_person, {});
    shape_.is_rollback = true;  // never rolls itself back (invariant 11)
    expect(CommandKind::finish, {});
}

TEST_F(DecideOnThreeSteps, LooksAtWhatACrashLeftInDoubtBeforeAnythingElse) {
    state_.step(1).phase = StepPhase::in_doubt;
    state_.step(2).phase = StepPhase::in_doubt;
    expect(CommandKind::observe, {1, 2});
    live_.step(1).seen = Where::before;
    live_.step(2).seen = Where::after;
    expect(CommandKind::adopt, {1});
    all_at(Progress::intended, {1});
    expect(CommandKind::adopt_done, {2});
}

TEST_F(DecideOnThreeSteps, TakesItsOwnTearBackBeforeItTriesAgain) {
    shape_.steps[0].effect = Effect::tearable;
    state_.step(1).phase = StepPhase::in_doubt;
    live_.step(1).seen = Where::neither;
    expect(CommandKind::undo_first, {1});
    shape_.steps[0].undoable = false;
    expect(CommandKind::await_person, {1});
}

TEST_F(DecideOnThreeSteps, AFailureTurnsTheRunBackOnceNoAttemptIsLeft) {
    live_.step(1).failure = Error{ErrorCode::failed, "broken"};
    shape_.steps[0].attempts = 3;
    expect(CommandKind::retry, {1});
    state_.step(1).attempts = 2;
    expect(CommandKind::record_failure, {1});
}

TEST_F(DecideOnThreeSteps, AForeignChangeIsNeverRetried) {
    shape_.steps[0].attempts = 3;
    live_.step(1).failure = Error{ErrorCode::conflict, "somebody else"};
    expect(CommandKind::record_failure, {1});
}

TEST_F(DecideOnThreeSteps, GoesBackBackwardsAndMarksWhatIsBackAlready) {
    state_.direction = Direction::back;
    for (std::uint32_t step : {1U, 2U, 3U}) state_.step(step).phase = StepPhase::applied;
    expect(CommandKind::observe, {3});
    live_.step(3).seen = Where::after;
    expect(CommandKind::prepare_undo, {3});
    all_at(Progress::intended, {3});
    expect(CommandKind::act_undo, {3});
    all_at(Progress::acted, {3});
    expect(CommandKind::sync_undo, {3});
    state_.step(3).phase = StepPhase::undone;
    expect(CommandKind::observe, {2, 1});
    live_.step(1).seen = Where::before;
    live_.step(2).seen = Where::neither;
    expect(CommandKind::record_conflict, {2});
    all_at(Progress::recorded, {2});
    expect(CommandKind::sync_undo, {1});
}

TEST_F(DecideOnThreeSteps, WhatIsLeftOutIsNotEvenLookedAt) {
    state_.direction = Direction::back;
    for (std::uint32_t step : {1U, 2U}) state_.step(step).phase = StepPhase::applied;
    live_.step(1).left_out = true;
    expect(CommandKind::record_conflict, {1});
    state_.step(1).phase = StepPhase::conflict;
    all_at(Progress::recorded, {1});
    expect(CommandKind::observe, {2});
}

TEST_F(DecideOnThreeSteps, ARollbackCarriedOnLeavesOutWhatIsInDoubtToo) {
    shape_.is_rollback = true;
    state_.step(1).phase = StepPhase::in_doubt;
    for (std::uint32_t step : {1U, 2U}) live_.step(step).left_out = true;
    expect(CommandKind::record_conflict, {1});
    all_at(Progress::recorded, {1});
    expect(CommandKind::record_conflict, {2});
}

TEST_F(DecideOnThreeSteps, WhatAPersonOverridesIsTakenBackWhateverStandsThere) {
    state_.step(1).phase = StepPhase::in_doubt;
    live_.step(1).seen = Where::neither;
    expect(CommandKind::record_failure, {1});
    live_.step(1).overwrite = true;
    expect(CommandKind::undo_first, {1});
    state_.direction = Direction::back;
    expect(CommandKind::prepare_undo, {1});
    shape_.steps[0].undoable = false;
    expect(CommandKind::record_residue, {1});
}

TEST_F(DecideOnThreeSteps, StopsAtAPivotThatWasPassed) {
    shape_.windows = {{1}, {2}, {3}};
    shape_.steps[1].pivot = true;
    state_.direction = Direction::back;
    for (std::uint32_t step : {1U, 2U}) state_.step(step).phase = StepPhase::applied;
    expect(CommandKind::finish, {});
    state_.step(2).phase = StepPhase::failed_in_doubt;  // not passed: everything goes back
    expect(CommandKind::observe, {2});
}

TEST_F(DecideOnThreeSteps, NamesWhatIsIrreversibleAsResidueAndGoesOn) {
    shape_.steps[2].undoable = false;
    shape_.steps[2].effect = Effect::tearable;
    state_.direction = Direction::back;
    state_.step(3).phase = StepPhase::applied;
    live_.step(3).seen = Where::after;
    expect(CommandKind::record_residue, {3});
}

TEST_F(DecideOnThreeSteps, ReleasesImagesOnlyWhenEverythingIsAsBefore) {
    state_.direction = Direction::back;
    expect(CommandKind::release_images, {});
    state_.step(1).phase = StepPhase::conflict;
    expect(CommandKind::finish, {});
}

TEST_F(DecideOnThreeSteps, AFailedUndoWaitsForAnotherTryOnceTheRestIsDone) {
    state_.direction = Direction::back;
    state_.step(1).phase = StepPhase::applied;
    live_.step(1).gave_up = true;
    expect(CommandKind::await_person, {});
}

TEST_F(DecideOnThreeSteps, AFailedUndoIsTriedAgainOnceWhenOthersHaveGoneBackSince) {
    state_.direction = Direction::back;
    state_.step(2).phase = StepPhase::applied;
    live_.step(2).gave_up = true;
    state_.step(1).phase = StepPhase::undone;
    all_at(Progress::recorded, {1});
    expect(CommandKind::try_again, {2});
    live_.tried_again = true;
    expect(CommandKind::await_person, {});
}

TEST_F(DecideOnThreeSteps, ASignalWaitsForTheStepInHand) {
    live_.stop_asked = true;
    live_.abort_asked = true;
    all_at(Progress::intended, {1, 2});
    expect(CommandKind::act, {1, 2});
    all_at(Progress::recorded, {1, 2});
    expect(CommandKind::begin_abort, {});
    live_.abort_asked = false;
    expect(CommandKind::stop_resumable, {});
}

TEST_F(DecideOnThreeSteps, AGroupIsLeftWithItsMemberThatIsInConflict) {
    shape_.is_rollback = true;
    shape_.steps[0].group = shape_.steps[2].group = 1;
    state_.step(1).phase = StepPhase::conflict;
    all_at(Progress::recorded, {1, 2});
    expect(CommandKind::record_conflict, {3});
    shape_.is_rollback = false;
    expect(CommandKind::stage, {3});
}

TEST_F(DecideOnThreeSteps, AGroupOfARunThatTurnsBackIsLookedAtBeforeTheFirstGoes) {
    state_.direction = Direction::back;
    shape_.steps[0].group = shape_.steps[2].group = 1;
    for (std::uint32_t step : {1U, 2U, 3U}) state_.step(step).phase = StepPhase::applied;
    for (std::uint32_t step : {1U, 2U, 3U}) live_.step(step).seen = Where::after;
    expect(CommandKind::look_ahead, {1});
    live_.step(1).foreseen = Where::neither;
    expect(CommandKind::record_conflict, {3});
    live_.step(1).foreseen = Where::after;
    expect(CommandKind::prepare_undo, {3});
}

TEST_F(DecideOnThreeSteps, AGroupOfARunThatTurnsBackIsLeftWithItsMemberThatIsInConflict) {
    state_.direction = Direction::back;
    shape_.steps[0].group = shape_.steps[2].group = 1;
    for (std::uint32_t step : {1U, 2U}) state_.step(step).phase = StepPhase::applied;
    for (std::uint32_t step : {1U, 2U}) live_.step(step).seen = Where::after;
    state_.step(3).phase = StepPhase::conflict;
    expect(CommandKind::record_conflict, {1});
    state_.step(1).phase = StepPhase::conflict;
    expect(CommandKind::prepare_undo, {2});
}

TEST_F(DecideOnThreeSteps, AGroupWaitsForItsMemberThatFailedToGoBack) {
    shape_.is_rollback = true;
    shape_.steps[0].group = shape_.steps[2].group = 1;
    live_.step(1).gave_up = true;
    all_at(Progress::recorded, {2});
    expect(CommandKind::check_end, {});
    live_.checked_at_end = true;
    expect(CommandKind::try_again, {1});
    live_.step(1) = LiveStep{};
    all_at(Progress::recorded, {1});
    expect(CommandKind::stage, {3});
}

TEST_F(DecideOnThreeSteps, FinishesAnUndoInDoubtBeforeItTurnsForward) {
    state_.direction = Direction::back;
    live_.turning_forward = true;
    state_.step(2).phase = StepPhase::undo_in_doubt;
    state_.step(1).phase = StepPhase::applied;
    expect(CommandKind::observe, {2});
    live_.step(2).seen = Where::after;
    expect(CommandKind::prepare_undo, {2});
    state_.step(2).phase = StepPhase::undone;
    expect(CommandKind::turn_forward, {});
}

TEST_F(DecideOnThreeSteps, DoesNotTurnForwardOverAConflictThatAroseMeanwhile) {
    state_.direction = Direction::back;
    live_.turning_forward = true;
    state_.step(2).phase = StepPhase::undo_in_doubt;
    live_.step(2).seen = Where::neither;
    expect(CommandKind::record_conflict, {2});
    state_.step(2).phase = StepPhase::conflict;
    expect(CommandKind::await_person, {2});
    shape_.is_rollback = true;
    expect(CommandKind::turn_forward, {});
}

TEST_F(DecideOnThreeSteps, ARunThatTakesAnotherBackGoesOnPastAConflict) {
    shape_.is_rollback = true;
    live_.step(1).failure = Error{ErrorCode::conflict, "somebody else"};
    live_.step(1).conflicts.push_back({"/a", "content", "x", "y", ""});
    expect(CommandKind::record_conflict, {1});
    live_.step(1) = LiveStep{};
    live_.step(1).failure = Error{ErrorCode::failed, "probe failed"};
    expect(CommandKind::record_failure, {1});
    live_.step(1).gave_up = true;
    all_at(Progress::recorded, {2, 3});
    live_.checked_at_end = true;
    expect(CommandKind::try_again, {1});
    live_.tried_again = true;
    expect(CommandKind::await_person, {});
}

}  // namespace
}  // namespace backout
