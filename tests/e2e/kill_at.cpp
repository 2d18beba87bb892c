// Ends a tree of processes at the entry of its N-th system call that has an effect on files: the call does not happen,
// and no process of the tree does anything after it. As a power cut is to the machine, this is to its processes.
//
//   kill_at [--at N] [--timeout SECONDS] [--log FILE] -- PROGRAM ARGUMENT…
//
// Without --at it only counts. The last line on standard error is `kill_at: points=P killed=0|1 exit=E call=NAME`.
// Exit status: 0 the program ended by itself, 9 it was killed, 3 it took too long, 2 this tool was used wrongly.
//
// What counts: names made, moved and removed; files opened to be created or cut off; bytes written to regular files;
// lengths, modes, owners, times, attributes and flags; and every sync, since a commit of the journal ends in one.
// A seccomp filter stops the tree at those calls only, so that everything else runs at full speed.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace {

/// What must hold of a call besides its number, for it to count.
enum class Counts { always, opens_for_change, opens_by_structure, writes_file, changes_flags };

struct Call {
    long number;
    const char* name;
    Counts counts;
    unsigned argument = 0;  ///< of the flags or the descriptor
};

constexpr std::array kCalls = {
#ifdef SYS_open
    Call{SYS_open, "open", Counts::opens_for_change, 1},
    Call{SYS_creat, "creat", Counts::always},
    Call{SYS_rename, "rename", Counts::always},
    Call{SYS_unlink, "unlink", Counts::always},
    Call{SYS_rmdir, "rmdir", Counts::always},
    Call{SYS_mkdir, "mkdir", Counts::always},
    Call{SYS_link, "link", Counts::always},
    Call{SYS_symlink, "symlink", Counts::always},
    Call{SYS_mknod, "mknod", Counts::always},
    Call{SYS_chmod, "chmod", Counts::always},
    Call{SYS_chown, "chown", Counts::always},
    Call{SYS_lchown, "lchown", Counts::always},
#endif
    Call{SYS_openat, "openat", Counts::opens_for_change, 2},
    Call{SYS_openat2, "openat2", Counts::opens_by_structure, 2},
#ifdef SYS_renameat
    Call{SYS_renameat, "renameat", Counts::always},
#endif
    Call{SYS_renameat2, "renameat2", Counts::always},
    Call{SYS_unlinkat, "unlinkat", Counts::always},
    Call{SYS_mkdirat, "mkdirat", Counts::always},
    Call{SYS_linkat, "linkat", Counts::always},
    Call{SYS_symlinkat, "symlinkat", Counts::always},
    Call{SYS_mknodat, "mknodat", Counts::always},
    Call{SYS_write, "write", Counts::writes_file, 0},
    Call{SYS_pwrite64, "pwrite64", Counts::writes_file, 0},
    Call{SYS_writev, "writev", Counts::writes_file, 0},
    Call{SYS_pwritev, "pwritev", Counts::writes_file, 0},
    Call{SYS_pwritev2, "pwritev2", Counts::writes_file, 0},
    Call{SYS_sendfile, "sendfile", Counts::writes_file, 0},
    Call{SYS_copy_file_range, "copy_file_range", Counts::writes_file, 2},
    Call{SYS_fsync, "fsync", Counts::always},
    Call{SYS_fdatasync, "fdatasync", Counts::always},
    Call{SYS_syncfs, "syncfs", Counts::always},
    Call{SYS_sync, "sync", Counts::always},
    Call{SYS_truncate, "truncate", Counts::always},
    Call{SYS_ftruncate, "ftruncate", Counts::always},
    Call{SYS_fallocate, "fallocate", Counts::always},
    Call{SYS_fchmod, "fchmod", Counts::always},
    Call{SYS_fchmodat, "fchmodat", Counts::always},
    Call{SYS_fchown, "fchown", Counts::always},
    Call{SYS_fchownat, "fchownat", Counts::always},
    Call{SYS_utimensat, "utimensat", Counts::always},
    Call{SYS_setxattr, "setxattr", Counts::always},
    Call{SYS_lsetxattr, "lsetxattr", Counts::always},
    Call{SYS_fsetxattr, "fsetxattr", Counts::always},
    Call{SYS_removexattr, "removexattr", Counts::always},
    Call{SYS_lremovexattr, "lremovexattr", Counts::always},
    Call{SYS_fremovexattr, "fremovexattr", Counts::always},
    Call{SYS_ioctl, "ioctl", Counts::changes_flags},
};

constexpr std::uint64_t kChangingOpen = O_CREAT | O_TRUNC;

struct Options {
    long at = 0;
    unsigned timeout_seconds = 120;
    FILE* log = nullptr;
    char** program = nullptr;
};

volatile std::sig_atomic_t g_timed_out = 0;

void note_timeout(int /*signal*/) {
    g_timed_out = 1;
}

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "kill_at: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(2);
}

const Call* call_of(std::uint64_t number) {
    const auto found = std::find_if(kCalls.begin(), kCalls.end(), [number](const Call& call) {
        return static_cast<std::uint64_t>(call.number) == number;
    });
    return found == kCalls.end() ? nullptr : &*found;
}

bool is_regular_file(pid_t process, std::uint64_t descriptor) {
    const std::string name = "/proc/" + std::to_string(process) + "/fd/" + std::to_string(descriptor);
    struct stat status {};
    return ::stat(name.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

/// The first member of struct open_how is its flags.
std::uint64_t flags_of_structure(pid_t process, std::uint64_t address) {
    std::uint64_t flags = 0;
    const iovec here{&flags, sizeof flags};
    const iovec there{reinterpret_cast<void*>(address), sizeof flags};
    return ::process_vm_readv(process, &here, 1, &there, 1, 0) == sizeof flags ? flags : 0;
}

bool counts(pid_t process, const Call& call, const __ptrace_syscall_info& info) {
    const auto* arguments = info.seccomp.args;
    switch (call.counts) {
        case Counts::always: return true;
        case Counts::opens_for_change: return (arguments[call.argument] & kChangingOpen) != 0;
        case Counts::opens_by_structure:
            return (flags_of_structure(process, arguments[call.argument]) & kChangingOpen) != 0;
        case Counts::writes_file: return is_regular_file(process, arguments[call.argument]);
        case Counts::changes_flags: return arguments[1] == FS_IOC_SETFLAGS || arguments[1] == FICLONE;
    }
    return false;
}

std::vector<sock_filter> make_filter() {
    std::vector<sock_filter> filter;
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const Call& call : kCalls) {
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

/// In the child: waits until it is watched, then becomes the program. Before that the filter would refuse its calls.
[[noreturn]] void become_program(int gate, char** program) {
    char byte = 0;
    if (::read(gate, &byte, 1) != 1) ::_exit(126);
    std::vector<sock_filter> filter = make_filter();
    const sock_fprog prepared{static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prepared) != 0) {
        std::perror("kill_at: seccomp");
        ::_exit(126);
    }
    ::execvp(program[0], program);
    std::perror(program[0]);
    ::_exit(127);
}

class Watch {
  public:
    explicit Watch(const Options& options) : options_(options) {}

    int run() {
        start();
        while (!live_.empty() && !killed_) {
            int status = 0;
            const pid_t process = ::waitpid(-1, &status, __WALL);
            if (process < 0 && errno == EINTR && g_timed_out == 0) continue;
            if (process < 0 && g_timed_out == 0) break;
            if (g_timed_out != 0) {
                end_all();
                return report(3);
            }
            handle(process, status);
        }
        return report(killed_ ? 9 : 0);
    }

  private:
    void start() {
        int gate[2];
        if (::pipe2(gate, O_CLOEXEC) != 0) fail("pipe");
        root_ = ::fork();
        if (root_ < 0) fail("fork");
        if (root_ == 0) become_program(gate[0], options_.program);
        const long wanted = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                            PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
        if (::ptrace(PTRACE_SEIZE, root_, nullptr, wanted) != 0) fail("ptrace");
        live_.insert(root_);
        if (::write(gate[1], "", 1) != 1) fail("pipe");
        ::close(gate[0]);
        ::close(gate[1]);
    }

    void handle(pid_t process, int status) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            live_.erase(process);
            if (process == root_) exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return;
        }
        if (!WIFSTOPPED(status)) return;
        live_.insert(process);
        const int event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP && stops_here(process)) {
            killed_ = true;
            end_all();
            return;
        }
        // A stop of the job control, or one of ours: on it goes. A real signal is handed on.
        const bool is_signal = event == 0;
        const long signal = is_signal ? WSTOPSIG(status) : 0;
        ::ptrace(PTRACE_CONT, process, nullptr, signal);
    }

    /// True if this is the call at which everything is to end.
    bool stops_here(pid_t process) {
        __ptrace_syscall_info info{};
        if (::ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) <= 0) return false;
        const Call* call = call_of(info.seccomp.nr);
        if (call == nullptr || !counts(process, *call, info)) return false;
        ++points_;
        last_ = call->name;
        if (options_.log != nullptr) std::fprintf(options_.log, "%ld %d %s\n", points_, process, call->name);
        return points_ == options_.at;
    }

    void end_all() {
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

    int report(int status) const {
        if (options_.log != nullptr) std::fclose(options_.log);
        std::fprintf(stderr, "kill_at: points=%ld killed=%d exit=%d call=%s\n", points_, killed_ ? 1 : 0, exit_,
                     last_.c_str());
        return status;
    }

    const Options& options_;
    pid_t root_ = -1;
    std::set<pid_t> live_;
    long points_ = 0;
    bool killed_ = false;
    int exit_ = -1;
    std::string last_ = "none";
};

Options read_options(int count, char** words) {
    Options options;
    int index = 1;
    for (; index + 1 < count && std::strcmp(words[index], "--") != 0; index += 2) {
        const std::string name = words[index];
        const char* value = words[index + 1];
        if (name == "--at") {
            options.at = std::strtol(value, nullptr, 10);
        } else if (name == "--timeout") {
            options.timeout_seconds = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
        } else if (name == "--log") {
            options.log = std::fopen(value, "we");
            if (options.log == nullptr) fail(value);
        } else {
            break;
        }
    }
    if (index + 1 >= count || std::strcmp(words[index], "--") != 0) {
        std::fprintf(stderr, "usage: kill_at [--at N] [--timeout SECONDS] [--log FILE] -- PROGRAM ARGUMENT...\n");
        std::exit(2);
    }
    options.program = words + index + 1;
    return options;
}

}  // namespace

int main(int count, char** words) {
    const Options options = read_options(count, words);
    struct sigaction action {};
    action.sa_handler = note_timeout;
    if (::sigaction(SIGALRM, &action, nullptr) != 0) fail("sigaction");
    ::alarm(options.timeout_seconds);
    return Watch(options).run();
}
