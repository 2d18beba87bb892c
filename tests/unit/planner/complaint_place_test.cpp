#include "planner/complaint_place.h"

#include "planner_fixture.h"

namespace backout {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What the kinds of the product complain of, at the place in the manifest that it concerns.
class ComplaintsOfRealKinds : public PlannerOnMemHost {
  protected:
    ComplaintsOfRealKinds() { kinds = make_builtin_registry(); }
};

TEST_F(ComplaintsOfRealKinds, AnArgumentIsNamedAtItsPlace) {
    EXPECT_THAT(problem("{\"id\": \"x\", \"action\": \"file.write\", \"with\": {\n"
                        "  \"path\": \"/etc/a\", \"content\": \"\",\n  \"mode\": \"999\" }}"),
                StartsWith("m.json:4:11: 'x': mode: "));
    EXPECT_THAT(problem("{\"id\": \"x\", \"action\": \"file.edit\", \"with\": { \"path\": \"/etc/a\",\n"
                        "  \"edits\": [{ \"line\": \"a\" },\n   { \"line\": \"b\", \"state\": \"presnt\" }]}}"),
                StartsWith("m.json:4:28: 'x': edits[1].state: "));
}

TEST_F(ComplaintsOfRealKinds, APathIsShownAsWritten) {
    EXPECT_THAT(problem("{\"id\": \"x\", \"action\": \"file.write\", \"with\": { \"path\": \"/etc/a\",\n"
                        "  \"source\": \"files/none\" }}"),
                testing::AllOf(StartsWith("m.json:3:13: 'x': "), HasSubstr("/srv/files/none does not exist"),
                               HasSubstr("(the manifest says 'files/none')")));
    EXPECT_THAT(problem("{\"id\": \"x\", \"action\": \"file.write\", \"with\": { \"content\": \"\",\n"
                        "  \"path\": \"/none/a\" }}"),
                StartsWith("m.json:3:11: 'x': the directory /none does not exist"));
}

TEST_F(ComplaintsOfRealKinds, AVerificationIsNamedAtItsPlace) {
    EXPECT_THAT(
        problem("{\"id\": \"x\", \"action\": \"file.write\", \"with\": { \"path\": \"/etc/a\", \"content\": \"\" },\n"
                "  \"verify\": [{ \"tcp\": \"localhost:1\" },\n   { \"tcp\": \"localhost\" }]}"),
        StartsWith("m.json:4:13: 'x': verify: tcp: "));
}

TEST_F(ComplaintsOfRealKinds, AnOutputThatIsNoneIsNamedWhereItIsUsed) {
    const std::string first = R"({"id": "a", "action": "file.write", "with": {"path": "/etc/a", "content": "x"}},)"
                              "\n";
    EXPECT_EQ(
        problem(first + R"({"action": "file.write", "with": {"path": "/etc/b", "content": "é ${actions.a.digets}"}})"),
        "m.json:3:67: 'file.write:/etc/b': 'a' has no output 'digets' (did you mean 'digest'?)");
    EXPECT_EQ(
        problem(first + R"({"action": "file.write", "with": {"path": "/etc/b", "content": "${actions.a.digest}"}})"),
        "planned");
}

TEST_F(ComplaintsOfRealKinds, WhatConcernsNoArgumentStandsAtTheAction) {
    EXPECT_THAT(problem(R"({"id": "x", "action": "command.run", "with": {"argv": ["a"], "undo": {"argv": []}}})"),
                StartsWith("m.json:2:"));
    EXPECT_EQ(argument_place(Node(Position{7, 8}, Node::Members()), "no argument at all"), (Position{7, 8}));
}

}  // namespace
}  // namespace backout
