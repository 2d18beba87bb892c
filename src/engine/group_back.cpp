#include "engine/group_back.h"

#include <algorithm>

#include "engine/recovery_table.h"

namespace backout {
namespace {

using Steps = std::vector<std::uint32_t>;

/// The eyes on one run that turns back.
class GroupsGoingBack {
  public:
    GroupsGoingBack(const PlanShape& shape, const RunState& state, const Live& live)
        : shape_(shape), state_(state), live_(live) {}

    std::optional<Command> before(std::uint32_t step) const {
        if (!can_stay(step)) return std::nullopt;
        const Steps others = others_of(step);
        Steps unseen;
        std::copy_if(others.begin(), others.end(), std::back_inserter(unseen),
                     [this](std::uint32_t other) { return to_look_at(other); });
        if (!unseen.empty()) return Command{CommandKind::look_ahead, unseen, {}};
        const bool stays = std::any_of(others.begin(), others.end(), [this](std::uint32_t s) { return is_left(s); });
        if (stays) return Command{CommandKind::record_conflict, {step}, kGroupStays};
        return std::nullopt;
    }

  private:
    Steps others_of(std::uint32_t step) const {
        Steps others;
        for (std::uint32_t other = 1; other <= shape_.steps.size(); ++other) {
            const bool fellow = shape_.step(other).group == shape_.step(step).group;
            if (fellow && other != step) others.push_back(other);
        }
        return others;
    }

    /// It has an effect, and its undo wasn't begun.
    bool can_stay(std::uint32_t step) const {
        const StepPhase phase = state_.step(step).phase;
        return shape_.step(step).group != 0 && may_have_effect(phase) && phase != StepPhase::undo_in_doubt &&
               live_.step(step).progress < Progress::intended && !live_.step(step).gave_up;
    }

    /// Programs aren't asked ahead: what a probe says may hang on steps that go back before its own does.
    bool to_look_at(std::uint32_t step) const {
        return can_stay(step) && shape_.step(step).effect == Effect::atomic && shape_.step(step).undoable &&
               !live_.step(step).foreseen;
    }

    bool is_left(std::uint32_t step) const {
        const StepPhase phase = state_.step(step).phase;
        if (phase == StepPhase::conflict) return true;
        const auto& foreseen = live_.step(step).foreseen;
        return foreseen && can_stay(step) &&
               settle_back(phase, *foreseen, shape_.step(step).effect) == Settlement::conflict;
    }

    const PlanShape& shape_;
    const RunState& state_;
    const Live& live_;
};

}  // namespace

std::optional<Command> keep_group_whole(const PlanShape& shape, const RunState& state, const Live& live,
                                        const Steps& window) {
    const GroupsGoingBack groups(shape, state, live);
    for (std::uint32_t step : window) {
        if (auto command = groups.before(step)) return command;
    }
    return std::nullopt;
}

}  // namespace backout
