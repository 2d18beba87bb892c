#include "plan/plan.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

Resource path(std::string key, bool tree = false) {
    return Resource{"path", std::move(key), tree};
}

TEST(Plan, ResourcesOfOneKeyOverlapWhateverTheirParts) {
    EXPECT_TRUE(overlaps(Resource{"path", "/a", false, "/x"}, Resource{"path", "/a", false, "/y"}));
    EXPECT_FALSE(overlaps(Resource{"path", "a"}, Resource{"service", "a"}));
    EXPECT_FALSE(overlaps(path("/a"), path("/a/b")));
}

TEST(Plan, TreesCoverWhatIsBelowThemAndNothingBeside) {
    EXPECT_TRUE(overlaps(path("/a", true), path("/a/b/c")));
    EXPECT_TRUE(overlaps(path("/a/b/c"), path("/a", true)));
    EXPECT_FALSE(overlaps(path("/a", true), path("/ab")));
    EXPECT_FALSE(overlaps(path("/a/b", true), path("/a")));
    EXPECT_TRUE(overlaps(path("/", true), path("/etc/hosts")));
}

TEST(Plan, WordsOfEnumeratorsComeBack) {
    for (const auto value : {Effect::none, Effect::atomic, Effect::tearable}) {
        EXPECT_EQ(*effect_from(to_string(value)), value);
    }
    for (const auto value : {Reversibility::reversible, Reversibility::conditional, Reversibility::irreversible}) {
        EXPECT_EQ(*reversibility_from(to_string(value)), value);
    }
    EXPECT_EQ(effect_from("torn").error().code, ErrorCode::invalid);
    EXPECT_EQ(reversibility_from("").error().code, ErrorCode::invalid);
}

TEST(Plan, HasChangesIffAStepIsNeitherKeptNorSkipped) {
    Plan plan;
    EXPECT_FALSE(plan.has_changes());
    plan.steps.resize(2);
    plan.steps[0].id = "a";
    plan.steps[0].operation = "keep";
    plan.steps[1].id = "b";
    plan.steps[1].operation = "skip";
    EXPECT_FALSE(plan.has_changes());
    plan.steps[1].operation = "update";
    EXPECT_TRUE(plan.has_changes());
    EXPECT_EQ(plan.find("b"), &plan.steps[1]);
    EXPECT_EQ(plan.find("c"), nullptr);
}

}  // namespace
}  // namespace backout
