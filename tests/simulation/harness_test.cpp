// Proves the harness: it finds what a host or a journal that breaks its promise leads to; a snapshot at an operation is
// what a crash there leaves; and a trail repeats what it tells.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "campaign.h"
#include "stories.h"

namespace backout::simulation {
namespace {

const Campaign::Deal kCrashes = [](Walk& walk) { walk.all_crashes(); };

class BrokenPromise : public testing::TestWithParam<Broken> {};

TEST_P(BrokenPromise, IsFoundOut) {
    Campaign campaign("a broken promise");
    for (const char* name : {"write_replace", "move", "dir_delete", "edit"}) {
        campaign.add([name] { return beside({&piece_named(name)}, {}); }, {.crashes = 1}, kCrashes, GetParam());
    }
    EXPECT_GT(campaign.run().bad, 0U);
}

std::string promise_name(const testing::TestParamInfo<Broken>& parameter) {
    static const char* const kNames[] = {"Nothing", "SyncOfContentDropped", "SyncOfNamesDropped", "CommitNotDurable"};
    return kNames[static_cast<std::size_t>(parameter.param)];
}

INSTANTIATE_TEST_SUITE_P(Promises, BrokenPromise,
                         testing::Values(Broken::sync_file_dropped, Broken::sync_names_dropped,
                                         Broken::commit_not_durable),
                         promise_name);

/// The machines that a life shows at each of its operations.
std::vector<std::uint64_t> seen_at_each(const Story& story) {
    std::vector<std::uint64_t> seen;
    Life life(story.start);
    life.watcher = [&](const Operation&) -> Status {
        seen.push_back(life.now().identity());
        return {};
    };
    (void)life.live(Deed::apply, story.plan);
    return seen;
}

std::uint64_t left_by_crash_at(const Story& story, std::uint64_t number) {
    Life life(story.start);
    life.watcher = [number](const Operation& operation) -> Status {
        if (operation.number == number) throw SimulatedCrash{};
        return {};
    };
    const LifeEnd end = life.live(Deed::apply, story.plan);
    EXPECT_TRUE(end.crashed);
    return end.machine.identity();
}

TEST(SimulatedLife, ShowsAtEachOperationWhatACrashThereLeaves) {
    for (const char* name : {"write_new", "dir_sync", "command", "delete"}) {
        const Scenario scenario = beside({&piece_named(name)}, {});
        const Story story = story_of_apply(scenario);
        const std::vector<std::uint64_t> seen = seen_at_each(story);
        EXPECT_GT(seen.size(), 10U) << name;
        for (std::size_t i = 0; i < seen.size(); ++i)
            EXPECT_EQ(left_by_crash_at(story, i + 1), seen[i]) << name << " at operation " << i + 1;
    }
}

TEST(SimulatedLife, TrailsAreReadAsTheyAreWritten) {
    for (const char* text : {"apply@17:kill/resume!5:no_space@9:cut-0110/back", "apply!3+:io/resume", "forward"}) {
        const auto trail = trail_from(text);
        ASSERT_TRUE(trail.has_value()) << text;
        EXPECT_EQ(to_text(*trail), text);
    }
    EXPECT_FALSE(trail_from("nonsense@3:kill").has_value());
}

}  // namespace
}  // namespace backout::simulation
