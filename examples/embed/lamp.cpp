// A program that embeds libbackout and teaches it a kind of its own: `lamp.set` dims a lamp. The plan dims it and then
// asks for a file that isn't there; so the run goes back, and the lamp shines as before.
#include <backout/backout.h>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>

using namespace backout;

int lamp = 80;  // the device: percent

class LampSet final : public Compensator {
  public:
    LampSet() {
        info_.name = "lamp.set";
        info_.summary = "Dims the lamp.";
        info_.parameters = {{"level", "integer", true, "Percent, 0 to 100.", {{"type", "integer"}}}};
    }
    const KindInfo& info() const override { return info_; }

    Result<Planned> plan(PlanRequest& request) const override {
        if (!request.with.value("level", Json()).is_number_integer())
            return Error{ErrorCode::invalid, "level must be an integer, 0 to 100"};
        Planned planned;
        planned.arguments = planned.after = {{"level", request.with["level"]}};
        planned.before = {{"level", lamp}};
        planned.operation = planned.before == planned.after ? "keep" : "set";
        planned.target = "lamp";
        planned.undo.description = "the lamp goes back to " + std::to_string(lamp) + " %";
        planned.resources = {{"lamp", "lamp"}};
        return planned;
    }
    // An image says where the lamp was and where it goes; undo is the application of the inverse image.
    Result<Staged> stage(StepContext&, const PlannedStep& step) const override {
        return Staged{{{"from", step.before["level"]}, {"to", step.arguments["level"]}}, {}};
    }
    Result<Staged> invert(StepContext&, const Json& image) const override {
        return Staged{{{"from", image["to"]}, {"to", image["from"]}}, {}};
    }
    Result<Applied> apply(StepContext&, const Json& image) const override {
        Applied applied;
        applied.was_already = lamp == image["to"];
        if (!applied.was_already && lamp != image["from"])
            applied.conflicts = {{"lamp", "level", image["from"].dump(), std::to_string(lamp)}};
        else
            lamp = image["to"];
        std::cout << "the lamp is at " << lamp << " %\n";
        return applied;
    }
    Result<Observation> observe(StepContext&, const Json& image, bool) const override {
        Observation seen;
        seen.where = lamp == image["to"] ? Where::after : lamp == image["from"] ? Where::before : Where::neither;
        return seen;
    }
    Result<std::vector<Difference>> verify_kept(StepContext&, const PlannedStep&) const override {
        return std::vector<Difference>{};
    }
    Result<std::vector<SyncRequest>> sync_of(StepContext&, const Json&) const override {
        return std::vector<SyncRequest>{};
    }
    Status release(StepContext&, const Json&) const override { return {}; }
    Result<Json> outputs_of_kept(StepContext&, const PlannedStep&) const override { return Json(nullptr); }

  private:
    KindInfo info_;
};

int fail(const Error& error) {
    std::cerr << error.text() << "\n";
    return EXIT_FAILURE;
}

int main(int, char** argv) {
    Registry kinds = make_builtin_registry();
    kinds.add(std::make_unique<LampSet>());
    SessionOptions options;
    options.state_directory = argv[1];  // an absolute path
    auto session = Session::open(options, std::move(kinds), make_builtin_detectors());
    if (!session.ok()) return fail(session.error());

    const char* manifest = R"({"backout": 1, "name": "evening", "actions": [
        {"id": "dim", "action": "lamp.set", "with": {"level": 20}},
        {"id": "look", "action": "check", "with": {"file": "/nowhere/to/be/found"}, "depends_on": ["dim"]}]})";
    auto plan = (*session)->plan(manifest, PlanOptions{}, nullptr);
    if (!plan.ok()) return fail(plan.error());
    auto outcome = (*session)->apply(*plan, RunOptions{});
    if (!outcome.ok()) return fail(outcome.error());
    std::cout << "the run is " << to_string(outcome->state.phase) << "; the lamp is at " << lamp << " %\n";
    return lamp == 80 ? EXIT_SUCCESS : EXIT_FAILURE;
}
