#include "watch.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace crashlab {
namespace {

constexpr int kCallStop = SIGTRAP | 0x80;  ///< with PTRACE_O_TRACESYSGOOD
constexpr long kTracing = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;

/// In the child: waits until it is watched, then becomes the program. Before that the filter would refuse its calls.
[[noreturn]] void become_program(int gate, const Options& options) {
    char byte = 0;
    if (::read(gate, &byte, 1) != 1) ::_exit(126);
    std::vector<sock_filter> filter = make_filter(options.selection);
    const sock_fprog prepared{static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prepared) != 0) {
        std::perror("crashlab: seccomp");
        ::_exit(126);
    }
    ::execvp(options.program[0], options.program);
    std::perror(options.program[0]);
    ::_exit(127);
}

}  // namespace

volatile std::sig_atomic_t Watch::timed_out_ = 0;

void Watch::note_timeout(int /*signal*/) {
    timed_out_ = 1;
}

Watch::Watch(const Options& options) : options_(options) {
    disk_.open_mounts(options.mounts);
    if (options.action == Action::copy) disk_.open_images(options.images, options.copies);
}

void Watch::start() {
    int gate[2];
    if (::pipe2(gate, O_CLOEXEC) != 0) fail("pipe");
    root_ = ::fork();
    if (root_ < 0) fail("fork");
    if (root_ == 0) become_program(gate[0], options_);
    if (::ptrace(PTRACE_SEIZE, root_, nullptr, kTracing) != 0) fail("ptrace");
    live_.insert(root_);
    if (::write(gate[1], "", 1) != 1) fail("pipe");
    ::close(gate[0]);
    ::close(gate[1]);
}

int Watch::run() {
    start();
    while (!live_.empty()) {
        int status = 0;
        const pid_t process = ::waitpid(-1, &status, __WALL);
        if (timed_out_ != 0) {
            end_all();
            report();
            return 3;
        }
        if (process < 0 && errno == EINTR) continue;
        if (process < 0) break;
        handle(process, status);
    }
    if (options_.action == Action::copy && !killed_) disk_.copy_images(points_ + 1);
    report();
    return status();
}

void Watch::handle(pid_t process, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) return ended(process, status);
    if (!WIFSTOPPED(status)) return;
    live_.insert(process);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) return at_call(process);
    if (event == 0 && WSTOPSIG(status) == kCallStop) return after_call(process);
    // A stop of the job control, or one of ours: on it goes. A real signal is handed on.
    ::ptrace(PTRACE_CONT, process, nullptr, event == 0 ? WSTOPSIG(status) : 0);
}

void Watch::ended(pid_t process, int status) {
    live_.erase(process);
    awaited_.erase(process);
    if (process != root_) return;
    exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (killed_) report();  // with --kill-root-only: the others may live long
}

void Watch::at_call(pid_t process) {
    const std::optional<Asked> found = asked(process, options_.selection);
    Next next = Next::go_on;
    if (found && !killed_) {
        ++points_;
        note(process, *found);
        next = at_point(process, *found);
    }
    if (next == Next::see_result) awaited_.insert(process);
    if (next != Next::stand_still) {
        ::ptrace(next == Next::see_result ? PTRACE_SYSCALL : PTRACE_CONT, process, nullptr, 0);
    }
}

void Watch::after_call(pid_t process) {
    Next next = Next::go_on;
    if (awaited_.erase(process) > 0) {
        if (options_.action == Action::fail_after) {
            set_error(process, options_.error);
        } else {
            next = end(process);
        }
    }
    if (next == Next::go_on) ::ptrace(PTRACE_CONT, process, nullptr, 0);
}

Watch::Next Watch::at_point(pid_t process, const Asked& asked) {
    if (options_.action == Action::copy || options_.action == Action::hook) return everywhere(asked);
    const bool here = points_ == options_.at || (options_.sticky && options_.at > 0 && points_ > options_.at);
    if (!here) return Next::go_on;
    if (!acted_) {
        call_ = asked.call->name;
        path_ = asked.path;
    }
    acted_ = true;
    return act(process, asked);
}

Watch::Next Watch::everywhere(const Asked& asked) {
    acted_ = true;
    if (options_.action == Action::copy) {
        disk_.copy_images(points_);
    } else {
        run_hook(asked);
    }
    return Next::go_on;
}

Watch::Next Watch::act(pid_t process, const Asked& asked) {
    switch (options_.action) {
        case Action::kill: return end(process);
        case Action::kill_after:
        case Action::fail_after: return Next::see_result;
        case Action::torn: return halve(process, asked, Next::see_result);
        case Action::shorten: return halve(process, asked, Next::go_on);
        case Action::cut: cut(false); return end(process);
        case Action::cut_log: cut(true); return end(process);
        case Action::cut_live: cut(false); return Next::go_on;
        case Action::fail:
            if (!skip_call(process, options_.error)) fail("change a call");
            return Next::go_on;
        case Action::copy:
        case Action::hook: break;
    }
    return Next::go_on;
}

/// What can't be halved: torn is a kill, short is as it was.
Watch::Next Watch::halve(pid_t process, const Asked& asked, Next after) {
    const int index = asked.call->length;
    const std::uint64_t length = index < 0 ? 0 : asked.arguments.at(static_cast<std::size_t>(index));
    if (length < 2) return options_.action == Action::torn ? end(process) : Next::go_on;
    if (!set_argument(process, index, length / 2)) fail("change a call");
    return after;
}

/// Before the processes die: a file that is closed may be written out by that.
void Watch::cut(bool keep_log) {
    if (disk_.cut_power(keep_log)) return;
    const int why = errno;
    end_all();
    errno = why;
    fail("cut the power of " + options_.mounts.front());
}

Watch::Next Watch::end(pid_t process) {
    killed_ = true;
    if (!options_.root_only) {
        end_all();
        return Next::stand_still;
    }
    ::kill(root_, SIGKILL);
    return process == root_ ? Next::stand_still : Next::go_on;
}

void Watch::end_all() {
    for (const pid_t process : live_) ::kill(process, SIGKILL);
    int status = 0;
    for (;;) {
        const pid_t process = ::waitpid(-1, &status, __WALL);
        if (process < 0 && errno == EINTR) continue;
        if (process < 0) break;
        // One that was just being born: it hasn't done anything yet, and won't.
        if (WIFSTOPPED(status)) ::kill(process, SIGKILL);
    }
    live_.clear();
}

void Watch::note(pid_t process, const Asked& asked) {
    if (options_.log == nullptr) return;
    const long acknowledged = options_.acknowledged.empty() ? 0 : size_of(options_.acknowledged);
    std::fprintf(options_.log, "%ld\t%d\t%s\t%ld\t%s\n", points_, process, asked.call->name, acknowledged,
                 asked.path.c_str());
}

void Watch::run_hook(const Asked& asked) const {
    if (options_.log != nullptr) std::fflush(options_.log);
    const pid_t child = ::fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        ::setenv("CRASHLAB_POINT", std::to_string(points_).c_str(), 1);
        ::setenv("CRASHLAB_CALL", asked.call->name, 1);
        ::setenv("CRASHLAB_PATH", asked.path.c_str(), 1);
        ::execl("/bin/sh", "sh", "-c", options_.hook.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR && timed_out_ == 0) {
    }
}

void Watch::report() {
    if (reported_) return;
    reported_ = true;
    if (options_.log != nullptr) std::fclose(options_.log);
    std::fprintf(stderr, "crashlab: points=%ld acted=%d killed=%d exit=%d call=%s path=%s\n", points_, acted_ ? 1 : 0,
                 killed_ ? 1 : 0, exit_, call_.c_str(), path_.c_str());
}

int Watch::status() const {
    return killed_ ? 9 : 0;
}

}  // namespace crashlab
