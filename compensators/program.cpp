#include "compensators/program.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr std::size_t kLongestDescription = 200;
constexpr std::size_t kLastLines = 5;
constexpr std::size_t kLastBytes = 1000;

std::string quoted_word(const std::string& word) {
    const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%()";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string quoted = "'";
    for (const char letter : word) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
    return quoted + "'";
}

ProcessSpec spec_of(const Json& program, const ProgramOptions& options) {
    ProcessSpec spec;
    for (const Json& word : member(program, "argv")) spec.argv.push_back(word.get<std::string>());
    spec.environment = default_environment();
    for (const auto& [name, value] : member(program, "env").items()) spec.environment[name] = value.get<std::string>();
    spec.directory = string_member(program, "cwd", "/");
    spec.input = string_member(program, "stdin");
    spec.timeout = options.timeout;
    spec.output_limit = options.output_limit;
    spec.stop = options.stop;
    spec.on_start = options.on_start;
    return spec;
}

// What templates came out as: everything must be a text by now; numbers and truth values are written as such.
Status only_texts(Json& values, const std::string& where) {
    for (auto& [key, value] : values.items()) {
        if (value.is_string()) continue;
        auto text = embed_in_text(value);
        if (!text) return std::move(text).error().in(where + "[" + key + "]");
        value = *text;
    }
    return {};
}

Result<Json> prepared(const Json& program) {
    Json ready = program;
    BACKOUT_ASSERT(ready.is_object() && member(ready, "argv").is_array() && !has_template(ready));
    if (!ready.contains("env") || ready["env"].is_null()) ready["env"] = Json::object();
    BACKOUT_TRY(only_texts(ready["argv"], "argv"));
    BACKOUT_TRY(only_texts(ready["env"], "env"));
    if (!member(ready, "stdin").is_null()) {
        BACKOUT_TRY_ASSIGN(ready["stdin"], embed_in_text(ready["stdin"]));
    }
    for (const Json& word : ready["argv"]) {
        if (word.get_ref<const std::string&>().find('\0') != std::string::npos) {
            return Error{ErrorCode::invalid, "a word of argv holds a NUL byte, which no program can be given"};
        }
    }
    return ready;
}

}  // namespace

Json read_program(ArgumentReader& reader, const std::string& directory) {
    Json program = Json::object();
    reader.require("argv");
    program["argv"] = reader.texts_or_templates("argv");
    if (reader.has("argv") && program["argv"].is_array() && program["argv"].empty()) {
        reader.complain("argv", "names no program");
    }
    if (has_secret(program["argv"])) {
        reader.complain("argv",
                        "holds a secret, which every user could read in the process list; give it in env or stdin");
    }
    program["env"] = reader.text_map("env");
    for (const auto& [name, value] : program["env"].items()) {
        if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos) {
            reader.complain("env", "'" + name + "' can't be the name of a variable");
        }
    }
    const Json cwd = reader.text_or_template("cwd");
    program["cwd"] = cwd.is_null() ? Json(directory) : cwd;
    if (cwd.is_string()) program["cwd"] = source_path(directory, cwd.get<std::string>());
    program["stdin"] = reader.text_or_template("stdin");
    return program;
}

Result<ProcessOutcome> run_program(Host& host, const Json& program, const ProgramOptions& options) {
    BACKOUT_TRY_ASSIGN(const Json ready, prepared(program));
    BACKOUT_TRY_ASSIGN(ProcessOutcome outcome, host.run(spec_of(ready, options)));
    if (outcome.stopped)
        return Error{ErrorCode::canceled, "stopped while running " + describe_argv(member(program, "argv"))};
    return outcome;
}

std::string describe_argv(const Json& argv) {
    std::string text;
    for (const Json& word : argv) {
        if (!text.empty()) text += ' ';
        text += quoted_word(describe_template(word));
    }
    text = printable(text);
    if (text.size() <= kLongestDescription) return text;
    std::size_t end = kLongestDescription - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "...";
}

std::string last_words(const ProcessOutcome& outcome) {
    const Bytes& stream = outcome.errors.find_last_not_of(" \t\r\n") != Bytes::npos ? outcome.errors : outcome.output;
    std::vector<std::string> lines;
    for (const std::string& line : split(stream, '\n')) {
        if (line.find_last_not_of(" \t\r") == std::string::npos) continue;
        lines.push_back(printable(line.back() == '\r' ? line.substr(0, line.size() - 1) : line));
    }
    if (lines.size() > kLastLines) lines.erase(lines.begin(), lines.end() - kLastLines);
    const std::string text = join(lines, " | ");
    return text.size() <= kLastBytes ? text : "..." + text.substr(text.size() - kLastBytes);
}

}  // namespace backout
