// Verbs that change something, from consent to exit code.

#include <signal.h>

#include "cli/backout_program.h"

namespace backout {
namespace {

class Changing : public BackoutProgram {
  protected:
    void SetUp() override {
        BackoutProgram::SetUp();
        manifest("m.json", {write_action("conf", path("out"), "hello\n")});
    }
    /// A manifest whose command says that it began, and then waits until the file "go" is there.
    void waiting_manifest(const std::string& name) const {
        const std::string script =
            "touch " + path("begun") + "; while [ ! -e " + path("go") + " ]; do sleep 0.02; done";
        const nlohmann::json action = {{"id", "wait"},
                                       {"action", "command.run"},
                                       {"depends_on", {"first"}},
                                       {"with",
                                        {{"argv", {"sh", "-c", script}},
                                         {"undo", {{"argv", {"rm", "-f", path("go")}}}},
                                         {"probe", {{"argv", {"test", "-e", path("go")}}}}}}};
        manifest(name, {write_action("first", path("first"), "1\n"), action.dump()});
    }
    std::string state_of(const std::string& run) { return json(backout({"show", run, "--json"})).value("state", ""); }
};

std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        lines.push_back(nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false));
        begin = end + 1;
    }
    return lines;
}

TEST_F(Changing, WithoutTerminalConsentMustBeGiven) {
    const auto before = snapshot();
    EXPECT_EQ(backout({"apply", path("m.json")}).exit, 64);
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Changing, ApplyConvergesAndRollbackRestores) {
    put("out", "before\n");
    const Ran applied = backout({"apply", path("m.json"), "--yes"});
    ASSERT_EQ(applied.exit, 0) << applied.errors << applied.output;
    EXPECT_EQ(get("out"), "hello\n");
    const std::string run = newest_run();
    EXPECT_EQ(state_of(run), "committed");
    EXPECT_EQ(backout({"plan", path("m.json"), "--detailed-exitcode"}).exit, 0);
    EXPECT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    EXPECT_EQ(newest_run(), run) << "nothing to do is no run";
    EXPECT_EQ(backout({"verify"}).exit, 0);

    EXPECT_EQ(backout({"rollback"}).exit, 64) << "rollback asks, too";
    EXPECT_EQ(backout({"rollback", "--plan"}).exit, 0);
    EXPECT_EQ(get("out"), "hello\n");
    const Ran back = backout({"rollback", "--yes"});
    ASSERT_EQ(back.exit, 0) << back.errors << back.output;
    EXPECT_EQ(get("out"), "before\n");
    EXPECT_EQ(state_of(run), "rolled_back");
    EXPECT_EQ(backout({"rollback", "--yes"}).exit, 0) << "nothing is left to take back";

    const Ran redone = backout({"rollback", newest_run(), "--yes"});
    ASSERT_EQ(redone.exit, 0) << redone.errors << redone.output;
    EXPECT_EQ(get("out"), "hello\n") << "taking back a rollback redoes it";
    EXPECT_EQ(state_of(run), "committed");
}

TEST_F(Changing, OneStepUsesWhatAnotherGaveOut) {
    manifest("m.json", {write_action("a", path("first"), "hello\n"),
                        write_action("b", path("second"), "${actions.a.digest} ${actions.a.path}")});
    const Ran ran = backout({"apply", path("m.json"), "--yes"});
    ASSERT_EQ(ran.exit, 0) << ran.errors << ran.output;
    EXPECT_EQ(get("second"), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 " + path("first"));
    EXPECT_EQ(backout({"plan", path("m.json"), "--detailed-exitcode"}).exit, 0);
}

TEST_F(Changing, SavedPlansAreUsedOnceAndOnlyWhileTrue) {
    ASSERT_EQ(backout({"plan", path("m.json"), "-o", path("p.plan")}).exit, 0);
    ASSERT_EQ(backout({"plan", path("m.json"), "-o", path("q.plan")}).exit, 0);
    const Ran applied = backout({"apply", path("p.plan")});
    ASSERT_EQ(applied.exit, 0) << applied.errors;
    const Ran used = backout({"apply", path("p.plan")});
    EXPECT_EQ(used.exit, 6);
    EXPECT_NE(used.errors.find(newest_run()), std::string::npos) << used.errors;
    const Ran stale = backout({"apply", path("q.plan")});
    EXPECT_EQ(stale.exit, 6);
    EXPECT_NE(stale.errors.find(path("out")), std::string::npos) << stale.errors;
    std::string forged = get("q.plan");
    forged.replace(forged.find("hello"), 5, "hallo");
    put("forged.plan", forged);
    EXPECT_EQ(backout({"apply", path("forged.plan")}).exit, 6);
    EXPECT_EQ(backout({"apply", path("m.json"), "--yes", "--require-digest", "00"}).exit, 6);
}

TEST_F(Changing, EventsAreOneJsonObjectALine) {
    const Ran ran = backout({"apply", path("m.json"), "--yes", "--json"});
    ASSERT_EQ(ran.exit, 0) << ran.errors;
    const std::vector<nlohmann::json> lines = lines_of(ran.output);
    ASSERT_GT(lines.size(), 3U);
    EXPECT_EQ(lines.front()["type"], "version");
    for (const nlohmann::json& line : lines) {
        ASSERT_TRUE(line.is_object());
        for (const char* key : {"type", "seq", "time"}) EXPECT_TRUE(line.contains(key)) << line;
    }
    EXPECT_EQ(lines.back()["type"], "report");
    EXPECT_EQ(lines.back()["report"]["steps"][0]["state"], "done");
}

TEST_F(Changing, AFullOutputDisturbsNoRun) {
    for (const Words& more : {Words{}, {"--json"}}) {
        Words words = {"apply", path("m.json"), "--yes", "--state-dir", state_};
        words.insert(words.end(), more.begin(), more.end());
        const Ran ran = run(words, "", "/dev/full");
        EXPECT_EQ(ran.exit, 0) << ran.errors;
        EXPECT_NE(ran.errors.find("No space left"), std::string::npos) << ran.errors;
        EXPECT_EQ(get("out"), "hello\n");
        EXPECT_EQ(state_of(newest_run()), "committed");
        EXPECT_EQ(run({"rollback", "--plan", "--state-dir", state_}, "", "/dev/full").exit, 74);
        EXPECT_EQ(run({"rollback", "--yes", "--state-dir", state_}, "", "/dev/full").exit, 0);
        EXPECT_FALSE(exists("out"));
    }
}

TEST_F(Changing, AFailedStepRollsEverythingBack) {
    const nlohmann::json bad = {
        {"id", "bad"},
        {"action", "command.run"},
        {"depends_on", {"conf"}},
        {"with", {{"argv", {"false"}}, {"undo", {{"argv", {"true"}}}}, {"probe", {{"argv", {"false"}}}}}}};
    manifest("bad.json", {write_action("conf", path("out"), "hello\n"), bad.dump()});
    const Ran ran = backout({"apply", path("bad.json"), "--yes"});
    EXPECT_EQ(ran.exit, 1) << ran.errors << ran.output;
    EXPECT_FALSE(exists("out"));
    EXPECT_EQ(state_of(newest_run()), "rolled_back");
    EXPECT_EQ(backout({"status", "--detailed-exitcode"}).exit, 0);
}

TEST_F(Changing, AForeignChangeIsAConflictThatStays) {
    put("out", "before\n");
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    put("out", "somebody else\n");
    EXPECT_EQ(backout({"verify"}).exit, 2);
    const Ran preview = backout({"rollback", "--plan"});
    const Ran ran = backout({"rollback", "--yes"});
    EXPECT_EQ(ran.exit, 3) << ran.errors << ran.output;
    EXPECT_EQ(get("out"), "somebody else\n");
    EXPECT_NE(ran.output.find("conflict"), std::string::npos);
    for (const std::string& text : {preview.output, ran.output, ran.errors, backout({"show", newest_run()}).output}) {
        EXPECT_NE(text.find("-hello\n"), std::string::npos) << "what the run left is where the diff begins:\n" << text;
        EXPECT_NE(text.find("+somebody else\n"), std::string::npos) << text;
        EXPECT_EQ(text.find("-before\n"), std::string::npos) << text;
    }
    EXPECT_NE(preview.output.find("1 in conflict and left alone"), std::string::npos) << preview.output;
    const Ran again = backout({"rollback", "--yes", "--overwrite-conflict", "conf"});
    EXPECT_EQ(again.exit, 0) << again.errors << again.output;
    EXPECT_EQ(get("out"), "before\n");
}

TEST_F(Changing, StatusNamesTheWaysOutUntilAPersonResolves) {
    const nlohmann::json bad = {{"id", "bad"},
                                {"action", "command.run"},
                                {"depends_on", {"conf"}},
                                {"with",
                                 {{"argv", {"sh", "-c", "echo other > " + path("out") + "; false"}},
                                  {"undo", {{"argv", {"true"}}}},
                                  {"probe", {{"argv", {"false"}}}}}}};
    manifest("bad.json", {write_action("conf", path("out"), "hello\n"), bad.dump()});
    EXPECT_EQ(backout({"apply", path("bad.json"), "--yes"}).exit, 3);
    EXPECT_EQ(get("out"), "other\n");
    const std::string run = newest_run();
    const nlohmann::json status = json(backout({"status", "--json"}));
    ASSERT_EQ(status["incomplete"].size(), 1U) << status;
    EXPECT_EQ(status["incomplete"][0]["run"], run);
    EXPECT_EQ(backout({"resolve", run, "bad", "--as", "done", "--reason", "x"}).exit, 65)
        << "nothing is in doubt there";
    EXPECT_EQ(backout({"resolve", run, "conf", "--as", "done"}).exit, 64) << "the reason is missing";
    EXPECT_EQ(backout({"resolve", run, "conf", "--as", "skipped", "--reason", "it is as we want it"}).exit, 0);
    EXPECT_EQ(json(backout({"status", "--json"}))["incomplete"].size(), 0U);
}

TEST_F(Changing, ARunUnderALaterOneIsRefusedByName) {
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    const std::string first = newest_run();
    manifest("m2.json", {write_action("conf", path("out"), "second\n")});
    ASSERT_EQ(backout({"apply", path("m2.json"), "--yes"}).exit, 0);
    const std::string second = newest_run();
    const Ran refused = backout({"rollback", first, "--yes"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.errors.find(second), std::string::npos) << refused.errors;
    const Ran both = backout({"rollback", "--to", first, "--yes"});
    EXPECT_EQ(both.exit, 0) << both.errors << both.output;
    EXPECT_FALSE(exists("out"));
}

TEST_F(Changing, IrreversibleStepsNeedAWordOfTheirOwn) {
    const nlohmann::json action = {
        {"id", "once"}, {"action", "command.run"}, {"with", {{"argv", {"touch", path("made")}}}}};
    manifest("i.json", {action.dump()});
    const Ran refused = backout({"apply", path("i.json"), "--yes"});
    EXPECT_EQ(refused.exit, 64);
    EXPECT_NE(refused.errors.find("--allow-irreversible once"), std::string::npos) << refused.errors;
    EXPECT_FALSE(exists("made"));
    EXPECT_EQ(backout({"apply", path("i.json"), "--yes", "--allow-irreversible", "onec"}).exit, 64);
    const Ran done = backout({"apply", path("i.json"), "--yes", "--allow-irreversible", "once"});
    EXPECT_EQ(done.exit, 0) << done.errors << done.output;
    EXPECT_TRUE(exists("made"));
}

TEST_F(Changing, OnATerminalSomebodyIsAsked) {
    const Ran no = on_terminal({"apply", path("m.json")}, "\n");
    EXPECT_EQ(no.exit, 1) << no.output;
    EXPECT_NE(no.output.find("[y/N]"), std::string::npos);
    EXPECT_FALSE(exists("out"));
    EXPECT_FALSE(exists("state"));
    EXPECT_EQ(on_terminal({"apply", path("m.json")}, "\x04").exit, 1) << "end of file is no";
    const Ran yes = on_terminal({"apply", path("m.json")}, "perhaps\nYES\n");
    EXPECT_EQ(yes.exit, 0) << yes.output;
    EXPECT_TRUE(exists("out"));
    EXPECT_EQ(on_terminal({"rollback", "--non-interactive"}, "y\n").exit, 64);
}

TEST_F(Changing, ASecondRunIsToldWhoWorks) {
    waiting_manifest("w.json");
    Running first = start({"apply", path("w.json"), "--yes"});
    wait_for("begun");
    const Ran second = backout({"apply", path("m.json"), "--yes"});
    EXPECT_EQ(second.exit, 75) << second.errors;
    EXPECT_NE(second.errors.find(std::to_string(first.pid())), std::string::npos) << second.errors;
    const nlohmann::json status = json(backout({"status", "--json"}));
    EXPECT_EQ(status["lease"]["pid"], first.pid());
    put("go", "");
    const Ran ran = first.wait();
    EXPECT_EQ(ran.exit, 0) << ran.errors << ran.output;
}

TEST_F(Changing, ASignalRollsBackAndSaysWhatASecondOneDoes) {
    waiting_manifest("w.json");
    Running running = start({"apply", path("w.json"), "--yes"});
    wait_for("begun");
    running.signal(SIGTERM);
    put("go", "");
    const Ran ran = running.wait();
    EXPECT_EQ(ran.exit, 1) << ran.errors << ran.output;
    EXPECT_NE(ran.errors.find("a second signal stops at once"), std::string::npos) << ran.errors;
    EXPECT_FALSE(exists("first"));
}

TEST_F(Changing, ASecondSignalLeavesARunThatIsInTheWayUntilResumed) {
    waiting_manifest("w.json");
    Running running = start({"apply", path("w.json"), "--yes"});
    wait_for("begun");
    running.signal(SIGINT);
    running.signal(SIGTERM);
    const Ran ran = running.wait();
    EXPECT_TRUE(ran.exit == 128 + SIGINT || ran.exit == 128 + SIGTERM) << ran.exit << ran.errors << ran.output;
    EXPECT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 5);
    EXPECT_EQ(backout({"status", "--detailed-exitcode"}).exit, 2);
    const nlohmann::json status = json(backout({"status", "--json"}));
    ASSERT_EQ(status["unfinished"].size(), 1U);
    EXPECT_EQ(status["unfinished"][0]["ways_out"][0], "resume");
    put("go", "");
    const Ran resumed = backout({"resume", "--yes", "--back"});
    EXPECT_EQ(resumed.exit, 1) << resumed.errors << resumed.output;
    EXPECT_FALSE(exists("first"));
    EXPECT_EQ(backout({"resume"}).exit, 0);
}

TEST_F(Changing, AKilledRunIsCarriedOn) {
    waiting_manifest("w.json");
    {
        Running running = start({"apply", path("w.json"), "--yes"});
        wait_for("begun");
        running.signal(SIGKILL);
        EXPECT_EQ(running.wait().exit, 128 + SIGKILL);
    }
    put("go", "");  // what the killed run had started comes to its end
    const Ran resumed = backout({"resume", "--yes", "--lock-timeout", "30s"});
    EXPECT_EQ(resumed.exit, 0) << resumed.errors << resumed.output;
    EXPECT_EQ(get("first"), "1\n");
    EXPECT_EQ(state_of(newest_run()), "committed");
}

TEST_F(Changing, ADamagedJournalStopsEverything) {
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    put("state/data.mdb", std::string(8192, 'x'));
    for (const Words& call :
         {Words{"status"}, {"history"}, {"doctor"}, {"rollback", "--yes"}, {"apply", path("m.json"), "--yes"}}) {
        EXPECT_EQ(backout(call).exit, 74) << call[0];
    }
    EXPECT_EQ(get("state/data.mdb"), std::string(8192, 'x')) << "and is never replaced";
}

TEST_F(Changing, OldRunsArePruned) {
    ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0);
    manifest("m2.json", {write_action("conf", path("out"), "second\n")});
    ASSERT_EQ(backout({"apply", path("m2.json"), "--yes"}).exit, 0);
    const std::string kept = newest_run();
    const Ran ran = backout({"prune", "--keep", "1", "--json"});
    ASSERT_EQ(ran.exit, 0) << ran.errors;
    EXPECT_EQ(json(ran)["runs"].size(), 1U);
    const nlohmann::json history = json(backout({"history", "--json"}));
    ASSERT_EQ(history.size(), 1U);
    EXPECT_EQ(history[0]["run"], kept);
    EXPECT_EQ(backout({"rollback", "--yes"}).exit, 0);
    EXPECT_EQ(get("out"), "hello\n");
}

TEST_F(Changing, SecretsAreNeverShownOrStored) {
    const nlohmann::json action = {
        {"id", "use"},
        {"action", "command.run"},
        {"with",
         {{"argv", {"sh", "-c", "cat; echo $0", "x"}}, {"stdin", "${inputs.token}"}, {"undo", {{"argv", {"true"}}}}}}};
    manifest("s.json", {action.dump()}, R"("inputs": {"token": {"secret": true}},)");
    put("inputs.json", R"({"token": "hunter2-very-secret"})");
    const Ran ran = backout({"apply", path("s.json"), "--yes", "--inputs", path("inputs.json"), "-vvv"});
    EXPECT_EQ(ran.exit, 0) << ran.errors << ran.output;
    EXPECT_EQ((ran.output + ran.errors).find("hunter2"), std::string::npos);
    for (const auto& [name, content] : snapshot()) {
        if (name.find("/state") != std::string::npos) {
            EXPECT_EQ(content.find("hunter2"), std::string::npos) << name;
        }
    }
}

}  // namespace
}  // namespace backout
