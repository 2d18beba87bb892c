#include "planner/plan_rules.h"

#include <gmock/gmock.h>

namespace backout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PlannedStep step(std::string id, std::vector<Resource> resources) {
    PlannedStep made;
    made.id = std::move(id);
    made.operation = "update";
    made.resources = std::move(resources);
    return made;
}

Resource path(std::string key, std::string part = "") {
    return Resource{"path", std::move(key), false, std::move(part)};
}

TEST(PlanRules, AnOrderMayGoThroughOtherSteps) {
    const std::vector<PlannedStep> steps{step("a", {path("/a")}), step("b", {path("/b")}), step("c", {path("/a")})};
    EXPECT_EQ(find_order_conflicts(steps, {{}, {}, {}}).size(), 1U);
    EXPECT_THAT(find_order_conflicts(steps, {{}, {0}, {1}}), IsEmpty());
    EXPECT_THAT(find_order_conflicts(steps, {{}, {}, {0}}), IsEmpty());
}

TEST(PlanRules, NamesEachPairOnceAndOnlyNeighbours) {
    const std::vector<PlannedStep> steps{step("a", {path("/a"), path("/b")}), step("b", {path("/a"), path("/b")}),
                                         step("c", {path("/a")})};
    const auto conflicts = find_order_conflicts(steps, {{}, {}, {}});
    ASSERT_EQ(conflicts.size(), 2U);
    EXPECT_EQ(conflicts[0].later, 1U);
    EXPECT_EQ(conflicts[1].earlier, 1U);
    EXPECT_EQ(conflicts[1].later, 2U);
}

TEST(PlanRules, OneStepMayTouchAKeyInManyParts) {
    const std::vector<PlannedStep> steps{step("a", {path("/a", "/x"), path("/a", "/y")})};
    EXPECT_THAT(find_order_conflicts(steps, {{}}), IsEmpty());
}

TEST(PlanRules, OtherEntriesOfAFileDoNotSupersede) {
    std::vector<PlannedStep> steps{step("a", {path("/a", "/x")}), step("b", {path("/a", "/y")}),
                                   step("c", {path("/a", "/x/z")})};
    mark_superseded(steps);
    EXPECT_THAT(steps[0].superseded, IsEmpty()) << "only the neighbour is asked, and it changes another entry";
    EXPECT_THAT(steps[1].superseded, IsEmpty());
}

TEST(PlanRules, KeptStepsSupersedeNothing) {
    std::vector<PlannedStep> steps{step("a", {path("/a")}), step("b", {path("/a")})};
    steps[1].operation = "keep";
    mark_superseded(steps);
    EXPECT_THAT(steps[0].superseded, IsEmpty());
}

TEST(PlanRules, InsideATreeOnlyWhatIsChangedAgainIsSuperseded) {
    std::vector<PlannedStep> steps{step("tree", {Resource{"path", "/a", true}}), step("file", {path("/a/b")})};
    mark_superseded(steps);
    EXPECT_THAT(steps[0].superseded, ElementsAre("/a/b"));
}

TEST(PlanRules, APivotMayEndItsGroup) {
    std::vector<PlannedStep> steps{step("a", {}), step("p", {}), step("b", {})};
    steps[0].group = steps[1].group = "g";
    steps[1].pivot = true;
    EXPECT_EQ(find_split_group(steps), "");
    steps[2].group = "g";
    EXPECT_NE(find_split_group(steps), "");
    steps[1].operation = "keep";
    EXPECT_EQ(find_split_group(steps), "");
}

TEST(PlanRules, TheStateDirectoryIsTouchedFromInsideAndFromAbove) {
    EXPECT_EQ(touches_directory(step("a", {path("/var/lib/backout/data.mdb")}), "/var/lib/backout"),
              "/var/lib/backout/data.mdb");
    EXPECT_EQ(touches_directory(step("a", {path("/var/lib")}), "/var/lib/backout"), "");
    EXPECT_EQ(touches_directory(step("a", {Resource{"path", "/var/lib", true}}), "/var/lib/backout"), "/var/lib");
    EXPECT_EQ(touches_directory(step("a", {Resource{"url", "/var/lib/backout"}}), "/var/lib/backout"), "");
}

}  // namespace
}  // namespace backout
