#include "campaign.h"

#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "stories.h"

namespace backout::simulation {

bool full_tier() {
    return std::getenv("BACKOUT_TEST_FULL") != nullptr;
}

std::uint64_t seed_of_tests() {
    const char* text = std::getenv("BACKOUT_TEST_SEED");
    std::uint64_t seed = 1;
    if (text != nullptr) (void)std::from_chars(text, text + std::string(text).size(), seed);
    return seed;
}

std::string line_of(const std::string& name, const Tally& tally, double seconds) {
    std::string line = "simulation: " + name + ": cuts " + std::to_string(tally.cuts) + ", recoveries " +
                       std::to_string(tally.recoveries) + ", errors injected " + std::to_string(tally.errors) +
                       ", bad " + std::to_string(tally.bad) + ", seconds " +
                       std::to_string(static_cast<long>(seconds + 0.5));
    if (tally.sampled != 0)
        line += " (power cuts with too many outcomes, taken in part: " + std::to_string(tally.sampled) + ")";
    return line;
}

void Campaign::add(std::function<Scenario()> make, const Limits& limits, Deal deal, Broken broken) {
    jobs_.push_back({std::move(make), limits, std::move(deal), broken, 0});
}

void Campaign::add_all_stories(std::function<Scenario()> make, const Limits& limits, const Deal& deal) {
    for (int taken_back = 0; taken_back < 3; ++taken_back)
        jobs_.push_back({make, limits, deal, Broken::nothing, taken_back});
}

void Campaign::work(const Job& job) {
    static constexpr const char* kNames[] = {"apply", "rollback", "redo"};
    const Scenario scenario = job.make();
    Story story = story_of_apply(scenario);
    if (job.taken_back > 0 && (!story.ends.after || !scenario.residue_ids.empty())) return;
    for (int i = 1; i <= job.taken_back; ++i) story = story_of_taking_back(story, kNames[i]);
    const std::uint64_t cuts = tally_.cuts;
    const auto begin = std::chrono::steady_clock::now();
    Walk walk(story, job.limits, tally_, job.broken);
    job.deal(walk);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    if (std::getenv("BACKOUT_TEST_TELL") == nullptr) return;
    // With several threads the others' cuts are in it, too.
    std::cerr << scenario.name + " " + story.name + ": cuts " + std::to_string(tally_.cuts - cuts) + ", seconds " +
                     std::to_string(spent.count()) + "\n";
}

void Campaign::work_all() {
    for (std::size_t i = next_++; i < jobs_.size(); i = next_++) {
        try {
            work(jobs_[i]);
        } catch (const std::exception& error) {
            tally_.add_violation("job " + std::to_string(i), std::string("not walked: ") + error.what());
        }
    }
}

Tally& Campaign::run() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([this] { work_all(); });
    work_all();
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    std::cout << line_of(name_, tally_, spent.count()) << std::endl;
    EXPECT_GT(tally_.cuts, 0U);
    EXPECT_GT(tally_.recoveries, 0U);
    return tally_;
}

}  // namespace backout::simulation
