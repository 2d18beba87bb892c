// Verbs that change nothing: what they print, what they end with, and that they leave no trace (P2).

#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/backout_program.h"

namespace backout {
namespace {

const std::vector<std::string>& verbs() {
    static const std::vector<std::string> kVerbs = {"plan",   "show",   "check",   "apply",   "resume", "rollback",
                                                    "verify", "status", "resolve", "history", "log",    "graph",
                                                    "kinds",  "schema", "prune",   "doctor"};
    return kVerbs;
}

TEST_F(BackoutProgram, EveryVerbHelps) {
    for (const std::string& verb : verbs()) {
        const Ran ran = run({verb, "--help"});
        EXPECT_EQ(ran.exit, 0) << verb;
        EXPECT_NE(ran.output.find("Examples:"), std::string::npos) << verb;
        EXPECT_EQ(ran.errors, "") << verb;
    }
}

TEST_F(BackoutProgram, TellsItsVersion) {
    const Ran ran = run({"--version"});
    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.output.rfind("backout ", 0), 0U);
}

TEST_F(BackoutProgram, WrongCallsEndWith64) {
    EXPECT_EQ(run({}).exit, 64);
    EXPECT_EQ(run({"aply"}).exit, 64);
    EXPECT_NE(run({"aply"}).errors.find("'apply'"), std::string::npos);
    EXPECT_EQ(run({"status", "--jsn"}).exit, 64);
    EXPECT_EQ(run({"status", "--show", "nonsense"}).exit, 64);
    EXPECT_EQ(backout({"prune"}).exit, 64);
}

TEST_F(BackoutProgram, PlanShowsOnTheOutputAndExits2OnlyWhenAsked) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    const Ran plain = backout({"plan", path("m.json")});
    EXPECT_EQ(plain.exit, 0) << plain.errors;
    EXPECT_NE(plain.output.find("+ create " + path("out")), std::string::npos) << plain.output;
    EXPECT_NE(plain.output.find("Plan: 1 to create; all reversible"), std::string::npos) << plain.output;
    EXPECT_EQ(backout({"plan", path("m.json"), "--detailed-exitcode"}).exit, 2);
}

TEST_F(BackoutProgram, PlanReadsStandardInput) {
    const std::string text = R"({"backout": 1, "name": "t", "actions": [)" + write_action("a", path("out"), "x") + "]}";
    EXPECT_EQ(backout({"plan", "-"}, text).exit, 0);
}

TEST_F(BackoutProgram, ManifestErrorsNameTheirPlace) {
    put("m.json", "{ \"backout\": 1, \"name\": \"t\",\n  \"actoins\": [] }\n");
    const Ran ran = backout({"plan", path("m.json")});
    EXPECT_EQ(ran.exit, 65);
    EXPECT_NE(ran.errors.find(path("m.json") + ":2:3: "), std::string::npos) << ran.errors;
    EXPECT_EQ(backout({"plan", path("absent.json")}).exit, 65);
    EXPECT_EQ(backout({"show", path("m.json")}).exit, 65);
}

TEST_F(BackoutProgram, ErrorsAreOneJsonLineForPrograms) {
    const Ran ran = backout({"plan", path("absent.json"), "--json"});
    EXPECT_EQ(ran.output, "");
    const nlohmann::json error = nlohmann::json::parse(ran.errors, nullptr, false);
    ASSERT_TRUE(error.is_object()) << ran.errors;
    EXPECT_EQ(error["error"]["exit"], 65);
    EXPECT_EQ(error["error"]["code"], "invalid");
}

TEST_F(BackoutProgram, SavedPlansArePrivateAndTheSameAsShown) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    ASSERT_EQ(backout({"plan", path("m.json"), "-o", path("p.plan")}).exit, 0);
    struct stat status {};
    ASSERT_EQ(::stat(path("p.plan").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    const nlohmann::json saved = nlohmann::json::parse(get("p.plan"));
    EXPECT_EQ(saved["format"], "backout-plan/1");
    EXPECT_EQ(json(backout({"show", path("p.plan"), "--json"})), saved);
    EXPECT_EQ(json(backout({"plan", path("m.json"), "--json"}))["digest"], saved["digest"]);
    EXPECT_EQ(backout({"check", path("p.plan")}).exit, 0);
    put("out", "somebody was faster");
    const Ran stale = backout({"check", path("p.plan")});
    EXPECT_EQ(stale.exit, 6);
    EXPECT_NE(stale.output.find(path("out")), std::string::npos) << stale.output;
    EXPECT_EQ(backout({"show", path("p.plan")}).exit, 0) << "a stale plan can still be shown";
}

TEST_F(BackoutProgram, AnOutputThatIsADashIsTheStandardOutput) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    const Ran ran = backout({"plan", path("m.json"), "-o", "-"});
    EXPECT_EQ(ran.exit, 0) << ran.errors;
    EXPECT_EQ(json(ran)["format"], "backout-plan/1");
    EXPECT_FALSE(std::filesystem::exists("-"));
    EXPECT_EQ(json(backout({"show", "-", "--json"}, ran.output)), json(ran)) << "what a pipe gets is a plan";
    EXPECT_EQ(backout({"graph", path("m.json"), "-o", "-"}).output.rfind("digraph", 0), 0U);
}

TEST_F(BackoutProgram, AnOutputIsLookedAtBeforeAnythingElse) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    const std::string text = get("m.json");
    std::filesystem::create_symlink(path("m.json"), path("link.json"));
    for (const std::string& itself : {path("m.json"), path("none/../m.json")}) {
        const Ran ran = backout({"plan", path("m.json"), "-o", itself});
        EXPECT_EQ(ran.exit, 64);
        EXPECT_NE(ran.errors.find("m.json is what is read"), std::string::npos) << ran.errors;
        EXPECT_EQ(backout({"graph", path("m.json"), "-o", itself}).exit, 64);
    }
    EXPECT_EQ(backout({"plan", path("link.json"), "-o", path("m.json")}).exit, 64);
    EXPECT_EQ(get("m.json"), text);
    put("in.json", "{}");
    EXPECT_EQ(backout({"plan", path("m.json"), "--inputs", path("in.json"), "-o", path("in.json")}).exit, 64);
    const Ran missing = backout({"plan", path("m.json"), "-o", path("none/p.plan")});
    EXPECT_EQ(missing.exit, 65);
    EXPECT_NE(missing.errors.find("the folder " + path("none") + " does not exist"), std::string::npos);
    EXPECT_EQ(backout({"plan", path("m.json"), "-o", scratch_}).exit, 64) << "a directory";
    EXPECT_EQ(backout({"plan", path("m.json"), "-o", ""}).exit, 64);
}

TEST_F(BackoutProgram, AnOutputThatCannotBeWrittenWholeLeavesNothing) {
    manifest("m.json", {write_action("conf", path("out"), std::string(4000, 'x'))});
    put("old.plan", "as it was");
    const auto before = snapshot();
    const std::string call = "ulimit -f 1; '" BACKOUT_PROGRAM "' plan '" + path("m.json") + "' --state-dir '" + state_ +
                             "' -o '" + path("old.plan") + "' > /dev/null 2>&1";
    EXPECT_EQ(WEXITSTATUS(std::system(call.c_str())), 74);
    const auto after = snapshot();
    EXPECT_EQ(get("old.plan"), "as it was");
    EXPECT_EQ(after.size(), before.size()) << "a half file was left";
}

TEST_F(BackoutProgram, ReadingVerbsLeaveNoTrace) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    ASSERT_EQ(backout({"plan", path("m.json"), "-o", path("p.plan")}).exit, 0);
    const auto before = snapshot();
    const std::vector<Words> calls = {{"plan", path("m.json")},
                                      {"plan", path("m.json"), "--json"},
                                      {"show", path("p.plan")},
                                      {"check", path("p.plan")},
                                      {"status"},
                                      {"history"},
                                      {"verify", path("m.json")},
                                      {"verify", path("p.plan")},
                                      {"verify"},
                                      {"graph", path("m.json")},
                                      {"doctor"},
                                      {"kinds"},
                                      {"schema"},
                                      {"log", "r-1"},
                                      {"show", "r-1"},
                                      {"rollback", "--plan"},
                                      {"resume"},
                                      {"prune", "--keep", "1"}};
    for (const Words& call : calls) {
        backout(call);
        EXPECT_EQ(snapshot(), before) << call[0];
    }
}

TEST_F(BackoutProgram, ReadingVerbsLeaveNoTraceBesideAJournal) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    const std::string run = newest_run();
    const auto before = snapshot();
    const std::vector<Words> calls = {{"status"},
                                      {"status", "-v"},
                                      {"history"},
                                      {"show", run},
                                      {"log", run},
                                      {"verify"},
                                      {"verify", run},
                                      {"verify", path("m.json")},
                                      {"graph", run},
                                      {"doctor"},
                                      {"rollback", "--plan"},
                                      {"plan", path("m.json")},
                                      {"prune", "--keep", "0", "--plan"}};
    for (const Words& call : calls) {
        const Ran ran = backout(call);
        EXPECT_EQ(ran.exit, 0) << call[0] << ": " << ran.errors;
        EXPECT_EQ(snapshot(), before) << call[0];
    }
}

TEST_F(BackoutProgram, WithoutRunsThereIsNothingToTell) {
    const nlohmann::json status = json(backout({"status", "--json"}));
    EXPECT_EQ(status["unfinished"], nlohmann::json::array());
    EXPECT_TRUE(status["lease"].is_null());
    EXPECT_EQ(status["last"], nlohmann::json::array());
    EXPECT_EQ(json(backout({"history", "--json"})), nlohmann::json::array());
    EXPECT_EQ(backout({"resume"}).exit, 0);
    EXPECT_EQ(backout({"rollback", "--yes"}).exit, 0);
    EXPECT_EQ(backout({"show", "r-1"}).exit, 65);
}

TEST_F(BackoutProgram, KindsAndSchemaDocumentTheProgramItself) {
    const Ran list = backout({"kinds"});
    EXPECT_NE(list.output.find("file.write"), std::string::npos);
    EXPECT_NE(backout({"kinds", "file.write"}).output.find("undo restores"), std::string::npos);
    EXPECT_EQ(backout({"kinds", "file.wirte"}).exit, 64);
    EXPECT_TRUE(json(backout({"kinds", "file.write", "--json"})).contains("undo_restores"));
    EXPECT_TRUE(json(backout({"schema"})).contains("$schema"));
}

TEST_F(BackoutProgram, GraphsAreDrawn) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    EXPECT_EQ(backout({"graph", path("m.json")}).output.rfind("digraph", 0), 0U);
    EXPECT_EQ(backout({"graph", path("m.json"), "--format", "mermaid"}).output.rfind("flowchart", 0), 0U);
    ASSERT_EQ(backout({"graph", path("m.json"), "-o", path("g.dot")}).exit, 0);
    EXPECT_EQ(get("g.dot").rfind("digraph", 0), 0U);
}

TEST_F(BackoutProgram, AtMinusFourNothingAtAllIsSaid) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    for (const Words& call : {Words{"plan", path("m.json")}, {"plan", path("absent")}, {"history"}}) {
        Words quiet = call;
        quiet.insert(quiet.end(), {"-QQ", "-Q", "-Q", "--show", "error"});
        const Ran ran = backout(quiet);
        EXPECT_EQ(ran.output + ran.errors, "") << call[0];
    }
}

TEST_F(BackoutProgram, DocumentsForProgramsComeHoweverQuiet) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    ASSERT_EQ(backout({"plan", path("m.json"), "-o", path("p.plan")}).exit, 0);
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    const std::string run = newest_run();
    const std::vector<Words> calls = {{"plan", path("m.json")},
                                      {"show", path("p.plan")},
                                      {"show", run},
                                      {"check", path("p.plan")},
                                      {"verify"},
                                      {"status"},
                                      {"history"},
                                      {"log", run},
                                      {"rollback", "--plan"},
                                      {"doctor"},
                                      {"kinds"},
                                      {"kinds", "file.write"},
                                      {"schema"},
                                      {"prune", "--keep", "9"}};
    for (const Words& call : calls) {
        for (const char* quiet : {"-Q", "-QQ", "-QQQ"}) {
            Words words = call;
            words.insert(words.end(), {"--json", quiet});
            EXPECT_FALSE(json(backout(words)).is_discarded()) << call[0] << " " << quiet;
        }
        Words silent = call;
        silent.insert(silent.end(), {"--json", "-QQQQ"});
        EXPECT_EQ(backout(silent).output, "") << call[0];
    }
}

TEST_F(BackoutProgram, AnOutputThatIsFullOrClosedIsOneError) {
    for (const Words& call : {Words{"kinds"}, {"kinds", "--json"}, {"schema"}, {"--help"}, {"--version"}}) {
        const Ran ran = run(call, "", "/dev/full");
        EXPECT_EQ(ran.exit, 74) << call[0];
        EXPECT_NE(ran.errors.find("No space left"), std::string::npos) << ran.errors;
        EXPECT_EQ(std::count(ran.errors.begin(), ran.errors.end(), '\n'), 1) << ran.errors;
    }
    const std::string closed = "'" BACKOUT_PROGRAM "' kinds >&- 2> '" + path("errors") + "'";
    EXPECT_EQ(WEXITSTATUS(std::system(closed.c_str())), 74);
    EXPECT_NE(get("errors").find("standard output"), std::string::npos) << get("errors");
}

TEST_F(BackoutProgram, AFullOutputHidesNoDifference) {
    manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    const Words words = {"plan", path("m.json"), "--state-dir", state_, "--detailed-exitcode"};
    EXPECT_EQ(run(words, "", "/dev/full").exit, 74) << "2 would say that the plan was read";
}

}  // namespace
}  // namespace backout
