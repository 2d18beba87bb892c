#include "report/run_text.h"

#include <gtest/gtest.h>

#include "report/journal_report.h"
#include "unit/report/sample.h"

namespace backout {
namespace {

RunReport rolled_back_with_conflict() {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::rollback_incomplete, Direction::back);
    state.exit_status = 3;
    state.abort_reason = "step 2 failed";
    state.steps[0].phase = StepPhase::conflict;
    state.steps[0].conflicts = {{{"path", "/srv/app"}, {"attribute", "mode"}, {"expected", "0755"}, {"found", "0700"}}};
    state.steps[1].phase = StepPhase::undone;
    state.steps[1].failed = true;
    state.steps[1].error = "no space left";
    return make_run_report(plan, state, sample_summary(state));
}

TEST(RunText, TellsStatesConflictsAndWaysOut) {
    RenderOptions options;
    options.timing = false;
    EXPECT_EQ(run_as_text(rolled_back_with_conflict(), options),
              "Run r-12-k3f9 site: rollback_incomplete (exit 3)\n"
              "  1 conflict    create /srv/app\n"
              "  2 failed      update /etc/app.conf\n"
              "      no space left\n"
              "  3 not_reached keep /etc/motd\n"
              "  4 skipped     skip /etc/old: when: false\n"
              "\n"
              "Conflicts: changed by somebody else, and left alone\n"
              "  dirs (/srv/app)\n"
              "    /srv/app: mode: expected 0755, found 0700\n"
              "\n"
              "Going back because: step 2 failed\n"
              "Not everything is undone: what is listed above as conflict, residue or failed undo was left as it is.\n"
              "Ways out:\n"
              "  backout rollback r-12-k3f9    try again to take back what is left (--overwrite-conflict STEP where "
              "others changed it)\n"
              "  backout resolve r-12-k3f9 dirs --as done|undone|skipped --reason TEXT    say what is true of a stuck "
              "step\n");
}

TEST(RunText, AMissingBeforeImageIsNobodysChange) {
    RunReport report = rolled_back_with_conflict();
    report.steps[0].conflicts = Json::array({{{"path", "/srv/app"},
                                              {"attribute", "image"},
                                              {"expected", "kept as /state/images/r1-s1"},
                                              {"found", "gone"}}});
    const std::string text = run_as_text(report, RenderOptions{});
    EXPECT_EQ(text.find("changed by somebody else"), std::string::npos) << text;
    EXPECT_NE(text.find("Before-images missing or damaged: restore them from a backup, or leave these steps out "
                        "(--skip STEP)\n"
                        "  dirs (/srv/app)\n"
                        "    /srv/app: its before-image is missing (kept as /state/images/r1-s1)\n"),
              std::string::npos)
        << text;
}

TEST(RunText, TimesAreShownWhereAskedFor) {
    RenderOptions options;
    EXPECT_NE(run_as_text(rolled_back_with_conflict(), options).find("started 2023-11-14T22:13:20.000Z, took 2s"),
              std::string::npos);
}

TEST(RunJson, HasEveryMemberOfTheContract) {
    const Json document = run_report_to_json(rolled_back_with_conflict());
    for (const char* key : {"run", "name", "state", "started", "finished", "steps", "exit"}) {
        EXPECT_TRUE(document.contains(key)) << key;
    }
    for (const char* key :
         {"step", "id", "category", "operation", "target", "state", "started", "finished", "verify", "undo"}) {
        EXPECT_TRUE(document["steps"][0].contains(key)) << key;
    }
    EXPECT_EQ(document["steps"][0]["state"], "conflict");
    EXPECT_TRUE(document["steps"][0]["started"].is_null());
}

TEST(History, IsOneLineARun) {
    RunSummary run;
    run.run = "r-1-abcd";
    run.name = "site";
    run.phase = RunPhase::committed;
    run.started = 1'700'000'000 * kSecond;
    run.finished = run.started + kSecond;
    run.steps = 1;
    EXPECT_EQ(history_as_text({run}, false),
              "r-1-abcd     committed           2023-11-14T22:13:20.000Z  site, 1 step, exit 0\n");
    const Json json = summary_to_json(run);
    EXPECT_EQ(json["finished"], "2023-11-14T22:13:21.000Z");
    EXPECT_EQ(json["exit"], 0);
}

TEST(History, AnUnfinishedRunHasNoExit) {
    RunSummary run;
    run.phase = RunPhase::interrupted;
    EXPECT_TRUE(summary_to_json(run)["exit"].is_null());
    EXPECT_TRUE(summary_to_json(run)["finished"].is_null());
}

}  // namespace
}  // namespace backout
