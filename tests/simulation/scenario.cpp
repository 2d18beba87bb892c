#include "scenario.h"

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "life.h"
#include "planner/planner.h"
#include "scene_tools.h"

namespace backout::simulation {

namespace {

class PlanIds final : public IdSource {
  public:
    std::string random_name(std::size_t length) override { return std::string(length, 'p'); }
    std::uint64_t random_number() override { return 1; }
};

std::string place_of(std::size_t index) {
    return "/srv/p" + std::to_string(index);
}

Json action(const std::string& id, const std::string& kind, Json with) {
    return {{"id", id}, {"action", kind}, {"with", std::move(with)}};
}

void end_with(Json& manifest, bool fails) {
    if (fails) manifest["verify"] = Json::array({{{"file", "/absent"}}});
}

std::unique_ptr<MemHost> empty_world(Clock& clock) {
    auto world = std::make_unique<MemHost>(&clock);
    world->put_directory(kStateDirectory, 0700);
    world->put_directory("/srv");
    add_tool(*world);
    return world;
}

SimulatedMachine settled(std::unique_ptr<MemHost> world) {
    world->settle();
    world->set_clock(nullptr);
    return {std::shared_ptr<const MemHost>(std::move(world)),
            std::make_shared<const MemTablesState>(MemJournal().state()), 0};
}

Json manifest_of(Json actions, bool fails) {
    Json manifest = {{"backout", 1}, {"name", "simulated"}, {"actions", std::move(actions)}};
    end_with(manifest, fails);
    return manifest;
}

}  // namespace

std::string Frame::suffix() const {
    return std::string(ordered ? "+ordered" : "") + (grouped ? "+group" : "") + (fails ? "+fails" : "") +
           (stops ? "+stops" : "");
}

Plan plan_manifest(MemHost& world, const Json& manifest) {
    const DetectorRegistry detectors = make_builtin_detectors();
    SteadyClock clock(kSceneTime + 3600 * kSecond);
    PlanIds ids;
    const PlannerTools tools{world, builtin_kinds(), detectors, clock, ids, kStateDirectory};
    PlanOptions options;
    options.directory = "/srv";
    auto plan = make_plan_of_text(manifest.dump(), options, tools);
    if (!plan.ok()) throw std::runtime_error(plan.error().text() + "\n" + manifest.dump(1));
    return std::move(*plan);
}

Scenario beside(const std::vector<const Piece*>& pieces, const Frame& frame) {
    Scenario scenario;
    SteadyClock clock(kSceneTime);
    auto world = empty_world(clock);
    Json actions = Json::array();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::string id = "s" + std::to_string(i);
        pieces[i]->prepare(*world, place_of(i));
        Json one = action(id, pieces[i]->kind, pieces[i]->with(place_of(i)));
        if (frame.ordered && i > 0) one["depends_on"] = {"s" + std::to_string(i - 1)};
        if (frame.grouped) one["group"] = "all";
        actions.push_back(std::move(one));
        scenario.name += (i == 0 ? "" : ",") + pieces[i]->name;
        if (!pieces[i]->irreversible) continue;
        scenario.may_wait = true;
        scenario.residue_ids.insert(id);
        scenario.residue_paths.push_back(place_of(i) + "/cmd.");
    }
    scenario.name += frame.suffix();
    scenario.may_wait = scenario.may_wait || frame.stops;
    Json manifest = manifest_of(std::move(actions), frame.fails);
    if (frame.stops) manifest["on_drift"] = "stop";
    scenario.plan = plan_manifest(*world, manifest);
    scenario.machine = settled(std::move(world));
    return scenario;
}

Scenario chained(const Chain& chain, bool fails) {
    Scenario scenario;
    scenario.name = "chain:" + chain.name + (fails ? "+fails" : "");
    SteadyClock clock(kSceneTime);
    auto world = empty_world(clock);
    chain.prepare(*world, place_of(0));
    Json actions = Json::array();
    for (std::size_t i = 0; i < chain.links.size(); ++i) {
        Json one = action("s" + std::to_string(i), chain.links[i].kind, chain.links[i].with(place_of(0)));
        if (i > 0) one["depends_on"] = {"s" + std::to_string(i - 1)};
        actions.push_back(std::move(one));
    }
    scenario.plan = plan_manifest(*world, manifest_of(std::move(actions), fails));
    scenario.machine = settled(std::move(world));
    return scenario;
}

}  // namespace backout::simulation
