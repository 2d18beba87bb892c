#include "planner/settled_chains.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_map>

#include "base/bytes.h"
#include "compensators/argument_reader.h"
#include "compensators/file_kind.h"
#include "plan/resource_index.h"

namespace backout {

namespace {

class SettledChains {
  public:
    SettledChains(std::vector<Draft>& drafts, std::set<std::string> referenced, PredictedWorld& world,
                  const RetracedIds& retraced)
        : drafts_(drafts),
          referenced_(std::move(referenced)),
          world_(world),
          retraced_(retraced),
          leader_(drafts.size()) {
        std::iota(leader_.begin(), leader_.end(), 0);
    }

    /// Answers the ids of all that was kept.
    std::set<std::string> run() {
        join_by_resources();
        while (join_by_dependence()) {
        }
        note_references();
        count_visible();
        std::set<std::string> kept;
        for (const auto& [leader, members] : chains()) {
            const bool worth_it = members.size() > 1 || is_retraced(members);
            if (!worth_it || !is_hidden(members) || is_outstanding(members) || !settle(members)) continue;
            for (const std::size_t at : members) kept.insert(step(at).id);
        }
        return kept;
    }

  private:
    using Members = std::vector<std::size_t>;  // positions of steps that would change something, in order

    const PlannedStep& step(std::size_t at) const { return drafts_[at].step; }

    std::size_t find(std::size_t at) {
        while (leader_[at] != at) at = leader_[at] = leader_[leader_[at]];
        return at;
    }

    bool join(std::size_t a, std::size_t b) {
        a = find(a);
        b = find(b);
        leader_[std::max(a, b)] = std::min(a, b);
        return a != b;
    }

    void join_by_resources() {
        ResourceIndex index;
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            for (const Resource& resource : step(at).resources) {
                for (const std::uint32_t other : index.latest(resource)) join(other, at);
            }
            for (const Resource& resource : step(at).resources) index.add(resource, static_cast<std::uint32_t>(at));
        }
    }

    bool is_one_of(const Members& members, const std::set<std::string>& ids) const {
        return std::any_of(members.begin(), members.end(), [&](std::size_t at) { return ids.count(step(at).id) != 0; });
    }
    bool is_retraced(const Members& members) const { return is_one_of(members, retraced_.ids); }
    // Seen with others undone it may look done, but a retraced chain has all of its steps behind it, or none.
    bool is_outstanding(const Members& members) const {
        return is_retraced(members) && is_one_of(members, retraced_.outstanding);
    }

    std::map<std::size_t, Members> chains() {
        std::map<std::size_t, Members> chains;
        std::set<std::size_t> retraced;
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            if (retraced_.ids.count(step(at).id) != 0) retraced.insert(find(at));
        }
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            const bool watched = retraced.count(find(at)) != 0 && drafts_[at].sound && step(at).operation == "keep";
            if (step(at).changes() || watched) chains[find(at)].push_back(at);
        }
        return chains;
    }

    // What comes between and rests on a step of the chain shares its fate.
    bool join_by_dependence() {
        std::unordered_map<std::string, std::size_t> places;
        std::unordered_map<std::size_t, std::size_t> last;
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            if (!step(at).changes()) continue;
            places[step(at).id] = at;
            last[find(at)] = at;
        }
        bool joined = false;
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            if (!step(at).changes()) continue;
            for (const auto* ids : {&step(at).depends_on, &step(at).after_ids}) {
                for (const std::string& id : *ids) {
                    const auto place = places.find(id);
                    if (place == places.end() || last.count(find(place->second)) == 0) continue;
                    if (last[find(place->second)] > at) joined = join(place->second, at) || joined;
                }
            }
        }
        return joined;
    }

    void note_references() {
        for (const Draft& draft : drafts_) {
            referenced_.insert(draft.step.known_after.begin(), draft.step.known_after.end());
            for (const Json& check : draft.step.verify) {
                for (const std::string& id : awaited_actions(check)) referenced_.insert(id);
            }
        }
    }

    // How many steps before each position do something that others see at once.
    void count_visible() {
        visible_.assign(drafts_.size() + 1, 0);
        for (std::size_t at = 0; at < drafts_.size(); ++at) {
            const bool visible = step(at).changes() && step(at).effect != Effect::atomic;
            visible_[at + 1] = visible_[at] + (visible ? 1 : 0);
        }
    }

    bool is_hidden(const Members& members) const {
        if (visible_[members.back() + 1] != visible_[members.front()]) return false;
        return std::all_of(members.begin(), members.end(), [this](std::size_t at) {
            const PlannedStep& one = step(at);
            return one.known_after.empty() && !one.every_time && referenced_.count(one.id) == 0;
        });
    }

    // The end of all that one step lays hands on; null if it isn't as it is now.
    Json end_of(const PlannedStep& one) {
        Json end = Json::object();
        for (const Resource& resource : one.resources) {
            if (resource.type != "path") return nullptr;
            const auto state = world_.unchanged_end(resource.key, resource.tree);
            if (!state) return nullptr;
            end[resource.key] = entry_state_to_json(*state);
        }
        return end.empty() ? Json(nullptr) : end;
    }

    bool settle(const Members& members) {
        std::vector<Json> ends;
        for (const std::size_t at : members) {
            ends.push_back(end_of(step(at)));
            if (ends.back().is_null()) return false;
        }
        std::vector<std::string> reasons;
        for (std::size_t i = 0; i < members.size(); ++i) reasons.push_back(reason_of(members, i));
        for (std::size_t i = 0; i < members.size(); ++i) keep(drafts_[members[i]], std::move(ends[i]), reasons[i]);
        return true;
    }

    std::string reason_of(const Members& members, std::size_t i) const {
        const auto meets = [this, &members, i](std::size_t later) {
            const auto& own = step(members[i]).resources;
            const auto& others = step(later).resources;
            return std::any_of(own.begin(), own.end(), [&others](const Resource& a) {
                return std::any_of(others.begin(), others.end(), [&a](const Resource& b) { return overlaps(a, b); });
            });
        };
        const auto later = std::find_if(members.begin() + static_cast<std::ptrdiff_t>(i) + 1, members.end(), meets);
        if (later == members.end()) return "what it and the steps before it lead to is already there";
        return "'" + printable(step(*later).id) + "' changes it again, and what both lead to is already there";
    }

    static void keep(Draft& draft, Json end, const std::string& reason) {
        PlannedStep& step = draft.step;
        const std::string path = string_member(step.arguments, "path");
        step.operation = "keep";
        step.reason = reason;
        step.details = nullptr;
        step.before = step.after = end.contains(path) ? end[path] : Json(nullptr);
        step.arguments[kChainEnd] = std::move(end);
        step.undo = UndoDeclaration{"nothing to undo"};
        step.irreversible = false;
        step.effect = Effect::none;
        draft.space.clear();
        draft.warnings.clear();
    }

    std::vector<Draft>& drafts_;
    std::set<std::string> referenced_;
    PredictedWorld& world_;
    const RetracedIds& retraced_;
    std::vector<std::size_t> leader_;   // of a chain, by position: union-find
    std::vector<std::size_t> visible_;  // by position
};

}  // namespace

std::set<std::string> actions_awaited_in(const std::vector<Node>& checks, Resolver& resolver) {
    std::set<std::string> ids;
    for (const Node& node : checks) {
        const auto check = resolver.resolve(node);
        if (!check.ok()) continue;
        for (const std::string& id : awaited_actions(*check)) ids.insert(id);
    }
    return ids;
}

std::set<std::string> keep_settled_chains(std::vector<Draft>& drafts, std::set<std::string> referenced,
                                          PredictedWorld& world, const RetracedIds& retraced) {
    const std::set<std::string> kept = SettledChains(drafts, std::move(referenced), world, retraced).run();
    std::set<std::string> settled;
    std::set_intersection(kept.begin(), kept.end(), retraced.ids.begin(), retraced.ids.end(),
                          std::inserter(settled, settled.begin()));
    return settled;
}

}  // namespace backout
