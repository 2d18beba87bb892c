#include "compensators/command_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/mutation.h"
#include "base/text.h"
#include "compensators/asks_program.h"
#include "compensators/command_run_info.h"
#include "compensators/command_run_plan.h"
#include "compensators/command_run_state.h"
#include "plan/own_outputs.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr std::size_t kOutputLimit = 4U << 20;

bool is_forward(const Json& image) {
    return bool_member(image, "forward", true);
}
/// At staging it was there already, which nobody could know while planning: nothing is run, nothing is taken back.
bool is_foreign(const Json& image) {
    return bool_member(image, "already", false);
}

Result<Json> expanded(StepContext& context, const Json& value) {
    return context.expand ? context.expand(value) : Result<Json>(value);
}

/// All filled in but an undo that names what the command gives out. Of that only the secrets are asked for, which what
/// the command prints is searched for.
Result<Json> ready(StepContext& context, const Json& image) {
    Json undo;
    BACKOUT_TRY_ASSIGN(Json arguments, expanded(context, without_own_undo(context.step_id, image, undo)));
    if (undo.is_null()) return arguments;
    for (const TemplateReference& reference : template_references(undo)) {
        if (reference.kind != TemplateReference::Kind::secret_input) continue;
        Json part;
        part["ref"] = reference.text;
        Json alone;
        alone[kTemplateKey].push_back(std::move(part));
        BACKOUT_TRY(expanded(context, alone));
    }
    arguments["undo"] = std::move(undo);
    return arguments;
}

ProgramOptions options_of(StepContext& context, Nanoseconds timeout) {
    ProgramOptions options;
    options.timeout = timeout;
    options.stop = context.stop;
    options.output_limit = kOutputLimit;
    options.on_start = context.child_started;
    return options;
}

Result<CommandLook> look(StepContext& context, const Json& arguments) {
    const Nanoseconds timeout = context.timeout > 0 ? std::min(context.timeout, kProbeTimeout) : kProbeTimeout;
    return look_at_command(context.host, arguments, options_of(context, timeout));
}

/// Once its undo was run, a probe that gives the very answer that it gave before the step says that all is as it was,
/// whatever the number.
bool is_back(const Json& image, const CommandLook& now) {
    if (now.state == CommandState::not_applied) return true;
    return now.state == CommandState::half && now.found == string_member(image, "began");
}

// ---- running -------------------------------------------------------------------------------------------------------

Status judge(const Json& program, const Json& allowed, const ProcessOutcome& outcome) {
    const bool ended = outcome.started && outcome.signal == 0 && !outcome.timed_out;
    for (const Json& status : allowed) {
        if (ended && status.get<std::int64_t>() == outcome.exit_status) return {};
    }
    std::string message = describe_argv(program["argv"]) + ": " + outcome.summary();
    const std::string words = last_words(outcome);
    if (!words.empty()) message += ": " + words;
    // Not started: surely nothing was touched. Cut off by a signal: whatever it had begun may stand.
    const ErrorCode code = !outcome.started      ? ErrorCode::not_found
                           : outcome.timed_out   ? ErrorCode::timeout
                           : outcome.signal != 0 ? ErrorCode::in_doubt
                                                 : ErrorCode::failed;
    return Error{code, message};
}

Result<ProcessOutcome> run(StepContext& context, const Json& program, const Json& allowed) {
    BACKOUT_TRY_ASSIGN(ProcessOutcome outcome,
                       run_program(context.host, program, options_of(context, context.timeout)));
    if (context.output && !outcome.output.empty()) context.output("stdout", outcome.output);
    if (context.output && !outcome.errors.empty()) context.output("stderr", outcome.errors);
    BACKOUT_TRY(judge(program, allowed, outcome));
    return outcome;
}

std::string trimmed(const Bytes& text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == Bytes::npos) return "";
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Result<Json> output_at(const Json& document, const std::string& name, const std::string& pointer) {
    try {
        const Json::json_pointer place(pointer);
        if (document.contains(place)) return document.at(place);
    } catch (const std::exception& error) {
        return Error{ErrorCode::invalid, "output '" + name + "': " + error.what()};
    }
    return Error{ErrorCode::failed, "output '" + name + "': what the command wrote has nothing at " + pointer};
}

Result<Json> read_outputs(const Json& wanted, const ProcessOutcome& outcome) {
    if (!wanted.is_object() || wanted.empty()) return Json();
    if (outcome.truncated)
        return Error{ErrorCode::failed,
                     "the command wrote more than " + human_bytes(kOutputLimit) + ": its outputs can't be read"};
    const std::string text = trimmed(outcome.output);
    Json document;
    Json outputs = Json::object();
    for (const auto& [name, pointer] : wanted.items()) {
        const std::string place = pointer.get<std::string>();
        if (place.empty()) {
            if (!is_utf8(text))
                return Error{ErrorCode::failed, "output '" + name + "': what the command wrote is not UTF-8"};
            outputs[name] = text;
            continue;
        }
        if (document.is_null()) {
            auto parsed = parse_json(text);
            if (!parsed)
                return std::move(parsed).error().in("output '" + name + "': what the command wrote is no JSON");
            document = std::move(parsed).value();
        }
        BACKOUT_TRY_ASSIGN(outputs[name], output_at(document, name, place));
    }
    return outputs;
}

std::vector<Difference> differences_of(const Json& arguments, const CommandLook& found, bool want_applied) {
    const std::string path = describe_argv(arguments["argv"]);
    const std::string expected = want_applied ? "applied (exit 0)" : "not applied (exit 1)";
    if (found.attribute == "probe") return {Difference{path, "probe", expected, found.found}};
    return {Difference{path, found.attribute, want_applied ? "applied" : "not applied", found.found}};
}

std::string describe_answer(const CommandLook& look) {
    const Json words = state_words(look.state);
    return (words.is_string() ? words.get<std::string>() : "no answer") + " (" + look.found + ")";
}

class CommandRun final : public Compensator, public AsksProgram {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = command_run_info();
        return kInfo;
    }

    Result<Planned> plan(PlanRequest& request) const override { return plan_command(request); }

    bool asks(const PlannedStep& step) const override { return !member(step.arguments, "probe").is_null(); }

    Result<Planned> plan_unasked(PlanRequest& request, const std::vector<std::string>& changed,
                                 const Json& last_outputs) const override {
        return plan_unasked_command(request, changed, last_outputs);
    }

    Result<std::optional<Difference>> ask_again(Host& host, const PlannedStep& step) const override {
        const Json& then = member(step.before, "state");
        if (!asks(step) || then.is_null() || has_template(step.arguments["probe"])) return std::optional<Difference>();
        ProgramOptions options;
        options.timeout = kProbeTimeout;
        BACKOUT_TRY_ASSIGN(const CommandLook now, ask_probe(host, step.arguments, options));
        if (state_words(now.state) == then) return std::optional<Difference>();
        return std::optional<Difference>({describe_argv(step.arguments["argv"]), "what its probe says",
                                          then.get<std::string>(), describe_answer(now)});
    }

    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        Json image = context.planned_arguments != nullptr ? *context.planned_arguments : step.arguments;
        BACKOUT_TRY_ASSIGN(const Json arguments, ready(context, image));
        BACKOUT_TRY_ASSIGN(const CommandLook now, look(context, arguments));
        image["forward"] = true;
        if (now.state == CommandState::half && now.attribute == "probe") image["began"] = now.found;
        if (tells_the_end_only(arguments)) {
            image["touched"] = traces_before_command(context.host, arguments);
            image["touched_content"] = touched_content(context.host, arguments);
        }
        if (now.state == CommandState::applied) {
            const Json& then = member(step.before, "state");
            if (!then.is_null()) {
                return Error{ErrorCode::stale, "applied already (" + now.reason +
                                                   "), which it was not when the plan was made (" +
                                                   then.get<std::string>() + "); make a new plan"};
            }
            image["already"] = true;
        }
        return Staged{std::move(image), {}};
    }

    Result<Staged> invert(StepContext& context, const Json& image) const override {
        if (is_forward(image) && !is_foreign(image) && member(image, "undo").is_null()) {
            return Error{ErrorCode::unsupported,
                         describe_argv(image["argv"]) + " is irreversible: the step names no undo command"};
        }
        // Where it isn't known what the command gave out, an undo that needs it can't be run.
        if (is_forward(image) && !is_foreign(image) && names_outputs_of(context.step_id, member(image, "undo"))) {
            BACKOUT_TRY(expanded(context, image["undo"]));
        }
        Json inverse = image;
        inverse["forward"] = !is_forward(image);
        if (context.in_doubt) inverse["torn"] = true;
        inverse.erase("unproven");
        const bool proof = can_be_asked(image) || !member(image, "touched_content").is_null();
        if (is_forward(image) && !is_foreign(image) && !proof) inverse["unproven"] = true;
        return Staged{std::move(inverse), {}};
    }

    Result<Applied> apply(StepContext& context, const Json& image) const override {
        Applied applied;
        applied.was_already = true;
        if (is_foreign(image)) {
            if (member(image, "last_outputs").is_null()) return applied;
            BACKOUT_TRY_ASSIGN(const Json given, expanded(context, image["last_outputs"]));
            applied.outputs = given;
            return applied;
        }
        BACKOUT_TRY_ASSIGN(const Json arguments, ready(context, image));
        const bool forward = is_forward(image);
        const CommandState goal = forward ? CommandState::applied : CommandState::not_applied;
        BACKOUT_TRY_ASSIGN(const CommandLook now, look(context, arguments));
        if (now.state != goal || (!forward && bool_member(image, "torn", false) && tells_the_end_only(arguments))) {
            applied.was_already = false;
            BACKOUT_TRY(forward ? run_forward(context, arguments, applied) : run_back(context, arguments, applied));
            if (!forward) BACKOUT_TRY(prove_by_content(context, image, arguments, applied));
        }
        BACKOUT_TRY_ASSIGN(applied.sync, sync_requests(context.host, arguments));
        if (left_out("kinds.what_a_command_touches")) applied.sync.clear();
        return applied;
    }

    Result<Observation> observe(StepContext& context, const Json& image, bool /*deep*/) const override {
        if (is_foreign(image)) return observe_foreign(context, image);
        BACKOUT_TRY_ASSIGN(const Json arguments, ready(context, image));
        BACKOUT_TRY_ASSIGN(const CommandLook now, look(context, arguments));
        const bool forward = is_forward(image);
        Observation observation;
        observation.note = now.reason;
        if (context.in_doubt && forward && is_untouched_by(context, image, arguments)) {
            return Observation{Where::before, {}, "what it touches is as it was"};
        }
        if (!forward && now.state == CommandState::half && is_back(image, now)) {
            return Observation{Where::after, {}, now.reason + ", as before the step"};
        }
        const bool unfinished = context.in_doubt && (forward || bool_member(image, "torn", false));
        if (unfinished && now.state == CommandState::not_applied && tells_the_end_only(arguments)) {
            observation.where = Where::neither;
            observation.differences = differences_of(arguments, now, forward);
            observation.note += ", which says nothing about what else it had begun";
            return observation;
        }
        switch (now.state) {
            case CommandState::applied: observation.where = forward ? Where::after : Where::before; return observation;
            case CommandState::not_applied:
                observation.where = forward ? Where::before : Where::after;
                return observation;
            case CommandState::half:
                observation.where = Where::neither;
                observation.differences = differences_of(arguments, now, forward);
                return observation;
            case CommandState::unknown: break;
        }
        return cannot_tell(arguments, now);
    }

    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override {
        BACKOUT_TRY_ASSIGN(const Json arguments, ready(context, step.arguments));
        BACKOUT_TRY_ASSIGN(const CommandLook now, look(context, arguments));
        if (now.state == CommandState::applied) return std::vector<Difference>();
        return differences_of(arguments, now, true);
    }

    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override {
        BACKOUT_TRY_ASSIGN(const Json arguments, ready(context, image));
        return sync_requests(context.host, arguments);
    }

    Status release(StepContext& /*context*/, const Json& /*image*/) const override { return {}; }
    // Those of its last run are in the journal; the world doesn't show them.
    Result<Json> outputs_of_kept(StepContext& /*context*/, const PlannedStep& /*step*/) const override {
        return Json();
    }

  private:
    /// `creates` and `removes` tell that a command came to its end. Where it failed or was cut off they don't tell what
    /// it had done by then. A probe was asked about just that.
    static bool tells_the_end_only(const Json& arguments) {
        return member(arguments, "probe").is_null() && !member(arguments, "undo").is_null();
    }

    /// Where nothing has moved of what the command changes, or its undo removes, nothing was done: the undo would be
    /// turned against what was there before. `mkdir DIR` fails because DIR is there, and `rm -r DIR` takes it away.
    static bool is_untouched_by(StepContext& context, const Json& image, const Json& arguments) {
        const Json& before = member(image, "touched");
        return !before.is_null() && before == traces_before_command(context.host, arguments);
    }

    /// It was kept, and is watched as kept steps are: while its run lasts.
    static Observation observe_foreign(StepContext& context, const Json& image) {
        Observation observation{Where::both, {}, "it was applied before the step began"};
        if (!is_forward(image) || context.in_doubt || context.going_back) return observation;
        const Result<Json> arguments = ready(context, image);
        if (!arguments.ok()) return observation;
        const Result<CommandLook> now = look(context, *arguments);
        if (!now.ok() || now->state == CommandState::applied || now->state == CommandState::unknown) return observation;
        return Observation{Where::neither, differences_of(*arguments, *now, true), now->reason};
    }

    static Result<Observation> cannot_tell(const Json& arguments, const CommandLook& now) {
        Observation observation;
        observation.where = Where::neither;
        observation.can_tell = false;
        observation.note = now.reason + ": it can't be known";
        if (!can_be_asked(arguments)) observation.note = "no probe: it can't be known";
        return observation;
    }

    static Status run_forward(StepContext& context, const Json& arguments, Applied& applied) {
        Json program = arguments;
        program.erase("undo");  // it may wait for what this gives out
        BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, run(context, program, arguments["exit"]));
        applied.result = Json{{"exit", outcome.exit_status}};
        BACKOUT_TRY_ASSIGN(applied.outputs, read_outputs(member(arguments, "outputs"), outcome));
        return {};
    }

    /// No probe confirms the undo: what the command touches is read again. What is in a folder that wasn't there before
    /// may be others': it is no failure, but it is told.
    static Status prove_by_content(StepContext& context, const Json& image, const Json& arguments, Applied& applied) {
        const Json& before = member(image, "touched_content");
        if (before.is_null()) return {};
        BACKOUT_TRY_ASSIGN(const std::vector<Difference> found, compare_touched_content(context.host, before));
        for (const Difference& one : found) {
            const bool added = one.attribute == "presence" && one.expected == "absent" && !before.contains(one.path);
            if (!added) return not_undone(arguments, describe(one));
            applied.result["left"].push_back(one.path);
        }
        return {};
    }

    static Error not_undone(const Json& arguments, const std::string& why) {
        return {ErrorCode::failed, "undo: " + describe_argv(arguments["undo"]["argv"]) + " succeeded, and yet " + why};
    }

    static Status run_back(StepContext& context, const Json& arguments, Applied& applied) {
        BACKOUT_TRY_ASSIGN(const Json undo, expanded(context, arguments["undo"]));
        auto outcome = run(context, undo, Json::array({0}));
        if (!outcome) return std::move(outcome).error().in("undo");
        applied.result = Json{{"exit", outcome->exit_status}};
        if (!can_be_asked(arguments)) return {};
        BACKOUT_TRY_ASSIGN(const CommandLook now, look(context, arguments));
        if (is_back(arguments, now)) return {};
        return not_undone(arguments, now.reason + " (expected: not applied)");
    }
};

}  // namespace

std::unique_ptr<Compensator> make_command_run_kind() {
    return std::make_unique<CommandRun>();
}

}  // namespace backout
