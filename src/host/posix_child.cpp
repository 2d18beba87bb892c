#include "host/posix_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace backout {
namespace {

constexpr int kCouldNotStart = 127;  ///< as in a shell; nobody sees it, the report comes first

std::string path_variable(const ProcessSpec& spec) {
    const auto found = spec.environment.find("PATH");
    return found == spec.environment.end() ? std::string() : found->second;
}

/// Relative entries of PATH are left out: what they name depends on where one stands.
std::vector<std::string> candidates(const ProcessSpec& spec) {
    const std::string& name = spec.argv.front();
    if (name.find('/') != std::string::npos) return {name};
    std::vector<std::string> paths;
    for (const std::string& directory : split(path_variable(spec), ':')) {
        if (!directory.empty() && directory.front() == '/' && !name.empty()) paths.push_back(directory + "/" + name);
    }
    return paths;
}

void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
}

/// Kernels before 5.11 lack the call: then one by one.
void close_others_on_exec() {
    if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    struct rlimit limit {};
    const bool known = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (1U << 20);
    const int end = known ? static_cast<int>(limit.rlim_cur) : 1 << 20;
    for (int fd = 3; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

ChildPlan::ChildPlan(const ProcessSpec& spec) : directory_(spec.directory.c_str()), candidates_(candidates(spec)) {
    for (const auto& [name, value] : spec.environment) environment_.push_back(name + "=" + value);
    for (const std::string& word : spec.argv) argv_.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& variable : environment_) envp_.push_back(const_cast<char*>(variable.c_str()));
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
}

void ChildPlan::fail(const Descriptors& descriptors, ChildReport::Stage stage, int error_number) {
    const ChildReport report{stage, error_number};
    const ssize_t written = ::write(descriptors.report, &report, sizeof report);
    (void)written;  // if the parent is gone, nobody is left to tell
    ::_exit(kCouldNotStart);
}

void ChildPlan::run(const Descriptors& descriptors) const {
    // A session of its own, so a process group of its own, and no terminal: a program that asks for a password there
    // fails instead of being stopped in the background for ever.
    ::setsid();
    reset_signals();
    ::close(descriptors.gate_writer);
    char go = 0;
    ssize_t got = 0;
    do {
        got = ::read(descriptors.gate, &go, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1) ::_exit(kCouldNotStart);  // the parent died before it noted this child: then nothing may run

    if (descriptors.root >= 0 && (::fchdir(descriptors.root) != 0 || ::chroot(".") != 0)) {
        fail(descriptors, ChildReport::Stage::root, errno);
    }
    if (::chdir(directory_) != 0) fail(descriptors, ChildReport::Stage::directory, errno);
    const bool connected =
        ::dup2(descriptors.input, 0) == 0 && ::dup2(descriptors.output, 1) == 1 && ::dup2(descriptors.errors, 2) == 2;
    if (!connected) fail(descriptors, ChildReport::Stage::descriptors, errno);
    ::umask(022);
    close_others_on_exec();
    unblock_signals();
    execute(descriptors);
}

void ChildPlan::execute(const Descriptors& descriptors) const {
    int error_number = ENOENT;
    for (const std::string& path : candidates_) {
        ::execve(path.c_str(), argv_.data(), envp_.data());
        const int failed = errno;
        const bool absent = failed == ENOENT || failed == ENOTDIR;
        if (absent && ::access(path.c_str(), F_OK) == 0) fail(descriptors, ChildReport::Stage::interpreter, failed);
        // One that may not be executed is remembered, but a later folder of PATH may have another.
        if (failed == EACCES) error_number = EACCES;
        if (!absent && failed != EACCES) fail(descriptors, ChildReport::Stage::program, failed);
    }
    fail(descriptors, ChildReport::Stage::program, error_number);
}

std::string start_error(const ChildReport& report, const ProcessSpec& spec) {
    const std::string program = printable(spec.argv.front());
    const std::string why = system_error(report.error_number, "", "").message.substr(2);
    switch (report.stage) {
        case ChildReport::Stage::root: return "can't enter the root folder: " + why;
        case ChildReport::Stage::directory:
            return "can't enter the working directory " + printable(spec.directory) + ": " + why;
        case ChildReport::Stage::descriptors: return "can't connect input and output: " + why;
        case ChildReport::Stage::interpreter:
            return program + ": the interpreter that its first line (or its ELF header) names is missing";
        case ChildReport::Stage::program: break;
    }
    if (report.error_number == ENOEXEC) return program + " is neither a program nor a script that begins with #!";
    if (report.error_number != ENOENT) return program + " can't be executed: " + why;
    if (program.find('/') != std::string::npos) return "no such program: " + program;
    return "no such program: " + program + ", looked for in PATH=" + printable(path_variable(spec));
}

}  // namespace backout
