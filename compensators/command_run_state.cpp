#include "compensators/command_run_state.h"

#include <nlohmann/json.hpp>

#include "compensators/file_parts.h"

namespace backout {

namespace {

Result<bool> is_present(Host& host, const std::string& path) {
    const auto place = host.locate(path);
    if (!place && place.error().code == ErrorCode::not_found) return false;
    if (!place) return place.error();
    BACKOUT_TRY_ASSIGN(const FileStatus status, place->directory->status(place->name));
    return status.present();
}

Result<bool> mark_is_present(Host& host, const Json& mark) {
    return mark.is_string() ? is_present(host, mark.get<std::string>()) : Result<bool>(false);
}

std::string presence(const std::string& path, bool present) {
    return path + (present ? " is there" : " is absent");
}

}  // namespace

bool can_be_asked(const Json& arguments) {
    return !member(arguments, "probe").is_null() || !member(arguments, "creates").is_null() ||
           !member(arguments, "removes").is_null();
}

namespace {

/// What an undo takes away that does nothing but remove: the words of `rm`, `rmdir` and `unlink` that are no flags.
std::vector<std::string> removed_by(const Json& undo) {
    std::vector<std::string> paths;
    const Json& argv = member(undo, "argv");
    if (!argv.is_array() || argv.size() < 2 || !argv[0].is_string()) return paths;
    const std::string program = argv[0].get<std::string>();
    const std::string name = program.substr(program.rfind('/') + 1);
    if (name != "rm" && name != "rmdir" && name != "unlink") return paths;
    for (std::size_t i = 1; i < argv.size(); ++i) {
        const std::string word = argv[i].is_string() ? argv[i].get<std::string>() : "";
        if (word.empty()) return {};
        if (word[0] != '-') paths.push_back(word[0] == '/' ? word : string_member(undo, "cwd") + "/" + word);
    }
    return paths;
}

std::vector<std::string> places_that_tell(const Json& arguments) {
    std::vector<std::string> paths;
    for (const Json& path : member(arguments, "touches")) {
        if (!path.is_string()) return {};
        paths.push_back(path.get<std::string>());
    }
    return paths.empty() ? removed_by(member(arguments, "undo")) : paths;
}

}  // namespace

Json traces_before_command(Host& host, const Json& arguments) {
    Json traces = nullptr;
    for (const std::string& path : places_that_tell(arguments)) {
        const Result<Entry> entry = find_entry(host, path);
        if (!entry.ok()) return nullptr;
        Result<Fingerprint> print = Fingerprint{};
        if (entry->status.present()) print = take_fingerprint(*entry);
        if (!print.ok()) return nullptr;
        traces[path] = {to_string(print->type), print->inode, print->size, print->mtime, print->ctime, print->below};
    }
    return traces;
}

CommandLook marks_of(const Json& arguments, bool creates_present, bool removes_present) {
    const std::string creates = string_member(arguments, "creates");
    const std::string removes = string_member(arguments, "removes");
    CommandLook look;
    if (creates.empty() && removes.empty()) return look;
    const bool all = (creates.empty() || creates_present) && (removes.empty() || !removes_present);
    const bool none = (creates.empty() || !creates_present) && (removes.empty() || removes_present);
    look.state = all ? CommandState::applied : (none ? CommandState::not_applied : CommandState::half);
    look.attribute = creates.empty() ? "removes" : "creates";
    if (!creates.empty()) look.reason = presence(creates, creates_present);
    if (!creates.empty() && !removes.empty()) look.reason += " and ";
    if (!removes.empty()) look.reason += presence(removes, removes_present);
    look.found = look.reason;
    return look;
}

Result<CommandLook> look_at_marks(Host& host, const Json& arguments) {
    BACKOUT_TRY_ASSIGN(const bool creates, mark_is_present(host, member(arguments, "creates")));
    BACKOUT_TRY_ASSIGN(const bool removes, mark_is_present(host, member(arguments, "removes")));
    return marks_of(arguments, creates, removes);
}

Result<CommandLook> ask_probe(Host& host, const Json& arguments, const ProgramOptions& options) {
    BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, run_program(host, member(arguments, "probe"), options));
    CommandLook look;
    look.attribute = "probe";
    look.found = outcome.summary();
    look.reason = "its probe says " + outcome.summary();
    look.probe_missing = !outcome.started;
    if (!outcome.started) return look;
    look.state = CommandState::half;
    if (outcome.signal != 0 || outcome.timed_out) look.state = CommandState::unknown;
    if (outcome.succeeded()) look.state = CommandState::applied;
    if (look.state == CommandState::half && outcome.exit_status == 1) look.state = CommandState::not_applied;
    return look;
}

Result<CommandLook> look_at_command(Host& host, const Json& arguments, const ProgramOptions& options) {
    if (!member(arguments, "probe").is_null()) return ask_probe(host, arguments, options);
    return look_at_marks(host, arguments);
}

}  // namespace backout
