#include "planner_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The kinds that come with the product, planned one through the other.
class RealKindsOnMemHost : public PlannerOnMemHost {
  protected:
    RealKindsOnMemHost() { kinds = make_builtin_registry(); }
};

TEST_F(RealKindsOnMemHost, AChainIsPlannedThroughWhatItWillLeave) {
    const Plan made = good_plan(R"(
        { "id": "dir", "action": "dir.create", "with": { "path": "/srv/r2" } },
        { "id": "conf", "action": "file.write", "with": { "path": "/srv/r2/conf", "content": "Port 80\n" } },
        { "id": "port", "action": "file.edit", "depends_on": ["conf"],
          "with": { "path": "/srv/r2/conf", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } },
        { "id": "link", "action": "file.link", "with": { "path": "/srv/current", "to": "r2" } },
        { "id": "more", "action": "file.write", "with": { "path": "/srv/current/more", "content": "x" } })");
    ASSERT_EQ(order_of(made), "dir conf port link more");
    for (const PlannedStep& step : made.steps) EXPECT_TRUE(step.changes()) << step.id << " " << step.operation;
    EXPECT_THAT(made.find("conf")->depends_on, ElementsAre("dir"));
    EXPECT_THAT(made.find("conf")->superseded, ElementsAre("/srv/r2/conf"));
    EXPECT_THAT(made.find("more")->depends_on, testing::UnorderedElementsAre("dir", "link"));
    EXPECT_EQ(made.find("more")->resources.at(0).key, "/srv/r2/more");
    EXPECT_THAT(made.find("port")->known_after, IsEmpty());
}

TEST_F(RealKindsOnMemHost, ASecretStaysATemplateAndOutOfTheDocument) {
    options.inputs.from_file = Json{{"token", "s3cr3t-value"}};
    const Plan made = good_plan(R"(
        { "id": "w", "action": "file.write", "with": { "path": "/etc/token", "content": "t=${inputs.token}\n", "mode": "0600" } },
        { "id": "e", "action": "file.edit", "depends_on": ["w"],
          "with": { "path": "/etc/token", "edits": [ { "line": "more", "state": "present" } ] } })",
                                R"("inputs": { "token": { "secret": true } },)");
    EXPECT_THAT(plan_to_text(made), testing::Not(HasSubstr("s3cr3t-value")));
    EXPECT_EQ(made.steps[0].operation, "create");
}

TEST_F(RealKindsOnMemHost, WhatAStepsOutputDecidesIsKnownAfterIt) {
    const Plan made = good_plan(R"(
        { "id": "make", "action": "command.run", "with": { "argv": ["make"], "outputs": { "id": "/id" } } },
        { "id": "use", "action": "file.write", "with": { "path": "/etc/id", "content": "id=${actions.make.id}\n" } })");
    EXPECT_EQ(order_of(made), "make use");
    EXPECT_THAT(made.find("use")->known_after, ElementsAre("make"));
    EXPECT_TRUE(made.find("make")->irreversible);
}

TEST_F(RealKindsOnMemHost, TheStateDirectoryIsNotCopied) {
    tools.state_directory = "/var/lib/backout";
    host.put_file("/var/lib/backout/data.mdb", "x");
    host.put_file("/var/lib/other/x", "x");
    const auto sync_from = [](const std::string& source) {
        return R"({ "id": "s", "action": "dir.sync", "with": { "source": ")" + source + R"(", "path": "/srv/copy" } })";
    };
    for (const char* source : {"/var", "/var/lib/backout"}) {
        EXPECT_THAT(problem(sync_from(source)), HasSubstr("'s' would copy from " + std::string(source) +
                                                          ": the state directory /var/lib/backout is part of it"));
    }
    EXPECT_TRUE(good_plan(sync_from("/var/lib/other")).has_changes());
}

TEST_F(RealKindsOnMemHost, ATemplateFileBecomesContent) {
    host.put_file("/srv/app.tmpl", "port=${inputs.port}\n");
    const Plan made =
        good_plan(R"({ "id": "t", "action": "file.write", "with": { "path": "/etc/app", "template": "app.tmpl" } })",
                  R"("inputs": { "port": { "default": 80 } },)");
    EXPECT_THAT(plan_to_text(made), HasSubstr("port=80\\n"));
}

TEST_F(RealKindsOnMemHost, ASecondPlanOnTheEndStateIsEmpty) {
    host.put_file("/etc/a", "x\n");
    host.put_symlink("/etc/l", "a");
    const Plan made = good_plan(R"(
        { "action": "file.write", "with": { "path": "/etc/a", "content": "x\n" } },
        { "action": "file.link", "with": { "path": "/etc/l", "to": "a" } },
        { "action": "dir.create", "with": { "path": "/srv" } },
        { "action": "file.delete", "with": { "path": "/etc/none" } })");
    EXPECT_FALSE(made.has_changes()) << plan_to_text(made);
}

}  // namespace
}  // namespace backout
