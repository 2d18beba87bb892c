#include "engine/run_loop.h"

#include "base/assert.h"
#include "plan/groups.h"

namespace backout {

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

RunLoop::RunLoop(const EngineParts& parts, const Plan& plan, const RunOptions& options, RunSummary run, RunState state)
    : parts_(parts),
      plan_(plan),
      options_(options),
      run_(std::move(run)),
      state_(std::move(state)),
      shape_(shape_of(plan, options.on_drift.value_or(plan.on_drift), options.window_limit)),
      worker_(parts_, plan_, options_, run_),
      left_out_(with_groups(plan, options.skip)) {
    state_.steps.resize(plan_.steps.size());
    forget_live();
}

/// As after a crash: what isn't in the records is found out by looking.
void RunLoop::forget_live() {
    std::vector<Record> riding = std::move(live_.riding);
    live_ = Live{};
    live_.riding = std::move(riding);
    live_.steps.resize(plan_.steps.size());
    for (const PlannedStep& step : plan_.steps) forget_live(step.step);
}

void RunLoop::forget_live(std::uint32_t step) {
    live(step) = LiveStep{};
    live(step).left_out = left_out_.count(planned(step).id) != 0;
    live(step).overwrite = options_.overwrite_conflicts.count(planned(step).id) != 0;
}

Result<RunOutcome> RunLoop::run() {
    if (shape_.is_rollback) BACKOUT_TRY(worker_.load_origins());
    while (!state_.finished && !stopped_) {
        notice_stop();
        if (stop_at_once()) {
            BACKOUT_TRY(do_stop_resumable("stopped at once"));
            break;
        }
        BACKOUT_TRY(perform(decide(shape_, state_, live_)));
    }
    // The journal has brought the run's line of history up to its last record.
    BACKOUT_TRY_ASSIGN(const std::optional<RunSummary> now, parts_.journal.run(run_.number));
    if (now) run_ = *now;
    return outcome();
}

bool RunLoop::stop_at_once() const {
    return options_.stop != nullptr && options_.stop->level() == StopLevel::at_once;
}

/// The first signal ends the run at the next safe point; a rollback under way goes on, unless stopping was asked for.
void RunLoop::notice_stop() {
    if (options_.stop == nullptr || options_.stop->level() == StopLevel::none || live_.stop_asked) return;
    stop_signal_ = options_.stop->signal();
    if (state_.direction == Direction::back && options_.on_signal == OnSignal::rollback) return;
    live_.stop_asked = true;
    live_.abort_asked = options_.on_signal == OnSignal::rollback;
    tell("stop_requested", 0,
         {{"signal", stop_signal_}, {"then", live_.abort_asked ? "roll back" : "stop, resumable"}});
}

Record RunLoop::record(RecordType type, std::uint32_t step, Json body) const {
    return {type, step, std::move(body), 0, parts_.clock.now()};
}

void RunLoop::ride(Record record) {
    worker_.mask().apply(record);
    live_.riding.push_back(std::move(record));
}

Status RunLoop::commit(std::vector<Record> records) {
    for (Record& one : records) worker_.mask().apply(one);
    std::vector<Record> all = std::move(live_.riding);
    live_.riding.clear();
    all.insert(all.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    if (all.empty()) return {};
    BACKOUT_TRY(parts_.journal.append(run_.number, all));
    for (const Record& one : all) {
        BACKOUT_TRY(fold_into(state_, one));
        tell(one);
    }
    return {};
}

namespace {

void name_step(const PlannedStep& step, Json& data) {
    data["operation"] = step.operation;
    data["kind"] = step.kind;
    data["target"] = step.target;
}

}  // namespace

void RunLoop::tell(const std::string& type, std::uint32_t step, Json data) {
    if (step != 0) name_step(planned(step), data);
    parts_.events.on_event(
        {type, 0, parts_.clock.now(), run_.run, step, step == 0 ? "" : planned(step).id, std::move(data)});
}

namespace {

/// What an event says of a record: everything but images, which are nobody's business.
Json shown_body(const Record& record) {
    Json data = record.body.is_object() ? record.body : Json::object();
    data.erase("image");
    data.erase("expected");
    return data;
}

const char* event_type(const Record& record) {
    switch (record.type) {
        case RecordType::step_settled: {
            const std::string as = string_member(record.body, "state");
            return as == "kept" ? "step_kept" : as == "blocked" ? "step_blocked" : "step_skipped";
        }
        case RecordType::step_intended: return "step_started";
        case RecordType::step_applied: return "step_done";
        case RecordType::undo_intended: return "undo_started";
        case RecordType::retry: return "step_retry";
        case RecordType::run_verified: return member(record.body, "drift").empty() ? "run_verified" : "run_drifted";
        default: return to_string(record.type);
    }
}

}  // namespace

void RunLoop::tell(const Record& record) {
    if (record.type == RecordType::step_output) return;  // told while it came
    Json data = shown_body(record);
    if (record.step != 0) name_step(planned(record.step), data);
    parts_.events.on_event({event_type(record), record.sequence, record.time, run_.run, record.step,
                            record.step == 0 ? "" : planned(record.step).id, std::move(data)});
}

void RunLoop::fail(std::uint32_t step, Error error) {
    LiveStep& now = live(step);
    if (!now.failure) now.failure = std::move(error);
}

/// One batch for all of `steps`: what they owe becomes durable together. An error leaves everything in doubt.
Status RunLoop::barrier(const Steps& steps) {
    std::vector<SyncRequest> requests;
    for (std::uint32_t step : steps) {
        auto& owed = live(step).sync;
        requests.insert(requests.end(), std::make_move_iterator(owed.begin()), std::make_move_iterator(owed.end()));
        owed.clear();
    }
    if (requests.empty()) return {};
    return parts_.host.sync(requests);
}

Status RunLoop::perform(const Command& command) {
    const Steps& steps = command.steps;
    switch (command.kind) {
        case CommandKind::settle: return do_settle(steps);
        case CommandKind::observe: return do_observe(steps);
        case CommandKind::adopt: return do_adopt(steps.front());
        case CommandKind::adopt_done: return do_adopt_done(steps.front());
        case CommandKind::undo_first: return do_undo_first(steps.front());
        case CommandKind::stage: return do_stage(steps);
        case CommandKind::secure:
        case CommandKind::secure_undo: return do_secure(steps);
        case CommandKind::intend: return do_intend(steps);
        case CommandKind::act: return do_act(steps);
        case CommandKind::sync: return do_sync(steps);
        case CommandKind::verify: return do_verify(steps);
        case CommandKind::record_applied: return do_record_applied(steps);
        case CommandKind::retry: return do_retry(steps.front());
        case CommandKind::record_failure: return do_record_failure(command);
        case CommandKind::record_conflict: return do_record_conflict(command);
        case CommandKind::record_residue: return do_record_residue(command);
        case CommandKind::look_ahead: return do_look_ahead(steps);
        case CommandKind::prepare_undo: return do_prepare_undo(steps);
        case CommandKind::intend_undo: return do_intend_undo(steps);
        case CommandKind::act_undo: return do_act_undo(steps);
        case CommandKind::sync_undo: return do_sync_undo(steps);
        case CommandKind::record_undone: return do_record_undone(steps);
        case CommandKind::begin_abort: return do_begin_abort(command.reason);
        case CommandKind::turn_forward: return do_turn_forward();
        case CommandKind::check_end: return do_check_end();
        case CommandKind::release_images: return do_release_images();
        case CommandKind::try_again: return do_try_again(steps);
        case CommandKind::await_person: return do_await_person(command);
        case CommandKind::stop_resumable: return do_stop_resumable(command.reason);
        case CommandKind::finish: return do_finish();
    }
    BACKOUT_ASSERT(false && "every action has its arm");
}

}  // namespace backout
