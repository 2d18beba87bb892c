// Operations that fail: each one, once and from then on, in the run and inside rollbacks; a disk that is full while
// something is taken back.

#include <gtest/gtest.h>

#include "campaign.h"

namespace backout::simulation {
namespace {

const Campaign::Deal kErrors = [](Walk& walk) { walk.all_errors({"no_space"}); };
const Campaign::Deal kMoreErrors = [](Walk& walk) {
    const std::vector<std::string> all = {"io", "no_space", "read_only", "quota", "files"};
    walk.all_errors(full_tier() ? all : std::vector<std::string>{"io", "read_only"});
};
const Campaign::Deal kFullDisk = [](Walk& walk) { walk.all_full_disks(); };

TEST(SimulatedErrors, EveryOperationOfEveryKindMayFail) {
    Campaign campaign("errors in single steps");
    for (const Piece& piece : all_pieces()) {
        for (const bool fails : {false, true}) {
            const auto make = [&piece, fails] { return beside({&piece}, {.fails = fails}); };
            campaign.add_all_stories(make, {.crashes = 0, .outcomes = 16}, kMoreErrors);
        }
    }
    const Tally& tally = campaign.run();
    EXPECT_GT(tally.errors, 0U);
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

TEST(SimulatedErrors, EveryOperationOfEveryChainMayFail) {
    Campaign campaign("errors in chains");
    for (const Chain& chain : all_chains()) {
        campaign.add_all_stories([&chain] { return chained(chain, true); }, {.crashes = 0, .outcomes = 8}, kErrors);
        campaign.add_all_stories([&chain] { return chained(chain, false); }, {.crashes = 0, .outcomes = 8}, kErrors);
    }
    const Tally& tally = campaign.run();
    EXPECT_GT(tally.errors, 0U);
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

TEST(SimulatedErrors, AFullDiskKeepsNothingFromGoingBack) {
    Campaign campaign("going back on a full disk");
    for (const Piece& piece : all_pieces()) {
        if (piece.irreversible) continue;
        campaign.add([&piece] { return beside({&piece}, {}); }, {}, kFullDisk);
    }
    for (const Chain& chain : all_chains()) campaign.add([&chain] { return chained(chain, false); }, {}, kFullDisk);
    const Tally& tally = campaign.run();
    EXPECT_GT(tally.errors, 0U);
    EXPECT_EQ(tally.bad, 0U) << tally.violations();
}

}  // namespace
}  // namespace backout::simulation
