#include "cli/environment.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <vector>

#include "base/text.h"

namespace backout {

namespace {

// secure_getenv: nothing is believed after a start with foreign privileges.
std::optional<std::string> variable_of_process(const std::string& name) {
    const char* value = ::secure_getenv(name.c_str());
    return value == nullptr ? std::optional<std::string>() : std::optional<std::string>(value);
}

std::string working_directory() {
    std::array<char, PATH_MAX> buffer{};
    return ::getcwd(buffer.data(), buffer.size()) == nullptr ? "" : buffer.data();
}

Result<std::string> default_state(const Arguments& arguments, const Environment& environment, const std::string& root) {
    if (arguments.has("--root")) return (root == "/" ? "" : root) + "/var/lib/backout";
    if (environment.user_id == 0) return std::string("/var/lib/backout");
    const std::string given = environment.variable("XDG_STATE_HOME").value_or("");
    if (!given.empty() && given[0] == '/') return given + "/backout";
    const std::string variable = environment.variable("HOME").value_or("");
    const std::string home = variable.empty() || variable[0] != '/' ? environment.home : variable;
    if (!home.empty()) return home + "/.local/state/backout";
    return Error{ErrorCode::usage, "there is no home directory to keep the state in; give --state-dir DIR"};
}

/// What the caller left behind: with SIGCHLD ignored nobody learns how a program of ours ended, and a blocked TERM
/// can't end us in order.
void reset_inherited_signals() {
    (void)::signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Environment real_environment() {
    Environment environment;
    environment.variable = variable_of_process;
    environment.user_id = ::geteuid();
    environment.user = std::to_string(environment.user_id);
    if (const passwd* entry = ::getpwuid(::geteuid()); entry != nullptr) {
        environment.home = entry->pw_dir;
        environment.user = entry->pw_name;
    }
    environment.working_directory = working_directory();
    environment.input_is_terminal = ::isatty(STDIN_FILENO) == 1;
    environment.output_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    environment.errors_are_terminal = ::isatty(STDERR_FILENO) == 1;
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) environment.columns = size.ws_col;
    return environment;
}

Status prepare_process() {
    reset_inherited_signals();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        // The lowest free number is taken, and all below are open already.
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        // Only for reading, standard output too: writing must fail there, for nobody would get what is written.
        if (::open("/dev/null", O_RDONLY) != fd) {
            return Error{ErrorCode::not_permitted,
                         "descriptor " + std::to_string(fd) + " is closed, and /dev/null can't stand in"};
        }
    }
    const bool foreign = ::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() || ::getgid() != ::getegid();
    if (foreign) {
        return Error{
            ErrorCode::not_permitted,
            "backout doesn't run setuid or setgid: it executes what a manifest says; take the bit off the program"};
    }
    return {};
}

void protect_memory() {
    const rlimit none{0, 0};
    // Best effort: where it is refused, secrets are no worse off than in any other program.
    (void)::setrlimit(RLIMIT_CORE, &none);
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

std::string path_from(const std::string& path, const std::string& directory) {
    const std::string whole = !path.empty() && path[0] == '/' ? path : directory + "/" + path;
    std::vector<std::string> parts;
    for (const std::string& part : split(whole, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (part != "..") parts.push_back(part);
    }
    return "/" + join(parts, "/");
}

Result<Directories> directories_of(const Arguments& arguments, const Environment& environment) {
    Directories directories;
    directories.root = path_from(arguments.text("--root", "/"), environment.working_directory);
    std::string state = arguments.text("--state-dir");
    if (state.empty() && !arguments.has("--state-dir")) state = environment.variable("BACKOUT_STATE_DIR").value_or("");
    if (state.empty() && arguments.has("--state-dir")) return Error{ErrorCode::usage, "--state-dir: the name is empty"};
    if (state.empty()) {
        BACKOUT_TRY_ASSIGN(state, default_state(arguments, environment, directories.root));
    }
    directories.state = path_from(state, environment.working_directory);
    return directories;
}

bool wants_color(const Arguments& arguments, const Environment& environment, bool stream_is_terminal) {
    const std::string when = arguments.text("--color", "auto");
    if (when != "auto") return when == "always";
    return stream_is_terminal && environment.variable("NO_COLOR").value_or("").empty() &&
           environment.variable("TERM") != "dumb";
}

}  // namespace backout
