// BACKOUT_TEST_REPEAT='SCENARIO STORY TRAIL', as a violation prints it: tells each operation of just that one, and what
// comes of it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "sequences.h"
#include "stories.h"

namespace backout::simulation {
namespace {

Story story_named(const Scenario& scenario, const std::string& name) {
    Story story = story_of_apply(scenario);
    if (name == "apply") return story;
    story = story_of_taking_back(story, "rollback");
    return name == "rollback" ? story : story_of_taking_back(story, "redo");
}

std::string repeated(const std::string& what, std::string& told) {
    std::istringstream words(what);
    std::string scenario_name;
    std::string story_name;
    std::string trail_text;
    words >> scenario_name >> story_name >> trail_text;
    const Scenario scenario = scenario_named(scenario_name);
    const auto trail = trail_from(trail_text);
    if (!trail) return "can't read the trail " + trail_text;
    const Story story = story_named(scenario, story_name);
    Tally tally;
    return Walk(story, {}, tally).repeat(*trail, told);
}

TEST(RepeatedTrail, EndsAtOneOfItsEnds) {
    const char* what = std::getenv("BACKOUT_TEST_REPEAT");
    std::string told;
    const std::string wrong = repeated(what != nullptr ? what : "write_replace apply apply@9:kill/back", told);
    if (what != nullptr) std::cout << told;
    EXPECT_EQ(wrong, "");
    EXPECT_FALSE(told.empty());
}

}  // namespace
}  // namespace backout::simulation
