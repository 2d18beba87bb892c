#include "cli/secrets.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/secret_words.h"
#include "base/text.h"
#include "cli/files.h"

namespace backout {

Result<GivenInputs> given_inputs(const Arguments& arguments, const std::string& working_directory) {
    GivenInputs given;
    for (const std::string& name : arguments.list("--inputs")) {
        BACKOUT_TRY_ASSIGN(const InputText file, read_input(name, working_directory));
        BACKOUT_TRY(read_inputs_file(file.text, file.name, given));
    }
    given.file_name = join_words(arguments.list("--inputs"));
    BACKOUT_TRY_ASSIGN(given.from_command_line, inputs_of_words(arguments));
    return given;
}

Result<std::map<std::string, std::string>> inputs_of_words(const Arguments& arguments) {
    std::map<std::string, std::string> inputs;
    for (const std::string& word : arguments.list("--input")) {
        const std::size_t equals = word.find('=');
        // The word isn't shown: it may hold a secret.
        if (equals == std::string::npos || equals == 0) return Error{ErrorCode::usage, "--input: write NAME=VALUE"};
        inputs[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return inputs;
}

void SecretValues::give(const std::string& name, const std::string& value) {
    if (value.size() < kShortestSecret && values_.count(name) == 0) {
        channels_.warn("the secret input '" + printable(name) + "' has fewer than " + std::to_string(kShortestSecret) +
                       " bytes: it is too short to be masked where a program prints it");
    }
    channels_.redactor().add(value);
    protect_memory();
    values_[name] = value;
}

Result<std::string> SecretValues::value(const std::string& name) {
    if (const auto known = values_.find(name); known != values_.end()) return known->second;
    if (const auto offered = offered_.find(name); offered != offered_.end()) {
        give(name, offered->second);
        return offered->second;
    }
    const auto variable = variables_.find(name);
    const std::string from_environment = variable == variables_.end() || variable->second.empty()
                                             ? ""
                                             : environment_.variable(variable->second).value_or("");
    if (!from_environment.empty()) {
        give(name, from_environment);
        return from_environment;
    }
    if (!terminal_.interactive()) {
        std::string message = "the secret input '" + printable(name) +
                              "' is needed and can't be asked for here; give it by --inputs FILE";
        if (variable != variables_.end() && !variable->second.empty())
            message += " or the environment variable " + variable->second;
        return Error{ErrorCode::invalid, message};
    }
    BACKOUT_TRY_ASSIGN(const std::string typed, terminal_.secret("Secret input '" + printable(name) + "'"));
    give(name, typed);
    return typed;
}

Result<Json> SecretValues::answer(const std::string& reference) {
    const std::string prefix = "inputs.";
    BACKOUT_TRY_ASSIGN(const std::string found,
                       value(reference.rfind(prefix, 0) == 0 ? reference.substr(prefix.size()) : reference));
    return Json(found);
}

}  // namespace backout
