#include "model_world.h"

namespace backout::model {
namespace {

Error refused() {
    return {ErrorCode::not_found, "not in the model"};
}

SyncRequest owe(SyncRequest::What what, std::size_t cell) {
    return {what, nullptr, std::to_string(cell)};
}

std::size_t cell_of(const Json& image) {
    return image.at("cell").get<std::size_t>();
}
char target_of(const Json& image) {
    return image.at("to").get<std::string>().front();
}
char other(char end) {
    return end == 'A' ? 'B' : 'A';
}

Pair torn(Pair pair) {
    return {pair.first == 'A' ? 'N' : pair.first, pair.second == 'A' ? 'N' : pair.second};
}

}  // namespace

World::World(std::vector<CellKind> cells)
    : kinds(std::move(cells)), cache(kinds.size(), Pair{'B', '-'}), disk(cache), pending(kinds.size()) {}

void World::spend() {
    if (!fuel) return;
    if (*fuel == 0) throw Crash{};
    --*fuel;
}

void World::put(std::size_t cell, Pair value) {
    spend();
    cache[cell] = value;
    pending[cell].push_back(value);
}

void World::sync_data(std::size_t cell) {
    spend();
    dirty.erase(cell);
    disk[cell] = cache[cell];
    pending[cell].clear();
}

/// Names only: a dirty content stays dirty.
void World::sync_names(std::size_t cell) {
    spend();
    disk[cell] = cache[cell];
    pending[cell].clear();
}

std::vector<World> World::cuts() const {
    std::vector<World> worlds{*this};
    for (std::size_t cell = 0; cell < kinds.size(); ++cell) {
        std::vector<Pair> options{disk[cell]};
        options.insert(options.end(), pending[cell].begin(), pending[cell].end());
        if (dirty.count(cell) != 0) {
            const std::vector<Pair> whole = options;
            for (const Pair& one : whole) options.push_back(torn(one));
        }
        std::vector<World> next;
        for (const World& world : worlds) {
            for (const Pair& one : options) {
                World survivor = world;
                survivor.disk[cell] = survivor.cache[cell] = one;
                survivor.pending[cell].clear();
                survivor.dirty.erase(cell);
                next.push_back(std::move(survivor));
            }
        }
        worlds = std::move(next);
    }
    for (World& world : worlds) world.fuel.reset();
    return worlds;
}

// ---- host -----------------------------------------------------------------------------------------------------------

Result<Location> ModelHost::locate(const std::string&) {
    return refused();
}
Result<std::shared_ptr<Directory>> ModelHost::open_directory(const std::string&) {
    return refused();
}
Result<FileSystemInfo> ModelHost::file_system(Directory&) {
    return refused();
}
Result<ProcessOutcome> ModelHost::run(const ProcessSpec&) {
    return refused();
}
Result<HttpResponse> ModelHost::http(const HttpRequest&, const StopToken*) {
    return refused();
}
Status ModelHost::connect_tcp(const std::string&, int, Nanoseconds) {
    return refused();
}
Result<std::uint32_t> ModelHost::user_by_name(const std::string&) {
    return refused();
}
Result<std::uint32_t> ModelHost::group_by_name(const std::string&) {
    return refused();
}

Status ModelHost::sync(const std::vector<SyncRequest>& requests) {
    for (const SyncRequest& one : requests) {
        const std::size_t cell = std::stoul(one.name);
        if (one.what == SyncRequest::What::file && world_.broken != Broken::one_barrier) world_.sync_data(cell);
        if (one.what == SyncRequest::What::names && world_.broken != Broken::no_names_barrier) world_.sync_names(cell);
    }
    return {};
}

// ---- kind -----------------------------------------------------------------------------------------------------------

ModelKind::ModelKind(World& world) : world_(world) {
    info_.name = "model.cell";
}

Result<Planned> ModelKind::plan(PlanRequest&) const {
    return Error{ErrorCode::unsupported, "the model makes its plans by hand"};
}

Result<Staged> ModelKind::stage(StepContext&, const PlannedStep& step) const {
    const std::size_t cell = cell_of(step.arguments);
    Staged staged{{{"cell", cell}, {"to", "A"}}, {}};
    if (world_.broken == Broken::effect_before_intent) bring(cell, 'A');
    if (world_.kinds[cell] != CellKind::atom || world_.broken == Broken::effect_before_intent) return staged;
    world_.put(cell, {world_.cache[cell].first, 'A'});
    world_.dirty.insert(cell);
    staged.sync.push_back(owe(SyncRequest::What::file, cell));
    return staged;
}

Result<Staged> ModelKind::invert(StepContext&, const Json& image) const {
    return Staged{{{"cell", cell_of(image)}, {"to", std::string(1, other(target_of(image)))}}, {}};
}

/// Atomic cells exchange path and slot; tearable ones pass through a torn state.
void ModelKind::bring(std::size_t cell, char to) const {
    const Pair now = world_.cache[cell];
    if (world_.kinds[cell] == CellKind::atom) world_.put(cell, {now.second, now.first});
    if (world_.kinds[cell] != CellKind::tear) return;
    world_.put(cell, {'N', '-'});
    world_.put(cell, {to, '-'});
}

Result<Applied> ModelKind::apply(StepContext&, const Json& image) const {
    const std::size_t cell = cell_of(image);
    const char to = target_of(image);
    const char seen = world_.cache[cell].first;
    Applied applied;
    applied.was_already = seen == to && world_.broken != Broken::no_look;
    const bool foreign =
        world_.kinds[cell] == CellKind::atom && seen != to && seen != other(to) && world_.broken != Broken::no_look;
    if (foreign) {
        applied.conflicts.push_back(
            {"cell " + std::to_string(cell), "content", std::string(1, other(to)), std::string(1, seen), {}});
        applied.untouched = true;
        return applied;
    }
    if (!applied.was_already && world_.kinds[cell] != CellKind::noop && world_.broken != Broken::effect_before_intent)
        bring(cell, to);
    if (!applied.was_already || world_.broken != Broken::no_sync_seen)
        applied.sync.push_back(owe(SyncRequest::What::names, cell));
    return applied;
}

Result<Observation> ModelKind::observe(StepContext&, const Json& image, bool) const {
    const std::size_t cell = cell_of(image);
    const char to = target_of(image);
    const char seen = world_.cache[cell].first;
    Observation observation;
    if (world_.broken == Broken::no_look)
        observation.where = Where::after;  // the journal's word is taken for the world's
    else if (world_.kinds[cell] == CellKind::noop)
        observation.where = Where::both;
    else if (seen == to)
        observation.where = Where::after;
    else if (seen == other(to))
        observation.where = Where::before;
    else
        observation.where = Where::neither;
    return observation;
}

Result<std::vector<Difference>> ModelKind::verify_kept(StepContext&, const PlannedStep&) const {
    return std::vector<Difference>{};
}

Result<std::vector<SyncRequest>> ModelKind::sync_of(StepContext&, const Json& image) const {
    if (world_.broken == Broken::no_sync_seen) return std::vector<SyncRequest>{};
    return std::vector<SyncRequest>{owe(SyncRequest::What::names, cell_of(image))};
}

Status ModelKind::release(StepContext&, const Json&) const {
    return {};
}
Result<Json> ModelKind::outputs_of_kept(StepContext&, const PlannedStep&) const {
    return Json(nullptr);
}

}  // namespace backout::model
