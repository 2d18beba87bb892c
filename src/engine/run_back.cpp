// The actions that go back: undo is the application of an inverse image. See run_loop.h.

#include "base/assert.h"
#include "base/mutation.h"
#include "engine/run_loop.h"

namespace backout {
namespace {

Json conflicts_to_json(const std::vector<Difference>& conflicts) {
    Json list = Json::array();
    for (const Difference& one : conflicts) list.push_back(difference_to_json(one));
    return list;
}

}  // namespace

const Json& RunLoop::undo_image_of(std::uint32_t step) const {
    const Json& fresh = live_.step(step).image;
    return fresh.is_null() ? state_.step(step).undo_image : fresh;
}

/// What later steps changed again is theirs, and goes back before.
Status RunLoop::do_look_ahead(const Steps& steps) {
    for (std::uint32_t step : steps) {
        const auto seen = worker_.observe_at_end(planned(step), state_, image_of(step), false);
        live(step).foreseen = seen.ok() ? seen->where : Where::unreadable;
    }
    return {};
}

/// An undo in doubt has its image in the journal: it is applied again, every part looked at first. All others get one.
Status RunLoop::do_prepare_undo(const Steps& steps) {
    for (std::uint32_t step : steps) {
        if (state_.step(step).phase == StepPhase::undo_in_doubt) {
            live(step).image = state_.step(step).undo_image;
            live(step).progress = Progress::intended;
            continue;
        }
        auto inverse = worker_.invert(planned(step), state_, image_of(step), state_.last_sequence + 1);
        if (!inverse.ok() && inverse.error().code == ErrorCode::conflict) {
            return do_record_conflict({CommandKind::record_conflict, {step}, inverse.error().text()});
        }
        // No other try would know more; a person who goes on forward has to say what is true.
        if (!inverse.ok() && inverse.error().code == ErrorCode::in_doubt && state_.direction == Direction::back) {
            return do_record_residue({CommandKind::record_residue, {step}, inverse.error().text()});
        }
        if (!inverse.ok()) return undo_gave_up(step, inverse.error());
        live(step).image = std::move(inverse->image);
        live(step).sync = std::move(inverse->sync);
        live(step).progress = Progress::staged;
    }
    return {};
}

Status RunLoop::do_intend_undo(const Steps& steps) {
    std::vector<Record> intents;
    for (std::uint32_t step : steps)
        intents.push_back(record(RecordType::undo_intended, step, {{"image", live(step).image}}));
    if (left_out("engine.undo_intent_before_act")) BACKOUT_TRY(do_act_undo(steps));
    BACKOUT_TRY(commit(std::move(intents)));
    for (std::uint32_t step : steps) live(step).progress = Progress::intended;
    return {};
}

Status RunLoop::do_act_undo(const Steps& steps) {
    for (std::uint32_t step : steps) {
        if (stop_at_once()) return {};
        LiveStep& now = live(step);
        auto applied = worker_.apply(planned(step), state_, undo_image_of(step));
        for (Record& output : worker_.take_output())
            ride(record(RecordType::step_output, step, std::move(output.body)));
        if (!applied.ok() && applied.error().code == ErrorCode::canceled) return {};
        if (!applied.ok()) return undo_gave_up(step, applied.error());
        now.sync = std::move(applied->sync);
        now.was_already = applied->was_already;
        now.outputs = std::move(applied->outputs);
        now.result = std::move(applied->result);
        now.conflicts = std::move(applied->conflicts);
        now.progress = Progress::acted;
    }
    return {};
}

/// Steps that were acted on, and steps that are seen to be as before already: what was seen is synced first (invariant
/// 8).
Status RunLoop::do_sync_undo(const Steps& steps) {
    for (std::uint32_t step : steps) {
        LiveStep& now = live(step);
        if (now.progress != Progress::none) continue;
        // An undo of parts that was cut off may still owe its last touches (a directory's time, a flag): it looks
        // first, finds its parts in place, and ends what it had begun.
        if (state_.step(step).phase == StepPhase::undo_in_doubt && shape_.step(step).effect == Effect::atomic) {
            auto applied = worker_.apply(planned(step), state_, state_.step(step).undo_image);
            if (!applied.ok()) return undo_gave_up(step, applied.error());
            now.sync = std::move(applied->sync);
            now.conflicts = std::move(applied->conflicts);
            now.was_already = true;
            continue;
        }
        auto owed = worker_.sync_of(planned(step), state_, image_of(step));
        if (!owed.ok()) return undo_gave_up(step, owed.error());
        if (!left_out("engine.sync_of_what_is_undone")) now.sync = std::move(*owed);
        now.was_already = true;
    }
    const Status synced = left_out("engine.undo_barrier") ? Status{} : barrier(steps);
    if (!synced.ok()) return undo_gave_up(steps.front(), synced.error());
    for (std::uint32_t step : steps) live(step).progress = Progress::synced;
    return {};
}

Status RunLoop::do_record_undone(const Steps& steps) {
    std::vector<Record> records;
    for (std::uint32_t step : steps) {
        LiveStep& now = live(step);
        // Without an undo intent only "already" can be true (invariant 5).
        const bool intended = state_.step(step).phase == StepPhase::undo_in_doubt;
        if (!now.conflicts.empty()) {
            records.push_back(
                record(RecordType::step_conflict, step, {{"conflicts", conflicts_to_json(now.conflicts)}}));
        } else {
            Json body = {{"how", now.was_already || !intended ? "already" : "undone"}};
            if (shape_.step(step).effect == Effect::tearable && !now.outputs.is_null()) body["outputs"] = now.outputs;
            if (!member(now.result, "left").is_null()) body["left"] = now.result["left"];
            records.push_back(record(RecordType::step_undone, step, std::move(body)));
        }
        now.progress = Progress::recorded;
    }
    return commit(std::move(records));
}

/// A conflict that was only looked at, after a crash: what was seen must be durable before it is recorded, or a power
/// cut shows another world to a run that is over (invariant 8). Where nothing can be said of it, nothing is owed.
void RunLoop::owe_what_was_seen(std::uint32_t step) {
    LiveStep& now = live(step);
    if (!now.sync.empty() || !may_have_effect(state_.step(step).phase)) return;
    auto owed = worker_.sync_of(planned(step), state_, image_of(step));
    if (owed.ok()) now.sync = std::move(*owed);
}

Status RunLoop::do_record_conflict(const Command& command) {
    const std::uint32_t step = command.steps.front();
    LiveStep& now = live(step);
    if (now.progress == Progress::staged || now.progress == Progress::secured) drop_staged(step);
    owe_what_was_seen(step);
    // Parts of it may have been done: they are durable before anything is said of them (invariant 3).
    const Status synced = left_out("engine.conflict_barrier") ? Status{} : barrier({step});
    if (!synced.ok()) return undo_gave_up(step, synced.error());
    Json conflicts = conflicts_to_json(now.conflicts.empty() ? now.differences : now.conflicts);
    if (conflicts.empty())
        conflicts.push_back(
            {{"path", planned(step).target}, {"reason", command.reason.empty() ? now.note : command.reason}});
    now.progress = Progress::recorded;
    now.failure.reset();
    Json body = {{"conflicts", std::move(conflicts)}, {"reason", command.reason}};
    return commit({record(RecordType::step_conflict, step, std::move(body))});
}

Status RunLoop::do_record_residue(const Command& command) {
    const std::uint32_t step = command.steps.front();
    live(step).progress = Progress::recorded;
    const bool sure = row_of(state_.step(step).phase) == Row::applied;
    std::string reason = sure ? "irreversible, and done" : "irreversible, and it can't be known whether it was done";
    if (!command.reason.empty()) reason = command.reason;
    return commit({record(RecordType::step_residue, step, {{"reason", reason}})});
}

/// The step stays as it is for now; the rest goes on, and `resume` tries again.
Status RunLoop::undo_gave_up(std::uint32_t step, const Error& error) {
    live(step).gave_up = true;
    live(step).note = error.text();
    return commit({record(RecordType::undo_failed, step, {{"error", error.text()}})});
}

/// As `resume` would: they are looked at anew. What was verified at the end has to be verified again.
Status RunLoop::do_try_again(const Steps& steps) {
    for (std::uint32_t step : steps) {
        tell("step_retry", step, {{"reason", live(step).note}});
        forget_live(step);
    }
    live_.tried_again = true;
    live_.checked_at_end = false;
    live_.final_failure.clear();
    live_.final_drift.clear();
    return {};
}

/// Content that was staged without an intent belongs to nobody: it goes before the direction turns.
Status RunLoop::drop_staged() {
    for (std::uint32_t step = 1; step <= plan_.steps.size(); ++step) {
        const Progress progress = live(step).progress;
        if (progress == Progress::staged || progress == Progress::secured) drop_staged(step);
    }
    return {};
}

/// An inverse image shares its slots with the image that it takes back, which is needed more than ever: what was staged
/// anew for it is swept when the run has ended.
void RunLoop::drop_staged(std::uint32_t step) {
    LiveStep& now = live(step);
    const bool is_inverse = shape_.is_rollback || state_.direction == Direction::back;
    const Status released = is_inverse ? Status{} : worker_.release(planned(step), state_, now.image);
    if (!released.ok()) tell("warning", step, {{"message", released.error().text()}});
    now.image = nullptr;
    now.progress = Progress::none;
}

Status RunLoop::do_begin_abort(const std::string& reason) {
    std::vector<Record> records;
    if (live_.checked_at_end)
        records.push_back(
            record(RecordType::run_verified, 0,
                   {{"drift", conflicts_to_json(live_.final_drift)}, {"failure", text_or_null(live_.final_failure)}}));
    records.push_back(record(RecordType::run_aborting, 0, {{"reason", reason}, {"cause_step", 0}}));
    BACKOUT_TRY(drop_staged());
    BACKOUT_TRY(commit(std::move(records)));
    forget_live();
    return {};
}

Status RunLoop::do_turn_forward() {
    std::vector<Record> records{record(RecordType::run_forwarding, 0, Json::object())};
    for (std::uint32_t step = 1; step <= plan_.steps.size(); ++step) {
        if (state_.step(step).phase == StepPhase::undone)
            records.push_back(record(RecordType::step_reopened, step, Json::object()));
    }
    BACKOUT_TRY(commit(std::move(records)));
    forget_live();
    return {};
}

/// The same lines as the pipeline of `decide`, for one step that can't wait: look, invert, intend, act, sync, record.
Result<bool> RunLoop::take_back_now(std::uint32_t step) {
    forget_live(step);
    BACKOUT_TRY(do_observe({step}));
    const Settlement settlement = settle_back(state_.step(step).phase, *live(step).seen, shape_.step(step).effect);
    const bool restore =
        settlement == Settlement::restore || (settlement == Settlement::conflict && live(step).overwrite);
    if (settlement == Settlement::mark) {
        BACKOUT_TRY(do_sync_undo({step}));
    } else if (restore && shape_.step(step).undoable) {
        BACKOUT_TRY(do_prepare_undo({step}));
        if (live(step).progress == Progress::staged) BACKOUT_TRY(do_secure({step}));
        if (live(step).progress == Progress::secured) BACKOUT_TRY(do_intend_undo({step}));
        if (live(step).progress == Progress::intended) BACKOUT_TRY(do_act_undo({step}));
        if (live(step).progress == Progress::acted) BACKOUT_TRY(do_sync_undo({step}));
    }
    if (live(step).progress == Progress::synced) BACKOUT_TRY(do_record_undone({step}));
    return state_.step(step).phase == StepPhase::undone;
}

}  // namespace backout
