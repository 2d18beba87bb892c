#include "cli/plan_source.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "cli/secrets.h"
#include "manifest/parse.h"
#include "plan/plan_codec.h"

namespace backout {

namespace {

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : dump_canonical(value);
}

// Known to the redactor before anybody else sees them.
void give_secrets(Context& context, const Manifest& manifest, const GivenInputs& given) {
    for (const InputSpecification& input : manifest.inputs) {
        if (!input.secret) continue;
        context.secrets.set_variable(input.name, input.env);
        const Json& from_file = member(given.from_file, input.name);
        if (!from_file.is_null()) context.secrets.give(input.name, text_of(from_file));
        const auto word = given.from_command_line.find(input.name);
        if (word == given.from_command_line.end()) continue;
        context.secrets.give(input.name, word->second);
        context.channels.warn(
            "the secret input '" + printable(input.name) +
            "' was given on the command line, where others can read it; give it by --inputs FILE or its "
            "environment variable");
    }
}

InputAsker asker_of(Context& context) {
    if (!context.terminal.interactive()) return {};
    return [&context](const InputSpecification& input) -> Result<std::optional<std::string>> {
        if (input.secret) {
            BACKOUT_TRY_ASSIGN(std::string secret, context.secrets.value(input.name));
            return std::optional<std::string>(std::move(secret));
        }
        std::string question = "Input '" + printable(input.name) + "'";
        if (!input.description.empty()) question += " (" + printable(input.description) + ")";
        return context.terminal.line(question);
    };
}

// The same for every verb that plans, so that the same change has the same digest.
std::string planning_command(const InputText& input, const GivenInputs& given) {
    std::string command = "backout plan " + shell_word(input.name);
    for (const auto& [name, value] : given.from_command_line) command += " --input " + shell_word(name + "=…");
    if (!given.file_name.empty()) command += " --inputs " + shell_word(given.file_name);
    return command;
}

void keep_secrets(Context& context, const Secrets& secrets) {
    for (const auto& [name, value] : secrets) context.secrets.give(name, text_of(value));
}

}  // namespace

namespace {

// As with a manifest: a name that nobody asks for is a mistake.
Status check_input_names(const Plan& plan, const InputText& source, const GivenInputs& given) {
    std::vector<std::string> names;
    for (const auto& entry : member(plan.state, "inputs").items()) names.push_back(entry.key());
    const auto check = [&](const std::string& name, const std::string& place, const std::string& giver) -> Status {
        if (std::find(names.begin(), names.end(), name) != names.end()) return {};
        return Error{ErrorCode::invalid, place + ": there is no input '" + printable(name) + "'" + giver +
                                             did_you_mean(name, names) + "; the plan " +
                                             (names.empty() ? "has no inputs" : "has " + join_words(names))};
    };
    for (const auto& entry : given.from_command_line)
        BACKOUT_TRY(check(entry.first, source.name, ", which --input gives"));
    if (!given.from_file.is_object()) return {};
    for (const auto& entry : given.from_file.items()) {
        const auto place = given.file_places.find(entry.key());
        const bool known = place != given.file_places.end();
        BACKOUT_TRY(
            check(entry.key(), known ? place->second.file + ":" + to_string(place->second.name) : given.file_name, ""));
    }
    return {};
}

bool is_new_secret(const Context& context, const std::string& name, const Json& input) {
    return bool_member(input, "secret", false) && !context.secrets.is_noted(name);
}

void offer_given(Context& context, const Json& inputs, const GivenInputs& given) {
    for (const auto& [name, input] : inputs.items()) {
        if (!is_new_secret(context, name, input)) continue;
        context.secrets.set_variable(name, string_member(input, "env"));
        const Json& from_file = member(given.from_file, name);
        if (!from_file.is_null()) context.secrets.offer(name, text_of(from_file));
        const auto word = given.from_command_line.find(name);
        if (word != given.from_command_line.end()) context.secrets.offer(name, word->second);
    }
}

}  // namespace

// Once given, a value is not asked for again; --inputs - can be read but once.
Status offer_secrets(Context& context, const Plan& plan) {
    const Json& inputs = member(plan.state, "inputs");
    bool wanted = false;
    for (const auto& [name, input] : inputs.items()) wanted = wanted || is_new_secret(context, name, input);
    if (!wanted) return {};
    BACKOUT_TRY_ASSIGN(const GivenInputs given, given_inputs(context.arguments, context.environment.working_directory));
    offer_given(context, inputs, given);
    return {};
}

Result<Plan> plan_manifest(Context& context, const InputText& input) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    PlanOptions options;
    options.source_name = input.name;
    options.directory = input.directory;
    BACKOUT_TRY_ASSIGN(options.inputs, given_inputs(context.arguments, context.environment.working_directory));
    options.environment = context.environment_lookup();
    options.ask = asker_of(context);
    options.command = planning_command(input, options.inputs);
    if (const ParsedManifest parsed = parse_manifest(input.text, input.name, {input.directory}); parsed.manifest) {
        give_secrets(context, *parsed.manifest, options.inputs);
    }
    Secrets secrets;
    Result<Plan> plan = session->plan(input.text, options, &secrets);
    keep_secrets(context, secrets);
    return plan;
}

Result<Plan> load_plan(Context& context, const InputText& input) {
    BACKOUT_TRY_ASSIGN(Plan plan, plan_from_text(input.text, input.name));
    BACKOUT_TRY_ASSIGN(const GivenInputs given, given_inputs(context.arguments, context.environment.working_directory));
    BACKOUT_TRY(check_input_names(plan, input, given));
    offer_given(context, member(plan.state, "inputs"), given);
    return plan;
}

Result<Plan> plan_of(Context& context, const InputText& input) {
    return input.is_plan ? load_plan(context, input) : plan_manifest(context, input);
}

Result<Output> output_of(const Context& context, const std::string& source) {
    if (!context.arguments.has("--output")) return Output{};
    const std::string file = context.arguments.text("--output");
    if (file.empty()) return Error{ErrorCode::usage, "-o: the name of the file is empty"};
    if (file == "-") return Output{false, true};
    Output output{true, false, path_from(file, context.environment.working_directory)};
    std::vector<std::string> inputs = context.arguments.list("--inputs");
    inputs.push_back(source);
    BACKOUT_TRY(check_output(output.path, inputs));
    return output;
}

bool names_run(const std::string& word) {
    struct stat status {};
    if (::lstat(word.c_str(), &status) == 0) return false;
    const std::string number = word.rfind("r-", 0) == 0 ? word.substr(2) : word;
    return !number.empty() && number[0] >= '0' && number[0] <= '9' && number.find('/') == std::string::npos &&
           number.find('.') == std::string::npos;
}

Result<RunReport> report_of(Context& context, const std::string& run) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const RunDetails details, session->show(run));
    return make_run_report(details.plan, details.state, details.summary, details.around);
}

}  // namespace backout
