#include <gtest/gtest.h>

#include "report/renderer.h"
#include "unit/report/sample.h"

namespace backout {
namespace {

TEST(Dot, DrawsStepsAndArrows) {
    const std::string text = make_dot_renderer()->plan(sample_plan());
    EXPECT_NE(text.find("digraph \"site\" {\n"), std::string::npos);
    EXPECT_NE(text.find("  s1 [label=\"dirs\\ncreate /srv/app\\ncreate\", fillcolor=palegreen];\n"), std::string::npos);
    EXPECT_NE(text.find("  s1 -> s2;\n"), std::string::npos);
    EXPECT_NE(text.find("  s2 -> s4 [style=dashed];\n"), std::string::npos);
}

TEST(Dot, QuotesCannotEndALabel) {
    Plan plan = sample_plan();
    plan.steps[0].id = "a\"];evil";
    EXPECT_NE(make_dot_renderer()->plan(plan).find("label=\"a\\\"];evil"), std::string::npos);
}

TEST(Mermaid, DrawsStepsAndArrows) {
    const std::string text = make_mermaid_renderer()->plan(sample_plan());
    EXPECT_NE(text.find("flowchart LR\n"), std::string::npos);
    EXPECT_NE(text.find("  s2[\"conf<br/>update /etc/app.conf<br/>update\"]\n"), std::string::npos);
    EXPECT_NE(text.find("  s1 --> s2\n"), std::string::npos);
    EXPECT_NE(text.find("  s2 -.-> s4\n"), std::string::npos);
}

TEST(Mermaid, MarkupIsMasked) {
    Plan plan = sample_plan();
    plan.steps[0].id = "<script>\"#";
    EXPECT_NE(make_mermaid_renderer()->plan(plan).find("#lt;script#gt;#quot;#35;"), std::string::npos);
}

TEST(Dot, DrawsARunWithItsStates) {
    const Plan plan = sample_plan();
    RunState state = sample_state(plan, RunPhase::committed, Direction::forward);
    state.steps[0].phase = StepPhase::applied;
    const std::string text = make_dot_renderer()->run(make_run_report(plan, state, sample_summary(state)));
    EXPECT_NE(text.find("done\", fillcolor=palegreen"), std::string::npos);
}

}  // namespace
}  // namespace backout
