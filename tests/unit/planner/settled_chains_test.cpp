#include "planner/settled_chains.h"

#include "compensators/file_kind.h"
#include "planner_fixture.h"

namespace backout {
namespace {

using testing::HasSubstr;

// Several ordered steps on one file or tree, planned once more where their end stands already.
class ChainsOnMemHost : public PlannerOnMemHost {
  protected:
    ChainsOnMemHost() { kinds = make_builtin_registry(); }

    static std::string changing(const Plan& plan) {
        std::string ids;
        for (const PlannedStep& step : plan.steps) ids += step.changes() ? step.id + " " : "";
        return ids;
    }
    std::string changed_by(const std::string& actions, const std::string& more = "") {
        return changing(good_plan(actions, more));
    }
};

const char* const kWriteAndEdit = R"(
    { "id": "w", "action": "file.write", "with": { "path": "/etc/a", "content": "Port 80\n" } },
    { "id": "e", "action": "file.edit", "depends_on": ["w"],
      "with": { "path": "/etc/a", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } })";

TEST_F(ChainsOnMemHost, AWrittenFileThatIsEditedStaysAsItIs) {
    host.put_file("/etc/a", "Port 22\n");
    const Plan made = good_plan(kWriteAndEdit);
    EXPECT_FALSE(made.has_changes()) << plan_to_text(made);
    EXPECT_EQ(made.find("w")->reason, "'e' changes it again, and what both lead to is already there");
    EXPECT_EQ(made.find("w")->after, made.find("e")->after);
    EXPECT_FALSE(chain_end_of(*made.find("w")).is_null());
}

TEST_F(ChainsOnMemHost, AChainWhoseEndIsElsewhereIsRunAsAWhole) {
    host.put_file("/etc/a", "Port 23\n");
    EXPECT_EQ(changed_by(kWriteAndEdit), "w e ");
    host.put_file("/etc/a", "Port 22\n", 0600);
    EXPECT_EQ(changed_by(std::string(kWriteAndEdit) + R"(,
        { "id": "m", "action": "file.attributes", "depends_on": ["e"], "with": { "path": "/etc/a", "mode": "0640" } })"),
              "w e m ");
}

TEST_F(ChainsOnMemHost, AJsonFileThatIsMergedIntoStaysAsItIs) {
    host.put_file("/etc/a.json", "{\"a\": 2}\n");
    EXPECT_EQ(changed_by(R"(
        { "id": "w", "action": "file.write", "with": { "path": "/etc/a.json", "content": "{\"a\": 1}\n" } },
        { "id": "m", "action": "json.merge", "depends_on": ["w"], "with": { "path": "/etc/a.json", "merge": {"a": 2} } })"),
              "");
}

TEST_F(ChainsOnMemHost, AWrittenFileThatIsMovedStaysWhereItIs) {
    const std::string actions = R"(
        { "id": "w", "action": "file.write", "with": { "path": "/etc/a", "content": "x\n" } },
        { "id": "m", "action": "file.move", "depends_on": ["w"], "with": { "from": "/etc/a", "to": "/etc/b" } })";
    EXPECT_EQ(changed_by(actions), "w m ");
    host.put_file("/etc/b", "x\n");
    EXPECT_EQ(changed_by(actions), "");
    host.put_file("/etc/b", "y\n");
    EXPECT_THAT(problem(actions), HasSubstr("both /etc/a and /etc/b exist"));
}

TEST_F(ChainsOnMemHost, AFileThatIsPutAsideAndWrittenAnewStays) {
    const std::string actions = R"(
        { "id": "m", "action": "file.move", "with": { "from": "/etc/a", "to": "/etc/a.orig" } },
        { "id": "w", "action": "file.write", "depends_on": ["m"], "with": { "path": "/etc/a", "content": "new\n" } })";
    host.put_file("/etc/a", "old\n");
    EXPECT_EQ(changed_by(actions), "m w ");
    host.put_file("/etc/a.orig", "old\n");
    EXPECT_THAT(problem(actions), HasSubstr("both /etc/a and /etc/a.orig exist"));
    host.put_file("/etc/a", "new\n");
    EXPECT_EQ(changed_by(actions), "");
}

TEST_F(ChainsOnMemHost, AFolderThatIsMadeAndRemovedStaysAway) {
    EXPECT_EQ(changed_by(R"(
        { "id": "c", "action": "dir.create", "with": { "path": "/srv/tmp" } },
        { "id": "f", "action": "file.write", "depends_on": ["c"], "with": { "path": "/srv/tmp/f", "content": "x" } },
        { "id": "d", "action": "dir.delete", "depends_on": ["f"], "with": { "path": "/srv/tmp" } })"),
              "");
}

TEST_F(ChainsOnMemHost, ASyncedTreeWithAnEditedAndAnAddedFileStays) {
    host.put_file("/srv/from/conf", "Port 80\n");
    host.put_file("/srv/from/more", "more\n");
    host.put_file("/srv/to/conf", "Port 22\n");
    host.put_file("/srv/to/more", "more\n");
    host.put_file("/srv/to/added", "added\n");
    const std::string actions = R"(
        { "id": "s", "action": "dir.sync", "with": { "source": "/srv/from", "path": "/srv/to", "delete": true } },
        { "id": "a", "action": "file.write", "depends_on": ["s"], "with": { "path": "/srv/to/added", "content": "added\n" } },
        { "id": "e", "action": "file.edit", "depends_on": ["s"],
          "with": { "path": "/srv/to/conf", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } })";
    EXPECT_EQ(changed_by(actions), "");
    host.put_file("/srv/to/foreign", "foreign\n");
    EXPECT_EQ(changed_by(actions), "s a e ");
}

TEST_F(ChainsOnMemHost, ACommandInBetweenSeesWhatIsInBetween) {
    host.put_file("/etc/a", "Port 22\n");
    const std::string command =
        R"({ "id": "c", "action": "command.run", "depends_on": ["w"], "with": { "argv": ["reload"] } },)";
    const std::string edit = R"(
        { "id": "e", "action": "file.edit", "depends_on": ["c"],
          "with": { "path": "/etc/a", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } })";
    const std::string write =
        R"({ "id": "w", "action": "file.write", "with": { "path": "/etc/a", "content": "Port 80\n" } },)";
    EXPECT_EQ(changed_by(write + command + edit), "w c e ");
    host.put_file("/done", "");
    const std::string kept =
        R"({ "id": "c", "action": "command.run", "depends_on": ["w"], "with": { "argv": ["reload"], "creates": "/done" } },)";
    EXPECT_EQ(changed_by(write + kept + edit), "");
}

TEST_F(ChainsOnMemHost, AStepInBetweenThatRestsOnTheChainSharesItsFate) {
    host.put_file("/etc/a", "Port 22\n");
    const std::string actions = R"(
        { "id": "w", "action": "file.write", "with": { "path": "/etc/a", "content": "Port 80\n" } },
        { "id": "x", "action": "file.write", "depends_on": ["w"], "with": { "path": "/etc/x", "source": "/etc/a" } },
        { "id": "e", "action": "file.edit", "depends_on": ["x"],
          "with": { "path": "/etc/a", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } })";
    EXPECT_EQ(changed_by(actions), "w x e ");
    host.put_file("/etc/x", "Port 80\n");
    EXPECT_EQ(changed_by(actions), "");
}

TEST_F(ChainsOnMemHost, AStepWhoseOutputIsUsedIsPlannedByItself) {
    host.put_file("/etc/a", "Port 22\n");
    EXPECT_EQ(changed_by(std::string(kWriteAndEdit) + R"(,
        { "id": "n", "action": "file.write", "with": { "path": "/etc/n", "content": "${actions.w.digest}" } })"),
              "w e n ");
}

}  // namespace
}  // namespace backout
