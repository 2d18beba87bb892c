#include "engine/decide.h"

#include <algorithm>
#include <functional>

#include "base/assert.h"
#include "engine/group_back.h"

namespace backout {
namespace {

using Steps = std::vector<std::uint32_t>;

/// The eyes of one decision: shape, records and volatile side of a step under one roof.
class Decider {
  public:
    Decider(const PlanShape& shape, const RunState& state, const Live& live)
        : shape_(shape), state_(state), live_(live) {}

    Command forward() const;
    Command back() const;
    Command turn() const;

  private:
    using Test = std::function<bool(std::uint32_t)>;

    const StepState& record(std::uint32_t step) const { return state_.step(step); }
    const LiveStep& live(std::uint32_t step) const { return live_.step(step); }
    Progress progress(std::uint32_t step) const { return live(step).progress; }

    Steps choose(const Steps& window, const Test& test) const;
    bool open(std::uint32_t step) const;
    bool any_other_in_group(std::uint32_t step, const Test& test) const;
    bool not_begun(std::uint32_t step) const;
    bool waits_for_group(std::uint32_t step) const;
    std::optional<Command> leave_with_group(const Steps& window) const;
    std::optional<Command> leave_out(const Steps& window, const Test& concerned) const;
    bool in_doubt_after_crash(std::uint32_t step) const;
    bool in_flight() const;
    bool torn_undo(std::uint32_t step) const;

    std::optional<Command> after_failure() const;
    Command failed(std::uint32_t step) const;
    std::optional<Command> stop_here() const;
    std::optional<Command> forward_window(const Steps& window) const;
    std::optional<Command> doubts(const Steps& window) const;
    std::optional<Command> settle_one_forward(std::uint32_t step) const;
    std::optional<Command> pipeline(const Steps& window) const;
    Command end() const;

    bool to_take_back(std::uint32_t step) const;
    std::optional<Command> back_window(const Steps& window) const;
    std::optional<Command> settle_one_back(std::uint32_t step) const;
    std::optional<Command> undo_pipeline(const Steps& window) const;
    bool behind_pivot(const Steps& window) const;
    Command back_end() const;
    bool all_as_before() const;
    bool gave_up() const;
    Command once_more(const std::string& otherwise) const;

    const PlanShape& shape_;
    const RunState& state_;
    const Live& live_;
};

Steps Decider::choose(const Steps& window, const Test& test) const {
    Steps chosen;
    std::copy_if(window.begin(), window.end(), std::back_inserter(chosen), test);
    return chosen;
}

/// Still to be done: never begun, or a person says that it is not done.
bool Decider::open(std::uint32_t step) const {
    const StepPhase phase = record(step).phase;
    return (phase == StepPhase::pending || phase == StepPhase::undone || phase == StepPhase::resolved_undone) &&
           progress(step) != Progress::recorded && !live(step).gave_up;
}

// Members of a group go back together: one that stays keeps back those that weren't begun.
bool Decider::any_other_in_group(std::uint32_t step, const Test& test) const {
    const std::uint32_t group = shape_.step(step).group;
    if (!shape_.is_rollback || group == 0) return false;
    for (std::uint32_t other = 1; other <= shape_.steps.size(); ++other) {
        if (other != step && shape_.step(other).group == group && test(other)) return true;
    }
    return false;
}

bool Decider::not_begun(std::uint32_t step) const {
    return open(step) && progress(step) < Progress::intended;
}

/// The other may still succeed, at another try or when it is resumed: this one is held, no more.
bool Decider::waits_for_group(std::uint32_t step) const {
    return not_begun(step) && any_other_in_group(step, [this](std::uint32_t s) { return live(s).gave_up; });
}

std::optional<Command> Decider::leave_with_group(const Steps& window) const {
    const auto in_conflict = [this](std::uint32_t s) { return record(s).phase == StepPhase::conflict; };
    for (std::uint32_t step : window) {
        if (shape_.step(step).changes && not_begun(step) && any_other_in_group(step, in_conflict))
            return Command{CommandKind::record_conflict, {step}, kGroupStays};
    }
    return std::nullopt;
}

/// What a person wants left as it is isn't even looked at: looking may need a secret that nobody has any more.
std::optional<Command> Decider::leave_out(const Steps& window, const Test& concerned) const {
    for (std::uint32_t step : window) {
        if (live(step).left_out && progress(step) == Progress::none && concerned(step))
            return Command{CommandKind::record_conflict, {step}, "left out by --skip"};
    }
    return std::nullopt;
}

bool Decider::in_doubt_after_crash(std::uint32_t step) const {
    const StepPhase phase = record(step).phase;
    return (phase == StepPhase::in_doubt || phase == StepPhase::failed_in_doubt || phase == StepPhase::undo_in_doubt) &&
           progress(step) == Progress::none && !live(step).gave_up;
}

bool Decider::in_flight() const {
    return std::any_of(live_.steps.begin(), live_.steps.end(), [](const LiveStep& step) {
        return step.progress >= Progress::intended && step.progress < Progress::recorded && !step.gave_up;
    });
}

// ---- forward --------------------------------------------------------------------------------------------------------

Command Decider::forward() const {
    if (auto command = after_failure()) return *command;
    if (auto command = stop_here()) return *command;
    for (const Steps& window : shape_.windows) {
        if (auto command = forward_window(window)) return *command;
    }
    return end();
}

std::optional<Command> Decider::after_failure() const {
    for (std::uint32_t step = 1; step <= shape_.steps.size(); ++step) {
        if (live(step).failure && !live(step).gave_up) return failed(step);
    }
    return std::nullopt;
}

/// A failure may be retried only while nobody wants to stop; a run that takes another back never turns round itself, so
/// it records the failure and goes on; drift waits for a person where the plan says so.
Command Decider::failed(std::uint32_t step) const {
    const LiveStep& now = live(step);
    if (now.failure->code == ErrorCode::canceled) return {CommandKind::stop_resumable, {step}, "stopped at once"};
    const bool attempts_left = record(step).attempts + 1 < shape_.step(step).attempts;
    if (attempts_left && !live_.stop_asked && now.failure->code != ErrorCode::conflict)
        return {CommandKind::retry, {step}, {}};
    if (shape_.is_rollback && !now.conflicts.empty()) return {CommandKind::record_conflict, {step}, {}};
    if (now.drift && shape_.stop_on_drift && !shape_.is_rollback) {
        return {CommandKind::await_person,
                {step},
                "drift in step " + std::to_string(step) + ", and the plan says to stop there"};
    }
    return {CommandKind::record_failure, {step}, now.failure->text()};
}

std::optional<Command> Decider::stop_here() const {
    if (!live_.stop_asked || in_flight()) return std::nullopt;
    if (live_.abort_asked && !shape_.is_rollback) return Command{CommandKind::begin_abort, {}, "stopped by a signal"};
    return Command{CommandKind::stop_resumable, {}, "stopped by a signal"};
}

std::optional<Command> Decider::forward_window(const Steps& window) const {
    const Steps still = choose(window, [this](std::uint32_t s) { return open(s) && !shape_.step(s).changes; });
    if (!still.empty()) return Command{CommandKind::settle, still, {}};
    const auto ahead = [this](std::uint32_t s) { return open(s) || in_doubt_after_crash(s); };
    if (shape_.is_rollback) {
        if (auto command = leave_out(window, ahead)) return command;
    }
    if (auto command = doubts(window)) return command;
    if (auto command = leave_with_group(window)) return command;
    return pipeline(window);
}

/// Steps that were intended before a crash: look first, then the table decides.
std::optional<Command> Decider::doubts(const Steps& window) const {
    const Steps unseen = choose(window, [this](std::uint32_t s) { return in_doubt_after_crash(s) && !live(s).seen; });
    if (!unseen.empty()) return Command{CommandKind::observe, unseen, {}};
    for (std::uint32_t step : window) {
        if (!in_doubt_after_crash(step)) continue;
        if (auto command = settle_one_forward(step)) return command;
    }
    return std::nullopt;
}

std::optional<Command> Decider::settle_one_forward(std::uint32_t step) const {
    if (record(step).phase == StepPhase::undo_in_doubt) return Command{CommandKind::undo_first, {step}, {}};
    switch (settle_forward(*live(step).seen, shape_.step(step).effect)) {
        case Settlement::apply: return Command{CommandKind::adopt, {step}, {}};
        case Settlement::mark: return Command{CommandKind::adopt_done, {step}, {}};
        case Settlement::undo_then_apply:
            if (shape_.step(step).undoable) return Command{CommandKind::undo_first, {step}, {}};
            return Command{CommandKind::await_person,
                           {step},
                           "step " + std::to_string(step) +
                               " is in doubt and can't be undone: whether it was done must be said by a person"};
        case Settlement::conflict:
            if (shape_.step(step).undoable && live(step).overwrite) return Command{CommandKind::undo_first, {step}, {}};
            return Command{shape_.is_rollback ? CommandKind::record_conflict : CommandKind::record_failure,
                           {step},
                           "somebody else changed what the step was changing"};
        case Settlement::halt:
            return Command{CommandKind::await_person, {step}, "step " + std::to_string(step) + " can't be looked at"};
        case Settlement::restore:
        case Settlement::impossible: break;
    }
    BACKOUT_ASSERT(false && "the forward table has no such cell");
}

/// One window in time: every member reaches a line before any member crosses it.
std::optional<Command> Decider::pipeline(const Steps& window) const {
    struct Line {
        Progress at;
        CommandKind kind;
    };
    static constexpr Line kLines[] = {
        {Progress::staged, CommandKind::secure}, {Progress::secured, CommandKind::intend},
        {Progress::intended, CommandKind::act},  {Progress::acted, CommandKind::sync},
        {Progress::synced, CommandKind::verify}, {Progress::verified, CommandKind::record_applied}};
    const Steps fresh = choose(
        window, [this](std::uint32_t s) { return open(s) && progress(s) == Progress::none && !waits_for_group(s); });
    if (!fresh.empty()) return Command{CommandKind::stage, fresh, {}};
    for (const Line& line : kLines) {
        const Steps there = choose(
            window, [&](std::uint32_t s) { return progress(s) == line.at && !live(s).gave_up && !waits_for_group(s); });
        if (!there.empty()) return Command{line.kind, there, {}};
    }
    return std::nullopt;
}

bool Decider::gave_up() const {
    return std::any_of(live_.steps.begin(), live_.steps.end(), [](const LiveStep& s) { return s.gave_up; });
}

/// What reloads a service goes back before the files that it reads. Once they are back it may well succeed; where
/// nothing else has moved, another try would find the world that it failed in.
Command Decider::once_more(const std::string& otherwise) const {
    const bool moved = std::any_of(live_.steps.begin(), live_.steps.end(),
                                   [](const LiveStep& s) { return s.progress == Progress::recorded; });
    if (live_.tried_again || live_.stop_asked || !moved) return {CommandKind::await_person, {}, otherwise};
    Steps again;
    for (std::uint32_t step = 1; step <= shape_.steps.size(); ++step) {
        if (live(step).gave_up) again.push_back(step);
    }
    return {CommandKind::try_again, again, {}};
}

Command Decider::end() const {
    if (!live_.checked_at_end) return {CommandKind::check_end, {}, {}};
    if (shape_.is_rollback && gave_up()) return once_more("not everything could be taken back; `resume` tries again");
    if (live_.final_failure.empty() || shape_.is_rollback) return {CommandKind::finish, {}, {}};
    if (shape_.stop_on_drift) return {CommandKind::await_person, {}, live_.final_failure};
    return {CommandKind::begin_abort, {}, live_.final_failure};
}

// ---- back -----------------------------------------------------------------------------------------------------------

bool Decider::to_take_back(std::uint32_t step) const {
    return may_have_effect(record(step).phase) && progress(step) != Progress::recorded && !live(step).gave_up;
}

bool Decider::behind_pivot(const Steps& window) const {
    return std::any_of(window.begin(), window.end(), [this](std::uint32_t s) {
        const StepPhase phase = record(s).phase;
        const bool passed =
            phase == StepPhase::applied || phase == StepPhase::residue || phase == StepPhase::resolved_done;
        return shape_.step(s).pivot && passed && !record(s).failed;
    });
}

Command Decider::back() const {
    if (live_.stop_asked && !live_.abort_asked && !in_flight())
        return {CommandKind::stop_resumable, {}, "stopped by a signal"};
    for (auto window = shape_.windows.rbegin(); window != shape_.windows.rend(); ++window) {
        if (behind_pivot(*window)) break;
        if (auto command = back_window(Steps(window->rbegin(), window->rend()))) return *command;
    }
    return back_end();
}

std::optional<Command> Decider::back_window(const Steps& window) const {
    const auto waiting = [this](std::uint32_t s) { return to_take_back(s) && progress(s) == Progress::none; };
    if (auto command = leave_out(window, waiting)) return command;
    const Steps unseen = choose(window, [&](std::uint32_t s) { return waiting(s) && !live(s).seen; });
    if (!unseen.empty()) return Command{CommandKind::observe, unseen, {}};
    for (std::uint32_t step : window) {
        if (!waiting(step)) continue;
        if (auto command = settle_one_back(step)) return command;
    }
    if (auto command = keep_group_whole(shape_, state_, live_, window)) return command;
    const Steps restore = choose(window, waiting);
    if (!restore.empty()) return Command{CommandKind::prepare_undo, restore, {}};
    return undo_pipeline(window);
}

/// Nothing for steps to be restored: those go through the pipeline together.
std::optional<Command> Decider::settle_one_back(std::uint32_t step) const {
    const StepShape& shape = shape_.step(step);
    switch (settle_back(record(step).phase, *live(step).seen, shape.effect)) {
        case Settlement::mark: return Command{CommandKind::sync_undo, {step}, {}};
        case Settlement::restore:
            if (shape.undoable) return std::nullopt;
            return Command{CommandKind::record_residue, {step}, {}};
        case Settlement::conflict:
            // Whose word overrides a conflict has seen what stands there: the kind keeps it as an image.
            if (shape.undoable && live(step).overwrite) return std::nullopt;
            return Command{shape.undoable ? CommandKind::record_conflict : CommandKind::record_residue, {step}, {}};
        case Settlement::halt:
            return Command{CommandKind::await_person, {step}, "step " + std::to_string(step) + " can't be looked at"};
        case Settlement::apply:
        case Settlement::undo_then_apply:
        case Settlement::impossible: break;
    }
    BACKOUT_ASSERT(false && "the back table has no such cell");
}

std::optional<Command> Decider::undo_pipeline(const Steps& window) const {
    struct Line {
        Progress at;
        CommandKind kind;
    };
    static constexpr Line kLines[] = {{Progress::staged, CommandKind::secure_undo},
                                      {Progress::secured, CommandKind::intend_undo},
                                      {Progress::intended, CommandKind::act_undo},
                                      {Progress::acted, CommandKind::sync_undo},
                                      {Progress::synced, CommandKind::record_undone}};
    for (const Line& line : kLines) {
        const Steps there = choose(window, [&](std::uint32_t s) { return to_take_back(s) && progress(s) == line.at; });
        if (!there.empty()) return Command{line.kind, there, {}};
    }
    return std::nullopt;
}

bool Decider::all_as_before() const {
    for (const StepState& step : state_.steps) {
        if (may_have_effect(step.phase) || step.phase == StepPhase::conflict || step.phase == StepPhase::residue)
            return false;
        if (step.phase == StepPhase::resolved_skipped) return false;
    }
    return true;
}

Command Decider::back_end() const {
    if (gave_up()) return once_more("an undo failed; `resume` tries again");
    if (all_as_before() && !live_.images_released) return {CommandKind::release_images, {}, {}};
    return {CommandKind::finish, {}, {}};
}

// ---- turning forward ------------------------------------------------------------------------------------------------

bool Decider::torn_undo(std::uint32_t step) const {
    return record(step).phase == StepPhase::undo_in_doubt && progress(step) != Progress::recorded &&
           !live(step).gave_up;
}

/// An undo in doubt is finished before the direction turns: then every step is either as applied or as undone.
Command Decider::turn() const {
    for (auto window = shape_.windows.rbegin(); window != shape_.windows.rend(); ++window) {
        const Steps torn = choose(*window, [this](std::uint32_t s) { return torn_undo(s); });
        if (torn.empty()) continue;
        if (auto command = back_window(torn)) return *command;
    }
    // What somebody else changed while it was being undone: nothing can be carried forward over it.
    for (std::uint32_t step = 1; step <= shape_.steps.size() && !shape_.is_rollback; ++step) {
        if (record(step).phase == StepPhase::conflict)
            return {CommandKind::await_person,
                    {step},
                    "step " + std::to_string(step) + " is in conflict: `resolve` it first, or go on back"};
    }
    return {CommandKind::turn_forward, {}, {}};
}

}  // namespace

const char* to_string(CommandKind kind) {
    static constexpr const char* kNames[] = {"settle",       "observe",        "adopt",           "adopt_done",
                                             "undo_first",   "stage",          "secure",          "intend",
                                             "act",          "sync",           "verify",          "record_applied",
                                             "retry",        "record_failure", "record_conflict", "record_residue",
                                             "look_ahead",   "prepare_undo",   "secure_undo",     "intend_undo",
                                             "act_undo",     "sync_undo",      "record_undone",   "begin_abort",
                                             "turn_forward", "check_end",      "release_images",  "try_again",
                                             "await_person", "stop_resumable", "finish"};
    return kNames[static_cast<std::size_t>(kind)];
}

Command decide(const PlanShape& shape, const RunState& state, const Live& live) {
    BACKOUT_ASSERT(!state.finished);
    const Decider decider(shape, state, live);
    if (live.turning_forward) return decider.turn();
    return state.direction == Direction::forward ? decider.forward() : decider.back();
}

}  // namespace backout
