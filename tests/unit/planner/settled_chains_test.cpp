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

TEST_F(ChainsOnMemHost, WhatAnotherTypeTakesTheRemovedOnesPlaceStays) {
    host.put_file("/srv/file", "x");
    host.put_file("/srv/folder/foreign", "x");
    host.put_symlink("/srv/link", "there");
    EXPECT_EQ(changed_by(R"(
        { "id": "d", "action": "dir.delete", "with": { "path": "/srv/file" } },
        { "id": "w", "action": "file.write", "depends_on": ["d"], "with": { "path": "/srv/file", "content": "x" } },
        { "id": "f", "action": "file.delete", "with": { "path": "/srv/folder" } },
        { "id": "c", "action": "dir.create", "depends_on": ["f"], "with": { "path": "/srv/folder" } },
        { "id": "e", "action": "dir.delete", "with": { "path": "/srv/link" } },
        { "id": "l", "action": "file.link", "depends_on": ["e"], "with": { "path": "/srv/link", "to": "there" } })"),
              "");
}

TEST_F(ChainsOnMemHost, WhatIsOfAnotherTypeThanIsToBeRemovedIsNoEndByItself) {
    host.put_file("/srv/file", "x");
    EXPECT_THAT(problem(R"({ "id": "d", "action": "dir.delete", "with": { "path": "/srv/file" } })"),
                HasSubstr("/srv/file is a file: remove it with file.delete"));
    EXPECT_THAT(problem(R"(
        { "id": "d", "action": "dir.delete", "with": { "path": "/srv/file" } },
        { "id": "w", "action": "file.write", "depends_on": ["d"], "with": { "path": "/srv/file", "content": "y" } })"),
                HasSubstr("/srv/file is a file: remove it with file.delete"));
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

TEST_F(ChainsOnMemHost, ASyncedTreeWithOtherAttributesStays) {
    for (const char* top : {"/srv/from", "/srv/to"}) {
        const std::uint32_t mode = std::string(top) == "/srv/to" ? 0600 : 0644;
        host.put_file(std::string(top) + "/a", "a\n", mode);
        host.put_file(std::string(top) + "/sub/b", "b\n", mode);
    }
    const std::string actions = R"(
        { "id": "s", "action": "dir.sync", "with": { "source": "/srv/from", "path": "/srv/to" } },
        { "id": "a", "action": "file.attributes", "depends_on": ["s"],
          "with": { "path": "/srv/to", "recurse": true, "mode": "0600", "directory_mode": "0755" } })";
    EXPECT_EQ(changed_by(actions), "");
    host.put_file("/srv/to/a", "other\n", 0600);
    EXPECT_EQ(changed_by(actions), "s a ");
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

// What was edited and then moved stands elsewhere the second time: the first step finds nothing to edit.
const char* const kEditAndMove = R"(
    { "id": "e", "action": "file.edit",
      "with": { "path": "/etc/a", "edits": [ { "regex": "^Port .*", "replace": "Port 22", "count": 1 } ] } },
    { "id": "m", "action": "file.move", "depends_on": ["e"], "with": { "from": "/etc/a", "to": "/etc/b" } })";

TEST_F(ChainsOnMemHost, AnEditedFileThatWasMovedStaysWhereItIs) {
    host.put_file("/etc/b", "Port 22\n");
    const Plan made = good_plan(kEditAndMove);
    ASSERT_FALSE(made.steps.empty());
    EXPECT_FALSE(made.has_changes()) << plan_to_text(made);
    EXPECT_EQ(made.find("e")->reason, "'m' changes it again, and what both lead to is already there");
    EXPECT_EQ(chain_end_of(*made.find("e")).at("/etc/a").dump(), "null");
    EXPECT_EQ(made.find("m")->depends_on, (std::vector<std::string>{"e"}));
}

TEST_F(ChainsOnMemHost, AMovedFileWithoutTheEditIsNoEnd) {
    host.put_file("/etc/b", "Port 80\n");
    EXPECT_THAT(problem(kEditAndMove), HasSubstr("/etc/a does not exist"));
    host.put_file("/etc/a", "Port 80\n");
    EXPECT_THAT(problem(kEditAndMove), HasSubstr("both /etc/a and /etc/b exist"));
}

TEST_F(ChainsOnMemHost, AFileThatWasMovedTwiceStaysWhereItIs) {
    const std::string actions = R"(
        { "id": "1", "action": "file.move", "with": { "from": "/etc/a", "to": "/etc/b" } },
        { "id": "2", "action": "file.move", "depends_on": ["1"], "with": { "from": "/etc/b", "to": "/etc/c" } })";
    EXPECT_THAT(problem(actions), HasSubstr("neither /etc/a nor /etc/b exists"));
    host.put_file("/etc/c", "x\n");
    EXPECT_EQ(changed_by(actions), "");
}

TEST_F(ChainsOnMemHost, ATreeThatWasChangedAndMovedStaysWhereItIs) {
    host.put_file("/srv/new/x", "Port 22\n", 0600);
    host.put_file("/srv/new/added", "added\n");
    const std::string actions = R"(
        { "id": "a", "action": "file.write", "with": { "path": "/srv/old/added", "content": "added\n" } },
        { "id": "e", "action": "file.edit",
          "with": { "path": "/srv/old/x", "edits": [ { "line": "Port 22", "state": "present" } ] } },
        { "id": "t", "action": "file.attributes", "depends_on": ["e"], "with": { "path": "/srv/old/x", "mode": "0600" } },
        { "id": "m", "action": "file.move", "depends_on": ["a", "t"], "with": { "from": "/srv/old", "to": "/srv/new" } })";
    EXPECT_EQ(changed_by(actions), "");
    host.put_file("/srv/new/x", "Port 22\n", 0644);
    EXPECT_THAT(problem(actions), HasSubstr("/srv/old/x does not exist"));
}

TEST_F(ChainsOnMemHost, RotatedFilesStayAsTheyAre) {
    const std::string actions = R"(
        { "id": "1", "action": "file.move", "with": { "from": "/etc/log.1", "to": "/etc/log.2" } },
        { "id": "2", "action": "file.move", "depends_on": ["1"], "with": { "from": "/etc/log", "to": "/etc/log.1" } },
        { "id": "w", "action": "file.write", "depends_on": ["2"], "with": { "path": "/etc/log", "content": "new\n" } })";
    host.put_file("/etc/log.2", "older\n");
    host.put_file("/etc/log.1", "old\n");
    host.put_file("/etc/log", "new\n");
    EXPECT_EQ(changed_by(actions), "");
    host.put_file("/etc/log", "not rotated\n");
    EXPECT_THAT(problem(actions), HasSubstr("both /etc/log.1 and /etc/log.2 exist"));
}

TEST_F(ChainsOnMemHost, AStepThatNeedsWhatWasMovedAwayIsNotPlannedOnIt) {
    host.put_file("/etc/b", "Port 22\n");
    EXPECT_THAT(problem(std::string(R"(
        { "id": "c", "action": "file.write", "with": { "path": "/etc/copy", "source": "/etc/a" } },)") +
                        kEditAndMove),
                HasSubstr("/etc/a"));
}

// A swap looks done and not done alike: it is never taken for done, also not for the sake of others.
TEST_F(ChainsOnMemHost, ASwapBesideADoneChainIsStillOutstanding) {
    host.put_file("/etc/b", "Port 22\n");
    host.put_file("/srv/x", "X");
    host.put_file("/srv/y", "Y");
    EXPECT_EQ(changed_by(std::string(kEditAndMove) + R"(,
        { "id": "1", "action": "file.move", "depends_on": ["m"], "with": { "from": "/srv/x", "to": "/srv/t" } },
        { "id": "2", "action": "file.move", "depends_on": ["1"], "with": { "from": "/srv/y", "to": "/srv/x" } },
        { "id": "3", "action": "file.move", "depends_on": ["2"], "with": { "from": "/srv/t", "to": "/srv/y" } })"),
              "1 2 3 ");
}

// One chain is done, the other has something new to do, after a move that is done.
TEST_F(ChainsOnMemHost, AChainWithSomethingToDoIsPlannedBesideADoneOne) {
    host.put_file("/etc/b", "Port 22\n");
    host.put_file("/srv/y", "y\n");
    EXPECT_EQ(changed_by(std::string(kEditAndMove) + R"(,
        { "id": "n", "action": "file.move", "with": { "from": "/srv/x", "to": "/srv/y" } },
        { "id": "f", "action": "file.edit", "depends_on": ["n"],
          "with": { "path": "/srv/y", "edits": [ { "line": "new", "state": "present" } ] } })"),
              "f ");
}

}  // namespace
}  // namespace backout
