#include "planner/rollback_plan.h"

#include "planner_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NoStores final : public ImageStore {
  public:
    Result<std::string> store_for(Directory&, bool) override { return Error{ErrorCode::unsupported, "none"}; }
    Result<std::shared_ptr<Directory>> open(const std::string&) override {
        return Error{ErrorCode::unsupported, "none"};
    }
};

class RollbackPlanOnMemHost : public PlannerOnMemHost {
  protected:
    RollbackPlanOnMemHost() {
        host.put_file("/etc/b", "old");
        target = good_plan(R"(
            { "id": "d", "action": "dir.create", "with": { "path": "/etc/app" } },
            { "id": "w", "action": "file.write", "with": { "path": "/etc/app/conf", "content": "a" } },
            { "id": "b", "action": "file.write", "with": { "path": "/etc/b", "content": "new" } },
            { "id": "e", "action": "file.append", "with": { "path": "/etc/app/conf", "text": "b" }, "depends_on": ["w"] },
            { "id": "r", "action": "command.run", "with": { "argv": ["x"] } })");
        for (std::uint32_t step = 1; step <= 4; ++step)
            taken.push_back(TakenStep{step, step * 10, Json{{"step", step}}, {}});
        taken.push_back(TakenStep{5, 50, nullptr, "a command without undo"});
        see([](const Json&) { return Observation{Where::after}; });
    }
    void see(std::function<Observation(const Json& image)> answer) {
        for (const std::string& name : kinds.names()) {
            auto* kind = const_cast<Compensator*>(kinds.find(name));
            static_cast<FakeKind*>(kind)->observation = [answer](const Json& image) -> Result<Observation> {
                return answer(image);
            };
        }
    }
    Plan rollback() {
        auto made = make_rollback_plan("r-7-abc", target, taken, rollback_options, rollback_tools);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return made.ok() ? *made : Plan{};
    }

    Plan target;
    std::vector<TakenStep> taken;
    RollbackOptions rollback_options;
    NoStores stores;
    RollbackTools rollback_tools{host, kinds, stores, clock, ids};
};

TEST_F(RollbackPlanOnMemHost, GoesBackwardsOverIntents) {
    const Plan made = rollback();
    EXPECT_EQ(order_of(made), "r e b w d");
    EXPECT_EQ(made.undoes, "r-7-abc");
    EXPECT_EQ(made.steps[1].origin.step, 4U);
    EXPECT_EQ(made.steps[1].origin.run, "r-7-abc");
    EXPECT_EQ(made.steps[2].operation, "restore");
    EXPECT_EQ(made.steps[3].operation, "remove");
    EXPECT_EQ(made.steps[2].before, target.steps[2].after);
    EXPECT_EQ(made.steps[2].after, target.steps[2].before);
    EXPECT_THAT(made.steps[2].undo.description, HasSubstr("redo: "));
    EXPECT_THAT(made.warnings, IsEmpty());
    auto again = plan_from_text(plan_to_text(made), "rollback.json");
    EXPECT_TRUE(again.ok()) << again.error().text();
}

TEST_F(RollbackPlanOnMemHost, KeepsTheReversedOrderOfDependenciesAndResources) {
    const Plan made = rollback();
    EXPECT_THAT(made.find("w")->after_ids, ElementsAre("e"));
    EXPECT_THAT(made.find("d")->after_ids, testing::UnorderedElementsAre("w"));
    EXPECT_TRUE(made.find("w")->depends_on.empty()) << "a conflict keeps nobody else from going back";
}

TEST_F(RollbackPlanOnMemHost, ShowsResidueAndWhatIsLeftOut) {
    rollback_options.skip = {"b"};
    const Plan made = rollback();
    EXPECT_EQ(made.find("r")->operation, "skip");
    EXPECT_EQ(made.find("r")->reason, "a command without undo");
    EXPECT_EQ(made.find("b")->operation, "skip");
    EXPECT_EQ(made.find("b")->reason, "left out by --skip");
}

TEST_F(RollbackPlanOnMemHost, ShowsConflictsBeforeConsent) {
    see([](const Json& image) {
        if (image["step"] != 3) return Observation{Where::after};
        return Observation{Where::neither, {Difference{"/etc/b", "content", "new", "theirs"}}};
    });
    const Plan made = rollback();
    ASSERT_EQ(made.warnings.size(), 1U);
    EXPECT_THAT(made.warnings[0], HasSubstr("'b' was changed by somebody else since (/etc/b: content)"));
    EXPECT_THAT(made.warnings[0], HasSubstr("--overwrite-conflict b"));
    EXPECT_EQ(made.find("b")->details["conflict"][0]["attribute"], "content");
    rollback_options.overwrite_conflicts = {"b"};
    EXPECT_THAT(rollback().warnings[0], HasSubstr("it is overwritten, as you asked"));
}

TEST_F(RollbackPlanOnMemHost, WhatALaterStepOfTheRunChangedIsNoConflict) {
    see([](const Json& image) {
        if (image["step"] != 2) return Observation{Where::after};
        return Observation{Where::neither, {Difference{"/etc/app/conf", "content", "a", "ab"}}};
    });
    EXPECT_THAT(rollback().warnings, IsEmpty());
}

TEST_F(RollbackPlanOnMemHost, RefusesUnknownIds) {
    rollback_options.skip = {"bb"};
    auto made = make_rollback_plan("r-7-abc", target, taken, rollback_options, rollback_tools);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, ErrorCode::invalid);
    EXPECT_THAT(made.error().message, HasSubstr("no step 'bb'"));
}

TEST_F(RollbackPlanOnMemHost, WhatCameIntoAFolderThatTheRunMadeIsInTheWay) {
    Plan inside = good_plan(R"({ "action": "file.write", "with": { "path": "/etc/app2", "content": "" } })");
    inside.steps[0].resources[0].key = "/etc/app/deep/other";
    EXPECT_EQ(find_run_in_the_way(target, {{"r-8", &inside}}).key, "/etc/app/deep/other");
    for (PlannedStep& step : target.steps) {
        if (step.id == "d") step.before = Json{{"type", "directory"}};
        if (step.id == "d") step.operation = "update";
    }
    EXPECT_EQ(find_run_in_the_way(target, {{"r-8", &inside}}).run, "") << "the folder was there before";
}

TEST_F(RollbackPlanOnMemHost, AGroupIsLeftAsOne) {
    for (PlannedStep& step : target.steps) {
        if (step.id == "b" || step.id == "w") step.group = "g";
    }
    see([](const Json& image) {
        if (image["step"] != 3) return Observation{Where::after};
        return Observation{Where::neither, {Difference{"/etc/b", "content", "new", "theirs"}}};
    });
    const Plan made = rollback();
    EXPECT_EQ(made.find("w")->operation, "skip");
    EXPECT_EQ(made.find("w")->reason, "its group 'g' goes back together, and 'b' was changed by somebody else");
    EXPECT_NE(made.find("e")->operation, "skip") << "it is in no group";
    rollback_options.overwrite_conflicts = {"b"};
    EXPECT_NE(rollback().find("w")->operation, "skip");
    rollback_options.skip = {"w"};
    EXPECT_EQ(rollback().find("b")->reason, "its group 'g' goes back together, and 'w' is left out by --skip");
}

TEST_F(RollbackPlanOnMemHost, FindsTheRunThatChangedTheSameThings) {
    const Plan apart = good_plan(R"({ "action": "file.write", "with": { "path": "/etc/other", "content": "" } })");
    const Plan same = good_plan(R"({ "action": "file.write", "with": { "path": "/etc/b", "content": "newer" } })");
    EXPECT_EQ(find_run_in_the_way(target, {{"r-8", &apart}}).run, "");
    const RunInTheWay found = find_run_in_the_way(target, {{"r-8", &apart}, {"r-9", &same}});
    EXPECT_EQ(found.run, "r-9");
    EXPECT_EQ(found.key, "/etc/b");
}

}  // namespace
}  // namespace backout
