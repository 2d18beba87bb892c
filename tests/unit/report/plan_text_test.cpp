#include "report/plan_text.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "report/run_text.h"
#include "report/style.h"

#include "unit/report/sample.h"

namespace backout {
namespace {

TEST(PlanText, IsOneLineAStepAndASummary) {
    EXPECT_EQ(plan_as_text(sample_plan(), {}),
              "Plan site\n"
              "  1 + create /srv/app (dirs) [undo: the former file comes back; reversible]\n"
              "  2 ~ update /etc/app.conf (conf): mode 0600 → 0644 [undo: the former file comes back; reversible]\n"
              "  3 = keep   /etc/motd (motd): is as wanted\n"
              "  4 . skip   /etc/old (old): when: false\n"
              "\n"
              "Plan: 1 to create, 1 to update, 1 kept, 1 skipped; all reversible\n");
}

TEST(PlanText, ShowsDiffsOnlyWhenTold) {
    RenderOptions options;
    EXPECT_EQ(plan_as_text(sample_plan(), options).find("+port=2"), std::string::npos);
    options.diff = true;
    EXPECT_NE(plan_as_text(sample_plan(), options).find("        +port=2\n"), std::string::npos);
}

TEST(PlanText, HasColourOnlyWhenTold) {
    RenderOptions options;
    EXPECT_EQ(plan_as_text(sample_plan(), options).find('\x1b'), std::string::npos);
    options.color = true;
    EXPECT_NE(plan_as_text(sample_plan(), options).find("\x1b[32m+ create\x1b[0m"), std::string::npos);
}

TEST(PlanText, ListsIrreversibleStepsApart) {
    Plan plan = sample_plan();
    plan.steps[1].undo.reversibility = Reversibility::irreversible;
    const std::string text = plan_as_text(plan, {});
    EXPECT_NE(text.find("Irreversible, and run as late as dependencies allow:\n  ! update /etc/app.conf"),
              std::string::npos);
    EXPECT_NE(text.find("(--allow-irreversible conf)"), std::string::npos);
    EXPECT_NE(text.find("; 1 reversible, 1 irreversible\n"), std::string::npos);
}

TEST(PlanText, NamesConditionsAndWhatIsKnownLater) {
    Plan plan = sample_plan();
    plan.steps[1].undo.reversibility = Reversibility::conditional;
    plan.steps[1].undo.condition = "while nobody wrote into it";
    plan.steps[1].known_after = {"gist"};
    const std::string text = plan_as_text(plan, {});
    EXPECT_NE(text.find("conditional: while nobody wrote into it]"), std::string::npos);
    EXPECT_NE(text.find("(known after gist)"), std::string::npos);
}

TEST(PlanText, SignsOfARollbackTurnRound) {
    Plan plan = sample_plan();
    plan.undoes = "r-3-abcd";
    plan.steps[0].origin = {"r-3-abcd", 1};
    const std::string text = plan_as_text(plan, {});
    EXPECT_NE(text.find("Plan site, taking back run r-3-abcd\n"), std::string::npos);
    EXPECT_NE(text.find("  1 ↺ create"), std::string::npos);
}

TEST(PlanText, BytesFromOutsideCannotSteerTheTerminal) {
    Plan plan = sample_plan();
    plan.steps[0].target = "/tmp/\x1b[2Jevil\nname";
    plan.warnings = {"look: \x07"};
    const std::string text = plan_as_text(plan, {});
    EXPECT_NE(text.find("/tmp/\\x1b[2Jevil\\nname"), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(PlanText, SaysThatNothingIsToBeDone) {
    Plan plan = sample_plan();
    plan.steps.erase(plan.steps.begin(), plan.steps.begin() + 2);
    EXPECT_EQ(plan_summary(plan), "Plan: nothing to do, 1 kept, 1 skipped");
}

TEST(PlanText, SecretsAreNamedAndNotShown) {
    Plan plan = sample_plan();
    plan.steps[0].details = {{"value", {{"$template", {{{"ref", "inputs.token"}}}}}}};
    EXPECT_NE(change_in_brief(plan.steps[0]).find("token"), std::string::npos);
}

PlannedStep taken_back(std::uint32_t number, const std::string& id, const Json& details) {
    PlannedStep step = sample_step(number, id, "restore", "/etc/" + id);
    step.origin.run = "r-1";
    step.details = details;
    return step;
}

TEST(PlanText, ARollbackSaysWhatItLeavesAlone) {
    Plan plan;
    plan.name = "site";
    plan.undoes = "r-1";
    const Json difference = {{"path", "/etc/a"},
                             {"attribute", "content"},
                             {"expected", "3 bytes"},
                             {"found", "4 bytes"},
                             {"diff", "--- /etc/a (as the run left it)\n+++ /etc/a (as it is now)\n-ours\n+theirs\n"}};
    const Json conflict = {{"conflict", Json::array({difference})}, {"note", "n"}, {"overwrite", false}};
    Json overwritten = conflict;
    overwritten["overwrite"] = true;
    plan.steps = {taken_back(1, "a", conflict), taken_back(2, "b", {{"already", true}}),
                  taken_back(3, "c", overwritten), taken_back(4, "d", nullptr)};
    const std::string text = plan_as_text(plan, {});
    EXPECT_NE(text.find("restore /etc/a (a): changed by somebody else since ["), std::string::npos) << text;
    EXPECT_NE(text.find("        /etc/a: content: expected 3 bytes, found 4 bytes\n"
                        "          --- /etc/a (as the run left it)\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("restore /etc/b (b): as it was before already ["), std::string::npos) << text;
    EXPECT_NE(text.find("restore /etc/c (c): changed by somebody else since, overwritten all the same ["),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("Plan: 2 to restore, 1 in conflict and left alone, 1 as before already;"), std::string::npos)
        << text;
    EXPECT_EQ(text.find("{\""), std::string::npos) << "no raw JSON:\n" << text;
}

TEST(PlanText, LongDiffsAreBoundedUntilTheyAreAskedFor) {
    std::string diff = "--- a\n+++ a\n";
    for (int i = 0; i < 100; ++i) diff += "+line\n";
    const Json difference = {{"path", "/etc/a"}, {"diff", diff}};
    EXPECT_NE(differences_as_text(Json::array({difference}), false, 0).find("  … 62 more lines\n"), std::string::npos);
    EXPECT_EQ(differences_as_text(Json::array({difference}), false, 0, 1000).find("more lines"), std::string::npos);
}

TEST(PlanText, NothingIsCutInTheMiddleOfACharacterOrAnEscape) {
    for (std::size_t most = 0; most <= 12; ++most) {
        const std::string cut = cut_text("ab€\\x1bcd\\x1b€", most);
        const std::string kept = cut.substr(0, cut.find("…"));
        EXPECT_TRUE(is_utf8(cut)) << most;
        for (std::size_t at = kept.find('\\'); at != std::string::npos; at = kept.find('\\', at + 1)) {
            EXPECT_GE(kept.size(), at + 4) << "an escape is cut at " << most << ": " << kept;
        }
        EXPECT_LE(kept.size(), most);
    }
    EXPECT_EQ(cut_text("€€", 6), "€€");
}

}  // namespace
}  // namespace backout
