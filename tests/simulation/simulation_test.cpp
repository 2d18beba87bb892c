// The real program over simulated machines: see walk.h, life.h, verdict.h.

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "stories.h"

namespace backout::simulation {
namespace {

TEST(Simulation, First) {
    Tally tally;
    const auto begin = std::chrono::steady_clock::now();
    for (const Piece& piece : all_pieces()) {
        const auto b = std::chrono::steady_clock::now();
        const auto cuts = tally.cuts.load(), rec = tally.recoveries.load();
        try {
        const Scenario scenario = beside({&piece}, {});
        const Story story = story_of_apply(scenario);
        Walk(story, {.crashes = 1}, tally).all_crashes();
        } catch (const std::exception& e) { std::cout << piece.name << e.what() << "\n"; }
        std::cout << piece.name << " cuts " << tally.cuts - cuts << " recoveries " << tally.recoveries - rec << " "
                  << std::chrono::duration<double>(std::chrono::steady_clock::now() - b).count() << "\n";
    }
    std::cout << "simulation: cuts " << tally.cuts << ", recoveries " << tally.recoveries << ", bad " << tally.bad
              << ", sampled " << tally.sampled << ", seconds "
              << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << "\n";
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

}  // namespace
}  // namespace backout::simulation
