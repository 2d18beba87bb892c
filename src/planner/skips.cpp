#include "planner/skips.h"

#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"

namespace backout {

namespace {

std::optional<Skip> own_skip(const Action& action, const InputValues& inputs, Resolver& resolver,
                             ProblemList& problems) {
    if (action.when) {
        auto outcome = resolver.decide(*action.when);
        if (!outcome.ok()) {
            problems.add(outcome.error());
            return std::nullopt;
        }
        if (!outcome->value) return Skip{outcome->reason};
    }
    const std::vector<std::string> missing = missing_inputs_of(action, inputs);
    if (missing.empty()) return std::nullopt;
    return Skip{inputs.missing.at(missing.front())};
}

// Carries skips on to groups and dependents, breadth first in manifest order, so that the nearest cause is named.
class Spread {
  public:
    Spread(const Manifest& manifest, const std::vector<std::vector<std::string>>& depends_on,
           std::vector<std::optional<Skip>>& skips)
        : manifest_(manifest), skips_(skips) {
        for (std::size_t at = 0; at < manifest.actions.size(); ++at) {
            if (!manifest.actions[at].group.empty()) groups_[manifest.actions[at].group].push_back(at);
            for (const std::string& id : depends_on[at]) dependents_[id].push_back(at);
            if (skips[at]) pending_.push_back(at);
        }
    }

    void run() {
        while (!pending_.empty()) {
            const std::size_t at = pending_.front();
            pending_.pop_front();
            const Action& action = manifest_.actions[at];
            const std::string name = "'" + printable(action.id) + "'";
            const std::string state = skips_[at]->blocked ? "blocked" : "skipped";
            for (const std::size_t other : dependents_[action.id]) {
                skip(other, Skip{"depends on " + name + ", which is " + state, true});
            }
            if (action.group.empty()) continue;
            // Once is enough: after the first, all members are skipped.
            for (const std::size_t other : std::exchange(groups_[action.group], {})) {
                skip(other,
                     Skip{"its group '" + printable(action.group) + "' goes as one, and " + name + " is " + state});
            }
        }
    }

  private:
    void skip(std::size_t at, Skip skip) {
        if (skips_[at]) return;
        skips_[at] = std::move(skip);
        pending_.push_back(at);
    }

    const Manifest& manifest_;
    std::vector<std::optional<Skip>>& skips_;
    std::map<std::string, std::vector<std::size_t>> groups_;
    std::unordered_map<std::string, std::vector<std::size_t>> dependents_;
    std::deque<std::size_t> pending_;
};

}  // namespace

std::vector<std::optional<Skip>> decide_skips(const Manifest& manifest, const InputValues& inputs, Resolver& resolver,
                                              const std::vector<std::vector<std::string>>& depends_on,
                                              ProblemList& problems) {
    std::vector<std::optional<Skip>> skips;
    skips.reserve(manifest.actions.size());
    for (const Action& action : manifest.actions) skips.push_back(own_skip(action, inputs, resolver, problems));
    Spread(manifest, depends_on, skips).run();
    return skips;
}

}  // namespace backout
