#pragma once
// libbackout in one class: what a program embeds, and what the command line is a thin skin over. It reads neither
// terminal nor environment nor home directory; everything comes in through options. Reading calls leave no trace and
// need no lease.
// **Threads:** one session is used by one thread at a time.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "journal/open.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "planner/planner.h"
#include "report/run_report.h"

namespace backout {

struct SessionOptions {
    std::string state_directory;  ///< absolute
    std::string root = "/";
    std::string command = {};  ///< for the journal and the lease: how this program was called, without secrets
    std::string user = {};
    Nanoseconds lock_timeout = 0;
    EventSink* events = nullptr;  ///< null: nobody listens
    const StopToken* stop = nullptr;
    Clock* clock = nullptr;                          ///< null: the system's
    IdSource* ids = nullptr;                         ///< null: the system's
    EnvironmentLookup environment = {};              ///< for `${env.NAME}` of saved plans; unset: not compared
    std::map<std::string, std::string> inputs = {};  ///< given with this call: must agree with a saved plan's
    /// Answers "inputs.NAME" for a secret input of `plan`; its environment variable is named in plan.state. Unset:
    /// there are none to be had. RunOptions::secrets goes before.
    std::function<Result<Json>(const Plan& plan, const std::string& reference)> secrets = {};
};

/// What a plan or a run no longer agrees with.
struct VerifyReport {
    std::string subject;  ///< run, plan or manifest, by name
    struct Step {
        std::uint32_t step = 0;  ///< 0: a check of the whole
        std::string id = {};
        bool in_step = true;
        std::vector<Difference> differences = {};
        std::string note = {};
    };
    std::vector<Step> steps = {};
    bool in_step() const;
};

struct StatusReport {
    struct Unfinished {
        RunSummary run;
        RunState state;
        std::vector<std::string> ways_out;
        RunReport report;  ///< where its steps stand
    };
    std::vector<Unfinished> unfinished;
    std::vector<Unfinished> incomplete;  ///< finished without having undone everything, and not mended since
    std::optional<LeaseHolder> lease;
    std::optional<ChildAtWork> orphan;  ///< a program that a killed run had started, still at work
    std::vector<RunSummary> last;       ///< the newest few, newest first
    std::uint64_t image_bytes = 0;      ///< only when asked for
};

/// A run with its plan and records folded.
struct RunDetails {
    RunSummary summary;
    Plan plan;
    RunState state;
    RunSurroundings around = {};  ///< filled by `show`
};

struct RollbackRequest {
    std::string run = {};  ///< "": the newest that can be taken back
    std::string to = {};   ///< everything since this run, newest first
    std::set<std::string> skip = {};
    std::set<std::string> overwrite_conflicts = {};
};
/// What a rollback would do: either the unfinished run goes back, or a plan for each finished run, newest first.
struct RollbackProposal {
    std::optional<RunDetails> unfinished = {};
    struct Item {
        RunSummary target;
        Plan plan;
    };
    std::vector<Item> items = {};
    struct LeftAlone {
        RunSummary run;
        std::string reason;
    };
    /// With `to`: runs that can't go back, for something of a later one stays upon them.
    std::vector<LeftAlone> left_alone = {};
    /// Newer runs that ended without having undone everything: `rollback` without a name passes over them.
    std::vector<StatusReport::Unfinished> passed_over = {};
    std::string note = {};  ///< why there is nothing, when there is nothing
    bool nothing() const { return !unfinished && items.empty(); }
};

class Session {
  public:
    /// Opens nothing but the host's root: a state directory need not exist.
    static Result<std::unique_ptr<Session>> open(const SessionOptions& options, Registry kinds,
                                                 DetectorRegistry detectors);
    virtual ~Session() = default;

    virtual Host& host() = 0;
    virtual const Registry& kinds() const = 0;
    virtual const DetectorRegistry& detectors() const = 0;

    // Nothing is written by these; where no state directory exists, there simply are no runs.

    /// `secrets` receives the secret inputs that planning took in.
    virtual Result<Plan> plan(const std::string& manifest_text, const PlanOptions& options, Secrets* secrets) = 0;
    /// What is no longer as the plan says. Empty: it still holds.
    virtual Result<std::vector<StaleItem>> check(const Plan& plan) = 0;
    /// The same, and whether the plan was used already.
    virtual Result<std::vector<StaleItem>> check_all(const Plan& plan) = 0;
    virtual Result<StatusReport> status(bool with_bytes) = 0;
    /// Newest first; `limit` 0: all; `since` 0: from the beginning.
    virtual Result<std::vector<RunSummary>> history(std::size_t limit, UnixNanoseconds since) = 0;
    /// Errors: `not_found`, naming the nearest.
    virtual Result<RunDetails> show(const std::string& run) = 0;
    virtual Result<std::vector<Record>> log(const std::string& run) = 0;
    /// "": the newest committed one that was not taken back.
    virtual Result<VerifyReport> verify_run(const std::string& run, bool deep) = 0;
    /// Compares the world with what the plan says that it leaves.
    virtual Result<VerifyReport> verify_plan(const Plan& plan) = 0;
    /// The checks that a plan holds for the whole, one step of a report each.
    virtual Result<std::vector<VerifyReport::Step>> run_plan_checks(const Plan& plan, const RunOptions& options) = 0;
    /// Errors: `failed` when a later run changed the same resources, naming it; `unfinished`; `not_found`.
    virtual Result<RollbackProposal> plan_rollback(const RollbackRequest& request) = 0;
    /// Errors: `unfinished` or `locked`, as a run that began now would get. A look, not a promise.
    virtual Status ready_for_run() = 0;

    // These take the lease.

    /// Errors: `locked`, `unfinished`, `stale` (naming each change), `not_permitted`, `journal`, `no_space`.
    virtual Result<RunOutcome> apply(const Plan& plan, RunOptions options) = 0;
    /// Nothing unfinished: an empty optional. Errors: `locked` also while a child of a killed executor still works.
    virtual Result<std::optional<RunOutcome>> resume(const std::string& run, std::optional<Direction> direction,
                                                     RunOptions options) = 0;
    /// Executes what plan_rollback proposes, decided anew under the lease. One outcome a run, newest first. A conflict
    /// is left, and keeps only those older runs from going back that it lies upon; stops at a run that didn't finish.
    virtual Result<std::vector<RunOutcome>> rollback(const RollbackRequest& request, RunOptions options) = 0;
    /// A person states the truth about one stuck step, by id or number. `as`: done, undone, skipped. Touches nothing.
    virtual Result<RunDetails> resolve(const std::string& run, const std::string& step, const std::string& as,
                                       const std::string& reason) = 0;
    struct Pruned {
        std::vector<std::string> runs;
        std::uint64_t bytes = 0;  ///< freed in image stores
    };
    /// Drops finished runs beyond the newest `keep` and older than `older_than` (both, where both are given). A run and
    /// those that took it back or redid it share images: they go together or not at all. `dry`: only says so.
    virtual Result<Pruned> prune(std::optional<std::size_t> keep, std::optional<Nanoseconds> older_than, bool dry) = 0;

    struct DoctorFinding {
        std::string severity;  ///< "ok", "warning", "error"
        std::string what;
        std::string remedy = {};
    };
    /// Looks at journal, images, disk and lease. Writes nothing, needs no lease.
    virtual Result<std::vector<DoctorFinding>> doctor() = 0;
};

}  // namespace backout
