// Whole trees in the predicted world. See predicted_world.h.

#include <algorithm>
#include <utility>

#include "planner/predicted_keys.h"
#include "planner/predicted_world.h"

namespace backout {

Result<std::vector<TreeEntry>> PredictedWorld::real_tree(const std::string& key) {
    auto location = host_.locate(key);
    if (!location.ok() && location.error().code == ErrorCode::not_found) return std::vector<TreeEntry>{};
    if (!location.ok()) return std::move(location).error();
    BACKOUT_TRY_ASSIGN(std::vector<TreeEntry> entries, capture_tree(*location->directory, location->name));
    // The top may be known already by a plain look; what that doesn't know is only what is below.
    paths_[key].state = entries.empty() ? EntryState{} : summarize_tree(entries);
    return entries;
}

// Entries as they will be, or nothing if a step decides about some of them that can't be foreseen.
Result<std::optional<std::vector<TreeEntry>>> PredictedWorld::tree_at(const std::string& key,
                                                                      std::string& unknown_after) {
    const Decision decision = decide(key);
    std::vector<TreeEntry> entries;
    if (decision.layer != nullptr && !decision.layer->prediction.known) {
        unknown_after = decision.layer->step;
        return std::optional<std::vector<TreeEntry>>();
    }
    if (decision.layer == nullptr || (decision.below.empty() && !decision.layer->covers)) {
        BACKOUT_TRY_ASSIGN(entries, real_tree(key));
        if (decision.layer != nullptr && !entries.empty()) entries.front().state = decision.layer->prediction.state;
    } else if (decision.below.empty() && decision.layer->prediction.tree.empty()) {
        if (decision.layer->prediction.state.present())
            entries.push_back(TreeEntry{"", decision.layer->prediction.state});
    } else {
        for (const TreeEntry& entry : decision.layer->prediction.tree) {
            const bool is_top = entry.path == decision.below;
            if (!is_top && !is_below("/" + entry.path, "/" + decision.below)) continue;
            const std::size_t cut = decision.below.empty() ? 0 : decision.below.size() + 1;
            entries.push_back(TreeEntry{is_top ? "" : entry.path.substr(cut), entry.state});
        }
    }
    BACKOUT_TRY_ASSIGN(const bool known, lay_over(key, entries, unknown_after));
    if (!known) return std::optional<std::vector<TreeEntry>>();
    return std::optional<std::vector<TreeEntry>>(std::move(entries));
}

// Layers below `key` over `entries`; false if one of them can't be foreseen. Layers are sorted: parents come first.
Result<bool> PredictedWorld::lay_over(const std::string& key, std::vector<TreeEntry>& entries,
                                      std::string& unknown_after) {
    for (auto at = layers_.lower_bound(below_prefix(key)); at != layers_.end() && is_below(at->first, key); ++at) {
        const Layer& layer = at->second;
        seen_.insert(layer.step);
        if (!layer.prediction.known) {
            unknown_after = layer.step;
            return false;
        }
        const std::string path = at->first.substr(below_prefix(key).size());
        if (layer.covers) {
            remove_entries(entries, path);
        } else {
            entries.erase(std::remove_if(entries.begin(), entries.end(),
                                         [&](const TreeEntry& entry) { return entry.path == path; }),
                          entries.end());
        }
        if (!layer.prediction.state.present()) continue;
        BACKOUT_TRY_ASSIGN(EntryState state, with_content(layer.prediction));
        if (layer.prediction.tree.empty()) entries.push_back(TreeEntry{path, std::move(state)});
        for (const TreeEntry& entry : layer.prediction.tree) {
            entries.push_back(TreeEntry{joined(path, entry.path), entry.state});
        }
    }
    std::sort(entries.begin(), entries.end(), [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
    return true;
}

Result<Seen> PredictedWorld::look_at_real_tree(const std::string& key) {
    const auto known = paths_.find(key);
    const bool complete =
        known != paths_.end() && (known->second.state.type != EntryType::directory || known->second.state.tree);
    if (complete) return known->second;
    BACKOUT_TRY_ASSIGN(const Seen seen, real_.look_tree(key));
    paths_[key] = seen;
    return seen;
}

std::optional<EntryState> PredictedWorld::unchanged_end(const std::string& key, bool tree) {
    const Result<Seen> end = tree ? look_tree(key) : look(key);
    if (!end.ok() || !end->known || (end->state.type == EntryType::file && end->state.content.empty())) return {};
    Result<Seen> real = tree ? look_at_real_tree(key) : look_at_real(key);
    if (!real.ok()) return {};
    if (!tree) real->state.tree.reset();
    if (!tree) real->state.tree_entries = 0;
    return real->state == end->state ? std::optional<EntryState>(end->state) : std::nullopt;
}

Result<Seen> PredictedWorld::look_tree(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const std::string key, key_of(path));
    Seen seen;
    if (decide(key).layer == nullptr && !has_layers_below(key)) return look_at_real_tree(key);
    std::string unknown_after;
    BACKOUT_TRY_ASSIGN(const auto entries, tree_at(key, unknown_after));
    if (!entries) return unknown_after_step(unknown_after);
    if (!entries->empty()) {
        const EntryState& top = entries->front().state;
        seen.state = top.type == EntryType::directory ? summarize_tree(*entries) : top;
    }
    return seen;
}

}  // namespace backout
