#include "compensators/staged_validation.h"

#include <nlohmann/json.hpp>

#include "compensators/program.h"

namespace backout {

namespace {

constexpr Nanoseconds kValidationTimeout = 60 * kSecond;

std::string with_file(std::string word, const std::string& file) {
    for (std::size_t at = word.find("${file}"); at != std::string::npos; at = word.find("${file}", at + file.size())) {
        word.replace(at, 7, file);
    }
    return word;
}

}  // namespace

Status validate_staged_file(StepContext& context, const Json& words, const std::string& file) {
    if (!words.is_array() || words.empty()) return {};
    const std::string& root = context.host.root();
    const std::string path = (root == "/" ? "" : root) + file;
    Json argv = words;
    for (Json& word : argv) {
        if (word.is_string()) word = with_file(word.get<std::string>(), path);
    }
    ProgramOptions options;
    options.timeout = context.timeout > 0 ? context.timeout : kValidationTimeout;
    options.stop = context.stop;
    options.on_start = context.child_started;
    BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, run_program(context.host, Json{{"argv", argv}}, options));
    if (context.output && !outcome.output.empty()) context.output("stdout", outcome.output);
    if (context.output && !outcome.errors.empty()) context.output("stderr", outcome.errors);
    if (outcome.succeeded()) return {};
    const std::string said = last_words(outcome);
    return Error{ErrorCode::failed, "validate refuses the new file (" + outcome.summary() + ")" +
                                        (said.empty() ? std::string() : ": " + said)};
}

}  // namespace backout
