#include "planner/planner.h"

#include "planner_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(PlannerOnMemHost, PlansEachStepThroughWhatTheEarlierOnesLeave) {
    const Plan made = good_plan(R"(
        { "id": "d", "action": "dir.create", "with": { "path": "/etc/app" } },
        { "id": "w", "action": "file.write", "with": { "path": "/etc/app/conf", "content": "a\n" } },
        { "id": "e", "action": "file.append", "with": { "path": "/etc/app/conf", "text": "b\n" }, "after": ["w"] })");
    ASSERT_EQ(order_of(made), "d w e");
    EXPECT_EQ(made.steps[1].operation, "create");
    EXPECT_THAT(made.steps[1].depends_on, ElementsAre("d")) << "it saw the folder that d will make";
    EXPECT_EQ(made.steps[2].operation, "update");
    EXPECT_EQ(made.steps[2].details["content"], "a\nb\n");
    EXPECT_THAT(made.steps[2].depends_on, ElementsAre("w"));
    EXPECT_THAT(made.steps[2].after_ids, ElementsAre("w"));
    EXPECT_THAT(made.steps[1].superseded, ElementsAre("/etc/app/conf"));
    EXPECT_EQ(made.steps[2].step, 3U);
    EXPECT_EQ(host.content("/etc/app/conf"), std::nullopt);
}

TEST_F(PlannerOnMemHost, LeavesNoTrace) {
    host.put_file("/etc/a", "x");
    host.before_operation = [](const std::string& what, const std::string& path) -> Status {
        ADD_FAILURE() << what << " " << path;
        return {};
    };
    good_plan(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "y" } })",
              R"("facts": { "f": { "detect": "file", "with": { "path": "/etc/a" } } },)");
}

TEST_F(PlannerOnMemHost, GivesTheSameDigestForTheSameChangeOnTheSameState) {
    const char* actions = R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "y" } })";
    const Plan first = good_plan(actions);
    const Plan second = good_plan(actions);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_NE(first.id, second.id);
    EXPECT_EQ(first.digest, plan_digest(first));
    host.put_file("/etc/a", "x");
    EXPECT_NE(good_plan(actions).digest, first.digest);
    auto again = plan_from_text(plan_to_text(first), "p.json");
    ASSERT_TRUE(again.ok()) << again.error().text();
}

TEST_F(PlannerOnMemHost, WritesDownAllThatItSawOfTheWorld) {
    host.put_file("/etc/a", "x");
    const Plan made = good_plan(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "y" } })");
    EXPECT_EQ(made.state["paths"]["/etc/a"]["content"], made.steps[0].before["content"]);
    EXPECT_EQ(made.state["paths"]["/etc"]["type"], "directory");
}

TEST_F(PlannerOnMemHost, KeepsWhatIsAsItShouldBe) {
    host.put_file("/etc/a", "x");
    const Plan made = good_plan(R"({ "action": "file.write", "irreversible": true,
                                     "with": { "path": "/etc/a", "content": "x" } })");
    EXPECT_EQ(made.steps[0].operation, "keep");
    EXPECT_FALSE(made.steps[0].irreversible);
    EXPECT_EQ(made.steps[0].effect, Effect::none);
    EXPECT_FALSE(made.has_changes());
}

TEST_F(PlannerOnMemHost, SaysWhatIsKnownOnlyAfterAStep) {
    const Plan made = good_plan(R"(
        { "id": "use", "action": "file.write", "with": { "path": "/etc/id", "content": "id=${actions.make.id}\n" } },
        { "id": "make", "action": "command.run", "with": { "argv": ["make"], "outputs": { "id": "/id" } } })");
    ASSERT_EQ(order_of(made), "make use");
    EXPECT_THAT(made.steps[1].known_after, ElementsAre("make"));
    EXPECT_THAT(made.steps[1].depends_on, ElementsAre("make"));
    EXPECT_EQ(made.steps[1].arguments["content"]["$template"][1]["ref"], "actions.make.id");
}

TEST_F(PlannerOnMemHost, PlansOnWhatCannotBeForeseenAsKnownLater) {
    const Plan made = good_plan(R"(
        { "id": "box", "action": "box.make", "with": { "path": "/srv/box" } },
        { "id": "in", "action": "file.append", "with": { "path": "/srv/box/list", "text": "x" } })");
    EXPECT_THAT(made.steps[1].known_after, ElementsAre("box"));
    EXPECT_THAT(made.steps[1].depends_on, ElementsAre("box"));
}

TEST_F(PlannerOnMemHost, RefusesOutputsThatWillNeverBe) {
    EXPECT_THAT(problem(R"(
        { "id": "make", "action": "command.run", "with": { "argv": ["make"], "outputs": { "id": "/id" } } },
        { "id": "use", "action": "file.write", "with": { "path": "/etc/id", "content": "${actions.make.idd}" } })"),
                HasSubstr("'make' has no output 'idd' (did you mean 'id'?)"));
}

TEST_F(PlannerOnMemHost, FillsInOutputsOfKeptSteps) {
    const Plan made = good_plan(R"(
        { "id": "note", "action": "note.keep" },
        { "id": "use", "action": "file.write", "with": { "path": "/etc/id", "content": "id=${actions.note.value}" } })");
    EXPECT_EQ(made.steps[1].arguments["content"], "id=7");
    EXPECT_TRUE(made.steps[1].known_after.empty());
    EXPECT_THAT(made.steps[1].depends_on, ElementsAre("note"));
}

TEST_F(PlannerOnMemHost, ShowsSkippedActionsAndBlocksWhatDependsOnThem) {
    const Plan made = good_plan(R"(
        { "id": "a", "action": "file.write", "with": { "path": "/etc/a", "content": "" }, "when": "inputs.want == 'yes'" },
        { "id": "b", "action": "file.write", "with": { "path": "/etc/b", "content": "" }, "depends_on": ["a"] },
        { "id": "c", "action": "file.write", "with": { "path": "/etc/c", "content": "" }, "depends_on": ["b"] },
        { "id": "d", "action": "file.write", "with": { "path": "/etc/d", "content": "" }, "after": ["a"] })",
                                R"("inputs": { "want": { "default": "no" } },)");
    EXPECT_EQ(made.steps[0].operation, "skip");
    EXPECT_EQ(made.steps[0].target, "/etc/a");
    EXPECT_THAT(made.steps[0].reason, HasSubstr("inputs.want"));
    EXPECT_EQ(made.steps[1].reason, "depends on 'a', which is skipped");
    EXPECT_EQ(made.steps[1].details["blocked"], true);
    EXPECT_EQ(made.steps[2].reason, "depends on 'b', which is blocked");
    EXPECT_EQ(made.steps[3].operation, "create");
}

TEST_F(PlannerOnMemHost, SkipsGroupsAsOne) {
    const Plan made = good_plan(R"(
        { "id": "a", "group": "g", "action": "file.write", "with": { "path": "/etc/a", "content": "" } },
        { "id": "b", "group": "g", "action": "file.write", "with": { "path": "/etc/b", "content": "" }, "when": "1 == 2" })");
    EXPECT_EQ(made.steps[0].operation, "skip");
    EXPECT_EQ(made.steps[0].reason, "its group 'g' goes as one, and 'b' is skipped");
    EXPECT_EQ(made.steps[1].operation, "skip");
}

TEST_F(PlannerOnMemHost, SkipsForMissingInputsWhereTheManifestSaysSo) {
    const char* inputs = R"("inputs": { "token": { "secret": true } },)";
    const std::string actions = R"({ "id": "a", "action": "file.write", "on_missing_input": "skip",
                                     "with": { "path": "/etc/a", "content": "${inputs.token}" } })";
    const Plan made = good_plan(actions, inputs);
    EXPECT_EQ(made.steps[0].operation, "skip");
    EXPECT_THAT(made.steps[0].reason, HasSubstr("token"));
    EXPECT_THAT(
        problem(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "${inputs.token}" } })", inputs),
        HasSubstr("m.json:1:"));
}

TEST_F(PlannerOnMemHost, KeepsSecretsOutOfThePlan) {
    options.inputs.from_file = Json{{"token", "s3cr3t-value"}};
    options.inputs.file_name = "inputs.json";
    const Plan made =
        good_plan(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "t=${inputs.token}" } })",
                  R"("inputs": { "token": { "secret": true, "env": "TOKEN" } },)");
    const std::string document = plan_to_text(made);
    EXPECT_THAT(document, Not(HasSubstr("s3cr3t-value")));
    EXPECT_THAT(document, HasSubstr("inputs.token"));
    EXPECT_EQ(made.state["inputs"]["token"]["secret"], true);
    EXPECT_EQ(made.state["inputs"]["token"]["env"], "TOKEN");
    EXPECT_EQ(secrets.at("token"), "s3cr3t-value");
}

TEST_F(PlannerOnMemHost, PutsIrreversibleStepsLastAlsoWhenOnlyTheKindKnows) {
    const Plan made = good_plan(R"(
        { "id": "run", "action": "command.run", "with": { "argv": ["x"] } },
        { "id": "a", "action": "file.write", "with": { "path": "/etc/a", "content": "" } })");
    EXPECT_EQ(order_of(made), "a run");
    EXPECT_TRUE(made.steps[1].irreversible);
    EXPECT_THAT(made.warnings, ElementsAre("step 2 (run) runs every time"));
}

TEST_F(PlannerOnMemHost, TakesTheManifestsWordThatAStepIsIrreversible) {
    const Plan made = good_plan(R"(
        { "id": "a", "irreversible": true, "action": "file.write", "with": { "path": "/etc/a", "content": "" } },
        { "id": "b", "action": "file.write", "with": { "path": "/etc/b", "content": "" } })");
    EXPECT_EQ(order_of(made), "b a");
    EXPECT_EQ(made.steps[1].undo.reversibility, Reversibility::irreversible);
}

TEST_F(PlannerOnMemHost, RefusesTwoStepsOnOneTargetWithoutAnOrder) {
    const std::string actions = R"(
        { "id": "a", "action": "file.write", "with": { "path": "/etc/a", "content": "1" } },
        { "id": "b", "action": "file.write", "with": { "path": "/etc/a", "content": "2" })";
    const std::string message = problem(actions + "}");
    EXPECT_THAT(message, HasSubstr("m.json:4:"));
    EXPECT_THAT(message, HasSubstr("'a' and 'b' both lay hands on /etc/a"));
    EXPECT_THAT(message, HasSubstr("\"depends_on\": [\"a\"]"));
    const Plan made = good_plan(actions + R"(, "depends_on": ["a"] })");
    EXPECT_THAT(made.steps[0].superseded, ElementsAre("/etc/a"));
    EXPECT_TRUE(made.steps[1].superseded.empty());
}

TEST_F(PlannerOnMemHost, RefusesAnUnorderedTreeAboveAnotherTarget) {
    host.put_file("/srv/app/x", "x");
    EXPECT_THAT(problem(R"(
        { "id": "gone", "action": "dir.delete", "with": { "path": "/srv/app" } },
        { "id": "file", "action": "file.append", "with": { "path": "/srv/app/x", "text": "1" } })"),
                HasSubstr("'/srv/app/x' is no file"));
    EXPECT_THAT(problem(R"(
        { "id": "file", "action": "file.append", "with": { "path": "/srv/app/x", "text": "1" } },
        { "id": "gone", "action": "dir.delete", "with": { "path": "/srv/app" } })"),
                HasSubstr("'file' and 'gone' both lay hands on /srv/app"));
}

TEST_F(PlannerOnMemHost, RefusesGroupsThatAPivotSplits) {
    const std::string first =
        R"({ "id": "a", "group": "g", "action": "file.write", "with": { "path": "/etc/a", "content": "" } },)";
    const std::string pivot =
        R"({ "id": "p", "pivot": true, "action": "file.write", "with": { "path": "/etc/p", "content": "" } })";
    const std::string second =
        R"({ "id": "b", "group": "g", "action": "file.write", "with": { "path": "/etc/b", "content": "" } })";
    EXPECT_THAT(problem(first + pivot + "," + second), HasSubstr("the group 'g' is split by the pivot 'p'"));
    EXPECT_EQ(order_of(good_plan(first + second + "," + pivot)), "a b p");
}

TEST_F(PlannerOnMemHost, NamesCyclesWithTheirPlace) {
    const std::string message = problem(R"(
        { "id": "a", "action": "note.keep", "depends_on": ["b"] },
        { "id": "b", "action": "note.keep", "after": ["a"] })");
    EXPECT_THAT(message, HasSubstr("m.json:3:"));
    EXPECT_THAT(message, HasSubstr("a → b → a"));
}

TEST_F(PlannerOnMemHost, TellsAllProblemsTogetherWithTheirPlaces) {
    const std::string message = problem(R"(
        { "id": "a", "action": "file.append", "with": { "path": "/etc/none", "text": "" } },
        { "id": "b", "action": "file.write", "with": { "path": "/no/where", "content": "" } },
        { "id": "c", "action": "note.keep", "depends_on": ["b"] })");
    EXPECT_THAT(message, HasSubstr("m.json:3:"));
    EXPECT_THAT(message, HasSubstr("'a': '/etc/none' is no file"));
    EXPECT_THAT(message, HasSubstr("m.json:4:"));
    EXPECT_THAT(message, Not(HasSubstr("'c'")));
}

TEST_F(PlannerOnMemHost, KeepsTheStateDirectoryOutOfReach) {
    tools.state_directory = "/srv/state";
    EXPECT_THAT(problem(R"({ "id": "x", "action": "file.write", "with": { "path": "/srv/state", "content": "" } })"),
                HasSubstr("the state directory /srv/state holds the journal"));
    EXPECT_THAT(problem(R"({ "id": "x", "action": "dir.delete", "with": { "path": "/srv" } })"),
                HasSubstr("'x' would touch /srv:"));
    good_plan(R"({ "action": "file.write", "with": { "path": "/srv/other", "content": "" } })");
}

TEST_F(PlannerOnMemHost, RefusesTargetsThatTheKernelMakesUp) {
    host.root_file_system().info.type = "proc";
    host.root_file_system().info.free_bytes = 0;
    const std::string message =
        problem(R"({ "id": "x", "action": "file.write", "with": { "path": "/etc/a", "content": "1" } })");
    EXPECT_THAT(message, HasSubstr("m.json:2:21: 'x': /etc/a is in a proc file system"));
    EXPECT_THAT(message, HasSubstr("command.run"));
    EXPECT_THAT(message, Not(HasSubstr("room")));
}

TEST_F(PlannerOnMemHost, RefusesWhatTheDiskHasNoRoomFor) {
    host.root_file_system().info.free_bytes = 1500;
    auto made = plan(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "" } },
                        { "action": "file.write", "with": { "path": "/etc/b", "content": "" } })");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, ErrorCode::invalid);
    EXPECT_THAT(made.error().message, HasSubstr("too little room"));
    host.root_file_system().info.free_bytes = 2000;
    good_plan(R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "" } })");
}

TEST_F(PlannerOnMemHost, WarnsOfFileSystemsThatAPowerCutHurts) {
    host.mount("/mnt/usb", "vfat").info.survives_power_cut = false;
    const Plan made = good_plan(R"({ "action": "file.write", "with": { "path": "/mnt/usb/a", "content": "" } })");
    ASSERT_EQ(made.warnings.size(), 1U);
    EXPECT_THAT(made.warnings[0], HasSubstr("/mnt/usb (vfat) has no journal"));
}

TEST_F(PlannerOnMemHost, FillsTemplatesLineByLine) {
    host.put_file("/srv/app.tmpl", "port=${inputs.port}\nplain $x\nid=${actions.make.id}\n");
    const Plan made = good_plan(R"(
        { "id": "make", "action": "command.run", "with": { "argv": ["make"], "outputs": { "id": "/id" } } },
        { "id": "t", "action": "file.write", "with": { "path": "/etc/app", "template": "app.tmpl" } })",
                                R"("inputs": { "port": { "default": 80 } },)");
    const Json& content = made.find("t")->arguments["content"];
    EXPECT_EQ(content["$template"][0], "port=80\nplain $x\nid=");
    EXPECT_EQ(content["$template"][2], "\n");
    host.put_file("/srv/app.tmpl", "fine\nport=${inputs.prot}\n");
    EXPECT_THAT(problem(R"({ "action": "file.write", "with": { "path": "/etc/app", "template": "app.tmpl" } })",
                        R"("inputs": { "port": { "default": 80 } },)"),
                HasSubstr("app.tmpl:2:6"));
}

TEST_F(PlannerOnMemHost, LetsConditionsAskForFacts) {
    host.put_file("/etc/flag", "on");
    const char* facts = R"("facts": { "flag": { "detect": "file", "with": { "path": "/etc/flag" } } },)";
    const char* action =
        R"({ "action": "file.write", "with": { "path": "/etc/a", "content": "" }, "when": "facts.flag.text == 'on'" })";
    const Plan made = good_plan(action, facts);
    EXPECT_EQ(made.steps[0].operation, "create");
    EXPECT_EQ(made.state["facts"]["flag"]["value"]["text"], "on");
    host.put_file("/etc/flag", "off");
    EXPECT_EQ(good_plan(action, facts).steps[0].operation, "skip");
}

TEST_F(PlannerOnMemHost, NamesTheNearestKindAndDetector) {
    EXPECT_THAT(problem(R"({ "action": "file.wirte", "with": {} })"), HasSubstr("file.write"));
    EXPECT_THAT(problem(R"({ "action": "note.keep" })", R"("facts": { "f": { "detect": "phyton" } },)"),
                HasSubstr("python"));
}

TEST_F(PlannerOnMemHost, CarriesTheManifestsWordsIntoTheStep) {
    const Plan made = good_plan(R"({ "id": "a", "action": "file.write", "with": { "path": "/etc/a", "content": "" },
        "description": "words", "requires_input": true, "timeout": "90s", "retry": { "attempts": 3, "backoff": "2s", "max": "30s" },
        "verify": [ { "file": "/etc/a" } ] })",
                                R"("verify": [ { "command": ["true"] } ], "on_drift": "stop",)");
    EXPECT_EQ(made.steps[0].description, "words");
    EXPECT_TRUE(made.steps[0].requires_input);
    EXPECT_EQ(made.steps[0].timeout, 90 * kSecond);
    EXPECT_EQ(made.steps[0].retry.attempts, 3);
    EXPECT_EQ(made.steps[0].verify.size(), 1U);
    EXPECT_EQ(made.steps[0].category, "file");
    EXPECT_EQ(made.verify.size(), 1U);
    EXPECT_EQ(made.on_drift, OnDrift::stop);
    EXPECT_EQ(made.command, "backout plan m.json");
    EXPECT_EQ(made.host, "memory");
}

}  // namespace
}  // namespace backout
