#pragma once
// One run at work: asks `decide` what to do, does it, and commits what must be durable before the next line. A live
// run, a recovery and a rollback enter here alike. Each `do_…` is one action of decide.h; run_forward.cpp holds those
// that go forward, run_back.cpp those that go back, run_end.cpp the ends. After an error from the journal nothing more
// is done (invariant 10).

#include <set>
#include <string>
#include <vector>

#include "engine/decide.h"
#include "engine/engine.h"
#include "engine/step_worker.h"

namespace backout {

/// In records and events nothing is `null`, never an empty text.
Json text_or_null(const std::string& text);

class RunLoop {
  public:
    RunLoop(const EngineParts& parts, const Plan& plan, const RunOptions& options, RunSummary run, RunState state);

    /// To the end of the run, or until a person or a signal stops it. Errors: `journal`.
    Result<RunOutcome> run();
    /// Before `run`: one more recovery; `direction` unset keeps the run's own.
    Status resume(std::optional<Direction> direction);

  private:
    using Steps = std::vector<std::uint32_t>;

    const PlannedStep& planned(std::uint32_t step) const { return plan_.steps.at(step - 1); }
    LiveStep& live(std::uint32_t step) { return live_.step(step); }
    const Json& image_of(std::uint32_t step) const { return state_.step(step).image; }
    void forget_live();
    void forget_live(std::uint32_t step);
    void notice_stop();
    bool stop_at_once() const;

    /// Commits what rides and `records`, folds them, and tells the world. **Durable** when it returns.
    Status commit(std::vector<Record> records);
    /// With the next commit: masked at once, so that what is folded later is what is used now.
    void ride(Record record);
    Record record(RecordType type, std::uint32_t step, Json body) const;
    void tell(const Record& record);
    void tell(const std::string& type, std::uint32_t step, Json data);
    void fail(std::uint32_t step, Error error);
    Status barrier(const Steps& steps);
    Status perform(const Command& command);

    // run_forward.cpp
    Status do_settle(const Steps& steps);
    Record settled_record(std::uint32_t step);
    Status do_observe(const Steps& steps);
    Status do_look_ahead(const Steps& steps);
    Status do_adopt(std::uint32_t step);
    Status do_adopt_done(std::uint32_t step);
    Status do_stage(const Steps& steps);
    Status settle_if_already_back(std::uint32_t step);
    Status do_secure(const Steps& steps);
    Status do_intend(const Steps& steps);
    Status do_act(const Steps& steps);
    void act_on(std::uint32_t step);
    Status do_sync(const Steps& steps);
    Status do_verify(const Steps& steps);
    void verify_step(std::uint32_t step);
    Status do_record_applied(const Steps& steps);
    Status do_retry(std::uint32_t step);
    Status do_undo_first(std::uint32_t step);
    Status do_record_failure(const Command& command);
    std::vector<Record> failure_records(std::uint32_t step, const std::string& reason);
    Nanoseconds backoff_of(std::uint32_t step) const;

    // run_back.cpp
    Status do_prepare_undo(const Steps& steps);
    Status do_intend_undo(const Steps& steps);
    Status do_act_undo(const Steps& steps);
    Status do_sync_undo(const Steps& steps);
    Status do_record_undone(const Steps& steps);
    void owe_what_was_seen(std::uint32_t step);
    Status do_record_conflict(const Command& command);
    Status do_record_residue(const Command& command);
    Status do_begin_abort(const std::string& reason);
    Status do_turn_forward();
    Status undo_gave_up(std::uint32_t step, const Error& error);
    /// Takes one step back at once, inside a run that goes forward. True: it is undone; false: it can't be (recorded
    /// why).
    Result<bool> take_back_now(std::uint32_t step);
    const Json& undo_image_of(std::uint32_t step) const;
    Status drop_staged();
    void drop_staged(std::uint32_t step);

    // run_end.cpp
    Status do_check_end();
    void check_step_at_end(std::uint32_t step);
    void note_drift(std::uint32_t step, std::vector<Difference> differences);
    Status do_release_images();
    Status do_try_again(const Steps& steps);
    Status do_await_person(const Command& command);
    Status do_stop_resumable(const std::string& reason);
    Steps kept_from_the_start() const;
    Status look_at_kept();
    Status do_finish();
    Status mark_targets();
    RunOutcome outcome() const;

    EngineParts parts_;
    const Plan& plan_;
    const RunOptions& options_;
    RunSummary run_;
    RunState state_;
    PlanShape shape_;
    StepWorker worker_;
    std::set<std::string> left_out_;  ///< ids: what a person wants left as it is, groups whole
    Live live_;
    bool stopped_ = false;
    int stop_signal_ = 0;      ///< the signal that asked the run to stop
    int ended_by_signal_ = 0;  ///< the same, once the run has stopped for it, resumable
};

}  // namespace backout
