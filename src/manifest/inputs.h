#pragma once
// The values that a person gives. Sources in order: --input, --inputs FILE, the environment variable that the manifest
// names, the manifest's default, and at last asking. Pure but for the callbacks. Invariant: no message holds a secret.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.h"

namespace backout {

struct InputValue {
    Json value = nullptr;
    bool secret = false;
    std::string origin = {};  ///< "--input", "FILE", "$NAME", "default", "asked": for people
};

struct InputValues {
    std::map<std::string, InputValue> values;
    /// Inputs that nobody gave and nobody must give, with the sentence that says how to.
    std::map<std::string, std::string> missing;
};

/// Where an --inputs file gives a value.
struct InputPlace {
    std::string file;
    Position name;
    Position value;
};

struct GivenInputs {
    std::map<std::string, std::string> from_command_line;  ///< NAME to VALUE of --input
    Json from_file = nullptr;                              ///< the object in --inputs FILE, types kept; null: none
    std::string file_name = {};
    std::map<std::string, InputPlace> file_places = {};  ///< of what is in `from_file`, as far as known
};

/// The value of an environment variable, or nothing.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;
/// Asks a person, without echo if the input is secret; nothing if nobody can be asked.
using InputAsker = std::function<Result<std::optional<std::string>>(const InputSpecification& input)>;

/// Adds what an --inputs file says; what it says again takes the place of what was there. Errors: `invalid`, one line a
/// problem as "FILE:LINE:COLUMN: …". None of them quotes a value, for any may be a secret.
Status read_inputs_file(std::string_view text, const std::string& name, GivenInputs& given);

/// Values for all inputs. What comes as text (command line, environment, person) takes the type of the input's default:
/// "true" for a truth value, a number, JSON for lists and objects.
/// A missing input fails unless every action that uses it skips or does without it (defined(…) in its `when`), or
/// unless the manifest says `on_missing_input: "skip"`. Errors: `invalid` with one line a problem: missing, not
/// matching the pattern, unknown, of the wrong type.
Result<InputValues> resolve_inputs(const Manifest& manifest, const GivenInputs& given,
                                   const EnvironmentLookup& environment, const InputAsker& ask = {});

/// Inputs that `action` needs and nobody gave: it is skipped for their sake.
std::vector<std::string> missing_inputs_of(const Action& action, const InputValues& values);

}  // namespace backout
