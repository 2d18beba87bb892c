#pragma once
// libbackout in one class: what a program embeds, and what the command line is a thin skin over. Reads neither terminal nor
// environment nor home directory; everything comes in through options. Reading calls leave no trace and need no lease.
// **Threads:** one session is used by one thread at a time.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "journal/open.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "planner/planner.h"

namespace backout {

struct SessionOptions {
    std::string state_directory;               ///< absolute
    std::string root = "/";
    std::string command = {};                  ///< for the journal and the lease: how this program was called, without secrets
    std::string user = {};
    Nanoseconds lock_timeout = 0;
    EventSink* events = nullptr;               ///< null: nobody listens
    const StopToken* stop = nullptr;
    Clock* clock = nullptr;                    ///< null: the system's
    IdSource* ids = nullptr;                   ///< null: the system's
};

/// What a plan or a run no longer agrees with.
struct VerifyReport {
    std::string subject;                       ///< run, plan or manifest name
    struct Step { std::uint32_t step = 0; std::string id; bool in_step = true; std::vector<Difference> differences; std::string note; };
    std::vector<Step> steps;
    bool in_step() const;
};

struct StatusReport {
    struct Unfinished { RunSummary run; RunState state; std::vector<std::string> ways_out; };
    std::vector<Unfinished> unfinished;
    std::optional<LeaseHolder> lease;
    std::vector<RunSummary> last;
    std::uint64_t image_bytes = 0;             ///< only when asked for
};

/// A run with its plan and records folded.
struct RunDetails { RunSummary summary; Plan plan; RunState state; };

struct RollbackRequest {
    std::string run = {};                      ///< "": the newest that can be taken back
    std::string to = {};                       ///< everything since this run, newest first
    std::set<std::string> skip = {};
    std::set<std::string> overwrite_conflicts = {};
};
/// What a rollback would do: either the unfinished run goes back, or a plan for each finished run, newest first.
struct RollbackProposal {
    std::optional<RunDetails> unfinished;
    struct Item { RunSummary target; Plan plan; };
    std::vector<Item> items;
    bool nothing() const { return !unfinished && items.empty(); }
};

class Session {
  public:
    static Result<std::unique_ptr<Session>> open(const SessionOptions& options, Registry kinds);
    virtual ~Session() = default;

    virtual Host& host() = 0;
    virtual const Registry& kinds() const = 0;

    // Nothing is written by these.
    virtual Result<Plan> plan(const std::string& manifest_text, const PlanOptions& options) = 0;
    virtual Result<std::vector<StaleItem>> check(const Plan& plan) = 0;
    virtual Result<StatusReport> status(bool with_bytes) = 0;
    virtual Result<std::vector<RunSummary>> history(std::size_t limit, UnixNanoseconds since) = 0;
    virtual Result<RunDetails> show(const std::string& run) = 0;
    virtual Result<std::vector<Record>> log(const std::string& run) = 0;
    virtual Result<VerifyReport> verify_run(const std::string& run, bool deep) = 0;   ///< "": the newest committed one not taken back
    virtual Result<VerifyReport> verify_plan(const Plan& plan) = 0;
    virtual Result<RollbackProposal> plan_rollback(const RollbackRequest& request) = 0;

    // These take the lease.
    /// Errors: `locked`, `unfinished`, `stale` (naming each change), `not_permitted`, `journal`, `no_space`.
    virtual Result<RunOutcome> apply(const Plan& plan, RunOptions options) = 0;
    /// Nothing unfinished: an empty optional.
    virtual Result<std::optional<RunOutcome>> resume(const std::string& run, std::optional<Direction> direction, RunOptions options) = 0;
    /// Executes what plan_rollback proposed, checking under the lease that it is still so. One outcome a run, newest first;
    /// stops at the first that isn't complete.
    virtual Result<std::vector<RunOutcome>> rollback(const RollbackRequest& request, RunOptions options) = 0;
    /// A person states the truth about one stuck step. `as`: done, undone, skipped.
    virtual Result<RunDetails> resolve(const std::string& run, const std::string& step, const std::string& as, const std::string& reason) = 0;
    struct Pruned { std::vector<std::string> runs; std::uint64_t bytes = 0; };
    virtual Result<Pruned> prune(std::optional<std::size_t> keep, std::optional<Nanoseconds> older_than, bool dry) = 0;
    struct DoctorFinding { std::string severity; std::string what; std::string remedy; };   ///< "ok", "warning", "error"
    virtual Result<std::vector<DoctorFinding>> doctor() = 0;
};

}  // namespace backout
