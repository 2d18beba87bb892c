#include "journal/run_state.h"

#include <initializer_list>

#include "base/bytes.h"

namespace backout {

namespace {

/// As many actions as a plan may have: a damaged step number must not allocate the machine's memory.
constexpr std::uint32_t kStepLimit = 2'000'000;

/// One record being applied. Every `on_…` first says from where its event may come, then what it means.
class Folding {
  public:
    Folding(RunState& state, const Record& record) : state_(state), record_(record) {}

    Status apply();

  private:
    using Phase = StepPhase;

    StepState& step() { return state_.step(record_.step); }
    std::string text(const char* key) const { return string_member(record_.body, key); }

    Error impossible(const std::string& why) const;
    Status from(std::initializer_list<Phase> phases) const;
    Status going(Direction direction) const;
    Status check_place();
    Status apply_to_run();
    Status apply_to_step();
    bool any_in_doubt() const;
    void set_direction(Direction direction);

    Status on_run_started();
    Status on_run_resumed();
    Status on_run_aborting();
    Status on_run_forwarding();
    Status on_run_finished();

    Status on_step_settled();
    Status on_step_intended();
    Status on_step_applied();
    Status on_step_failed();
    Status on_undo_intended();
    Status on_step_undone();
    Status on_step_conflict();
    Status on_step_resolved();
    Status on_retry();
    Status on_step_reopened();
    Status on_step_residue();
    Status on_undo_failed();

    RunState& state_;
    const Record& record_;
};

Error Folding::impossible(const std::string& why) const {
    std::string message = std::string(to_string(record_.type)) + " (record " + std::to_string(record_.sequence);
    if (record_.step != 0) message += ", step " + std::to_string(record_.step);
    return {ErrorCode::journal, message + ") can't be: " + why};
}

Status Folding::from(std::initializer_list<Phase> phases) const {
    const Phase now = state_.steps[record_.step - 1].phase;
    for (const Phase phase : phases) {
        if (phase == now) return {};
    }
    return impossible(std::string("the step is ") + to_string(now));
}

Status Folding::going(Direction direction) const {
    if (state_.direction == direction) return {};
    return impossible(std::string("the run is going ") + to_string(state_.direction));
}

bool is_run_record(RecordType type) {
    switch (type) {
        case RecordType::run_started:
        case RecordType::run_resumed:
        case RecordType::run_aborting:
        case RecordType::run_forwarding:
        case RecordType::run_verified:
        case RecordType::run_awaits:
        case RecordType::run_finished: return true;
        default: return false;
    }
}

/// What holds for every record: dense sequence (invariant 4), run_started first and only first, nothing but a person's
/// word after run_finished (invariant 7), a step where one belongs.
Status Folding::check_place() {
    if (record_.sequence != state_.last_sequence + 1) {
        return impossible("the record before is " + std::to_string(state_.last_sequence));
    }
    if ((record_.type == RecordType::run_started) != (record_.sequence == 1)) {
        return impossible("run_started is the first record of a run, and no other");
    }
    if (state_.finished && record_.type != RecordType::step_resolved) return impossible("the run is finished");
    if (is_run_record(record_.type)) {
        return record_.step == 0 ? Status{} : impossible("it is about the run as a whole, not about a step");
    }
    // Output may belong to the run as a whole: to a command of the final verification.
    if (record_.step == 0) {
        return record_.type == RecordType::step_output ? Status{} : impossible("it names no step");
    }
    if (record_.step > kStepLimit) return impossible("a plan has at most 2,000,000 steps");
    if (record_.step > state_.steps.size()) state_.steps.resize(record_.step);
    return {};
}

Status Folding::apply() {
    BACKOUT_TRY(check_place());
    BACKOUT_TRY(is_run_record(record_.type) ? apply_to_run() : apply_to_step());
    state_.last_sequence = record_.sequence;
    return {};
}

Status Folding::apply_to_run() {
    switch (record_.type) {
        case RecordType::run_started: return on_run_started();
        case RecordType::run_resumed: return on_run_resumed();
        case RecordType::run_aborting: return on_run_aborting();
        case RecordType::run_forwarding: return on_run_forwarding();
        case RecordType::run_finished: return on_run_finished();
        case RecordType::run_verified: state_.verified = member(record_.body, "drift").empty(); return {};
        case RecordType::run_awaits:
            state_.awaits = text("reason").empty() ? "a person" : text("reason");
            state_.phase = RunPhase::interrupted;
            return {};
        default: return impossible("it is no record of a run");
    }
}

Status Folding::apply_to_step() {
    switch (record_.type) {
        case RecordType::step_settled: return on_step_settled();
        case RecordType::step_intended: return on_step_intended();
        case RecordType::step_applied: return on_step_applied();
        case RecordType::step_failed: return on_step_failed();
        case RecordType::undo_intended: return on_undo_intended();
        case RecordType::step_undone: return on_step_undone();
        case RecordType::step_conflict: return on_step_conflict();
        case RecordType::step_resolved: return on_step_resolved();
        case RecordType::retry: return on_retry();
        case RecordType::step_output: return {};
        case RecordType::step_reopened: return on_step_reopened();
        case RecordType::step_residue: return on_step_residue();
        case RecordType::undo_failed: return on_undo_failed();
        default: return impossible("its type is unknown");
    }
}

void Folding::set_direction(Direction direction) {
    state_.direction = direction;
    state_.phase = direction == Direction::forward ? RunPhase::running : RunPhase::rolling_back;
    state_.awaits.clear();
}

Status Folding::on_run_started() {
    state_.started = record_.time;
    set_direction(Direction::forward);
    return {};
}

Status Folding::on_run_resumed() {
    ++state_.recoveries;
    set_direction(state_.direction);
    return {};
}

Status Folding::on_run_aborting() {
    BACKOUT_TRY(going(Direction::forward));
    set_direction(Direction::back);
    state_.abort_reason = text("reason");
    const auto cause = int_member(record_.body, "cause_step", 0);
    state_.abort_cause_step = cause > 0 && cause <= kStepLimit ? static_cast<std::uint32_t>(cause) : 0;
    return {};
}

Status Folding::on_run_forwarding() {
    BACKOUT_TRY(going(Direction::back));
    set_direction(Direction::forward);
    state_.abort_reason.clear();
    state_.abort_cause_step = 0;
    return {};
}

bool Folding::any_in_doubt() const {
    for (const auto& step : state_.steps) {
        if (step.phase == Phase::in_doubt || step.phase == Phase::failed_in_doubt ||
            step.phase == Phase::undo_in_doubt) {
            return true;
        }
    }
    return false;
}

Status Folding::on_run_finished() {
    const auto phase = run_phase_from(text("state"));
    if (!phase.ok() || *phase == RunPhase::running || *phase == RunPhase::interrupted ||
        *phase == RunPhase::rolling_back) {
        return impossible("'" + printable(text("state")) + "' is no state of a finished run");
    }
    if (*phase != RunPhase::rollback_incomplete && any_in_doubt()) {
        return impossible("a step is still in doubt");
    }
    state_.phase = *phase;
    state_.finished = true;
    state_.awaits.clear();
    state_.exit_status = static_cast<int>(int_member(record_.body, "exit", 0));
    state_.residue = member(record_.body, "residue");
    state_.ended = record_.time;
    return {};
}

Status Folding::on_step_settled() {
    BACKOUT_TRY(from({Phase::pending, Phase::settled}));
    step().phase = Phase::settled;
    step().settled_as = text("state");
    step().reason = text("reason");
    step().finished = record_.time;
    return {};
}

Status Folding::on_step_intended() {
    BACKOUT_TRY(going(Direction::forward));
    BACKOUT_TRY(from({Phase::pending}));
    StepState& now = step();
    now.phase = Phase::in_doubt;
    now.image = member(record_.body, "image");
    now.expected = member(record_.body, "expected");
    now.undo_image = nullptr;
    now.outputs = nullptr;  // an earlier attempt's name what that one made
    now.failed = false;
    now.drifted = false;
    now.error.clear();
    now.intent_sequence = record_.sequence;
    now.started = record_.time;
    now.finished = 0;
    return {};
}

/// Also from undo_in_doubt: going forward again, a look may show that the undo never began; and in either direction,
/// for outcomes ride behind, past run_aborting too.
Status Folding::on_step_applied() {
    BACKOUT_TRY(from({Phase::in_doubt, Phase::failed_in_doubt, Phase::undo_in_doubt}));
    StepState& now = step();
    now.phase = Phase::applied;
    now.outputs = member(record_.body, "outputs");
    now.verify = member(record_.body, "verify");
    now.left = member(member(record_.body, "result"), "left");
    now.failed = false;
    now.drifted = false;
    now.error.clear();
    now.finished = record_.time;
    return {};
}

/// Only an intent without outcome becomes doubtful. A step that was applied stays applied when it drifts later, for
/// what is found then is somebody else's; a pending or kept one that fails has had no effect of its own.
Status Folding::on_step_failed() {
    BACKOUT_TRY(from({Phase::pending, Phase::settled, Phase::in_doubt, Phase::failed_in_doubt, Phase::applied}));
    StepState& now = step();
    if (now.phase == Phase::in_doubt) now.phase = Phase::failed_in_doubt;
    now.failed = true;
    now.drifted = !member(record_.body, "drift").empty();
    now.error = text("error");
    if (record_.body.contains("verify")) now.verify = member(record_.body, "verify");
    if (record_.body.contains("outputs")) now.outputs = member(record_.body, "outputs");
    now.finished = record_.time;
    if (now.started == 0) now.started = record_.time;
    return {};
}

/// From conflict too: a person may have the foreign thing overwritten, or it has gone.
Status Folding::on_undo_intended() {
    BACKOUT_TRY(from({Phase::in_doubt, Phase::failed_in_doubt, Phase::applied, Phase::undo_in_doubt, Phase::conflict,
                      Phase::residue, Phase::resolved_done}));
    step().phase = Phase::undo_in_doubt;
    step().undo_image = member(record_.body, "image");
    return {};
}

/// `failed` and `error` stay: the report says why it was taken back. Without an intent only what needed nothing done
/// can be undone (invariant 5).
Status Folding::on_step_undone() {
    BACKOUT_TRY(from({Phase::in_doubt, Phase::failed_in_doubt, Phase::applied, Phase::undo_in_doubt, Phase::conflict,
                      Phase::residue, Phase::resolved_done}));
    if (text("how") != "already") {
        BACKOUT_TRY(from({Phase::undo_in_doubt}));
    }
    step().phase = Phase::undone;
    if (record_.body.contains("outputs")) step().outputs = member(record_.body, "outputs");
    step().left = member(record_.body, "left");
    step().conflicts = nullptr;
    step().finished = record_.time;
    return {};
}

Status Folding::on_step_conflict() {
    BACKOUT_TRY(from({Phase::pending, Phase::settled, Phase::in_doubt, Phase::failed_in_doubt, Phase::applied,
                      Phase::undo_in_doubt, Phase::conflict}));
    step().phase = Phase::conflict;
    step().conflicts = member(record_.body, "conflicts");
    step().finished = record_.time;
    return {};
}

Status Folding::on_step_resolved() {
    const std::string as = text("as");
    StepState& now = step();
    if (as == "done") {
        now.phase = Phase::resolved_done;
    } else if (as == "undone") {
        now.phase = Phase::resolved_undone;
    } else if (as == "skipped") {
        now.phase = Phase::resolved_skipped;
    } else {
        return impossible("'" + printable(as) + "' is none of done, undone, skipped");
    }
    now.reason = text("reason");
    now.finished = record_.time;
    return {};
}

/// The attempt before was taken back by a recorded undo, or failed before its intent. From doubt there is no retry.
Status Folding::on_retry() {
    BACKOUT_TRY(going(Direction::forward));
    BACKOUT_TRY(from({Phase::undone, Phase::pending}));
    StepState& now = step();
    if (now.phase == Phase::pending && !now.failed) return impossible("no attempt has failed");
    now.phase = Phase::pending;
    now.failed = false;
    now.drifted = false;
    now.error.clear();
    ++now.attempts;
    return {};
}

Status Folding::on_step_reopened() {
    BACKOUT_TRY(going(Direction::forward));
    BACKOUT_TRY(
        from({Phase::undone, Phase::settled, Phase::conflict, Phase::resolved_undone, Phase::resolved_skipped}));
    StepState fresh;
    fresh.attempts = step().attempts;
    fresh.started = step().started;
    step() = fresh;
    return {};
}

Status Folding::on_step_residue() {
    BACKOUT_TRY(from({Phase::in_doubt, Phase::failed_in_doubt, Phase::applied, Phase::undo_in_doubt, Phase::residue,
                      Phase::resolved_done}));
    step().phase = Phase::residue;
    step().reason = text("reason");
    step().finished = record_.time;
    return {};
}

Status Folding::on_undo_failed() {
    BACKOUT_TRY(from({Phase::in_doubt, Phase::failed_in_doubt, Phase::applied, Phase::undo_in_doubt, Phase::conflict,
                      Phase::resolved_done}));
    step().error = text("error");
    return {};
}

}  // namespace

const StepState& RunState::step(std::uint32_t number) const {
    BACKOUT_ASSERT(number >= 1 && number <= steps.size());
    return steps[number - 1];
}

StepState& RunState::step(std::uint32_t number) {
    BACKOUT_ASSERT(number >= 1 && number <= steps.size());
    return steps[number - 1];
}

Status fold_into(RunState& state, const Record& record) {
    return Folding(state, record).apply();
}

Result<RunState> fold(const std::vector<Record>& records, std::uint32_t step_count) {
    RunState state;
    state.steps.resize(step_count);
    for (const auto& record : records) {
        BACKOUT_TRY(fold_into(state, record));
        if (step_count != 0 && state.steps.size() > step_count) {
            return Error{ErrorCode::journal, "record " + std::to_string(record.sequence) + " is about step " +
                                                 std::to_string(record.step) + " of a plan with " +
                                                 std::to_string(step_count)};
        }
    }
    return state;
}

}  // namespace backout
