// The actions that go forward. See run_loop.h.

#include <algorithm>

#include "base/assert.h"
#include "base/mutation.h"
#include "engine/run_loop.h"
#include "plan/own_outputs.h"

namespace backout {
namespace {

Json differences_to_json(const std::vector<Difference>& differences) {
    Json list = Json::array();
    for (const Difference& one : differences) list.push_back(difference_to_json(one));
    return list;
}

std::string first_difference(const std::vector<Difference>& differences) {
    if (differences.empty()) return "it is not as the plan says";
    const Difference& one = differences.front();
    std::string text = one.path + ": " + one.attribute + " is " + one.found + ", expected " + one.expected;
    if (differences.size() > 1) text += " (and " + std::to_string(differences.size() - 1) + " more)";
    return text;
}

/// A step that tells by itself that it failed, as against one that was cut off: its own word is definite.
bool is_definite(const Error& error) {
    return error.code != ErrorCode::timeout && error.code != ErrorCode::canceled && error.code != ErrorCode::in_doubt &&
           error.code != ErrorCode::io;
}

}  // namespace

// ---- without effect -------------------------------------------------------------------------------------------------

Record RunLoop::settled_record(std::uint32_t step) {
    const PlannedStep& plan = planned(step);
    const bool kept = plan.operation == "keep";
    const bool blocked = bool_member(plan.details, "blocked", false);
    Json body = {{"state", kept ? "kept" : blocked ? "blocked" : "skipped"}, {"reason", plan.reason}};
    return record(RecordType::step_settled, step, std::move(body));
}

Status RunLoop::do_settle(const Steps& steps) {
    for (std::uint32_t step : steps) {
        ride(settled_record(step));
        live(step).progress = Progress::recorded;
    }
    return {};
}

// ---- after a crash --------------------------------------------------------------------------------------------------

Status RunLoop::do_observe(const Steps& steps) {
    for (std::uint32_t step : steps) {
        const StepPhase phase = state_.step(step).phase;
        const bool undoing = phase == StepPhase::undo_in_doubt;
        auto seen = worker_.observe(planned(step), state_, undoing ? state_.step(step).undo_image : image_of(step));
        LiveStep& now = live(step);
        if (!seen.ok()) {
            now.seen = Where::unreadable;
            now.note = seen.error().text();
            continue;
        }
        now.seen = seen->where;
        now.differences = std::move(seen->differences);
        now.note = std::move(seen->note);
        // An undo image's before is the step's after.
        if (undoing && now.seen == Where::before)
            now.seen = Where::after;
        else if (undoing && now.seen == Where::after)
            now.seen = Where::before;
        // Where nothing can be seen, the journal's word stands: what was applied is applied.
        if (!seen->can_tell && row_of(phase) == Row::applied) now.seen = Where::after;
    }
    return {};
}

Status RunLoop::do_adopt(std::uint32_t step) {
    live(step).image = image_of(step);
    live(step).progress = Progress::intended;
    return {};
}

/// Done before the crash: what was seen is synced before it is recorded (invariant 8). Atomic kinds look again and name
/// their outputs; of others the outputs are what the world still shows.
Status RunLoop::do_adopt_done(std::uint32_t step) {
    LiveStep& now = live(step);
    now.image = image_of(step);
    if (shape_.step(step).effect != Effect::tearable) {
        now.progress = Progress::intended;  // acting looks first, finds it done, and returns outputs and what to sync
        return {};
    }
    auto owed = worker_.sync_of(planned(step), state_, now.image);
    auto outputs = worker_.outputs_of_kept(planned(step), state_);
    if (!owed.ok()) fail(step, owed.error());
    if (!owed.ok()) return {};
    if (!left_out("engine.sync_of_what_is_done")) now.sync = std::move(*owed);
    if (outputs.ok()) now.outputs = std::move(*outputs);
    if (now.outputs.is_null() && names_outputs_of(planned(step).id, member(planned(step).arguments, "undo")))
        tell("warning", step,
             {{"message", planned(step).id + " is done, but what it gave out isn't known, so it can't "
                                             "be taken back"}});
    now.progress = Progress::acted;
    return {};
}

/// Our own tear, or an undo that was begun, inside a run that goes forward: back to before first.
Status RunLoop::do_undo_first(std::uint32_t step) {
    BACKOUT_TRY_ASSIGN(const bool undone, take_back_now(step));
    if (!undone)
        return do_await_person(
            {CommandKind::await_person,
             {step},
             "step " + std::to_string(step) + " is torn and can't be taken back: " + live(step).note});
    forget_live(step);
    return commit({record(RecordType::step_reopened, step, Json::object())});
}

// ---- one window -----------------------------------------------------------------------------------------------------

Status RunLoop::do_stage(const Steps& steps) {
    for (std::uint32_t step : steps) {
        if (state_.step(step).phase != StepPhase::pending) {  // undone or resolved as undone: open again
            BACKOUT_TRY(commit({record(RecordType::step_reopened, step, Json::object())}));
        }
        auto staged = worker_.stage(planned(step), state_, state_.last_sequence + 1);
        if (!staged.ok()) {
            live(step).untouched = true;
            fail(step, std::move(staged).error().in("while making step " + std::to_string(step) + " (" +
                                                    planned(step).id + ") ready"));
            return {};
        }
        live(step).image = std::move(staged->image);
        live(step).sync = std::move(staged->sync);
        live(step).progress = Progress::staged;
        // What is left to others makes it a conflict, even where nothing is left to be done.
        if (shape_.is_rollback && staged->conflicts.empty()) BACKOUT_TRY(settle_if_already_back(step));
    }
    return {};
}

/// A rollback has no part in what is back already (a person did it): taking the rollback back in turn must not touch
/// that. What was seen is synced before it is recorded (invariant 8).
Status RunLoop::settle_if_already_back(std::uint32_t step) {
    LiveStep& now = live(step);
    auto seen = worker_.observe(planned(step), state_, now.image);
    if (!seen.ok() || !seen->can_tell || (seen->where != Where::after && seen->where != Where::both)) return {};
    auto owed = worker_.sync_of(planned(step), state_, now.image);
    if (!owed.ok()) return {};
    now.sync = std::move(*owed);
    const Status synced = left_out("engine.sync_of_what_is_back") ? Status{} : barrier({step});
    if (!synced.ok()) {
        now.untouched = true;
        fail(step, synced.error().in("while making durable what is back already"));
        return {};
    }
    ride(record(RecordType::step_settled, step, {{"state", "kept"}, {"reason", "it is as before already"}}));
    now.progress = Progress::recorded;
    return {};
}

Status RunLoop::do_secure(const Steps& steps) {
    const Status synced = left_out("engine.barrier_data") ? Status{} : barrier(steps);
    if (!synced.ok()) {
        for (std::uint32_t step : steps) live(step).untouched = true;
        fail(steps.front(), synced.error().in("while making staged content durable"));
        return {};
    }
    for (std::uint32_t step : steps) live(step).progress = Progress::secured;
    return {};
}

Status RunLoop::do_intend(const Steps& steps) {
    std::vector<Record> intents;
    for (std::uint32_t step : steps) {
        intents.push_back(
            record(RecordType::step_intended, step, {{"image", live(step).image}, {"expected", planned(step).after}}));
    }
    if (left_out("engine.intent_before_act")) BACKOUT_TRY(do_act(steps));
    BACKOUT_TRY(commit(std::move(intents)));
    for (std::uint32_t step : steps) live(step).progress = Progress::intended;
    return {};
}

Status RunLoop::do_act(const Steps& steps) {
    for (std::uint32_t step : steps) {
        act_on(step);
        if (live(step).failure) break;
        if (stop_at_once()) break;
    }
    return {};
}

void RunLoop::act_on(std::uint32_t step) {
    LiveStep& now = live(step);
    auto applied = worker_.apply(planned(step), state_, now.image);
    now.output = worker_.take_output();
    if (!applied.ok()) {
        now.definite = is_definite(applied.error());
        // A program that couldn't be started has done nothing; any other failure may have left a part.
        now.untouched = shape_.step(step).effect == Effect::tearable && applied.error().code == ErrorCode::not_found;
        return fail(step,
                    std::move(applied).error().in("in step " + std::to_string(step) + " (" + planned(step).id + ")"));
    }
    now.sync = std::move(applied->sync);
    now.outputs = std::move(applied->outputs);
    now.result = std::move(applied->result);
    now.conflicts = std::move(applied->conflicts);
    now.progress = Progress::acted;
    if (now.conflicts.empty()) return;
    now.untouched = applied->untouched;
    fail(step, {ErrorCode::conflict, "somebody else changed it meanwhile: " + first_difference(now.conflicts),
                now.conflicts.front().path});
}

Status RunLoop::do_sync(const Steps& steps) {
    const Status synced = left_out("engine.barrier_names") ? Status{} : barrier(steps);
    if (!synced.ok()) {
        fail(steps.front(), synced.error().in("while making the change durable"));
        return {};
    }
    for (std::uint32_t step : steps) live(step).progress = Progress::synced;
    return {};
}

Status RunLoop::do_verify(const Steps& steps) {
    for (std::uint32_t step : steps) {
        verify_step(step);
        if (live(step).failure) break;
    }
    return {};
}

void RunLoop::verify_step(std::uint32_t step) {
    LiveStep& now = live(step);
    auto seen = worker_.observe_applied(planned(step), state_, now.image);
    if (!seen.ok()) return fail(step, std::move(seen).error().in("while verifying step " + std::to_string(step)));
    now.verify = {{"as_planned", seen->can_tell ? Json(true) : Json(nullptr)},
                  {"note", text_or_null(seen->note)},
                  {"checks", planned(step).verify.size()}};
    if (seen->can_tell && seen->where != Where::after && seen->where != Where::both) {
        now.drift = true;
        now.differences = std::move(seen->differences);
        return fail(step, {ErrorCode::failed, "verification shows drift: " + first_difference(now.differences)});
    }
    Record given = record(RecordType::step_applied, step, {{"outputs", now.outputs}});
    worker_.mask().apply(given);
    state_.steps[step - 1].outputs = member(given.body, "outputs");  // its checks may ask for them
    auto failed = worker_.run_checks(planned(step).verify, state_);
    if (!failed.ok()) return fail(step, std::move(failed).error().in("while verifying step " + std::to_string(step)));
    if (!failed->empty()) {
        now.drift = true;
        return fail(step, {ErrorCode::failed, "verification failed: " + *failed});
    }
    now.progress = Progress::verified;
}

/// Outcomes of atomic steps ride with the next commit: in doubt, they are settled by looking. What can't be found out
/// by looking (commands, ids of remote things) is committed at once.
Status RunLoop::do_record_applied(const Steps& steps) {
    bool at_once = false;
    for (std::uint32_t step : steps) {
        LiveStep& now = live(step);
        for (Record& output : now.output) ride(record(RecordType::step_output, step, std::move(output.body)));
        now.output.clear();
        ride(record(RecordType::step_applied, step,
                    {{"outputs", now.outputs}, {"result", now.result}, {"verify", now.verify}}));
        now.progress = Progress::recorded;
        // The record rides, but the next window may use what it says: the very value that folding it will give.
        state_.steps[step - 1].outputs = member(live_.riding.back().body, "outputs");
        at_once = at_once || shape_.step(step).effect == Effect::tearable;
    }
    return at_once && !left_out("engine.outcome_at_once") ? commit({}) : Status{};
}

// ---- failures -------------------------------------------------------------------------------------------------------

Nanoseconds RunLoop::backoff_of(std::uint32_t step) const {
    const RetryPolicy& policy = planned(step).retry;
    Nanoseconds wait = policy.backoff;
    for (int i = 0; i < state_.step(step).attempts && wait < policy.longest; ++i) wait *= 2;
    return std::min(wait, policy.longest);
}

Status RunLoop::do_retry(std::uint32_t step) {
    const std::string why = live(step).failure->text();
    const bool own_word = live(step).definite && !shape_.step(step).undoable;
    const bool intended = live(step).progress >= Progress::intended;
    if (!intended) BACKOUT_TRY(drop_staged());
    BACKOUT_TRY(commit(failure_records(step, why)));
    if (intended && own_word) {
        // It failed by its own word and declares no undo; its author asked for another try.
        BACKOUT_TRY(
            commit({record(RecordType::step_undone, step, {{"how", "already"}, {"note", "failed by its own word"}})}));
    } else if (intended) {
        BACKOUT_TRY_ASSIGN(const bool undone, take_back_now(step));
        if (!undone) return do_begin_abort(why);
    }
    const Nanoseconds wait = backoff_of(step);
    const int attempt = state_.step(step).attempts + 1;
    BACKOUT_TRY(commit({record(RecordType::retry, step, {{"attempt", attempt}, {"error", why}, {"wait_ns", wait}})}));
    forget_live(step);
    parts_.clock.sleep(wait);
    return {};
}

std::vector<Record> RunLoop::failure_records(std::uint32_t step, const std::string& reason) {
    LiveStep& now = live(step);
    std::vector<Record> records;
    for (Record& output : now.output) records.push_back(record(RecordType::step_output, step, std::move(output.body)));
    now.output.clear();
    Json body = {{"error", reason}};
    if (now.drift || !now.conflicts.empty())
        body["drift"] = differences_to_json(now.drift ? now.differences : now.conflicts);
    if (now.drift && now.differences.empty()) body["drift"] = Json::array({{{"reason", reason}}});
    if (!now.outputs.is_null()) body["outputs"] = now.outputs;  // its undo may need them
    records.push_back(record(RecordType::step_failed, step, std::move(body)));
    return records;
}

/// The step failed for good. A run that takes another back goes on with the rest; any other turns back.
Status RunLoop::do_record_failure(const Command& command) {
    const std::uint32_t step = command.steps.front();
    std::vector<Record> records = failure_records(step, command.reason);
    const LiveStep now = live(step);
    const bool intended = now.progress >= Progress::intended || state_.step(step).phase != StepPhase::pending;
    // What was exchanged and given back must be durable before it is said that nothing was touched (invariant 8).
    const Status given_back = left_out("engine.sync_of_what_is_given_back") ? Status{} : barrier({step});
    if (intended && now.untouched && given_back.ok()) {
        records.push_back(record(RecordType::step_undone, step, {{"how", "already"}, {"note", "it touched nothing"}}));
    }
    if (shape_.is_rollback) {
        BACKOUT_TRY(commit(std::move(records)));
        live(step).gave_up = true;
        return {};
    }
    records.push_back(record(RecordType::run_aborting, 0, {{"reason", command.reason}, {"cause_step", step}}));
    BACKOUT_TRY(drop_staged());
    BACKOUT_TRY(commit(std::move(records)));
    forget_live();
    return {};
}

}  // namespace backout
