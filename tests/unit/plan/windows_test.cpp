#include <gtest/gtest.h>

#include <random>

#include "plan/order.h"

namespace backout {
namespace {

using Windows = std::vector<std::vector<std::uint32_t>>;

PlannedStep step(std::string id, std::string path, std::vector<std::string> depends_on = {}) {
    PlannedStep made;
    made.id = std::move(id);
    made.operation = "create";
    made.resources.push_back(Resource{"path", std::move(path)});
    made.depends_on = std::move(depends_on);
    return made;
}

Plan plan_of(std::vector<PlannedStep> steps) {
    Plan plan;
    plan.steps = std::move(steps);
    return plan;
}

TEST(Windows, HoldIndependentStepsTogether) {
    EXPECT_EQ(windows_of(plan_of({step("a", "/a"), step("b", "/b"), step("c", "/c")}), 8), (Windows{{0, 1, 2}}));
    EXPECT_TRUE(windows_of(plan_of({}), 8).empty());
}

TEST(Windows, EndAtTheLimit) {
    EXPECT_EQ(windows_of(plan_of({step("a", "/a"), step("b", "/b"), step("c", "/c")}), 2), (Windows{{0, 1}, {2}}));
}

TEST(Windows, EndBeforeAStepThatDependsOnAMember) {
    EXPECT_EQ(windows_of(plan_of({step("a", "/a"), step("b", "/b", {"a"}), step("c", "/c", {"a"})}), 8),
              (Windows{{0}, {1, 2}}));
    auto steps = std::vector{step("a", "/a"), step("b", "/b")};
    steps[1].after_ids = {"a"};
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0}, {1}}));
}

TEST(Windows, EndBeforeAStepOnTheSameResource) {
    EXPECT_EQ(windows_of(plan_of({step("a", "/a"), step("b", "/a")}), 8), (Windows{{0}, {1}}));
    auto steps = std::vector{step("a", "/a"), step("b", "/a/b")};
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0, 1}}));
    steps[0].resources[0].tree = true;
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0}, {1}}));
}

TEST(Windows, LeavePivotsAndTearableStepsAlone) {
    auto steps = std::vector{step("a", "/a"), step("b", "/b"), step("c", "/c"), step("d", "/d")};
    steps[1].pivot = true;
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0}, {1}, {2, 3}}));
    steps[2].effect = Effect::tearable;
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0}, {1}, {2}, {3}}));
    steps[1].operation = steps[2].operation = "keep";
    EXPECT_EQ(windows_of(plan_of(steps), 8), (Windows{{0, 1, 2, 3}}));
}

std::vector<PlannedStep> random_steps(std::mt19937& random) {
    static const char* const kKeys[] = {"/a", "/a/b", "/a/b/c", "/d", "/e", "/f"};
    std::vector<PlannedStep> steps;
    for (std::size_t at = 0; at < 1 + random() % 10; ++at) {
        steps.push_back(step(std::to_string(at), kKeys[random() % std::size(kKeys)]));
        steps[at].resources[0].tree = random() % 4 == 0;
        if (random() % 8 == 0) steps[at].effect = Effect::tearable;
        if (at > 0 && random() % 4 == 0) steps[at].depends_on.push_back(std::to_string(random() % at));
    }
    return steps;
}

TEST(Windows, KeepTheOrderAndNeverJoinWhatBelongsApart) {
    std::mt19937 random(11);
    for (int round = 0; round < 3000; ++round) {
        const Plan plan = plan_of(random_steps(random));
        std::uint32_t expected = 0;
        for (const auto& window : windows_of(plan, 4)) {
            ASSERT_FALSE(window.empty());
            ASSERT_LE(window.size(), 4U);
            for (const std::uint32_t at : window) {
                ASSERT_EQ(at, expected++);
                for (std::uint32_t other = window.front(); other < at; ++other) {
                    ASSERT_FALSE(overlaps(plan.steps[at].resources[0], plan.steps[other].resources[0]));
                    for (const std::string& id : plan.steps[at].depends_on) ASSERT_NE(id, plan.steps[other].id);
                    ASSERT_NE(plan.steps[at].effect, Effect::tearable);
                    ASSERT_NE(plan.steps[other].effect, Effect::tearable);
                }
            }
        }
        ASSERT_EQ(expected, plan.steps.size());
    }
}

}  // namespace
}  // namespace backout
