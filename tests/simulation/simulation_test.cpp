// The real program over simulated machines: every kind alone, every pair, chains on one target, and longer sequences by
// seed; see walk.h for what is done to each, verdict.h for what must come out.

#include <gtest/gtest.h>

#include "campaign.h"
#include "sequences.h"

namespace backout::simulation {
namespace {

const Campaign::Deal kCrashes = [](Walk& walk) { walk.all_crashes(); };

TEST(Simulation, EveryKindAloneEndsAtOneOfItsEnds) {
    Campaign campaign("single steps");
    for (const Piece& piece : all_pieces()) {
        for (const bool fails : {false, true}) {
            const auto make = [&piece, fails] { return beside({&piece}, {.fails = fails}); };
            campaign.add_all_stories(make, {.crashes = 2, .stride = 7}, kCrashes);
        }
    }
    const Tally& tally = campaign.run();
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

TEST(Simulation, EveryChainOnOneTargetEndsAtOneOfItsEnds) {
    Campaign campaign("chains");
    for (const Chain& chain : all_chains()) {
        for (const bool fails : {false, true}) {
            const auto make = [&chain, fails] { return chained(chain, fails); };
            campaign.add_all_stories(make, {.crashes = 1}, kCrashes);
        }
    }
    const Tally& tally = campaign.run();
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

TEST(Simulation, EveryPairEndsAtOneOfItsEnds) {
    Campaign campaign("pairs");
    for (const Piece& first : all_pieces()) {
        for (const Piece& second : all_pieces()) {
            for (const bool fails : {false, true}) {
                const auto make = [&, fails] { return beside({&first, &second}, {.fails = fails}); };
                campaign.add(make, {.crashes = 1, .outcomes = 64}, kCrashes);
            }
        }
    }
    const Tally& tally = campaign.run();
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

TEST(Simulation, LongerSequencesEndAtOneOfTheirEnds) {
    const std::uint64_t seed = seed_of_tests();
    Campaign campaign("sequences from seed " + std::to_string(seed));
    for (std::uint64_t i = 0; i < 30; ++i) {
        const auto make = [number = seed * 1000 + i] { return random_sequence(number); };
        campaign.add(make, {.crashes = 1, .outcomes = 32, .seed = seed}, kCrashes);
    }
    const Tally& tally = campaign.run();
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

}  // namespace
}  // namespace backout::simulation
