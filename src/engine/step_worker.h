#pragma once
// Calls a step's kind with everything it may use, and with nothing else. Knows kinds and templates; neither records nor
// decides. Each function is one arrow to the world.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/live.h"
#include "engine/secret_mask.h"
#include "plan/plan.h"

namespace backout {

class StepWorker {
  public:
    StepWorker(const EngineParts& parts, const Plan& plan, const RunOptions& options, const RunSummary& run)
        : parts_(parts), plan_(plan), options_(options), run_(run) {}

    /// Loads images and outputs of the run that this one takes back. Requires: once, before staging, for rollback runs.
    Status load_origins();

    /// Makes content ready: stage from arguments, or the inverse of the origin's image. `generation` makes slot names
    /// fresh.
    Result<Staged> stage(const PlannedStep& step, const RunState& state, std::uint64_t generation);
    Result<Staged> invert(const PlannedStep& step, const RunState& state, const Json& image, std::uint64_t generation);
    Result<Applied> apply(const PlannedStep& step, const RunState& state, const Json& image);
    Result<Observation> observe(const PlannedStep& step, const RunState& state, const Json& image);
    /// Right after it was applied: its outcome is known, though not in the journal yet.
    Result<Observation> observe_applied(const PlannedStep& step, const RunState& state, const Json& image);
    Result<std::vector<SyncRequest>> sync_of(const PlannedStep& step, const RunState& state, const Json& image);
    Status release(const PlannedStep& step, const RunState& state, const Json& image);
    Result<Json> outputs_of_kept(const PlannedStep& step, const RunState& state);  ///< outputs as the world shows them
    /// At the end of the run: what later steps changed again is left out.
    Result<Observation> observe_at_end(const PlannedStep& step, const RunState& state, const Json& image,
                                       bool deep = false);
    Result<std::vector<Difference>> verify_kept(const PlannedStep& step, const RunState& state);
    /// Runs checks in order; the first that fails is returned as text. Empty: all held.
    Result<std::string> run_checks(const std::vector<Json>& checks, const RunState& state);

    /// What the step at work has printed so far: bounded, as records.
    std::vector<Record> take_output();
    /// The secrets that were handed out to steps so far.
    const SecretMask& mask() const { return mask_; }

  private:
    const Compensator& kind_of(const PlannedStep& step) const;
    StepContext context(const PlannedStep& step, const RunState& state);
    /// `own`: the step at work, which in its undo may name its own outputs.
    Result<Json> expand(const Json& value, const RunState& state, const PlannedStep* own = nullptr) const;
    Result<Json> look_up(const std::string& reference, const RunState& state, const PlannedStep* own) const;
    Result<Json> own_output(const PlannedStep& step, const std::string& field, const RunState& state) const;
    Result<Json> output_of(const std::string& id, const std::string& field, const RunState& state) const;
    void keep_output(std::uint32_t step, const std::string& stream, std::string_view bytes);
    void note_child(int pid, std::uint64_t start_time);

    EngineParts parts_;
    const Plan& plan_;
    const RunOptions& options_;
    const RunSummary& run_;
    std::map<std::uint32_t, Json> origins_;
    std::map<std::string, Json> past_outputs_;    ///< of the run that this one takes back, by step id
    std::map<std::string, Json> origin_outputs_;  ///< of that run alone: what an undo that is run takes back
    bool does_its_steps_ = true;                  ///< false: it takes back what a run did
    std::map<std::string, Bytes> output_;
    std::uint32_t output_step_ = 0;
    bool output_truncated_ = false;
    mutable SecretMask mask_;  ///< looking a secret up is asking, and is remembered
};

}  // namespace backout
