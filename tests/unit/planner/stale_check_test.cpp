#include "planner/stale_check.h"

#include "planner_fixture.h"

namespace backout {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StaleCheckOnMemHost : public PlannerOnMemHost {
  protected:
    StaleCheckOnMemHost() {
        host.put_file("/etc/a", "x");
        options.environment = [this](const std::string& name) -> std::optional<std::string> {
            return name == "HOME" ? std::optional<std::string>(home) : std::nullopt;
        };
    }
    std::vector<std::string> stale(const Plan& made) {
        StaleCheck check{host, detectors, options.environment, given};
        auto items = check_plan(made, check);
        EXPECT_TRUE(items.ok()) << items.error().text();
        std::vector<std::string> texts;
        if (items.ok()) {
            for (const StaleItem& item : *items) texts.push_back(stale_text(item));
        }
        return texts;
    }
    Plan sample() {
        return good_plan(
            R"({ "id": "w", "action": "file.write", "with": { "path": "/etc/a", "content": "${env.HOME}" } },
                            { "id": "n", "action": "file.write", "with": { "path": "/etc/n", "content": "${inputs.v}" } })",
            R"("facts": { "f": { "detect": "file", "with": { "path": "/srv/fact" } } },
                            "inputs": { "v": { "default": "1" } },)");
    }

    std::string home = "/root";
    std::map<std::string, std::string> given;
};

TEST_F(StaleCheckOnMemHost, FindsNothingWhereNothingChanged) {
    EXPECT_THAT(stale(sample()), IsEmpty());
}

TEST_F(StaleCheckOnMemHost, NamesStepAttributeThenAndNow) {
    const Plan made = sample();
    host.put_file("/etc/a", "y");
    auto items = check_plan(made, StaleCheck{host, detectors});
    ASSERT_TRUE(items.ok());
    ASSERT_THAT(*items, SizeIs(1));
    EXPECT_EQ((*items)[0].step, "w");
    EXPECT_EQ((*items)[0].attribute, "/etc/a: content");
    EXPECT_NE((*items)[0].then, (*items)[0].now);
}

TEST_F(StaleCheckOnMemHost, SeesEachAttribute) {
    const Plan made = sample();
    host.put_file("/etc/a", "x", 0600);
    EXPECT_THAT(stale(made), testing::ElementsAre(HasSubstr("/etc/a: mode")));
    host.remove("/etc/a");
    EXPECT_THAT(stale(made), testing::ElementsAre(HasSubstr("step w: /etc/a: ")));
    host.put_file("/etc/a", "x");
    host.put_file("/etc/n", "");
    EXPECT_THAT(stale(made), testing::ElementsAre(HasSubstr("step n: /etc/n: ")));
}

TEST_F(StaleCheckOnMemHost, AsksForFactsVariablesAndInputsAgain) {
    const Plan made = sample();
    host.put_file("/srv/fact", "now");
    EXPECT_THAT(stale(made), testing::Contains(HasSubstr("facts.f.exists was false, is now true")));
    host.remove("/srv/fact");
    home = "/home/x";
    EXPECT_THAT(stale(made), testing::ElementsAre("env.HOME was /root, is now /home/x"));
    home = "/root";
    given["v"] = "2";
    EXPECT_THAT(stale(made), testing::ElementsAre("inputs.v was 1, is now 2"));
}

TEST_F(StaleCheckOnMemHost, SeesAPathThatLeadsElsewhereNow) {
    const Plan made = sample();
    host.remove("/etc");
    host.put_file("/srv/etc/a", "x");
    host.put_symlink("/etc", "srv/etc");
    EXPECT_THAT(stale(made), testing::Contains(HasSubstr("is now /srv/etc/a")));
}

}  // namespace
}  // namespace backout
