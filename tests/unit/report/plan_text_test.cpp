#include "report/plan_text.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace backout
