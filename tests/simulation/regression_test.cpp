// What the walks found once, each as the one trail that showed it.

#include <gtest/gtest.h>

#include "sequences.h"
#include "stories.h"

namespace backout::simulation {
namespace {

/// What is wrong at the end of a trail of a scenario's rollback; "" if nothing.
std::string end_of_rollback(const std::string& scenario_name, const std::string& trail) {
    const Scenario scenario = scenario_named(scenario_name);
    const Story story = story_of_taking_back(story_of_apply(scenario), "rollback");
    Tally tally;
    std::string told;
    return Walk(story, {}, tally).repeat(*trail_from(trail), told);
}

// The outcome of the second try was riding with the record that ends the run when its end was reckoned: a step that had
// failed once counted as left, although everything was back.
TEST(SimulatedRollback, WhoseStepFailedOnceIsCompleteWhenItGoesBackAtTheNextTry) {
    EXPECT_EQ(end_of_rollback("write_new", "apply!5:io/resume"), "");
    EXPECT_EQ(end_of_rollback("write_replace", "apply!5:io/resume"), "");
}

}  // namespace
}  // namespace backout::simulation
