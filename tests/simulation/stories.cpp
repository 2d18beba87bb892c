#include "stories.h"

#include <stdexcept>

#include "journal/open.h"
#include "planner/rollback_plan.h"
#include "session/local_session.h"
#include "session/rollback_choice.h"

namespace backout::simulation {

namespace {

class RollbackIds final : public IdSource {
  public:
    explicit RollbackIds(std::uint64_t run) : run_(run) {}
    std::string random_name(std::size_t length) override {
        std::string name = "b" + std::to_string(run_);
        name.resize(length, 'x');
        return name;
    }
    std::uint64_t random_number() override { return run_; }

  private:
    std::uint64_t run_;
};

SimulatedMachine lived(const Story& story) {
    Life life(story.start);
    const LifeEnd end = life.live(Deed::apply, story.plan);
    if (end.error) throw std::runtime_error(story.scenario->name + " " + story.name + ": " + end.error->text());
    return end.machine;
}

Plan rollback_plan(const SimulatedMachine& machine, std::uint64_t number) {
    SteadyClock clock(kFirstLife + machine.lives * 3600 * kSecond);
    const auto world = live_clone(*machine.host, clock);
    MemJournal journal = journal_of(machine);
    const auto images = make_image_store(*world, journal, kStateDirectory);
    const auto target = journal.run(number);
    const auto details = details_of(journal, **target);
    if (!details.ok()) throw std::runtime_error(details.error().text());
    RollbackIds ids(number);
    const RollbackTools tools{*world, builtin_kinds(), *images, clock, ids, {}};
    auto plan = make_rollback_plan(details->summary.run, details->plan, taken_steps(*details), {}, tools);
    if (!plan.ok()) throw std::runtime_error(plan.error().text());
    return std::move(*plan);
}

}  // namespace

Story story_of_apply(const Scenario& scenario) {
    Story story{"apply", &scenario, scenario.machine, scenario.plan, {1, picture_of(*scenario.machine.host), {}}};
    const SimulatedMachine end = lived(story);
    const auto run = Verdict::run_of(end, 1);
    if (run && run->phase == RunPhase::committed) story.ends.after = picture_of(*end.host);
    return story;
}

Story story_of_taking_back(const Story& story, const std::string& name) {
    const SimulatedMachine end = lived(story);
    Story next{name, story.scenario, end, rollback_plan(end, story.ends.run), {}};
    next.ends = {story.ends.run + 1, *story.ends.after, story.ends.before};
    return next;
}

}  // namespace backout::simulation
