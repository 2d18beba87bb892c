#include "planner/predicted_world.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "planner/predicted_keys.h"

namespace backout {

namespace {

constexpr int kMostLinks = 40;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestPath = 2048;  // well below what a host refuses, whatever a name adds

Error known_later(const std::string& key, const std::string& step) {
    return Error{ErrorCode::in_doubt, "the content of '" + printable(key) + "' is known after '" + step + "' only",
                 key};
}

Status noted(const Result<Seen>& seen) {
    if (seen.ok()) return {};
    return seen.error();
}

}  // namespace

const PredictedWorld::Layer* PredictedWorld::layer_at(const std::string& key) const {
    const auto found = layers_.find(key);
    return found == layers_.end() ? nullptr : &found->second;
}

// The nearest layer that has something to say: that of the key itself, or of an ancestor that decides what it holds.
PredictedWorld::Decision PredictedWorld::decide(const std::string& key) {
    Decision decision;
    decision.layer = layer_at(key);
    for (std::string above = key; decision.layer == nullptr && above != "/";) {
        above = parent_key(above);
        const Layer* layer = layer_at(above);
        if (layer == nullptr || !layer->covers) continue;
        decision.layer = layer;
        decision.below = key.substr(below_prefix(above).size());
    }
    if (decision.layer != nullptr) seen_.insert(decision.layer->step);
    return decision;
}

bool PredictedWorld::has_layers_below(const std::string& key) const {
    const auto next = layers_.lower_bound(below_prefix(key));
    return next != layers_.end() && is_below(next->first, key);
}

// Where a name in a real directory leads when more names follow it.
Result<std::string> PredictedWorld::enter(const std::string& directory, const std::string& name, int links_left) {
    const std::string key = child_key(directory, name);
    const Decision decision = decide(key);
    if (decision.layer == nullptr) {
        auto inside = real_.key_of(child_key(key, "x"));
        if (!inside.ok()) return key;  // no directory, or out of reach: what looks there finds out
        return parent_key(*inside);
    }
    const Prediction& prediction = decision.layer->prediction;
    const EntryState* state = decision.below.empty() ? &prediction.state : find_entry(prediction.tree, decision.below);
    if (state == nullptr || state->type != EntryType::symlink) return key;
    if (links_left == 0) {
        return Error{ErrorCode::invalid, "too many symbolic links lead to '" + printable(key) + "'", key};
    }
    return walk(state->link.rfind('/', 0) == 0 ? state->link : child_key(directory, state->link), links_left - 1);
}

// The real place of a directory, component by component, predicted links included.
Result<std::string> PredictedWorld::walk(const std::string& path, int links_left) {
    std::string key = "/";
    for (const std::string& name : split(path, '/')) {
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            key = parent_key(key);
            continue;
        }
        BACKOUT_TRY_ASSIGN(key, enter(key, name, links_left));
    }
    return key;
}

// Thousands of targets share a parent: the way there is walked once.
Result<std::string> PredictedWorld::real_key_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? "" : path.substr(slash + 1);
    const bool plain = !name.empty() && name != "." && name != ".." && name.size() <= kLongestName &&
                       path.size() < kLongestPath && name.find('\0') == std::string::npos;
    if (!plain) return real_.key_of(path);
    const auto known = parents_.find(path.substr(0, slash));
    if (known != parents_.end()) return child_key(known->second, name);
    BACKOUT_TRY_ASSIGN(std::string key, real_.key_of(path));
    parents_[path.substr(0, slash)] = parent_key(key);
    return key;
}

Result<std::string> PredictedWorld::key_of(const std::string& path) {
    auto real = real_key_of(path);
    if (real.ok() && !links_changed_) return real;
    if (!real.ok() && (real.error().code == ErrorCode::invalid || layers_.empty())) return real;
    const std::size_t slash =
        path.find_last_not_of('/') == std::string::npos ? 0 : path.rfind('/', path.find_last_not_of('/'));
    if (slash == std::string::npos || path.empty() || path[0] != '/') return real;
    BACKOUT_TRY_ASSIGN(const std::string parent, walk(path.substr(0, slash), kMostLinks));
    const std::string name = path.substr(slash + 1, path.find_last_not_of('/') - slash);
    return name.empty() || name == "." ? parent : child_key(parent, name);
}

Result<Seen> PredictedWorld::look_at_real(const std::string& key) {
    const auto known = paths_.find(key);
    const auto is_complete = [](const EntryState& state) {
        return state.type != EntryType::file || !state.content.empty();
    };
    if (known != paths_.end() && is_complete(known->second.state)) return known->second;
    BACKOUT_TRY_ASSIGN(Seen seen, real_.look(key));
    paths_[key] = seen;
    return seen;
}

// Who changed a file's attributes alone didn't look at its content.
Result<EntryState> PredictedWorld::with_content(const Prediction& prediction) {
    EntryState state = prediction.state;
    if (state.type != EntryType::file || !state.content.empty() || prediction.content_path.empty()) return state;
    BACKOUT_TRY_ASSIGN(const std::string key, real_.key_of(prediction.content_path));
    BACKOUT_TRY_ASSIGN(const Seen real, look_at_real(key));
    state.content = real.state.content;
    state.size = real.state.size;
    return state;
}

Result<Seen> PredictedWorld::look_at_attributes(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(path));
    if (decide(key).layer != nullptr) return look(key);
    const auto known = paths_.find(key);
    if (known != paths_.end()) return known->second;
    BACKOUT_TRY_ASSIGN(const Seen seen, real_.look_at_attributes(key));
    paths_[key] = seen;
    return seen;
}

Result<Seen> PredictedWorld::look_at(const std::string& key) {
    const Decision decision = decide(key);
    if (decision.layer == nullptr) return look_at_real(key);
    Seen seen;
    const Prediction& prediction = decision.layer->prediction;
    if (!prediction.known) return unknown_after_step(decision.layer->step);
    if (decision.below.empty()) {
        BACKOUT_TRY_ASSIGN(seen.state, with_content(prediction));
    } else if (const EntryState* state = find_entry(prediction.tree, decision.below)) {
        seen.state = *state;
    }
    return seen;
}

Result<Seen> PredictedWorld::look(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(path));
    BACKOUT_TRY_ASSIGN(Seen seen, look_at(key));
    // A plain look never carries what only a look at the whole tree can know.
    seen.state.tree.reset();
    seen.state.tree_entries = 0;
    return seen;
}

Result<Bytes> PredictedWorld::read_layer(const Decision& decision, const std::string& key, std::uint64_t limit) {
    const Layer& layer = *decision.layer;
    const Prediction& prediction = layer.prediction;
    if (prediction.known && decision.below.empty() && prediction.content) {
        if (prediction.content->size() <= limit) return *prediction.content;
        return Error{ErrorCode::invalid, "'" + printable(key) + "' is larger than " + human_bytes(limit), key};
    }
    if (!prediction.known || prediction.content_path.empty()) return known_later(key, layer.step);
    // The bytes stand elsewhere now (the source of a copy, a file that will have been moved): what is read there must
    // still be true when the plan is executed.
    const std::string source =
        decision.below.empty() ? prediction.content_path : child_key(prediction.content_path, decision.below);
    BACKOUT_TRY_ASSIGN(const std::string source_key, real_.key_of(source));
    BACKOUT_TRY(noted(look_at_real(source_key)));
    return real_.read(source_key, limit);
}

Result<Bytes> PredictedWorld::read(const std::string& path, std::uint64_t limit) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(path));
    const Decision decision = decide(key);
    if (decision.layer != nullptr) return read_layer(decision, key, limit);
    BACKOUT_TRY(noted(look_at_real(key)));
    return real_.read(key, limit);
}

Result<std::optional<Bytes>> PredictedWorld::read_predicted(const std::string& path, std::uint64_t limit) {
    if (layers_.empty()) return std::optional<Bytes>();
    const auto key = key_of(path);
    if (!key.ok()) return std::optional<Bytes>();  // who reads the real one is told why
    const Decision decision = decide(*key);
    if (decision.layer == nullptr) return std::optional<Bytes>();
    BACKOUT_TRY_ASSIGN(Bytes content, read_layer(decision, *key, limit));
    return std::optional<Bytes>(std::move(content));
}

Result<std::vector<std::string>> PredictedWorld::list(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(path));
    const Decision decision = decide(key);
    std::set<std::string> names;
    if (decision.layer == nullptr || (decision.below.empty() && !decision.layer->covers)) {
        const auto known = lists_.find(key);
        if (known == lists_.end()) {
            BACKOUT_TRY_ASSIGN(lists_[key], real_.list(key));
        }
        names.insert(lists_[key].begin(), lists_[key].end());
    } else if (!decision.layer->prediction.known) {
        return known_later(key, decision.layer->step);
    } else {
        for (const TreeEntry& entry : decision.layer->prediction.tree) {
            if (!is_below("/" + entry.path, "/" + decision.below)) continue;
            const std::string rest = entry.path.substr(decision.below.empty() ? 0 : decision.below.size() + 1);
            if (rest.find('/') == std::string::npos) names.insert(rest);
        }
    }
    for (auto at = layers_.lower_bound(below_prefix(key)); at != layers_.end() && is_below(at->first, key); ++at) {
        const std::string name = at->first.substr(below_prefix(key).size());
        if (name.find('/') != std::string::npos) continue;
        seen_.insert(at->second.step);
        if (!at->second.prediction.known) return known_later(at->first, at->second.step);
        if (at->second.prediction.state.present()) names.insert(name);
        if (!at->second.prediction.state.present()) names.erase(name);
    }
    return std::vector<std::string>(names.begin(), names.end());
}

Status PredictedWorld::predict(const std::string& id, const Prediction& prediction) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(prediction.path));
    const std::set<std::string> seen_before = seen_;  // looking here is not the step's looking
    auto before = look_at(key);
    seen_ = seen_before;
    if (!before.ok()) return std::move(before).error();

    Layer layer{id, prediction, true};
    layer.prediction.path = key;
    const EntryType type = prediction.state.type;
    const bool stays_directory = prediction.known && type == EntryType::directory && prediction.tree.empty() &&
                                 before->known && before->state.type == EntryType::directory;
    const Layer* former = layer_at(key);
    if (stays_directory) {
        layer.covers = former != nullptr && former->covers;
        if (former != nullptr) layer.prediction.tree = former->prediction.tree;
        if (!layer.prediction.tree.empty()) layer.prediction.tree.front().state = prediction.state;
        if (former != nullptr && layer.prediction.content_path.empty())
            layer.prediction.content_path = former->prediction.content_path;
    } else {
        layers_.erase(layers_.lower_bound(below_prefix(key)),
                      key == "/" ? layers_.end() : layers_.lower_bound(key + "0"));  // '0' follows '/'
    }
    links_changed_ = links_changed_ || type == EntryType::symlink || before->state.type == EntryType::symlink ||
                     std::any_of(prediction.tree.begin(), prediction.tree.end(),
                                 [](const TreeEntry& entry) { return entry.state.type == EntryType::symlink; });
    layers_[key] = std::move(layer);
    return {};
}

Json PredictedWorld::observed() const {
    Json paths = Json::object();
    for (const auto& [key, seen] : paths_) paths[key] = entry_state_to_json(seen.state);
    Json lists = Json::object();
    for (const auto& [key, names] : lists_) lists[key] = names;
    return Json{{"paths", std::move(paths)}, {"lists", std::move(lists)}};
}

const EntryState* PredictedWorld::observed(const std::string& key) const {
    const auto found = paths_.find(key);
    return found == paths_.end() ? nullptr : &found->second.state;
}

}  // namespace backout
