#pragma once
// The write-ahead journal as the engine sees it. LmdbJournal is the real one, MemJournal the one for simulation. One
// append is one durable commit. After an error from any writing call the store refuses everything (invariant 10): the
// commit is in doubt, and only reopening from disk tells.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "journal/record.h"
#include "journal/run_state.h"

namespace backout {

/// One line of history, kept beside the records in the same commit, so that status and history never scan.
struct RunSummary {
    std::uint64_t number = 0;  ///< sequence of the run in this journal, from 1
    std::string run;           ///< "r-12-k3f9": r- + sequence + random
    std::string name;
    RunPhase phase = RunPhase::running;
    Direction direction = Direction::forward;
    UnixNanoseconds started = 0;
    UnixNanoseconds finished = 0;  ///< 0: unfinished
    std::uint32_t steps = 0;
    int exit_status = 0;
    bool changed = false;        ///< some step had an effect that stayed
    std::string undoes = {};     ///< the run that this one takes back
    std::string undone_by = {};  ///< the run that took this one back (cleared when that one is taken back in turn)
    std::string awaits = {};
    std::string plan_id = {};
    std::string command = {};
    std::string user = {};
};

struct NewRun {
    std::string name;
    std::string plan_id;
    std::string plan_digest;
    Bytes plan;  ///< the canonical document; stored with the run
    std::uint32_t steps = 0;
    std::string command = {};
    std::string undoes = {};
    std::string user = {};
    Json started_body = nullptr;  ///< body of run_started
    UnixNanoseconds time = 0;
    std::string random = {};           ///< the random part of the run's name
    std::uint64_t expected_bytes = 0;  ///< the journal's need for this run, reserved before the first step (`no_space`)
};

class JournalStore {
  public:
    virtual ~JournalStore() = default;

    /// Writes summary, plan, the plan's id as used, and run_started, in one commit. Requires the lease.
    /// Errors: `stale` (plan id used before, naming the run), `unfinished` (a run is unfinished, naming it),
    /// `no_space`, `journal`.
    virtual Result<RunSummary> begin_run(const NewRun& run) = 0;

    /// **Durable** when it returns: all of `records`, chained and checksummed, with the run's summary brought up to
    /// what they fold to (phase, direction, finished, exit, changed, awaits). Sets each record's sequence. Requires:
    /// the lease; the run unfinished, or every record a step_resolved. Bounded by 64 MiB a call.
    virtual Status append(std::uint64_t run, std::vector<Record>& records) = 0;

    /// Run `target` was taken back by `by` ("" clears it): summary of `target` becomes rolled_back (or is again
    /// as it ended).
    virtual Status mark_undone(std::uint64_t target, const std::string& by) = 0;

    /// Announces an image store (a directory path) before it is created. **Durable** when it returns.
    virtual Status add_image_store(const std::string& path) = 0;
    virtual Status remove_image_store(const std::string& path) = 0;
    virtual Result<std::vector<std::string>> image_stores() = 0;

    // Reading: needs no lease, sees the last commit, never waits for a writer.
    /// All records of a run in order, their chain verified first. Errors: `journal` with the first bad sequence.
    virtual Result<std::vector<Record>> records(std::uint64_t run) = 0;
    virtual Result<Bytes> plan(std::uint64_t run) = 0;
    virtual Result<std::optional<RunSummary>> run(std::uint64_t number) = 0;
    /// By full name, unique prefix ("r-12"), or number. Errors: `not_found` (with the nearest), `invalid` (ambiguous,
    /// naming them).
    virtual Result<RunSummary> find_run(const std::string& name) = 0;
    /// Newest first; `before` 0: from the newest; `limit` 0: all.
    virtual Result<std::vector<RunSummary>> runs(std::uint64_t before, std::size_t limit) = 0;
    virtual Result<std::optional<RunSummary>> unfinished() = 0;
    /// The run that used a plan id, or "".
    virtual Result<std::string> plan_used_by(const std::string& plan_id) = 0;
    /// 32 bytes, made with the journal: key for digests of secrets, and its identity.
    virtual Result<Bytes> secret_key() = 0;

    /// Drops a finished run: records, plan, summary. (Its images are removed by the caller first.)
    virtual Status remove_run(std::uint64_t run) = 0;
};

}  // namespace backout
