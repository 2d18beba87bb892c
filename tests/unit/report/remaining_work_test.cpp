#include "report/remaining_work.h"

#include <gtest/gtest.h>

#include "unit/report/sample.h"

namespace backout {
namespace {

/// Four steps that all change something, begun in the order 1, 3, 2.
class RemainingWork : public testing::Test {
  protected:
    RemainingWork() {
        for (std::uint32_t step = 1; step <= 4; ++step) {
            PlannedStep planned;
            planned.step = step;
            planned.id = "s" + std::to_string(step);
            planned.operation = "create";
            plan_.steps.push_back(planned);
        }
        state_ = sample_state(plan_, RunPhase::interrupted, Direction::forward);
        begun(1, StepPhase::applied, 10);
        begun(3, StepPhase::applied, 20);
        begun(2, StepPhase::in_doubt, 30);
    }
    void begun(std::uint32_t step, StepPhase phase, std::uint64_t sequence) {
        state_.step(step).phase = phase;
        state_.step(step).intent_sequence = sequence;
    }
    std::string next(Direction direction) const {
        std::string text;
        for (const RemainingStep& step : remaining_work(plan_, state_, direction))
            text += step.id + " " + step.does + ";";
        return text;
    }

    Plan plan_;
    RunState state_;
};

TEST_F(RemainingWork, GoesBackwardsOverIntents) {
    EXPECT_EQ(next(Direction::back), "s2 settle;s3 undo;s1 undo;");
}

TEST_F(RemainingWork, GoesForwardOverWhatIsOpen) {
    EXPECT_EQ(next(Direction::forward), "s2 settle;s4 apply;");
    begun(3, StepPhase::undone, 20);
    EXPECT_EQ(next(Direction::forward), "s2 settle;s3 apply;s4 apply;");
}

TEST_F(RemainingWork, WhatCanNotBeUndoneStays) {
    plan_.steps[2].irreversible = true;
    EXPECT_EQ(next(Direction::back), "s2 settle;s3 stays;s1 undo;");
}

TEST_F(RemainingWork, EndsAtAPivotThatWasPassed) {
    plan_.steps[2].pivot = true;
    EXPECT_EQ(next(Direction::back), "s2 settle;");
    state_.step(3).failed = true;
    EXPECT_EQ(next(Direction::back), "s2 settle;s3 undo;s1 undo;");
}

TEST_F(RemainingWork, WhatIsLeftOutStaysWithItsGroup) {
    plan_.steps[0].group = plan_.steps[1].group = "g";
    std::string text;
    for (const RemainingStep& step : remaining_work(plan_, state_, Direction::back, {"s1"}))
        text += step.id + " " + step.does + ";";
    EXPECT_EQ(text, "s2 stays;s3 undo;s1 stays;");
}

TEST_F(RemainingWork, AnUndoThatNeedsUnknownOutputsIsNotPromised) {
    for (PlannedStep& step : plan_.steps) {
        const Json reference = {{"ref", "actions." + step.id + ".id"}};
        step.arguments = {{"undo", {{"argv", Json::array({"rm", {{"$template", Json::array({reference})}}})}}}};
    }
    state_.step(1).outputs = {{"id", 7}};
    EXPECT_EQ(next(Direction::back), "s2 settle;s3 stays;s1 undo;");
    EXPECT_NE(remaining_as_text(remaining_work(plan_, state_, Direction::back), Direction::back).find("stays, for its"),
              std::string::npos);
}

TEST_F(RemainingWork, KeptStepsHaveNoPart) {
    plan_.steps[3].operation = "keep";
    EXPECT_EQ(next(Direction::forward), "s2 settle;");
}

}  // namespace
}  // namespace backout
