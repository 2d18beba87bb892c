#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "compensators/argument_reader.h"
#include "compensators/program.h"
#include "planner/detectors/detector.h"

namespace backout {

namespace {

constexpr Nanoseconds kPatience = 60 * kSecond;

DetectorInfo make_info() {
    DetectorInfo info;
    info.name = "command";
    info.summary = "What a command answers that changes nothing; its answer must be the same when it is asked again";
    const Json texts{{"type", "array"}, {"items", Json{{"type", "string"}}}};
    info.parameters = {
        {"argv", "list of strings", true, "program and arguments, no shell", texts},
        {"env", "object", false, "environment variables", Json{{"type", "object"}}},
        {"cwd", "path", false, "working directory; the manifest's folder if not given", Json{{"type", "string"}}},
        {"stdin", "string", false, "what it reads", Json{{"type", "string"}}},
        {"timeout", "duration", false, "60s if not given", Json{{"type", "string"}}}};
    info.fields = {{"exit", "exit status; null if it couldn't be started or was killed"},
                   {"stdout", "standard output without its last newline"},
                   {"json", "standard output as JSON, or null if it is none"}};
    return info;
}

std::string without_newline(std::string text) {
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

Json answer_of(const ProcessOutcome& outcome) {
    const bool exited = outcome.started && outcome.signal == 0;
    auto parsed = parse_json(outcome.output);
    const std::string text = without_newline(outcome.output);
    return Json{{"exit", exited ? Json(outcome.exit_status) : Json(nullptr)},
                {"stdout", is_utf8(text) ? text : printable(text)},
                {"json", parsed.ok() ? *parsed : Json(nullptr)}};
}

class CommandDetector final : public Detector {
  public:
    const DetectorInfo& info() const override { return info_; }

    Result<Json> detect(const DetectRequest& request) const override {
        ArgumentReader reader(request.with);
        reader.only({"argv", "env", "cwd", "stdin", "timeout"});
        reader.require("argv");
        const Json program = read_program(reader, request.manifest_directory);
        ProgramOptions options;
        options.timeout = reader.duration("timeout", kPatience);
        BACKOUT_TRY(reader.finish());
        BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, run_program(request.host, program, options));
        if (outcome.timed_out) {
            return Error{ErrorCode::timeout, "'" + describe_argv(program["argv"]) + "' took longer than " +
                                                 format_duration(options.timeout) + ": give it a longer \"timeout\""};
        }
        if (outcome.truncated) {
            return Error{ErrorCode::invalid, "'" + describe_argv(program["argv"]) + "' wrote more than 1 MiB"};
        }
        return answer_of(outcome);
    }

  private:
    DetectorInfo info_ = make_info();
};

}  // namespace

std::unique_ptr<Detector> make_command_detector() {
    return std::make_unique<CommandDetector>();
}

}  // namespace backout
