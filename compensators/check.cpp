#include "compensators/check.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/check_runner.h"
#include "compensators/parameter_schema.h"

namespace backout {

namespace {

KindInfo make_info() {
    KindInfo info;
    info.name = "check";
    info.summary = "Asks the world something, and stops the run if the answer is no";
    info.one_of = "command, http, tcp, file";
    info.parameters = {
        {"command", "list of strings", false, "a program and its arguments (no shell)", text_list_schema()},
        {"exit", "number or list", false, "exit statuses that mean yes (command); default 0", integers_schema()},
        {"stdout", "regex", false, "must match somewhere in standard output (command); ^ and $ stand at lines",
         text_schema()},
        {"env", "object", false, "variables besides the clean environment (command)", text_map_schema()},
        {"cwd", "path", false, "working directory (command); default: the manifest's folder", path_schema()},
        {"stdin", "string", false, "standard input (command); default: none", text_schema()},
        {"http", "URL", false, "a URL to GET", text_schema()},
        {"status", "number or list", false, "statuses that mean yes (http); default 200", integers_schema()},
        {"body", "regex", false, "must match somewhere in the answer's body (http)", text_schema()},
        {"headers", "object", false, "headers of the request (http)", text_map_schema()},
        {"tcp", "HOST:PORT", false, "a connection must be possible", text_schema()},
        {"file", "path", false, "the entry must be there", path_schema()},
        {"sha256", "hex", false, "digest of the file's content, links followed (file)", text_schema()},
        {"absent", "boolean", false, "nothing may be there (file)", flag_schema()},
        {"exists", "boolean", false, "the same turned round (file)", flag_schema()},
        {"within", "duration", false, "ask again until yes, for so long; default: ask once", duration_schema()},
        {"every", "duration", false, "pause between two tries; default 1s", duration_schema()},
        {"timeout", "duration", false, "limit of one try; default 30s", duration_schema()},
    };
    info.detects = "nothing: the question is asked when the step's turn comes";
    info.verifies = "the answer itself";
    info.undo_restores = "nothing to undo: a check changes nothing";
    info.undo_cannot = "what the command of a check changes, if it changes something after all";
    info.example =
        R"({ "action": "check", "with": { "http": "http://127.0.0.1:8080/health", "status": 200, "within": "30s" } })";
    return info;
}

class Check final : public Compensator {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

    Result<Planned> plan(PlanRequest& request) const override {
        const std::vector<std::string> problems = validate_check(request.with);
        if (!problems.empty()) return Error{ErrorCode::invalid, join(problems, "; ")};
        Planned planned;
        planned.operation = "check";
        planned.target = describe_check(request.with);
        planned.details = Json{{"check", check_without_secrets(request.with)}};
        planned.arguments = Json{{"check", request.with}, {"directory", request.manifest_directory}};
        planned.known_after = awaited_actions(request.with);
        planned.undo.description = "nothing to undo";
        planned.every_time = true;
        planned.effect = Effect::none;
        return planned;
    }

    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        return Staged{context.planned_arguments != nullptr ? *context.planned_arguments : step.arguments, {}};
    }

    // Going back there is nothing to ask.
    Result<Staged> invert(StepContext& /*context*/, const Json& /*image*/) const override {
        return Staged{Json{{"check", nullptr}}, {}};
    }

    Result<Applied> apply(StepContext& context, const Json& image) const override {
        Applied applied;
        applied.was_already = member(image, "check").is_null();
        if (applied.was_already) return applied;
        BACKOUT_TRY_ASSIGN(const CheckOutcome outcome, ask(context, image));
        applied.result = Json{{"tries", outcome.tries}, {"reason", outcome.reason}};
        if (outcome.passed) return applied;
        std::string message = "the check failed: " + describe_check(image["check"]) + ": " + outcome.reason;
        if (outcome.tries > 1) {
            message += " (" + std::to_string(outcome.tries) + " tries in " + format_duration(outcome.duration) + ")";
        }
        return Error{ErrorCode::failed, message};
    }

    Result<Observation> observe(StepContext& /*context*/, const Json& /*image*/, bool /*deep*/) const override {
        return Observation{Where::both, {}, "a check changes nothing"};
    }

    Result<std::vector<Difference>> verify_kept(StepContext& /*context*/, const PlannedStep& /*step*/) const override {
        return std::vector<Difference>();
    }
    Result<std::vector<SyncRequest>> sync_of(StepContext& /*context*/, const Json& /*image*/) const override {
        return std::vector<SyncRequest>();
    }
    Status release(StepContext& /*context*/, const Json& /*image*/) const override { return {}; }
    Result<Json> outputs_of_kept(StepContext& /*context*/, const PlannedStep& /*step*/) const override {
        return Json();
    }

  private:
    static Result<CheckOutcome> ask(StepContext& context, const Json& image) {
        Json question = image["check"];
        if (context.expand) {
            BACKOUT_TRY_ASSIGN(question, context.expand(question));
        }
        // The step's own time limit bounds each try as well, unless the check has a limit of its own.
        if (context.timeout > 0 && !question.contains("timeout")) {
            question["timeout"] = std::to_string(context.timeout / kMillisecond + 1) + "ms";
        }
        SystemClock system_clock;
        Clock& clock = context.clock != nullptr ? *context.clock : system_clock;
        return run_check(context.host, clock, question, context.stop, string_member(image, "directory", "/"));
    }
};

}  // namespace

std::unique_ptr<Compensator> make_check_kind() {
    return std::make_unique<Check>();
}

}  // namespace backout
