#include "fake_kinds.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "compensators/argument_reader.h"
#include "plan/template.h"

namespace backout {

namespace {

Error no_effects() {
    return Error{ErrorCode::unsupported, "a fake kind has no effects"};
}

EntryState file_state(const std::string& content) {
    EntryState state;
    state.type = EntryType::file;
    state.mode = 0644;
    state.size = content.size();
    state.content = sha256_hex(content);
    return state;
}

// What all have in common: where, before, after, one resource, one prediction.
struct Change {
    std::string key;
    Seen before;
    Planned planned;
};

Result<Change> begin(PlanRequest& request) {
    Change change;
    const std::string path = absolute_path(request.manifest_directory, string_member(request.with, "path"));
    BACKOUT_TRY_ASSIGN(change.key, request.world.key_of(path));
    BACKOUT_TRY_ASSIGN(change.before, request.world.look(path));
    change.planned.target = path;
    change.planned.arguments = Json{{"path", change.key}};
    change.planned.before = entry_state_to_json(change.before.state);
    change.planned.resources = {Resource{"path", change.key}};
    change.planned.undo = UndoDeclaration{"it goes back"};
    if (!change.before.known) change.planned.known_after = {change.before.known_after};
    return change;
}

Planned finish(Change change, const EntryState& after, std::optional<Bytes> content) {
    Planned& planned = change.planned;
    const bool same = change.before.known && change.before.state == after;
    planned.operation = same                            ? "keep"
                        : !after.present()              ? "delete"
                        : change.before.state.present() ? "update"
                                                        : "create";
    planned.after = entry_state_to_json(after);
    if (!same) planned.predictions = {Prediction{change.key, true, after, std::move(content)}};
    return planned;
}

Status parent_exists(PlanRequest& request, const std::string& key) {
    const std::string parent = key.substr(0, std::max<std::size_t>(key.rfind('/'), 1));
    BACKOUT_TRY_ASSIGN(const Seen seen, request.world.look(parent));
    if (!seen.known || seen.state.type == EntryType::directory) return {};
    return Error{ErrorCode::not_found, "'" + parent + "' is no directory", parent};
}

Result<Planned> plan_directory(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    BACKOUT_TRY(parent_exists(request, change.key));
    EntryState after = change.before.state;
    after.type = EntryType::directory;
    if (!change.before.state.present()) after.mode = 0755;
    return finish(std::move(change), after, {});
}

Result<Planned> plan_removal(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    change.planned.resources[0].tree = true;
    return finish(std::move(change), EntryState{}, {});
}

Result<Planned> plan_write(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    BACKOUT_TRY(parent_exists(request, change.key));
    const Json content = request.with.contains("template_resolved") ? request.with["template_resolved"]
                                                                    : member(request.with, "content");
    change.planned.arguments["content"] = content;
    change.planned.space = {{change.key, 1000}};
    if (has_template(content)) {
        EntryState after = file_state("");
        after.content.clear();
        return finish(std::move(change), after, {});
    }
    const Bytes bytes = content.get<std::string>();
    return finish(std::move(change), file_state(bytes), bytes);
}

Result<Planned> plan_append(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    if (!change.before.known) {
        change.planned.operation = "update";
        change.planned.predictions = {Prediction{change.key, false}};
        return std::move(change.planned);
    }
    if (change.before.state.type != EntryType::file) {
        return Error{ErrorCode::not_found, "'" + change.key + "' is no file", change.key};
    }
    BACKOUT_TRY_ASSIGN(const Bytes former, request.world.read(change.key, 1 << 20));
    const Bytes bytes = former + string_member(request.with, "text");
    change.planned.details = Json{{"content", bytes}};
    return finish(std::move(change), file_state(bytes), bytes);
}

Result<Planned> plan_link(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    EntryState after;
    after.type = EntryType::symlink;
    after.mode = 0777;
    after.link = string_member(request.with, "to");
    return finish(std::move(change), after, {});
}

Result<Planned> plan_command(PlanRequest& request) {
    Planned planned;
    planned.operation = "run";
    planned.target = "a command";
    planned.arguments = request.with;
    planned.effect = Effect::tearable;
    planned.every_time = true;
    planned.undo = UndoDeclaration{"none", Reversibility::irreversible};
    return planned;
}

Result<Planned> plan_box(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Change change, begin(request));
    change.planned.operation = "create";
    change.planned.predictions = {Prediction{change.key, false}};
    return std::move(change.planned);
}

Result<Planned> plan_note(PlanRequest&) {
    Planned planned;
    planned.operation = "keep";
    planned.target = "a note";
    return planned;
}

void add(Registry& registry, const char* name, FakeKind::PlanFunction function, std::vector<std::string> parameters) {
    auto kind = std::make_unique<FakeKind>(name, std::move(function));
    for (std::string& parameter : parameters) {
        kind->changeable_info().parameters.push_back(KindParameter{std::move(parameter), "string", false, "", nullptr});
    }
    registry.add(std::move(kind));
}

}  // namespace

FakeKind::FakeKind(const std::string& name, PlanFunction plan_function) : plan_(std::move(plan_function)) {
    info_.name = name;
}

Result<Staged> FakeKind::stage(StepContext&, const PlannedStep&) const {
    return no_effects();
}
Result<Staged> FakeKind::invert(StepContext&, const Json&) const {
    return no_effects();
}
Result<Applied> FakeKind::apply(StepContext&, const Json&) const {
    return no_effects();
}
Result<Observation> FakeKind::observe(StepContext&, const Json& image, bool) const {
    if (observation) return observation(image);
    return no_effects();
}
Result<std::vector<Difference>> FakeKind::verify_kept(StepContext&, const PlannedStep&) const {
    return no_effects();
}
Result<std::vector<SyncRequest>> FakeKind::sync_of(StepContext&, const Json&) const {
    return no_effects();
}
Status FakeKind::release(StepContext&, const Json&) const {
    return no_effects();
}
Result<Json> FakeKind::outputs_of_kept(StepContext&, const PlannedStep&) const {
    return kept_outputs;
}

Registry make_fake_kinds() {
    Registry registry;
    add(registry, "dir.create", plan_directory, {"path"});
    add(registry, "dir.delete", plan_removal, {"path"});
    add(registry, "file.write", plan_write, {"path", "content", "template"});
    add(registry, "file.append", plan_append, {"path", "text"});
    add(registry, "file.link", plan_link, {"path", "to"});
    add(registry, "command.run", plan_command, {"argv", "outputs"});
    add(registry, "box.make", plan_box, {"path"});
    auto note = std::make_unique<FakeKind>("note.keep", plan_note);
    note->kept_outputs = Json{{"value", 7}};
    registry.add(std::move(note));
    return registry;
}

}  // namespace backout
