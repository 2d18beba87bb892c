#include "manifest/parse.h"

#include <gtest/gtest.h>

#include "manifest/reference_check.h"
#include "manifest_testing.h"

namespace backout {
namespace {

ParseOptions with_kinds() {
    ParseOptions options;
    KindDoc write{"file.write"};
    write.parameters = {{"path", true, "", Json{{"type", "string"}}},
                        {"content", false, "", Json{{"type", Json::array({"string", "null"})}}},
                        {"count", false, "", Json{{"type", "number"}}}};
    KindDoc check{"check"};
    for (const char* name : {"command", "http", "status", "within", "tcp", "file", "exit"})
        check.parameters.push_back({name});
    KindDoc plugin{"acme.*"};
    plugin.open = true;
    options.kinds = {write, check, plugin};
    KindDoc python{"python"};
    python.parameters = {{"env", true}};
    options.detectors = {python};
    return options;
}

TEST(ParseManifest, ReadsTheWholeShape) {
    const Manifest manifest = good_manifest(R"~({
  "backout": 1, "name": "site-release", "description": "d", "$schema": "x",
  "inputs": { "version": { "default": "2.4.1", "description": "v", "pattern": "^[0-9.]+$" },
              "token": { "secret": true, "env": "T" }, "venv": {"default": "/v"} },
  "facts": { "py": { "detect": "python", "with": { "env": "${inputs.venv}" } } },
  "actions": [
    { "id": "dirs", "action": "dir.create", "with": { "path": "/srv" } },
    { "id": "conf", "action": "file.write", "with": { "path": "/etc/app.conf", "content": "v=${inputs.version}\n" },
      "depends_on": ["dirs"], "after": ["dirs"], "when": "version(facts.py.version) >= version('3.10')", "group": "g",
      "requires_input": true, "verify": [ { "command": ["app", "--check"], "exit": 0 } ], "timeout": "90s",
      "retry": { "attempts": 3, "backoff": "2s", "max": "30s" }, "irreversible": true, "pivot": true,
      "on_missing_input": "skip", "description": "c" },
    { "action": "file.link", "with": { "path": "/srv/current", "to": "x" } }
  ],
  "verify": [ { "http": "http://h/", "status": 200, "within": "30s" } ],
  "on_drift": "stop"
})~");
    EXPECT_EQ(manifest.name, "site-release");
    EXPECT_EQ(manifest.on_drift, OnDrift::stop);
    ASSERT_EQ(manifest.inputs.size(), 3U);
    EXPECT_TRUE(manifest.find_input("token")->secret);
    EXPECT_EQ(manifest.facts[0].detector.value, "python");
    const Action& conf = manifest.actions[1];
    EXPECT_EQ(conf.position, (Position{8, 13}));
    EXPECT_EQ(conf.kind.value, "file.write");
    EXPECT_EQ(conf.depends_on[0].value, "dirs");
    EXPECT_EQ(conf.after[0].position, (Position{9, 41}));
    EXPECT_EQ(conf.when->condition.text(), "version(facts.py.version) >= version('3.10')");
    EXPECT_EQ(conf.group, "g");
    EXPECT_EQ(conf.timeout, 90 * kSecond);
    EXPECT_EQ(conf.retry.attempts, 3);
    EXPECT_EQ(conf.retry.backoff, 2 * kSecond);
    EXPECT_EQ(conf.retry.longest, 30 * kSecond);
    EXPECT_TRUE(conf.requires_input && conf.irreversible && conf.pivot);
    EXPECT_EQ(conf.on_missing_input, OnMissingInput::skip);
    EXPECT_EQ(conf.verify.size(), 1U);
    EXPECT_EQ(manifest.actions[2].id, "file.link:/srv/current");
    EXPECT_EQ(manifest.verify.size(), 1U);
}

TEST(ParseManifest, DefaultIdsAreKindAndTarget) {
    const auto id = [](const std::string& with) {
        return good_manifest(manifest_text(R"({"action":"k","with":)" + with + "}")).actions[0].id;
    };
    EXPECT_EQ(id(R"({"to":"/b","path":"/a"})"), "k:/a");
    EXPECT_EQ(id(R"({"from":"/b","to":"/c"})"), "k:/c");
    EXPECT_EQ(id(R"({"name":"nginx"})"), "k:nginx");
    EXPECT_EQ(id(R"({"env":"/venv","install":["x"]})"), "k:/venv");
    EXPECT_EQ(id(R"({"argv":["make","x"],"env":{"A":"b"}})"), "k:make");
    EXPECT_EQ(id(R"({"http":"http://h/"})"), "k:http://h/");
    EXPECT_EQ(id("{}"), "k");
    EXPECT_EQ(id(R"({"path":"$HOME"})"), "k:$HOME");
}

TEST(ParseManifest, ASecretHasNoDefault) {
    const std::string text =
        R"({"backout": 1, "name": "n", "inputs": {"t": {"default": "x", "secret": true}}, "actions": []})";
    EXPECT_EQ(problems_of(text).substr(0, 42), "m.json:1:57: a secret has no default: what");
    EXPECT_EQ(problems_of(R"({"backout": 1, "name": "n", "inputs": {"t": {"default": "x"}}, "actions": []})"), "");
}

TEST(ParseManifest, ProblemsAreAllReportedAtTheirPlaces) {
    EXPECT_EQ(problems_of(R"({
  "backout": 1,
  "name": "Bad Name",
  "inputz": {},
  "actions": [
    { "id": "a", "action": "file.writ", "with": { "path": "/x" } },
    { "id": "a", "action": "file.write", "with": { "pth": "/x", "content": 1 }, "depend_on": [] },
    { "action": "file.write", "with": { "path": "${inputs.vrsion}" }, "depends_on": ["b", 1], "timeout": "90" },
    { "with": [], "when": "1 = 1", "retry": { "attempts": 0 }, "pivot": 1 },
    7
  ],
  "inputs": { "version": { "default": "x", "pattern": "^[0-9]+$" } },
  "on_drift": "rollbak"
})",
                          with_kinds()),
              "m.json:3:11: the name 'Bad Name' is not made of small letters, digits and '-', or begins with '-'\n"
              "m.json:4:3: unknown key 'inputz' in a manifest (did you mean 'inputs'?)\n"
              "m.json:6:28: unknown kind 'file.writ' (did you mean 'file.write'?)\n"
              "m.json:7:13: the id 'a' is used twice; first at 6:13\n"
              "m.json:7:50: file.write needs 'path'\n"
              "m.json:7:52: file.write takes no 'pth' (did you mean 'path'?)\n"
              "m.json:7:76: 'content' of file.write takes a string or null, not a number\n"
              "m.json:7:81: unknown key 'depend_on' in an action (did you mean 'depends_on'?)\n"
              "m.json:8:50: unknown input 'vrsion' (did you mean 'version'?)\n"
              "m.json:8:91: 'depends_on' takes a list of ids, not a number\n"
              "m.json:8:106: 'timeout': " +
                  parse_duration("90").error().message +
                  "\n"
                  "m.json:9:5: an action needs 'action'\n"
                  "m.json:9:15: 'with' takes an object, not a list\n"
                  "m.json:9:30: in 'when': write '==' instead of '='\n"
                  "m.json:9:59: 'attempts' is a whole number from 1 to 1000\n"
                  "m.json:9:73: 'pivot' takes true or false, not a number\n"
                  "m.json:10:5: an action is an object, not a number\n"
                  "m.json:12:39: the default of 'version' doesn't match its own pattern '^[0-9]+$'\n"
                  "m.json:13:15: 'on_drift' is \"rollback\" or \"stop\", not 'rollbak' (did you mean 'rollback'?)\n");
}

TEST(ParseManifest, TheFormatVersionIsChecked) {
    EXPECT_EQ(problems_of("{}"),
              "m.json:1:1: a manifest needs 'backout'\nm.json:1:1: a manifest needs 'name'\n"
              "m.json:1:1: a manifest needs 'actions'\n");
    EXPECT_EQ(problems_of(R"({"backout":2,"name":"a","actions":[]})"),
              "m.json:1:12: this manifest is of format 2, and this Backout knows only 1: a newer one is needed\n");
    EXPECT_EQ(problems_of(R"({"backout":"1","name":"a","actions":[]})"),
              "m.json:1:12: 'backout' is the version of the format, a number: write 1\n");
    EXPECT_EQ(problems_of("[]"), "m.json:1:1: a manifest is an object { … }, not a list\n");
    EXPECT_EQ(problems_of("nonsense"),
              "m.json:1:1: unexpected word 'nonsense': true, false, null, or a string in double quotes was expected\n");
}

TEST(ParseManifest, UnknownIdsNameTheNearest) {
    EXPECT_EQ(
        problems_of(manifest_text(
            R"({"id":"nginx","action":"k","after":["nginx"]},{"id":"b","action":"k","depends_on":["ngins","zzz"],"with":{"v":"${actions.ngnx.out}"}})")),
        "m.json:1:75: the action 'nginx' can't come after itself\n"
        "m.json:1:122: no action has the id 'ngins' (did you mean 'nginx'?)\n"
        "m.json:1:130: no action has the id 'zzz'\n"
        "m.json:1:150: no action has the id in 'actions.ngnx.out' (did you mean 'nginx'?)\n");
}

TEST(ParseManifest, AnActionMayUseItsOwnOutputOnlyToVerifyAndToUndo) {
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"a","action":"k","verify":{"http":"${actions.a.url}"}})")), "");
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"a","action":"k","with":{"u":"${actions.a.url}"}})")),
              "m.json:1:75: an action can't use its own output but in 'undo' and 'verify'\n");
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"a","action":"k","with":{"undo":{"u":["${actions.a.id}"]}}})")), "");
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"a","action":"k","with":{"u":{"undo":"${actions.a.id}"}}})")),
              "m.json:1:83: an action can't use its own output but in 'undo' and 'verify'\n");
}

TEST(ParseManifest, DoubledDefaultIdsAskForAnId) {
    EXPECT_EQ(problems_of(manifest_text(R"({"action":"k","with":{"path":"/a"}},{"action":"k","with":{"path":"/a"}})")),
              "m.json:1:75: the id 'k:/a' is used twice; first at 1:39; it is the default of both kind and target: "
              "give one of "
              "them an \"id\"\n");
}

TEST(ParseManifest, FactsSeeInputsAndEarlierFactsOnly) {
    const std::string facts =
        R"("facts":{"a":{"detect":"python","with":{"env":"${facts.b.x}"}},"b":{"detect":"pythn","with":{"env":"${facts.a.x}${actions.z.o}"}},"c":{"detect":"python"}},)";
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"z","action":"acme.do"})", facts), with_kinds()),
              "m.json:1:75: the fact 'b' is detected later: move it before this one\n"
              "m.json:1:105: unknown detector 'pythn' (did you mean 'python'?)\n"
              "m.json:1:140: a fact is detected before any action runs: it can't use the output of one\n"
              "m.json:1:162: python needs 'env'\n");
}

TEST(ParseManifest, ConditionsKnowTheNames) {
    EXPECT_EQ(problems_of(manifest_text(R"({"action":"k","when":"inputs.forse or \"é\" == facts.p.x"})",
                                        R"("inputs":{"force":{"default":true}},)")),
              "m.json:1:97: unknown input 'forse' (did you mean 'force'?)\n"
              "m.json:1:122: unknown fact 'p'; declare it under 'facts'\n");
    EXPECT_EQ(problems_of(manifest_text(R"({"action":"k","when":3},{"action":"l","when":false})")),
              "m.json:1:60: 'when' takes a condition as a string, not a number\n");
}

TEST(ParseManifest, VerificationsAreChecks) {
    EXPECT_EQ(
        problems_of(manifest_text(R"({"action":"acme.x","verify":[{"http":"u","tcp":"v"},{"command":["x"],"exti":0}]})",
                                  R"("verify":[7],)"),
                    with_kinds()),
        "m.json:1:38: a verification is an object with exactly one of 'command', 'http', 'tcp', 'file', not a number\n"
        "m.json:1:81: a verification is an object with exactly one of 'command', 'http', 'tcp', 'file': it has 'http' "
        "and 'tcp'\n"
        "m.json:1:121: a verification takes no 'exti' (did you mean 'exit'?)\n");
}

TEST(ParseManifest, AMisspeltSubjectOfAVerificationNamesTheNearest) {
    EXPECT_EQ(problems_of(manifest_text(R"({"action":"acme.x","verify":[{"comand":["x"]}]})"), with_kinds()),
              "m.json:1:68: a verification is an object with exactly one of 'command', 'http', 'tcp', 'file': it has "
              "'comand' (did you mean 'command'?)\n");
}

TEST(ParseManifest, ASelectThatIsNoneSaysWhatItLacks) {
    const auto with = [](const std::string& content) {
        return manifest_text(R"({"action":"file.write","with":{"path":"p","content":{"select":)" + content + "}}}");
    };
    EXPECT_EQ(problems_of(with("7"), with_kinds()),
              "m.json:1:101: 'select' takes an object with 'table', 'on' and 'value', not a number\n");
    EXPECT_EQ(problems_of(with(R"({"tabel":"t","on":{},"value":"v"})"), with_kinds()), "")
        << "two of its keys make it a select: the resolver reports the rest";
    EXPECT_EQ(problems_of(with(R"({"tabel":"t","value":"v"})"), with_kinds()),
              "m.json:1:101: 'select' needs 'table'\n"
              "m.json:1:101: 'select' needs 'on'\n"
              "m.json:1:102: unknown key 'tabel' in 'select' (did you mean 'table'?)\n");
}

TEST(ParseManifest, ArgumentsThatAreDecidedLaterFitEveryType) {
    EXPECT_EQ(
        problems_of(
            manifest_text(
                R"({"action":"file.write","with":{"path":"p","count":"${env.N}"}},{"action":"file.write","with":{"path":"q","count":{"select":{"table":[],"on":{"a":1},"value":"${row.a}"}}}})"),
            with_kinds()),
        "");
}

TEST(ParseManifest, TheReservedKeyAndMisplacedReferencesAreRefused) {
    EXPECT_EQ(
        problems_of(manifest_text(
            R"({"action":"k","with":{"a":{"$template":[]},"b":"${file}","c":"${row.x}","validate":["${file}"]}})")),
        "m.json:1:66: the key '$template' is reserved\n"
        "m.json:1:87: ${file} only stands inside 'validate'\n"
        "m.json:1:101: ${row.COLUMN} only stands in the 'value' of a 'select'\n");
}

TEST(ParseManifest, NamesAndIdsAreChecked) {
    EXPECT_EQ(problems_of(manifest_text(R"({"id":"","action":"k"},{"id":"a\nb","action":"l"},{"id":" c","action":""})",
                                        R"("inputs":{"a b":{},"c":1},"facts":{"x.y":{"detect":"d"},"z":3},)")),
              "m.json:1:38: the name of an input is made of letters, digits, '_' and '-'\n"
              "m.json:1:51: an input is an object, not a number: write { \"default\": … }\n"
              "m.json:1:63: the name of a fact is made of letters, digits, '_' and '-'\n"
              "m.json:1:88: a fact is an object with 'detect', not a number\n"
              "m.json:1:108: an id is a line of text, not empty, without blanks at its ends\n"
              "m.json:1:131: an id is a line of text, not empty, without blanks at its ends\n"
              "m.json:1:158: an id is a line of text, not empty, without blanks at its ends\n"
              "m.json:1:172: 'action' is empty: it names a kind such as \"file.write\"\n");
}

TEST(ParseManifest, TooManyActionsAreRefused) {
    ParseOptions options;
    options.most_actions = 1;
    EXPECT_EQ(problems_of(manifest_text(R"({"action":"a"},{"action":"b"})"), options),
              "m.json:1:38: too many actions: 2, at most 1\n");
}

TEST(ParseManifest, ListsWhatAnActionUses) {
    const Manifest manifest = good_manifest(manifest_text(
        R"({"id":"a","action":"k"},{"action":"k","with":{"path":"/b.c"}},
           {"id":"x","action":"k","with":{"v":["${actions.a.o}","${actions.k:/b.c.o}${actions.a.p}${inputs.i}"]},"when":"inputs.j"})",
        R"("inputs":{"i":{},"j":{}},)"));
    EXPECT_EQ(referenced_actions(manifest.actions[2], manifest.ids), (std::vector<std::string>{"a", "k:/b.c"}));
    EXPECT_EQ(referenced_inputs(manifest.actions[2]), (std::vector<std::string>{"i", "j"}));
}

class AssignIds : public testing::Test {
  protected:
    Status assign(const std::string& actions) {
        manifest = good_manifest(
            manifest_text(actions, R"("inputs":{"dir":{"default":"/srv"},"s":{"secret":true}              },)"));
        GivenInputs given;
        given.from_file = Json{{"s", "x"}};
        const auto values = resolve_inputs(manifest, given, {});
        return assign_ids(manifest, ManifestReferences(manifest, values.value(), {}));
    }
    Manifest manifest;
};

TEST_F(AssignIds, TargetsWithReferencesGetTheirIdWhenTheyAreKnown) {
    ASSERT_TRUE(
        assign(
            R"({"action":"k","with":{"path":"${inputs.dir}/a"}},{"id":"z","action":"k","depends_on":["k:/srv/a"],"with":{"d":"${actions.k:/srv/a.digest}"}})")
            .ok());
    EXPECT_EQ(manifest.actions[0].id, "k:/srv/a");
    EXPECT_EQ(manifest.open_ids, 0U);
    EXPECT_EQ(referenced_actions(manifest.actions[1], manifest.ids), std::vector<std::string>{"k:/srv/a"});
}

TEST_F(AssignIds, SecretsStayOutOfIds) {
    ASSERT_TRUE(assign(R"({"action":"k","with":{"path":"/a/${inputs.s}"}})").ok());
    EXPECT_EQ(manifest.actions[0].id, "k:/a/${inputs.s}");
}

TEST_F(AssignIds, WhatHadToWaitIsCheckedThen) {
    const Status status = assign(
        R"({"action":"k","with":{"path":"${inputs.dir}"}},{"action":"k","with":{"path":"/srv"},"after":["k:/other"]})");
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message,
              "m.json:1:156: the id 'k:/srv' is used twice; first at 1:109; it is the default of both kind and target: "
              "give one "
              "of them an \"id\"\n"
              "m.json:1:202: no action has the id 'k:/other'");
}

}  // namespace
}  // namespace backout
