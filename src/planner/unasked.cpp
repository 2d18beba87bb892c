#include "planner/unasked.h"

#include <algorithm>
#include <unordered_map>

#include "compensators/asks_program.h"

namespace backout {

namespace {

bool asks(const Registry& kinds, const PlannedStep& step) {
    const auto* asker = dynamic_cast<const AsksProgram*>(kinds.find(step.kind));
    return asker != nullptr && asker->asks(step);
}

// By id: the nearest step that changes something, the step itself or one that it rests on. One name is enough of what
// lies behind a step that changes nothing: with all of them a long line of kept steps would be a square of names.
class Beneath {
  public:
    std::vector<std::string> of(const PlannedStep& step) const {
        std::vector<std::string> changed;
        for (const auto* ids : {&step.depends_on, &step.after_ids}) {
            for (const std::string& id : *ids) {
                const auto found = nearest_.find(id);
                if (found == nearest_.end()) continue;
                if (std::find(changed.begin(), changed.end(), found->second) == changed.end())
                    changed.push_back(found->second);
            }
        }
        return changed;
    }

    void add(const std::string& id, const std::string& nearest) { nearest_[id] = nearest; }

  private:
    std::unordered_map<std::string, std::string> nearest_;
};

}  // namespace

bool note_unasked(const std::vector<Draft>& drafts, const Registry& kinds, UnaskedIds& unasked) {
    bool added = false;
    Beneath beneath;
    for (const Draft& draft : drafts) {
        const PlannedStep& step = draft.step;
        const std::vector<std::string> changed = beneath.of(step);
        if (!changed.empty() && draft.sound && asks(kinds, step))
            added = unasked.emplace(step.id, changed).second || added;
        const bool changes = step.changes() && step.effect != Effect::none;
        if (changes || unasked.count(step.id) != 0)
            beneath.add(step.id, step.id);
        else if (!changed.empty())
            beneath.add(step.id, changed.front());
    }
    return added;
}

}  // namespace backout
