#include "journal/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "unit/journal/sample.h"

namespace backout {
namespace {

using ::testing::HasSubstr;

/// A run being folded record by record; sequences are given as the store gives them.
class Folded : public ::testing::Test {
  protected:
    Folded() { add(RecordType::run_started); }

    Status try_add(RecordType type, std::uint32_t step = 0, Json body = Json::object()) {
        Record record =
            make_record(type, step, std::move(body), 100 + static_cast<UnixNanoseconds>(state_.last_sequence));
        record.sequence = state_.last_sequence + 1;
        return fold_into(state_, record);
    }
    void add(RecordType type, std::uint32_t step = 0, Json body = Json::object()) {
        const Status added = try_add(type, step, std::move(body));
        ASSERT_TRUE(added.ok()) << added.error().text();
    }
    void refuse(RecordType type, std::uint32_t step = 0, Json body = Json::object()) {
        const Status added = try_add(type, step, std::move(body));
        ASSERT_FALSE(added.ok()) << to_string(type);
        EXPECT_EQ(added.error().code, ErrorCode::journal);
    }
    StepState& step(std::uint32_t number) { return state_.step(number); }
    void intend(std::uint32_t number) {
        add(RecordType::step_intended, number, Json{{"image", "i"}, {"expected", "e"}});
    }

    RunState state_;
};

using enum StepPhase;

TEST_F(Folded, RunStartsForward) {
    EXPECT_EQ(state_.phase, RunPhase::running);
    EXPECT_EQ(state_.direction, Direction::forward);
    EXPECT_EQ(state_.started, 100);
    EXPECT_TRUE(state_.steps.empty());
}

TEST_F(Folded, IntentIsDoubtUntilItsOutcome) {
    intend(2);
    ASSERT_EQ(state_.steps.size(), 2U);
    EXPECT_EQ(step(1).phase, pending);
    EXPECT_EQ(step(2).phase, in_doubt);
    EXPECT_EQ(step(2).image, "i");
    EXPECT_EQ(step(2).expected, "e");
    EXPECT_EQ(step(2).intent_sequence, 2U);
    add(RecordType::step_applied, 2, Json{{"outputs", {{"id", 1}}}, {"verify", "v"}});
    EXPECT_EQ(step(2).phase, applied);
    EXPECT_EQ(step(2).outputs["id"], 1);
    EXPECT_EQ(step(2).verify, "v");
    EXPECT_GT(step(2).finished, step(2).started);
}

TEST_F(Folded, WhatAnAttemptGaveOutIsItsOwn) {
    intend(1);
    add(RecordType::step_failed, 1, Json{{"error", "boom"}, {"outputs", {{"id", 1}}}});
    EXPECT_EQ(step(1).outputs["id"], 1);
    add(RecordType::undo_intended, 1, Json{{"image", "u"}});
    EXPECT_EQ(step(1).outputs["id"], 1);
    add(RecordType::step_undone, 1, Json{{"how", "undone"}});
    add(RecordType::retry, 1);
    intend(1);
    EXPECT_TRUE(step(1).outputs.is_null());
}

TEST_F(Folded, FailureAfterItsIntentStaysInDoubt) {
    intend(1);
    add(RecordType::step_failed, 1, Json{{"error", "boom"}, {"drift", Json::array({"mode"})}});
    EXPECT_EQ(step(1).phase, failed_in_doubt);
    EXPECT_TRUE(step(1).failed);
    EXPECT_TRUE(step(1).drifted);
    EXPECT_EQ(step(1).error, "boom");
}

TEST_F(Folded, FailureBeforeItsIntentHasNoEffect) {
    add(RecordType::step_failed, 1, Json{{"error", "boom"}});
    EXPECT_EQ(step(1).phase, pending);
    EXPECT_TRUE(step(1).failed);
    EXPECT_FALSE(step(1).drifted);
}

TEST_F(Folded, WhatDriftsAfterItWasAppliedStaysApplied) {
    intend(1);
    add(RecordType::step_applied, 1);
    add(RecordType::step_failed, 1, Json{{"error", "drift"}, {"drift", Json::array({"x"})}});
    EXPECT_EQ(step(1).phase, applied);
    EXPECT_TRUE(step(1).drifted);
}

TEST_F(Folded, RetryFollowsARecordedUndo) {
    intend(1);
    add(RecordType::step_failed, 1, Json{{"error", "boom"}});
    refuse(RecordType::retry, 1);
    add(RecordType::undo_intended, 1);
    add(RecordType::step_undone, 1, Json{{"how", "undone"}});
    EXPECT_TRUE(step(1).failed);
    EXPECT_EQ(step(1).error, "boom");
    add(RecordType::retry, 1, Json{{"attempt", 1}});
    EXPECT_EQ(step(1).phase, pending);
    EXPECT_EQ(step(1).attempts, 1);
    EXPECT_FALSE(step(1).failed);
    intend(1);
    EXPECT_EQ(step(1).intent_sequence, state_.last_sequence);
}

TEST_F(Folded, AbortTurnsBackAndForwardingTurnsForward) {
    intend(1);
    add(RecordType::run_aborting, 0, Json{{"reason", "why"}, {"cause_step", 1}});
    EXPECT_EQ(state_.phase, RunPhase::rolling_back);
    EXPECT_EQ(state_.direction, Direction::back);
    EXPECT_EQ(state_.abort_reason, "why");
    EXPECT_EQ(state_.abort_cause_step, 1U);
    refuse(RecordType::run_aborting);
    refuse(RecordType::step_intended, 2);
    add(RecordType::step_applied, 1);  // rode behind
    add(RecordType::undo_intended, 1, Json{{"image", "inverse"}});
    EXPECT_EQ(step(1).phase, undo_in_doubt);
    EXPECT_EQ(step(1).undo_image, "inverse");
    EXPECT_EQ(step(1).image, "i");
    add(RecordType::step_undone, 1, Json{{"how", "undone"}});
    refuse(RecordType::step_reopened, 1);
    add(RecordType::run_forwarding);
    refuse(RecordType::run_forwarding);
    EXPECT_EQ(state_.phase, RunPhase::running);
    EXPECT_EQ(state_.abort_reason, "");
    add(RecordType::step_reopened, 1);
    EXPECT_EQ(step(1).phase, pending);
    EXPECT_EQ(step(1).image, nullptr);
}

TEST_F(Folded, OnlyWhatWasAlreadySoIsUndoneWithoutIntent) {
    intend(1);
    refuse(RecordType::step_undone, 1, Json{{"how", "undone"}});
    add(RecordType::step_undone, 1, Json{{"how", "already"}});
    EXPECT_EQ(step(1).phase, undone);
    refuse(RecordType::undo_intended, 1);
}

TEST_F(Folded, FailedUndoStaysInDoubtAndMayBeTriedAgain) {
    intend(1);
    add(RecordType::undo_intended, 1);
    add(RecordType::undo_failed, 1, Json{{"error", "EIO"}});
    EXPECT_EQ(step(1).phase, undo_in_doubt);
    EXPECT_EQ(step(1).error, "EIO");
    EXPECT_FALSE(step(1).failed);
    add(RecordType::undo_intended, 1);
    add(RecordType::step_undone, 1, Json{{"how", "undone"}});
}

TEST_F(Folded, ForwardAgainALookMayFindTheStepApplied) {
    intend(1);
    add(RecordType::run_aborting);
    add(RecordType::undo_intended, 1);
    add(RecordType::run_forwarding);
    add(RecordType::step_applied, 1);
    EXPECT_EQ(step(1).phase, applied);
}

TEST_F(Folded, SettledStepsHaveNoEffectAndMayDrift) {
    add(RecordType::step_settled, 1, Json{{"state", "kept"}, {"reason", "already so"}});
    EXPECT_EQ(step(1).phase, settled);
    EXPECT_EQ(step(1).settled_as, "kept");
    EXPECT_EQ(step(1).reason, "already so");
    refuse(RecordType::undo_intended, 1);
    add(RecordType::step_failed, 1, Json{{"drift", Json::array({"x"})}});
    EXPECT_EQ(step(1).phase, settled);
    add(RecordType::step_conflict, 1, Json{{"conflicts", Json::array({"x"})}});
    EXPECT_EQ(step(1).phase, conflict);
    EXPECT_EQ(step(1).conflicts, Json::array({"x"}));
}

TEST_F(Folded, ConflictIsResolvedByAPersonOrOverwritten) {
    intend(1);
    add(RecordType::step_conflict, 1);
    add(RecordType::undo_intended, 1);
    add(RecordType::step_conflict, 1);
    add(RecordType::step_resolved, 1, Json{{"as", "undone"}, {"reason", "by hand"}});
    EXPECT_EQ(step(1).phase, resolved_undone);
    EXPECT_EQ(step(1).reason, "by hand");
    add(RecordType::step_resolved, 1, Json{{"as", "skipped"}});
    EXPECT_EQ(step(1).phase, resolved_skipped);
    add(RecordType::step_resolved, 1, Json{{"as", "done"}});
    EXPECT_EQ(step(1).phase, resolved_done);
    refuse(RecordType::step_resolved, 1, Json{{"as", "maybe"}});
}

TEST_F(Folded, ResidueIsNamed) {
    intend(1);
    add(RecordType::step_applied, 1);
    add(RecordType::step_residue, 1, Json{{"reason", "mail is sent"}});
    EXPECT_EQ(step(1).phase, residue);
    EXPECT_EQ(step(1).reason, "mail is sent");
}

TEST_F(Folded, WaitingEndsWithResuming) {
    add(RecordType::run_awaits, 0, Json{{"reason", "drift"}});
    EXPECT_EQ(state_.phase, RunPhase::interrupted);
    EXPECT_EQ(state_.awaits, "drift");
    add(RecordType::run_resumed);
    EXPECT_EQ(state_.phase, RunPhase::running);
    EXPECT_EQ(state_.awaits, "");
    EXPECT_EQ(state_.recoveries, 1);
    add(RecordType::run_aborting);
    add(RecordType::run_awaits);
    EXPECT_NE(state_.awaits, "");
    add(RecordType::run_resumed);
    EXPECT_EQ(state_.phase, RunPhase::rolling_back);
    EXPECT_EQ(state_.recoveries, 2);
}

TEST_F(Folded, EndIsTheEnd) {
    intend(1);
    refuse(RecordType::run_finished, 0, Json{{"state", "committed"}});  // still in doubt
    add(RecordType::step_applied, 1);
    refuse(RecordType::run_finished, 0, Json{{"state", "running"}});
    refuse(RecordType::run_finished, 0, Json{{"state", "nonsense"}});
    add(RecordType::run_verified, 0, Json{{"drift", Json::array()}});
    EXPECT_TRUE(state_.verified);
    add(RecordType::run_finished, 0, Json{{"state", "committed"}, {"exit", 0}, {"residue", Json::array({"x"})}});
    EXPECT_TRUE(state_.finished);
    EXPECT_EQ(state_.phase, RunPhase::committed);
    EXPECT_EQ(state_.residue, Json::array({"x"}));
    EXPECT_EQ(state_.ended, 100 + 4);
    refuse(RecordType::run_resumed);
    refuse(RecordType::step_intended, 2);
    refuse(RecordType::step_output, 1);
    add(RecordType::step_resolved, 1, Json{{"as", "done"}});
}

TEST_F(Folded, DriftAtTheEndIsNotVerified) {
    add(RecordType::run_verified, 0, Json{{"drift", Json::array({"x"})}});
    EXPECT_FALSE(state_.verified);
}

TEST_F(Folded, SequenceIsDense) {
    Record record = make_record(RecordType::step_intended, 1);
    for (const std::uint64_t wrong : {0U, 1U, 3U}) {
        record.sequence = wrong;
        EXPECT_FALSE(fold_into(state_, record).ok()) << wrong;
    }
    record.sequence = 2;
    EXPECT_TRUE(fold_into(state_, record).ok());
}

TEST_F(Folded, RecordsStandWhereTheyBelong) {
    refuse(RecordType::run_started);
    refuse(RecordType::step_intended, 0);
    refuse(RecordType::run_aborting, 1);
    refuse(RecordType::step_intended, 2'000'001);
    add(RecordType::step_output, 0);
    add(RecordType::step_output, 1);
    EXPECT_THAT(try_add(RecordType::step_applied, 1).error().message, HasSubstr("step 1"));
}

TEST(Fold, NeedsAStart) {
    Record record = make_record(RecordType::step_intended, 1);
    record.sequence = 1;
    EXPECT_FALSE(fold({record}, 0).ok());
    EXPECT_TRUE(fold({}, 3).ok());
    EXPECT_EQ(fold({}, 3)->steps.size(), 3U);
}

TEST(Fold, RefusesStepsThatThePlanLacks) {
    Record start = make_record(RecordType::run_started);
    start.sequence = 1;
    Record beyond = make_record(RecordType::step_intended, 4);
    beyond.sequence = 2;
    EXPECT_FALSE(fold({start, beyond}, 3).ok());
    EXPECT_TRUE(fold({start, beyond}, 4).ok());
}

/// Any record in any state gives a new state or a `journal` error, and what is refused changes nothing that matters.
TEST(Fold, IsTotal) {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    const std::vector<Json> bodies = {
        Json::object(), Json{{"as", "done"}, {"state", "kept"}, {"how", "already"}},
        Json{{"as", "undone"}, {"state", "committed"}, {"how", "undone"}, {"exit", 3}},
        Json{{"as", 1}, {"state", 2}, {"how", nullptr}, {"drift", "x"}, {"error", {{"a", 1}}}},
        Json{{"as", "skipped"}, {"state", "rollback_incomplete"}, {"cause_step", -1}}};
    std::size_t accepted = 0;
    for (int round = 0; round < 3'000; ++round) {
        RunState state;
        for (std::uint64_t i = 1; i < 30; ++i) {
            Record record;
            record.type = i == 1 ? RecordType::run_started : static_cast<RecordType>(1 + random() % 20);
            record.step = i == 1 ? 0 : static_cast<std::uint32_t>(random() % 4);
            record.body = bodies[random() % bodies.size()];
            record.sequence = state.last_sequence + 1;
            const RunPhase before = state.phase;
            const Status folded = fold_into(state, record);
            if (folded.ok()) {
                ++accepted;
                ASSERT_EQ(state.last_sequence, record.sequence);
            } else {
                ASSERT_EQ(folded.error().code, ErrorCode::journal) << "seed " << seed;
                ASSERT_EQ(state.phase, before) << "seed " << seed;
            }
        }
    }
    EXPECT_GT(accepted, 10'000U);
}

TEST(RunPhaseWords, GoBothWays) {
    for (const char* word :
         {"running", "interrupted", "committed", "rolling_back", "rolled_back", "rollback_incomplete"}) {
        EXPECT_STREQ(to_string(*run_phase_from(word)), word);
    }
    EXPECT_EQ(run_phase_from("done").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace backout
