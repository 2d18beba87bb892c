#pragma once
// The session on this machine: journal and images in a state directory, the world through a Host. Reading calls open
// the journal, read and close it again, because a process may have one environment of it open at a time; calls that
// change hold a Workplace: lease first, then journal. A run is looked at and taken back in the root that it was made
// in.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "session/session.h"

namespace backout {

class NoEvents final : public EventSink {
  public:
    void on_event(const Event&) override {}
};

/// What a changing call holds, released in the opposite order: the journal is closed before the lease is given up.
struct Workplace {
    std::unique_ptr<Lease> lease;
    std::unique_ptr<JournalStore> journal;
    std::unique_ptr<ImageStore> images;
};

class LocalSession final : public Session {
  public:
    LocalSession(SessionOptions options, std::unique_ptr<Host> host, Registry kinds, DetectorRegistry detectors);

    Host& host() override { return *host_; }
    const Registry& kinds() const override { return kinds_; }
    const DetectorRegistry& detectors() const override { return detectors_; }

    // local_session.cpp
    Result<Plan> plan(const std::string& manifest_text, const PlanOptions& options, Secrets* secrets) override;
    Result<std::vector<StaleItem>> check(const Plan& plan) override;
    Result<std::vector<StaleItem>> check_all(const Plan& plan) override;
    Result<StatusReport> status(bool with_bytes) override;
    Result<std::vector<RunSummary>> history(std::size_t limit, UnixNanoseconds since) override;
    Result<RunDetails> show(const std::string& run) override;
    Result<std::vector<Record>> log(const std::string& run) override;
    Status ready_for_run() override;

    // session_verify.cpp
    Result<VerifyReport> verify_run(const std::string& run, bool deep) override;
    Result<VerifyReport> verify_plan(const Plan& plan) override;
    Result<std::vector<VerifyReport::Step>> run_plan_checks(const Plan& plan, const RunOptions& options) override;

    // session_rollback.cpp
    Result<RollbackProposal> plan_rollback(const RollbackRequest& request) override;

    // session_runs.cpp
    Result<RunOutcome> apply(const Plan& plan, RunOptions options) override;
    Result<std::optional<RunOutcome>> resume(const std::string& run, std::optional<Direction> direction,
                                             RunOptions options) override;
    Result<std::vector<RunOutcome>> rollback(const RollbackRequest& request, RunOptions options) override;
    Result<RunDetails> resolve(const std::string& run, const std::string& step, const std::string& as,
                               const std::string& reason) override;

    // session_keep.cpp
    Result<Pruned> prune(std::optional<std::size_t> keep, std::optional<Nanoseconds> older_than, bool dry) override;
    Result<std::vector<DoctorFinding>> doctor() override;

  private:
    JournalOptions journal_options() const { return {options_.state_directory}; }
    /// The state directory as a path inside the host's root; "" if it lies outside.
    std::string state_in_host() const;
    /// Null where no journal is there yet.
    Result<std::unique_ptr<JournalStore>> journal_for_reading();
    /// Like it, but the absence is an error: there is no such run.
    Result<std::unique_ptr<JournalStore>> journal_with(const std::string& run);
    Status wait_for_holder();
    Result<Workplace> workplace();
    // session_root.cpp
    Status use_root(const std::string& root);
    Status use_root_of(const RunDetails& run);
    Status use_root_of(JournalStore& journal, const std::vector<RunSummary>& runs);
    ImageStore& images_of(Workplace& place);
    // session_secrets.cpp
    RunOptions with_secrets(RunOptions options, const Plan& plan) const;
    Result<std::function<Result<Json>(const Json&)>> expander_of(JournalStore& journal, const RunDetails& run) const;
    std::vector<DoctorFinding> check_images(JournalStore& journal);
    EngineParts parts(Workplace& place);
    EngineParts reading_parts(JournalStore& journal, ImageStore& images);
    Status wait_for_orphan(Lease& lease);
    std::optional<Json> last_outputs(const std::string& plan_name, const std::string& id);
    Status refuse_stale(JournalStore& journal, const Plan& plan);

    // session_rollback.cpp
    Result<RollbackProposal> propose(JournalStore& journal, const RollbackRequest& request);
    Result<Plan> plan_for(JournalStore& journal, ImageStore& images, const RunSummary& target,
                          const RollbackRequest& request, const std::vector<std::string>& newer);
    Status propose_each(JournalStore& journal, const std::vector<RunSummary>& targets, const RollbackRequest& request,
                        RollbackProposal& proposal);
    /// "" or why the run can't go back now: something of a later one was left upon it.
    Result<std::string> blocked_now(JournalStore& journal, const RunSummary& target, const RollbackRequest& request);
    // session_runs.cpp
    Result<RunOutcome> back_unfinished(Workplace& place, const RunDetails& details, const RunOptions& options);
    Result<RunOutcome> tidied(Workplace& place, Result<RunOutcome> outcome);
    Status release_run(Workplace& place, const RunSummary& run);

    SessionOptions options_;
    std::map<std::string, std::unique_ptr<Host>> hosts_;  ///< by root; what was handed out stays valid
    Host* host_;                                          ///< the one in use: see use_root
    Registry kinds_;
    DetectorRegistry detectors_;
    SystemClock system_clock_;
    SystemIdSource system_ids_;
    NoEvents no_events_;
    Clock& clock_;
    IdSource& ids_;
    EventSink& events_;
};

/// A run with its plan and its records folded. Errors: `journal`.
Result<RunDetails> details_of(JournalStore& journal, const RunSummary& summary);
/// Finished without having undone everything, and not mended since; newest first.
Result<std::vector<StatusReport::Unfinished>> incomplete_runs(JournalStore& journal);
/// Of an unfinished run: "rollback --skip ID", without the steps that need secrets to go back; "" if none does.
Result<std::string> way_without_secrets(JournalStore& journal, const RunDetails& run);
/// The error that stands in the way of a new run.
Error unfinished_error(const RunSummary& run);

}  // namespace backout
