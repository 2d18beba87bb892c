#include "cli/program.h"

#include <algorithm>
#include <exception>

#include "base/shell_word.h"
#include "cli/context.h"
#include "cli/secrets.h"
#include "cli/verbs.h"

namespace backout {

namespace {

bool asks_for_json(const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), "--json") != words.end();
}

const VerbSpec& spec_of(const std::string& verb) {
    const std::vector<VerbSpec>& verbs = all_verbs();
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [&verb](const VerbSpec& spec) { return spec.name == verb; });
    BACKOUT_ASSERT(found != verbs.end());
    return *found;
}

std::string program_again(const Arguments& arguments) {
    std::string program = "backout";
    for (const char* flag : {"--state-dir", "--root"}) {
        if (arguments.has(flag)) program += std::string(" ") + flag + " " + shell_word(arguments.text(flag));
    }
    return program;
}

RenderOptions render_options(const Arguments& arguments, const Environment& environment, const Verbosity& verbosity) {
    RenderOptions render;
    render.color = wants_color(arguments, environment, environment.output_is_terminal);
    render.everything = verbosity.shows("plan", kLevelDetails);
    render.diff = arguments.has("--diff") || render.everything;
    render.undo = arguments.has("--undo");
    render.program = program_again(arguments);
    return render;
}

// A person sits there, sees what is asked, and didn't forbid asking.
bool can_ask(const Arguments& arguments, const Environment& environment, const Verbosity& verbosity) {
    return environment.input_is_terminal && environment.errors_are_terminal && !arguments.has("--non-interactive") &&
           !verbosity.silent();
}

Result<int> run_verb(const Arguments& arguments, const std::vector<std::string>& words, const Environment& environment,
                     Channels& channels) {
    BACKOUT_TRY_ASSIGN(const Directories directories, directories_of(arguments, environment));
    const bool json = arguments.has("--json");
    const Verbosity& verbosity = channels.verbosity();
    Terminal terminal(can_ask(arguments, environment, verbosity), channels, read_line_from_input);
    Signals signals;
    channels.allow_progress(environment.errors_are_terminal && environment.variable("TERM") != "dumb" && !json,
                            environment.columns);
    EventPrinter events(channels, json, wants_color(arguments, environment, environment.errors_are_terminal));
    SecretValues secrets(channels, terminal, environment);
    Context context{arguments,
                    environment,
                    channels,
                    terminal,
                    signals,
                    directories,
                    program_again(arguments),
                    command_without_secrets(words),
                    json,
                    render_options(arguments, environment, verbosity),
                    events,
                    secrets};
    return spec_of(arguments.verb).run(context);
}

int report_error(const Error& error, Channels& channels, bool json, int signal) {
    const int code = exit_code_of(error, signal);
    channels.error(error, code, json);
    return code;
}

bool works_on_a_run(const Arguments& arguments) {
    const bool changes = arguments.verb == "apply" || arguments.verb == "resume" || arguments.verb == "rollback";
    return changes && !arguments.has("--plan") && !arguments.help;
}

// To 1 belongs "everything was undone". What only looks has nothing to undo: that it couldn't read or write is 74.
int report_failure(const Error& error, Channels& channels, const Arguments& arguments) {
    const bool looks = !works_on_a_run(arguments) && arguments.verb != "prune" && arguments.verb != "resolve";
    const bool failed_io = error.code == ErrorCode::io || error.code == ErrorCode::no_space;
    if (!looks || !failed_io) return report_error(error, channels, arguments.has("--json"), Signals::last());
    channels.error(error, static_cast<int>(ExitCode::journal), arguments.has("--json"));
    return static_cast<int>(ExitCode::journal);
}

// An answer that nobody could read is none. What a run ended with says where the machine is, and stays, as does any
// failure.
int with_output_status(int exit, Channels& channels, const Arguments& arguments) {
    if (channels.output_status().ok()) return exit;
    const bool answered = exit == static_cast<int>(ExitCode::done) || exit == static_cast<int>(ExitCode::differences);
    const int code = answered && !works_on_a_run(arguments) ? static_cast<int>(ExitCode::journal) : exit;
    const Error& error = channels.output_status().error();
    constexpr int kBrokenPipe = 32;  // EPIPE: the reader has had enough, and knows
    if (error.system_errno != kBrokenPipe) channels.error(error, code, arguments.has("--json"));
    return code;
}

int run_parsed(const Arguments& arguments, const std::vector<std::string>& words, const Environment& environment,
               Channels& channels) {
    const bool json = arguments.has("--json");
    Result<Verbosity> verbosity =
        Verbosity::make(arguments.count("--verbose"), arguments.count("--quiet"), arguments.list("--show"));
    if (!verbosity.ok()) return report_error(verbosity.error(), channels, json, 0);
    channels.set_verbosity(*verbosity);
    if (arguments.help) {
        channels.data(arguments.help_text);
        return with_output_status(0, channels, arguments);
    }
    if (arguments.version) {
        channels.data(std::string("backout ") + kProgramVersion + "\n");
        return with_output_status(0, channels, arguments);
    }
    const Result<int> exit = run_verb(arguments, words, environment, channels);
    const int code = exit.ok() ? *exit : report_failure(exit.error(), channels, arguments);
    return with_output_status(code, channels, arguments);
}

}  // namespace

std::string command_without_secrets(const std::vector<std::string>& words) {
    std::string command = "backout";
    bool is_input = false;
    for (const std::string& word : words) {
        std::string shown = word;
        const std::string prefix = "--input=";
        const bool joined = word.rfind(prefix, 0) == 0;
        if (is_input || joined) {
            const std::size_t equals = word.find('=', joined ? prefix.size() : 0);
            if (equals != std::string::npos) shown = word.substr(0, equals + 1) + "…";
        }
        is_input = word == "--input";
        command += " " + shell_word(shown);
    }
    return command;
}

int run_program(const std::vector<std::string>& words, const Environment& environment, const Streams& streams) {
    Channels channels(streams);
    try {
        const Result<Arguments> arguments = parse_command_line(words, all_verbs());
        if (!arguments.ok()) return report_error(arguments.error(), channels, asks_for_json(words), 0);
        return run_parsed(*arguments, words, environment, channels);
    } catch (const std::exception& error) {
        // Rooms don't throw; what comes here is memory that ran out, or a defect. The journal makes stopping safe; but
        // whether something was begun isn't known here, so it can't be told as "everything was undone".
        return report_error({ErrorCode::in_doubt, std::string("unexpected failure: ") + error.what() +
                                                      "; what was begun is in the journal: `backout status` says what "
                                                      "is left, and how to go on"},
                            channels, asks_for_json(words), 0);
    }
}

}  // namespace backout
