#include "compensators/command_run_plan.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/command_run_state.h"
#include "plan/template.h"

namespace backout {

namespace {

const std::vector<std::string> kKeys = {"argv",    "env",  "cwd",   "stdin", "creates", "removes",
                                        "touches", "undo", "probe", "exit",  "outputs"};

Json absolute_mark(ArgumentReader& reader, const std::string& name, const std::string& directory) {
    const Json path = reader.text_or_template(name);
    if (!path.is_string()) return path;
    if (path.get<std::string>().empty()) reader.complain(name, "is empty");
    return absolute_path(directory, path.get<std::string>());
}

Json absolute_touches(ArgumentReader& reader, const std::string& directory) {
    Json paths = reader.texts_or_templates("touches");
    for (Json& path : paths) {
        if (path.is_string()) path = absolute_path(directory, path.get<std::string>());
    }
    return paths;
}

Json inner_program(ArgumentReader& reader, const std::string& name, const Json& with, const std::string& directory) {
    if (!reader.has(name)) return nullptr;
    ArgumentReader inner(with[name], name + ".");
    inner.only({"argv", "env", "cwd", "stdin"});
    Json program = read_program(inner, directory);
    reader.take_problems_of(inner);
    return program;
}

Json read_outputs(ArgumentReader& reader) {
    const Json outputs = reader.text_map("outputs");
    for (const auto& [name, pointer] : outputs.items()) {
        const std::string text = pointer.is_string() ? pointer.get<std::string>() : "";
        if (!pointer.is_string() || (!text.empty() && text[0] != '/')) {
            reader.complain("outputs." + name,
                            "a JSON pointer like \"/id\" is expected, or \"\" for all that was written");
        }
    }
    return outputs;
}

// ---- what an earlier step of the same plan will have changed -------------------------------------------------------

/// True if the world as the step will find it differs from the real one in what the command says it works on: then a
/// probe that is asked now would speak of another world.
Result<bool> earlier_steps_interfere(PlanRequest& request, const Json& arguments) {
    std::vector<std::string> paths;
    for (const Json& path : arguments["touches"]) paths.push_back(path.is_string() ? path.get<std::string>() : "");
    for (const char* name : {"creates", "removes"}) paths.push_back(string_member(arguments, name));
    const std::string program =
        member(arguments, "probe").is_null() ? "" : describe_template(arguments["probe"]["argv"][0]);
    if (!program.empty() && program[0] == '/') paths.push_back(program);
    const std::unique_ptr<WorldView> real = make_host_world_view(request.host);
    for (const std::string& path : paths) {
        if (path.empty()) continue;
        BACKOUT_TRY_ASSIGN(const Seen predicted, request.world.look(path));
        if (!predicted.known) return true;
        const auto found = real->look(path);
        if (!found || !(found->state == predicted.state)) return true;
    }
    return false;
}

struct Decision {
    CommandLook look = {};
    std::vector<std::string> known_after = {};
    std::vector<std::string> warnings = {};
};

Result<Decision> decide_by_marks(PlanRequest& request, const Json& arguments) {
    Decision decision;
    bool present[2] = {false, false};
    const char* names[2] = {"creates", "removes"};
    for (std::size_t index = 0; index < 2; ++index) {
        const Json& mark = member(arguments, names[index]);
        if (mark.is_null()) continue;
        if (!mark.is_string()) return decision;
        BACKOUT_TRY_ASSIGN(const Seen seen, request.world.look(mark.get<std::string>()));
        if (!seen.known) decision.known_after.push_back(seen.known_after);
        present[index] = seen.state.present();
    }
    if (decision.known_after.empty()) decision.look = marks_of(arguments, present[0], present[1]);
    return decision;
}

Result<Decision> decide_by_probe(PlanRequest& request, const Json& arguments) {
    Decision decision;
    Json ready = arguments;
    if (has_template(ready["probe"]) && awaited_actions(ready["probe"]).empty() && request.expand) {
        BACKOUT_TRY_ASSIGN(ready["probe"], request.expand(ready["probe"]));
    }
    if (has_template(ready["probe"])) return decision;
    BACKOUT_TRY_ASSIGN(const bool interfere, earlier_steps_interfere(request, arguments));
    if (interfere) return decision;
    ProgramOptions options;
    options.timeout = kProbeTimeout;
    BACKOUT_TRY_ASSIGN(decision.look, ask_probe(request.host, ready, options));
    if (decision.look.state == CommandState::unknown) {
        decision.warnings.push_back("the probe of " + describe_argv(arguments["argv"]) + " gives no answer now (" +
                                    decision.look.found + "): the command will be run");
    }
    if (decision.look.state == CommandState::half) {
        decision.warnings.push_back(describe_argv(arguments["argv"]) + " seems half done already (" +
                                    decision.look.reason + "): it will be run again");
    }
    return decision;
}

Result<Decision> decide(PlanRequest& request, const Json& arguments) {
    if (!member(arguments, "probe").is_null()) return decide_by_probe(request, arguments);
    return decide_by_marks(request, arguments);
}

// ---- the parts of the answer ---------------------------------------------------------------------------------------

UndoDeclaration declare_undo(const Json& arguments) {
    UndoDeclaration undo;
    if (member(arguments, "undo").is_null()) {
        undo.description = "can't be undone: the step names no undo command";
        undo.reversibility = Reversibility::irreversible;
        return undo;
    }
    undo.description = "runs " + describe_argv(arguments["undo"]["argv"]);
    if (!member(arguments, "probe").is_null()) {
        undo.description += ", confirmed by the probe";
        return undo;
    }
    undo.reversibility = Reversibility::conditional;
    undo.condition = "the undo command is run without proof: no probe tells whether it worked";
    if (can_be_asked(arguments)) undo.condition = "only creates and removes tell whether the undo command worked";
    if (!arguments["touches"].empty()) undo.condition = "no probe tells whether it worked: what it touches is compared";
    return undo;
}

Status add_resource(PlanRequest& request, const Json& path, bool tree, Planned& planned) {
    if (!path.is_string()) return {};
    BACKOUT_TRY_ASSIGN(const std::string key, request.world.key_of(path.get<std::string>()));
    planned.resources.push_back(Resource{"path", key, tree, ""});
    return {};
}

void predict(const Json& path, bool known, Planned& planned) {
    if (!path.is_string()) return;
    Prediction prediction;
    prediction.path = path.get<std::string>();
    prediction.known = known;
    planned.predictions.push_back(std::move(prediction));
}

Status add_paths(PlanRequest& request, const Json& arguments, Planned& planned) {
    for (const Json& path : arguments["touches"]) BACKOUT_TRY(add_resource(request, path, true, planned));
    BACKOUT_TRY(add_resource(request, member(arguments, "creates"), false, planned));
    BACKOUT_TRY(add_resource(request, member(arguments, "removes"), false, planned));
    if (planned.operation == "keep") return {};
    for (const Json& path : arguments["touches"]) predict(path, false, planned);
    predict(member(arguments, "creates"), false, planned);
    predict(member(arguments, "removes"), true, planned);
    return {};
}

/// For people: words, no values of env or stdin.
Json describe_command(const Json& arguments) {
    Json details = {{"argv", describe_argv(arguments["argv"])}, {"cwd", describe_template(arguments["cwd"])}};
    Json names = Json::array();
    for (const auto& [name, value] : arguments["env"].items()) names.push_back(name);
    if (!names.empty()) details["env"] = std::move(names);
    for (const char* name : {"undo", "probe"}) {
        if (!member(arguments, name).is_null()) details[name] = describe_argv(arguments[name]["argv"]);
    }
    for (const char* name : {"creates", "removes"}) {
        if (!member(arguments, name).is_null()) details[name] = describe_template(arguments[name]);
    }
    if (!arguments["touches"].empty()) {
        details["touches"] = Json::array();
        for (const Json& path : arguments["touches"]) details["touches"].push_back(describe_template(path));
    }
    return details;
}

}  // namespace

Json state_words(CommandState state) {
    switch (state) {
        case CommandState::applied: return "applied";
        case CommandState::not_applied: return "not applied";
        case CommandState::half: return "half done";
        case CommandState::unknown: break;
    }
    return nullptr;
}

Result<Json> read_command(const Json& with, const std::string& manifest_directory) {
    ArgumentReader reader(with);
    reader.only(kKeys);
    Json arguments = read_program(reader, manifest_directory);
    const std::string directory = manifest_directory;
    arguments["creates"] = absolute_mark(reader, "creates", directory);
    arguments["removes"] = absolute_mark(reader, "removes", directory);
    arguments["touches"] = absolute_touches(reader, directory);
    // Undo and probe work where the command does, unless they say otherwise.
    const std::string cwd = arguments["cwd"].is_string() ? arguments["cwd"].get<std::string>() : directory;
    arguments["undo"] = inner_program(reader, "undo", with, cwd);
    arguments["probe"] = inner_program(reader, "probe", with, cwd);
    arguments["exit"] = reader.integers("exit", {0});
    arguments["outputs"] = read_outputs(reader);
    BACKOUT_TRY(reader.finish());
    return arguments;
}

namespace {

Result<Planned> plan_decided(PlanRequest& request, Json arguments, Decision decision) {
    const bool keep = decision.look.state == CommandState::applied;
    Planned planned;
    planned.operation = keep ? "keep" : "run";
    planned.target = describe_argv(arguments["argv"]);
    planned.reason = decision.look.reason;
    planned.details = describe_command(arguments);
    planned.before = Json{{"state", state_words(decision.look.state)}};
    planned.after = Json{{"state", can_be_asked(arguments) ? Json("applied") : Json()}};
    planned.known_after = awaited_actions(arguments);
    planned.known_after.insert(planned.known_after.end(), decision.known_after.begin(), decision.known_after.end());
    planned.undo = declare_undo(arguments);
    if (keep) planned.undo = UndoDeclaration{"nothing to undo"};
    planned.warnings = std::move(decision.warnings);
    planned.every_time = !can_be_asked(arguments);
    planned.effect = keep ? Effect::none : Effect::tearable;
    BACKOUT_TRY(add_paths(request, arguments, planned));
    planned.arguments = std::move(arguments);
    return planned;
}

}  // namespace

Result<Planned> plan_command(PlanRequest& request) {
    BACKOUT_TRY_ASSIGN(Json arguments, read_command(request.with, request.manifest_directory));
    BACKOUT_TRY_ASSIGN(Decision decision, decide(request, arguments));
    return plan_decided(request, std::move(arguments), std::move(decision));
}

Result<Planned> plan_unasked_command(PlanRequest& request, const std::vector<std::string>& changed,
                                     const Json& last_outputs) {
    BACKOUT_TRY_ASSIGN(Json arguments, read_command(request.with, request.manifest_directory));
    Decision decision;
    decision.look.reason = "its probe is asked then";
    decision.known_after = changed;
    BACKOUT_TRY_ASSIGN(Planned planned, plan_decided(request, std::move(arguments), std::move(decision)));
    if (!last_outputs.is_null()) planned.arguments["last_outputs"] = last_outputs;
    return planned;
}

}  // namespace backout
