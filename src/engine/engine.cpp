#include "engine/engine.h"

#include "engine/run_loop.h"
#include "plan/plan_codec.h"

namespace backout {
namespace {

/// Bytes that the journal may need for a run: plan, and for each step intent, outcome, undo intent and undone, each
/// with an image. Images of trees are larger; growth between commits takes care of those.
std::uint64_t journal_need(const Bytes& plan, std::size_t steps) {
    return 2 * plan.size() + 8192ULL * steps + (1U << 20);
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
    run.started_body = {{"name", plan.name}, {"command", run.command}, {"user", options.user},      {"host", plan.host},
                        {"root", plan.root}, {"undoes", plan.undoes},  {"plan_digest", plan.digest}};
    return run;
}

}  // namespace

Result<RunOutcome> Engine::apply(const Plan& plan, const RunOptions& options) {
    BACKOUT_TRY(kinds_known(plan, parts_.kinds));
    BACKOUT_TRY_ASSIGN(RunSummary run, parts_.journal.begin_run(new_run_of(plan, options, parts_)));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, parts_.journal.records(run.number));
    BACKOUT_TRY_ASSIGN(RunState state, fold(records, run.steps));
    parts_.events.on_event({"run_started",
                            state.last_sequence,
                            state.started,
                            run.run,
                            0,
                            "",
                            {{"name", plan.name}, {"steps", plan.steps.size()}, {"undoes", plan.undoes}}});
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
    RunLoop loop(parts_, plan, options, run, std::move(state));
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
