#pragma once
// Values that are given and never stored: inputs from the command line and files, and secrets from the environment or a
// person. Every secret that passes is told to the redactor first.

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "cli/environment.h"
#include "cli/terminal.h"
#include "manifest/inputs.h"

namespace backout {

/// What --input and the --inputs FILEs say, later ones over earlier ones. Errors: `invalid` with FILE:LINE:COLUMN,
/// `usage`.
Result<GivenInputs> given_inputs(const Arguments& arguments, const std::string& working_directory);
/// NAME to VALUE of each --input. Errors: `usage` for a word without '='.
Result<std::map<std::string, std::string>> inputs_of_words(const Arguments& arguments);

class SecretValues {
  public:
    SecretValues(Channels& channels, Terminal& terminal, const Environment& environment)
        : channels_(channels), terminal_(terminal), environment_(environment) {}

    /// A value that somebody gave under this name; whether it is a secret shows when it is asked for as one.
    void offer(const std::string& name, const std::string& value) { offered_[name] = value; }
    void give(const std::string& name, const std::string& value);
    /// The environment variable that may hold a secret, as the manifest or a saved plan names it.
    void set_variable(const std::string& name, const std::string& variable) { variables_[name] = variable; }
    bool is_noted(const std::string& name) const { return variables_.count(name) != 0; }
    bool has(const std::string& name) const { return values_.count(name) != 0; }
    /// Given, from its environment variable, or from a person. Errors: `usage`: nobody can be asked.
    Result<std::string> value(const std::string& name);
    /// For the engine: "inputs.token".
    Result<Json> answer(const std::string& reference);

  private:
    Channels& channels_;
    Terminal& terminal_;
    const Environment& environment_;
    std::map<std::string, std::string> values_;
    std::map<std::string, std::string> offered_;
    std::map<std::string, std::string> variables_;
};

}  // namespace backout
