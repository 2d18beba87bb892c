#include "engine/engine.h"

#include <algorithm>

#include "engine/needed_secrets.h"
#include "engine/run_loop.h"
#include "plan/groups.h"
#include "plan/plan_codec.h"

namespace backout {
namespace {

/// Bytes that the journal may need for a run: plan, and for each step intent, outcome, undo intent and undone, each
/// with an image. Images of trees are larger; growth between commits takes care of those.
std::uint64_t journal_need(const Bytes& plan, std::size_t steps) {
    return 2 * plan.size() + 8192ULL * steps + (1U << 20);
}

const char* on_drift_word(OnDrift value) {
    return value == OnDrift::stop ? "stop" : "rollback";
}

/// What was said when the run began holds until it ends, unless it is said anew.
void take_over(const Record& started, RunOptions& options) {
    const std::string word = string_member(started.body, "on_drift");
    if (options.on_drift || word.empty()) return;
    options.on_drift = word == "stop" ? OnDrift::stop : OnDrift::rollback;
}

bool leads_to_old_state(const Plan& plan, Direction direction) {
    return plan.undoes.empty() == (direction == Direction::back);
}

/// What a person says to leave as it is needs nothing.
std::vector<SecretNeed> without_skipped(std::vector<SecretNeed> needs, const std::set<std::string>& skipped) {
    needs.erase(std::remove_if(needs.begin(), needs.end(),
                               [&skipped](const SecretNeed& need) { return skipped.count(need.step) != 0; }),
                needs.end());
    return needs;
}

/// Nobody is stuck for having lost a secret.
std::string way_without(const std::vector<std::string>& steps, const std::string& run, bool to_old_state) {
    const std::string lost = "; if nobody has it any more, 'backout ";
    if (!to_old_state) return lost + "rollback " + run + "' leads back instead";
    const std::string words = rollback_without(steps);
    return lost + words.substr(0, 8) + " " + run + words.substr(8) + "' takes back everything else, and leaves what " +
           (steps.size() == 1 ? "that step" : "those steps") + " did";
}

/// A secret that isn't at hand is found out before anything is begun, not in the step that needs it. `unfinished`: the
/// run that is carried on; "" for a new one.
Status secrets_at_hand(const Plan& plan, const RunState& state, Direction direction, const RunOptions& options,
                       JournalStore& journal, const std::string& unfinished) {
    BACKOUT_TRY_ASSIGN(const std::vector<SecretNeed> all, needed_secrets(plan, state, direction, journal));
    const MissingSecrets missing = ask_for_secrets(without_skipped(all, with_groups(plan, options.skip)), options);
    if (!missing.why) return {};
    Error error = *missing.why;
    const std::string& run = unfinished.empty() ? plan.undoes : unfinished;
    if (!run.empty()) error.message += way_without(missing.steps, run, leads_to_old_state(plan, direction));
    return error;
}

Status kinds_known(const Plan& plan, const Registry& kinds) {
    for (const PlannedStep& step : plan.steps) {
        if (kinds.find(step.kind) == nullptr)
            return Error{ErrorCode::invalid, "step " + std::to_string(step.step) + " (" + step.id +
                                                 "): this program has no kind '" + step.kind + "'"};
    }
    return {};
}

NewRun new_run_of(const Plan& plan, const RunOptions& options, const EngineParts& parts) {
    NewRun run;
    run.name = plan.name;
    run.plan_id = plan.id;
    run.plan_digest = plan.digest;
    run.plan = dump_canonical(plan_to_json(plan));
    run.steps = static_cast<std::uint32_t>(plan.steps.size());
    run.command = options.command.empty() ? plan.command : options.command;
    run.undoes = plan.undoes;
    run.user = options.user;
    run.time = parts.clock.now();
    run.random = parts.ids.random_name(4);
    run.expected_bytes = journal_need(run.plan, plan.steps.size());
    run.started_body = {
        {"name", plan.name},          {"command", run.command},
        {"user", options.user},       {"host", plan.host},
        {"root", plan.root},          {"undoes", text_or_null(plan.undoes)},
        {"plan_digest", plan.digest}, {"on_drift", on_drift_word(options.on_drift.value_or(plan.on_drift))}};
    return run;
}

}  // namespace

Result<RunOutcome> Engine::apply(const Plan& plan, const RunOptions& options) {
    BACKOUT_TRY(kinds_known(plan, parts_.kinds));
    RunState untouched;
    untouched.steps.resize(plan.steps.size());
    BACKOUT_TRY(secrets_at_hand(plan, untouched, Direction::forward, options, parts_.journal, ""));
    BACKOUT_TRY_ASSIGN(RunSummary run, parts_.journal.begin_run(new_run_of(plan, options, parts_)));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, parts_.journal.records(run.number));
    BACKOUT_TRY_ASSIGN(RunState state, fold(records, run.steps));
    parts_.events.on_event(
        {"run_started",
         state.last_sequence,
         state.started,
         run.run,
         0,
         "",
         {{"name", plan.name}, {"steps", plan.steps.size()}, {"undoes", text_or_null(plan.undoes)}}});
    RunLoop loop(parts_, plan, options, std::move(run), std::move(state));
    return loop.run();
}

Result<RunOutcome> Engine::resume(const RunSummary& run, const Plan& plan, std::optional<Direction> direction,
                                  const RunOptions& options) {
    BACKOUT_TRY(kinds_known(plan, parts_.kinds));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, parts_.journal.records(run.number));
    BACKOUT_TRY_ASSIGN(RunState state, fold(records, run.steps));
    if (state.finished) return Error{ErrorCode::invalid, "run " + run.run + " is finished"};
    if (state.recoveries >= options.recovery_limit && !direction) {
        return Error{ErrorCode::unfinished, "run " + run.run + " was recovered " + std::to_string(state.recoveries) +
                                                " times without reaching its end: say --forward or --back"};
    }
    RunOptions taken_over = options;
    if (!records.empty()) take_over(records.front(), taken_over);
    BACKOUT_TRY(secrets_at_hand(plan, state, direction.value_or(state.direction), taken_over, parts_.journal, run.run));
    RunLoop loop(parts_, plan, taken_over, run, std::move(state));
    BACKOUT_TRY(loop.resume(direction));
    return loop.run();
}

Status RunLoop::resume(std::optional<Direction> direction) {
    const Direction wanted = direction.value_or(state_.direction);
    std::vector<Record> records{record(RecordType::run_resumed, 0,
                                       {{"user", options_.user},
                                        {"command", options_.command},
                                        {"count", state_.recoveries + 1},
                                        {"direction", to_string(wanted)}})};
    if (state_.direction == Direction::forward && wanted == Direction::back) {
        records.push_back(record(RecordType::run_aborting, 0, {{"reason", "asked to go back"}, {"cause_step", 0}}));
    }
    live_.turning_forward = state_.direction == Direction::back && wanted == Direction::forward;
    if (live_.turning_forward) {
        for (std::uint32_t step = 1; step <= plan_.steps.size(); ++step) {
            if (state_.step(step).phase == StepPhase::conflict) {
                return Error{ErrorCode::conflict, "step " + std::to_string(step) + " (" + planned(step).id +
                                                      ") is in conflict: `backout resolve` it first, or go on back"};
            }
        }
    }
    return commit(std::move(records));
}

}  // namespace backout
