#include "manifest/inputs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "manifest/reader.h"
#include "manifest/reference_check.h"

namespace backout {

namespace {

std::string how_to_give(const InputSpecification& input) {
    // A secret on the command line would stand in the process list.
    std::vector<std::string> ways;
    if (!input.secret) ways.push_back("--input " + input.name + "=VALUE");
    if (!input.env.empty()) ways.push_back("the environment variable " + input.env);
    ways.push_back("a file for --inputs");
    return "the input " + in_quotes(input.name) + " has no value: give it with " + join(ways, " or ");
}

const char* type_word(const Json& value) {
    if (value.is_boolean()) return "true or false";
    if (value.is_number()) return "a number";
    if (value.is_array()) return "a list, as JSON";
    return "an object, as JSON";
}

// Text given for an input whose default isn't text.
std::optional<Json> typed_like(const Json& sample, const std::string& text) {
    if (sample.is_string() || sample.is_null()) return Json(text);
    ManifestErrors ignored;
    const auto node = read_node(text, ignored);
    if (!node) return std::nullopt;
    Json value = node->to_json();
    const bool same = value.type() == sample.type() || (value.is_number() && sample.is_number());
    return same ? std::optional<Json>(std::move(value)) : std::nullopt;
}

class InputResolution {
  public:
    InputResolution(const Manifest& manifest, const GivenInputs& given, const EnvironmentLookup& environment,
                    const InputAsker& ask)
        : manifest_(manifest), given_(given), environment_(environment), ask_(ask) {
        errors_.source_name = manifest.source_name;
    }

    Result<InputValues> run();

  private:
    std::string declared() const;
    std::string nearest(const std::string& name) const;
    const InputPlace* place_in_file(const std::string& name) const;
    ManifestErrors& errors_of_file(const std::string& file);
    void refuse_value(const InputSpecification& input, const std::string& origin, const std::string& problem);
    bool refuse_null(const InputSpecification& input, const std::string& file);
    void report_unknown_names();
    Result<InputValues> outcome();
    void resolve(const InputSpecification& input);
    std::optional<InputValue> find_value(const InputSpecification& input);
    std::optional<InputValue> asked_value(const InputSpecification& input);
    std::optional<InputValue> from_text(const InputSpecification& input, const std::string& text, std::string origin);
    void check_pattern(const InputSpecification& input, const InputValue& value);
    bool may_be_missing(const InputSpecification& input) const;
    bool used_outside_actions(const std::string& name) const;

    const Manifest& manifest_;
    const GivenInputs& given_;
    const EnvironmentLookup& environment_;
    const InputAsker& ask_;
    ManifestErrors errors_;
    std::map<std::string, ManifestErrors> file_errors_;  // of --inputs files
    InputValues values_;
    bool refused_ = false;  // the value at hand was there, but unusable; it is reported, and not missing
};

std::string InputResolution::declared() const {
    std::string text = manifest_.source_name;
    if (manifest_.inputs_position.line != 0) text += ":" + to_string(manifest_.inputs_position);
    if (manifest_.inputs.empty()) return text + " declares no inputs";
    std::vector<std::string> names;
    for (const InputSpecification& input : manifest_.inputs) names.push_back(in_quotes(input.name));
    return text + " declares " + join_words(names);
}

std::string InputResolution::nearest(const std::string& name) const {
    std::vector<std::string> names;
    for (const InputSpecification& input : manifest_.inputs) names.push_back(input.name);
    return did_you_mean(name, names);
}

const InputPlace* InputResolution::place_in_file(const std::string& name) const {
    const auto place = given_.file_places.find(name);
    return place == given_.file_places.end() ? nullptr : &place->second;
}

ManifestErrors& InputResolution::errors_of_file(const std::string& file) {
    ManifestErrors& errors = file_errors_[file];
    errors.source_name = file;
    return errors;
}

// What is wrong with a value, in the place where it was given: a file, or else (with where from) the manifest.
void InputResolution::refuse_value(const InputSpecification& input, const std::string& origin,
                                   const std::string& problem) {
    const std::string which = "the value of the input " + in_quotes(input.name);
    const InputPlace* place = place_in_file(input.name);
    if (place == nullptr || origin != place->file)
        return errors_.add(input.position, which + " from " + origin + " " + problem);
    errors_of_file(place->file).add(place->value, which + " " + problem);
}

void InputResolution::report_unknown_names() {
    for (const auto& [name, value] : given_.from_command_line) {
        if (manifest_.find_input(name) != nullptr) continue;
        const Position place = manifest_.inputs_position.line == 0 ? Position{1, 1} : manifest_.inputs_position;
        errors_.add(place, "there is no input " + in_quotes(name) + ", which --input gives" + nearest(name) + "; " +
                               declared());
    }
    if (!given_.from_file.is_object()) return;
    for (const auto& entry : given_.from_file.items()) {
        if (manifest_.find_input(entry.key()) != nullptr) continue;
        const InputPlace* place = place_in_file(entry.key());
        errors_of_file(place == nullptr ? given_.file_name : place->file)
            .add(place == nullptr ? Position{1, 1} : place->name,
                 "there is no input " + in_quotes(entry.key()) + nearest(entry.key()) + "; " + declared());
    }
}

std::optional<InputValue> InputResolution::from_text(const InputSpecification& input, const std::string& text,
                                                     std::string origin) {
    const Json sample = input.default_value.value_or(nullptr);
    auto typed = typed_like(sample, text);
    if (typed) return InputValue{std::move(*typed), input.secret, std::move(origin)};
    refused_ = true;
    errors_.add(input.position, "the input " + in_quotes(input.name) + " takes " + type_word(sample) +
                                    ", like its default" + (input.secret ? "" : ", not " + in_quotes(text)));
    return std::nullopt;
}

std::optional<InputValue> InputResolution::asked_value(const InputSpecification& input) {
    if (!ask_) return std::nullopt;
    const auto answer = ask_(input);
    if (!answer) {
        refused_ = true;
        errors_.add(input.position,
                    "asking for the input " + in_quotes(input.name) + " failed: " + answer.error().text());
        return std::nullopt;
    }
    if (!answer.value()) return std::nullopt;
    return from_text(input, *answer.value(), "asked");
}

// An empty place in a file is more often a forgotten value than a wish. Where the default is null, null is a value.
bool InputResolution::refuse_null(const InputSpecification& input, const std::string& file) {
    if (!given_.from_file[input.name].is_null()) return false;
    if (input.default_value && input.default_value->is_null()) return false;
    refused_ = true;
    refuse_value(input, file, "is null, which is no value: give one, or leave " + in_quotes(input.name) + " out");
    return true;
}

std::optional<InputValue> InputResolution::find_value(const InputSpecification& input) {
    refused_ = false;
    const auto line = given_.from_command_line.find(input.name);
    if (line != given_.from_command_line.end()) return from_text(input, line->second, "--input");
    if (given_.from_file.is_object() && given_.from_file.contains(input.name)) {
        const InputPlace* place = place_in_file(input.name);
        const std::string& file = place == nullptr ? given_.file_name : place->file;
        if (refuse_null(input, file)) return std::nullopt;
        return InputValue{given_.from_file[input.name], input.secret, file};
    }
    if (!input.env.empty() && environment_) {
        if (const auto value = environment_(input.env)) return from_text(input, *value, "$" + input.env);
    }
    if (input.default_value) return InputValue{*input.default_value, input.secret, "default"};
    return asked_value(input);
}

void InputResolution::check_pattern(const InputSpecification& input, const InputValue& value) {
    if (!input.pattern) return;
    if (value.value.is_structured() || value.value.is_null()) return;
    const std::string text = value.value.is_string() ? value.value.get<std::string>() : dump_canonical(value.value);
    const auto found = input.pattern->is_found_in(text);
    if (!found) return errors_.add(input.position, found.error().message);
    if (found.value()) return;
    refuse_value(input, value.origin,
                 "doesn't match " + in_quotes(input.pattern->text()) + (input.secret ? "" : ": " + in_quotes(text)));
}

bool InputResolution::used_outside_actions(const std::string& name) const {
    const auto uses = [&name](const Node& node) {
        const auto names = referenced_inputs(node);
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    const auto fact_uses = [&uses](const FactSpecification& fact) { return uses(fact.with); };
    return std::any_of(manifest_.verify.begin(), manifest_.verify.end(), uses) ||
           std::any_of(manifest_.facts.begin(), manifest_.facts.end(), fact_uses);
}

bool InputResolution::may_be_missing(const InputSpecification& input) const {
    bool skipped_or_tested = false;
    for (const Action& action : manifest_.actions) {
        const auto names = referenced_inputs(action);
        const bool used = std::find(names.begin(), names.end(), input.name) != names.end();
        // An action has the manifest's policy where it names none: its own word is the stronger one.
        if (used && action.on_missing_input == OnMissingInput::fail) return false;
        skipped_or_tested = skipped_or_tested || used || tests_input(action, input.name);
    }
    if (manifest_.on_missing_input == OnMissingInput::skip) return true;
    return skipped_or_tested && !used_outside_actions(input.name);
}

void InputResolution::resolve(const InputSpecification& input) {
    auto value = find_value(input);
    if (value) {
        check_pattern(input, *value);
        values_.values.emplace(input.name, std::move(*value));
    } else if (!refused_ && may_be_missing(input)) {
        values_.missing.emplace(input.name, how_to_give(input));
    } else if (!refused_) {
        errors_.add(input.position, how_to_give(input));
    }
}

Result<InputValues> InputResolution::run() {
    report_unknown_names();
    for (const InputSpecification& input : manifest_.inputs) resolve(input);
    return outcome();
}

Result<InputValues> InputResolution::outcome() {
    std::string text = errors_.text();
    for (const auto& [file, errors] : file_errors_) text += errors.text();
    if (text.empty()) return std::move(values_);
    text.pop_back();
    return Error{ErrorCode::invalid, std::move(text), manifest_.source_name};
}

}  // namespace

Result<InputValues> resolve_inputs(const Manifest& manifest, const GivenInputs& given,
                                   const EnvironmentLookup& environment, const InputAsker& ask) {
    return InputResolution(manifest, given, environment, ask).run();
}

std::vector<std::string> missing_inputs_of(const Action& action, const InputValues& values) {
    std::vector<std::string> names = referenced_inputs(action);
    const auto is_there = [&values](const std::string& name) { return values.missing.count(name) == 0; };
    names.erase(std::remove_if(names.begin(), names.end(), is_there), names.end());
    return names;
}

}  // namespace backout
