#pragma once
// A planner on a host in memory, with fake kinds.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "fake_kinds.h"
#include "host/mem_host.h"
#include "plan/plan_codec.h"
#include "planner/planner.h"

namespace backout {

class FixedClock final : public Clock {
  public:
    UnixNanoseconds now() override { return 1'800'000'000 * kSecond; }
    Nanoseconds monotonic() override { return 0; }
    void sleep(Nanoseconds) override {}
};

class CountingIds final : public IdSource {
  public:
    std::string random_name(std::size_t) override { return "id" + std::to_string(++count_); }
    std::uint64_t random_number() override { return ++count_; }

  private:
    std::uint64_t count_ = 0;
};

class PlannerOnMemHost : public testing::Test {
  protected:
    PlannerOnMemHost() {
        host.put_directory("/etc");
        host.put_directory("/srv");
        options.source_name = "m.json";
        options.directory = "/srv";
        options.command = "backout plan m.json";
    }

    Result<Plan> plan(const std::string& actions, const std::string& more = "") {
        return make_plan_of_text("{\"backout\": 1, \"name\": \"test\", " + more + "\n\"actions\": [" + actions + "]}",
                                 options, tools, &secrets);
    }
    Plan good_plan(const std::string& actions, const std::string& more = "") {
        auto made = plan(actions, more);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return made.ok() ? *made : Plan{};
    }
    std::string problem(const std::string& actions, const std::string& more = "") {
        auto made = plan(actions, more);
        return made.ok() ? "planned" : made.error().text();
    }
    static std::string order_of(const Plan& plan) {
        std::string ids;
        for (const PlannedStep& step : plan.steps) ids += (ids.empty() ? "" : " ") + step.id;
        return ids;
    }

    MemHost host;
    Registry kinds = make_fake_kinds();
    DetectorRegistry detectors = make_builtin_detectors();
    FixedClock clock;
    CountingIds ids;
    PlannerTools tools{host, kinds, detectors, clock, ids};
    PlanOptions options;
    Secrets secrets;
};

}  // namespace backout
