// The ends of a run: the last verification, and the ways in which it stops. See run_loop.h.

#include "engine/run_loop.h"

#include <algorithm>

#include "base/mutation.h"
#include "plan/resource_index.h"

namespace backout {

// ---- the last look --------------------------------------------------------------------------------------------------

Status RunLoop::do_check_end() {
    tell("verifying", 0, Json::object());
    for (const PlannedStep& step : plan_.steps) check_step_at_end(step.step);
    if (live_.final_failure.empty()) {
        auto failed = worker_.run_checks(plan_.verify, state_);
        if (!failed.ok())
            live_.final_failure = failed.error().text();
        else if (!failed->empty())
            live_.final_failure = "verification of the whole plan failed: " + *failed;
    }
    live_.checked_at_end = true;
    return {};
}

void RunLoop::check_step_at_end(std::uint32_t step) {
    const PlannedStep& plan = planned(step);
    const bool applied = state_.step(step).phase == StepPhase::applied || live(step).progress == Progress::recorded;
    if (plan.operation == "keep") {
        auto differences = worker_.verify_kept(plan, state_);
        if (!differences.ok())
            live_.final_failure = differences.error().text();
        else if (!differences->empty())
            note_drift(step, std::move(*differences));
        return;
    }
    if (!plan.changes() || !applied || state_.step(step).phase == StepPhase::conflict) return;
    const Json& image = live(step).image.is_null() ? image_of(step) : live(step).image;
    auto seen = worker_.observe_at_end(plan, state_, image);
    if (!seen.ok())
        live_.final_failure = seen.error().text();
    else if (seen->can_tell && seen->where != Where::after && seen->where != Where::both)
        note_drift(step, std::move(seen->differences));
}

void RunLoop::note_drift(std::uint32_t step, std::vector<Difference> differences) {
    live(step).differences = differences;
    if (live_.final_failure.empty()) {
        live_.final_failure = "drift: step " + std::to_string(step) + " (" + planned(step).id + ")";
        if (!differences.empty())
            live_.final_failure += ": " + differences.front().path + ": " + differences.front().attribute + " is " +
                                   differences.front().found + ", expected " + differences.front().expected;
    }
    for (Difference& one : differences) live_.final_drift.push_back(std::move(one));
}

// ---- stopping -------------------------------------------------------------------------------------------------------

Status RunLoop::do_await_person(const Command& command) {
    Json body = {{"reason", command.reason}, {"step", command.steps.empty() ? 0 : command.steps.front()}};
    if (!command.steps.empty()) {
        const LiveStep& now = live(command.steps.front());
        if (!now.note.empty()) body["note"] = now.note;
        if (now.failure) body["error"] = now.failure->text();
    }
    BACKOUT_TRY(drop_staged());
    BACKOUT_TRY(commit({record(RecordType::run_awaits, 0, std::move(body))}));
    stopped_ = true;
    return {};
}

/// A signal: nothing but what rides is written, so that stopping is quick; every doubt is left to `resume`.
Status RunLoop::do_stop_resumable(const std::string& reason) {
    if (options_.stop != nullptr) stop_signal_ = options_.stop->signal();
    BACKOUT_TRY(drop_staged());
    BACKOUT_TRY(commit({record(RecordType::run_awaits, 0, {{"reason", reason}, {"signal", stop_signal_}})}));
    stopped_ = true;
    ended_by_signal_ = stop_signal_;
    return {};
}

// ---- the end --------------------------------------------------------------------------------------------------------

/// Everything is as before: images of this run are needed by nobody. A crash in between is harmless: they aren't needed
/// by the recovery either.
Status RunLoop::do_release_images() {
    for (const PlannedStep& step : plan_.steps) {
        // A run that takes another back shares its slots: they stay until that one is pruned.
        if (shape_.is_rollback) break;
        for (const Json* image : {&state_.step(step.step).image, &state_.step(step.step).undo_image}) {
            const Status released = worker_.release(step, state_, *image);
            if (!released.ok()) tell("warning", step.step, {{"message", released.error().text()}});
        }
    }
    live_.images_released = true;
    return {};
}

namespace {

struct Ending {
    RunPhase phase = RunPhase::committed;
    int exit_status = 0;
    Json residue = Json::array();
    bool taken_back = false;  ///< a rollback did all that can be done: at most what is irreversible is left
};

bool left_behind(const StepState& step) {
    return step.phase == StepPhase::conflict || step.phase == StepPhase::residue ||
           step.phase == StepPhase::resolved_skipped || may_have_effect(step.phase);
}

/// Of a run that takes another back. Where a person says that it is done, it doesn't matter how it failed before.
bool not_taken_back(const StepState& step) {
    return step.phase == StepPhase::conflict || step.phase == StepPhase::resolved_skipped ||
           (step.failed && step.phase != StepPhase::resolved_done);
}

Ending ending_of(const RunState& state, const Plan& plan, const Live& live) {
    Ending ending;
    const bool is_rollback = !plan.undoes.empty();
    ending.taken_back = is_rollback && state.direction == Direction::forward && live.final_failure.empty();
    for (const PlannedStep& step : plan.steps) {
        const StepState& now = state.step(step.step);
        const bool back = state.direction == Direction::back;
        const bool planned_residue = is_rollback && bool_member(step.details, "residue", false);
        const bool left_out = step.operation == "skip" && !planned_residue;  // --skip
        const bool left = back ? left_behind(now) : is_rollback && (left_out || not_taken_back(now));
        ending.taken_back = ending.taken_back && !left;
        if (left || planned_residue)
            ending.residue.push_back(
                {{"step", step.step}, {"id", step.id}, {"phase", to_string(now.phase)}, {"target", step.target}});
    }
    const bool clean = ending.residue.empty() && (state.direction == Direction::back || live.final_failure.empty());
    if (state.direction == Direction::back)
        ending.phase = clean ? RunPhase::rolled_back : RunPhase::rollback_incomplete;
    else
        ending.phase = clean ? RunPhase::committed : RunPhase::rollback_incomplete;
    ending.exit_status = !clean ? 3 : state.direction == Direction::back ? 1 : 0;
    return ending;
}

}  // namespace

/// The run that was taken back is shown so; taking back a rollback clears what that one had marked, and so on down the
/// chain: what the redo of a rollback had brought back is gone again. Before run_finished: a crash in between is healed
/// by doing it again.
Status RunLoop::mark_targets() {
    BACKOUT_TRY_ASSIGN(const RunSummary target, parts_.journal.find_run(plan_.undoes));
    BACKOUT_TRY(parts_.journal.mark_undone(target.number, run_.run));
    std::string undoes = target.undoes;
    std::string by = target.run;
    bool stands_again = true;
    bool by_was_complete = true;
    while (!undoes.empty()) {
        BACKOUT_TRY_ASSIGN(const RunSummary next, parts_.journal.find_run(undoes));
        if (next.number >= run_.number) break;  // a journal that says so is wrong: the walk has an end all the same
        if (!stands_again && !by_was_complete) break;  // it had never been marked
        BACKOUT_TRY(parts_.journal.mark_undone(next.number, stands_again ? "" : by));
        stands_again = !stands_again;
        by_was_complete = next.exit_status == 0;
        by = next.run;
        undoes = next.undoes;
    }
    return {};
}

/// Steps that were to be kept as they were before the run. One that was to keep what an earlier step of the run makes
/// is none: that has gone back.
RunLoop::Steps RunLoop::kept_from_the_start() const {
    Steps kept;
    ResourceIndex changed;
    for (const PlannedStep& step : plan_.steps) {
        const StepPhase phase = state_.step(step.step).phase;
        const bool untold = phase == StepPhase::pending || phase == StepPhase::settled;
        const bool stands_on_changed = std::any_of(step.resources.begin(), step.resources.end(),
                                                   [&](const Resource& one) { return changed.overlaps_any(one); });
        if (step.operation == "keep" && untold && !stands_on_changed) kept.push_back(step.step);
        if (!step.changes()) continue;
        for (const Resource& resource : step.resources) changed.add(resource, step.step);
    }
    return kept;
}

/// A run that went back says that everything is as it was: what it was to keep, too. Compared after all was undone, for
/// an own step may have changed it and been taken back. What can't be compared for want of a secret is told, no more.
Status RunLoop::look_at_kept() {
    std::vector<Record> records;
    for (const std::uint32_t step : kept_from_the_start()) {
        auto differences = worker_.verify_kept(planned(step), state_);
        Json body = {{"reason", "a kept thing changed"}};
        if (!differences.ok()) {
            const Error& error = differences.error();
            if (error.code == ErrorCode::canceled) return do_stop_resumable("stopped at once");
            if (error.code == ErrorCode::invalid) {
                tell("warning", step, {{"message", "what was to be kept can't be compared: " + error.text()}});
                continue;
            }
            body = {{"reason", "a kept thing can't be looked at"}};
            differences = std::vector<Difference>{{planned(step).target, "state", "as planned", error.text()}};
        }
        if (differences->empty()) continue;
        body["conflicts"] = Json::array();
        for (const Difference& one : *differences) body["conflicts"].push_back(difference_to_json(one));
        records.push_back(record(RecordType::step_conflict, step, std::move(body)));
    }
    return commit(std::move(records));
}

Status RunLoop::do_finish() {
    if (state_.direction == Direction::back && !shape_.is_rollback) BACKOUT_TRY(look_at_kept());
    if (stopped_) return {};
    // What rides may be the outcome of a step that had failed before, and went back at another try.
    if (shape_.is_rollback && !left_out("engine.outcomes_before_mark")) BACKOUT_TRY(commit({}));
    const Ending ending = ending_of(state_, plan_, live_);
    std::vector<Record> records;
    if (live_.checked_at_end) {
        Json drift = Json::array();
        for (const Difference& one : live_.final_drift) drift.push_back(difference_to_json(one));
        records.push_back(record(RecordType::run_verified, 0,
                                 {{"drift", std::move(drift)}, {"failure", text_or_null(live_.final_failure)}}));
    }
    // The outcomes are durable by now: the mark must not be before what it stands for.
    if (ending.taken_back) BACKOUT_TRY(mark_targets());
    records.push_back(
        record(RecordType::run_finished, 0,
               {{"state", to_string(ending.phase)}, {"exit", ending.exit_status}, {"residue", ending.residue}}));
    return commit(std::move(records));
}

RunOutcome RunLoop::outcome() const {
    RunOutcome outcome{run_, state_, state_.exit_status};
    if (!state_.finished) outcome.exit_status = ended_by_signal_ != 0 ? 128 + ended_by_signal_ : 3;
    return outcome;
}

}  // namespace backout
