#include "host/posix_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.h"
#include "host/bounded_capture.h"
#include "host/posix_child.h"
#include "host/posix_fd.h"

namespace backout {
namespace {

constexpr Nanoseconds kGrace = 5 * kSecond;              ///< between TERM and KILL
constexpr Nanoseconds kDrain = 200 * kMillisecond;       ///< for output of those left behind
constexpr Nanoseconds kLookForStop = 50 * kMillisecond;  ///< a stop token wakes nobody
constexpr Nanoseconds kLookForExit = 20 * kMillisecond;  ///< on kernels without pidfd

Nanoseconds monotonic() {
    SystemClock clock;
    return clock.monotonic();
}

/// Descriptors 0 to 2 are the child's to-be: nothing of ours may stand there.
Result<UniqueFd> above_standard(int fd, const std::string& what) {
    UniqueFd owned(fd);
    if (!owned.valid()) return system_error(errno, what, "");
    if (owned.get() > 2) return owned;
    UniqueFd moved(::fcntl(owned.get(), F_DUPFD_CLOEXEC, 3));
    if (!moved.valid()) return system_error(errno, what, "");
    return moved;
}

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

Result<Pipe> make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "make a pipe", "");
    UniqueFd second(ends[1]);
    BACKOUT_TRY_ASSIGN(UniqueFd reader, above_standard(ends[0], "make a pipe"));
    BACKOUT_TRY_ASSIGN(UniqueFd writer, above_standard(second.release(), "make a pipe"));
    return Pipe{std::move(reader), std::move(writer)};
}

/// Standard input as a file in memory: a program that doesn't read it can't block us, nor kill us by SIGPIPE.
Result<UniqueFd> make_input(const Bytes& input) {
    if (input.empty()) return above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null");
    BACKOUT_TRY_ASSIGN(UniqueFd file, above_standard(::memfd_create("input", MFD_CLOEXEC), "make standard input"));
    for (std::size_t done = 0; done < input.size();) {
        const ssize_t written =
            retry_interrupted([&] { return ::write(file.get(), input.data() + done, input.size() - done); });
        if (written < 0) return system_error(errno, "write standard input", "");
        done += static_cast<std::size_t>(written);
    }
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error(errno, "rewind standard input", "");
    return file;
}

Status check_spec(const ProcessSpec& spec) {
    const auto broken = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    if (spec.argv.empty() || spec.argv.front().empty()) return Error{ErrorCode::invalid, "no program is named"};
    if (spec.directory.empty()) return Error{ErrorCode::invalid, "no working directory is named"};
    bool bad = broken(spec.directory) || std::any_of(spec.argv.begin(), spec.argv.end(), broken);
    for (const auto& [name, value] : spec.environment) {
        bad = bad || broken(name) || broken(value) || name.empty() || name.find('=') != std::string::npos;
    }
    if (!bad) return {};
    return Error{ErrorCode::invalid, "the command " + printable(spec.argv.front()) +
                                         " has a NUL byte in a word, or a malformed variable name"};
}

/// Blocks all signals while it lives, so that no handler of ours runs in the child before it reset them.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &former_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t former_{};
};

/// One run of one program, seen from the parent.
class Run {
  public:
    explicit Run(const ProcessSpec& spec)
        : spec_(spec), streams_{Stream(spec.output_limit), Stream(spec.output_limit)} {}
    ~Run() {
        if (pid_ > 0) end_at_once();  // only on an error of ours: nobody else would reap it
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Result<ProcessOutcome> run(int root_fd) {
        BACKOUT_TRY(start(root_fd));
        BACKOUT_TRY_ASSIGN(const std::optional<ChildReport> report, hear_report());
        if (report) return not_started(*report);
        outcome_.started = true;
        BACKOUT_TRY(wait_for_exit());
        drain();
        return finish();
    }

  private:
    struct Stream {
        explicit Stream(std::size_t limit) : capture(limit) {}
        UniqueFd fd = {};
        BoundedCapture capture;
    };

    Status start(int root_fd) {
        BACKOUT_TRY_ASSIGN(const UniqueFd input, make_input(spec_.input));
        BACKOUT_TRY_ASSIGN(Pipe output, make_pipe());
        BACKOUT_TRY_ASSIGN(Pipe errors, make_pipe());
        BACKOUT_TRY_ASSIGN(Pipe gate, make_pipe());
        BACKOUT_TRY_ASSIGN(Pipe report, make_pipe());
        const ChildPlan plan(spec_);
        const ChildPlan::Descriptors descriptors{input.get(),
                                                 output.writer.get(),
                                                 errors.writer.get(),
                                                 gate.reader.get(),
                                                 gate.writer.get(),
                                                 report.writer.get(),
                                                 root_fd};
        {
            const SignalsBlocked blocked;
            pid_ = ::fork();
            if (pid_ == 0) plan.run(descriptors);
        }
        if (pid_ < 0) return system_error(errno, "start a process for", spec_.argv.front());
        pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U)));
        streams_[0].fd = std::move(output.reader);
        streams_[1].fd = std::move(errors.reader);
        for (const Stream& stream : streams_) {
            if (::fcntl(stream.fd.get(), F_SETFL, O_NONBLOCK) != 0) return system_error(errno, "prepare a pipe", "");
        }
        report_ = std::move(report.reader);
        if (spec_.on_start) spec_.on_start(pid_, process_start_time(pid_));
        return open_gate(gate.writer.get());
    }

    /// The child has nobody but us to wait for, so it is there, and the pipe is empty: this neither blocks nor breaks,
    /// unless somebody killed the child. That shows in its status.
    static Status open_gate(int writer) {
        const SignalsBlocked no_sigpipe;
        const ssize_t written = ::write(writer, "g", 1);
        if (written == 1 || errno == EPIPE) return take_pending_sigpipe();
        return system_error(errno, "let the child go", "");
    }

    static Status take_pending_sigpipe() {
        sigset_t only;
        ::sigemptyset(&only);
        ::sigaddset(&only, SIGPIPE);
        const struct timespec at_once {};
        (void)::sigtimedwait(&only, nullptr, &at_once);  // nothing pending is as good
        return {};
    }

    Result<std::optional<ChildReport>> hear_report() {
        ChildReport report;
        const ssize_t got = retry_interrupted([&] { return ::read(report_.get(), &report, sizeof report); });
        if (got < 0) return system_error(errno, "hear from the child", "");
        if (got == 0) return std::optional<ChildReport>();  // closed by exec
        BACKOUT_ASSERT(got == sizeof report);
        return std::optional<ChildReport>(report);
    }

    Result<ProcessOutcome> not_started(const ChildReport& report) {
        BACKOUT_TRY(reap());
        if (report.stage == ChildReport::Stage::root && report.error_number == EPERM) {
            return Error{ErrorCode::not_permitted,
                         "running " + printable(spec_.argv.front()) +
                             " inside another root folder needs root privileges (chroot)",
                         spec_.argv.front(), EPERM};
        }
        ProcessOutcome outcome;
        outcome.start_error = start_error(report, spec_);
        return outcome;
    }

    Status wait_for_exit() {
        const Nanoseconds begin = monotonic();
        for (;;) {
            BACKOUT_TRY_ASSIGN(const bool exited, has_exited());
            if (exited) return {};
            enforce_limits(begin);
            poll_streams(next_wake(begin), true);
        }
    }

    Result<bool> has_exited() {
        siginfo_t info{};
        const auto pid = static_cast<id_t>(pid_);
        // WNOWAIT: as long as it isn't reaped, its pid, and with it the group's, can't be given to another.
        if (retry_interrupted([&] { return ::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT); }) != 0) {
            pid_ = -1;
            return system_error(errno, "wait for", spec_.argv.front());
        }
        return info.si_pid == pid_;
    }

    void enforce_limits(Nanoseconds begin) {
        const Nanoseconds now = monotonic();
        if (kill_at_ == 0) {
            outcome_.timed_out = spec_.timeout > 0 && now - begin >= spec_.timeout;
            outcome_.stopped =
                !outcome_.timed_out && spec_.stop != nullptr && spec_.stop->level() == StopLevel::at_once;
            if (!outcome_.timed_out && !outcome_.stopped) return;
            kill_at_ = now + kGrace;
            signal_group(SIGTERM);
            signal_group(SIGCONT);  // one that is stopped hears TERM only when it goes on
        } else if (now >= kill_at_) {
            signal_group(SIGKILL);
        }
    }

    Nanoseconds next_wake(Nanoseconds begin) const {
        const Nanoseconds now = monotonic();
        Nanoseconds wait = 60 * kSecond;
        if (kill_at_ != 0)
            wait = std::max(kill_at_ - now, kLookForExit);
        else if (spec_.timeout > 0)
            wait = std::max<Nanoseconds>(begin + spec_.timeout - now, 0);
        if (kill_at_ == 0 && spec_.stop != nullptr) wait = std::min(wait, kLookForStop);
        if (!pidfd_.valid()) wait = std::min(wait, kLookForExit);
        return wait;
    }

    /// Waits for output, or the exit, and takes what is there.
    void poll_streams(Nanoseconds wait, bool and_exit) {
        std::array<struct pollfd, 3> polled{};
        for (std::size_t i = 0; i < 2; ++i) polled[i] = {streams_[i].fd.get(), POLLIN, 0};  // -1 is skipped
        polled[2] = {and_exit ? pidfd_.get() : -1, POLLIN, 0};
        const int milliseconds = static_cast<int>((wait + kMillisecond - 1) / kMillisecond);
        if (::poll(polled.data(), polled.size(), milliseconds) > 0) {
            for (std::size_t i = 0; i < 2; ++i) {
                if (polled[i].revents != 0) read_stream(streams_[i]);
            }
        }
    }

    static void read_stream(Stream& stream) {
        std::array<char, 65536> buffer;
        const ssize_t got = ::read(stream.fd.get(), buffer.data(), buffer.size());
        if (got > 0)
            stream.capture.add({buffer.data(), static_cast<std::size_t>(got)});
        else if (got == 0 || (errno != EINTR && errno != EAGAIN))
            stream.fd.reset();
    }

    void drain() {
        const Nanoseconds end = monotonic() + kDrain;
        if (kill_at_ != 0) signal_group(SIGKILL);  // those that outlived the leader's TERM
        Nanoseconds left = kDrain;
        while (left > 0 && (streams_[0].fd.valid() || streams_[1].fd.valid())) {
            poll_streams(left, false);
            left = end - monotonic();
        }
    }

    Result<ProcessOutcome> finish() {
        BACKOUT_TRY(reap());
        outcome_.output = streams_[0].capture.take();
        outcome_.errors = streams_[1].capture.take();
        outcome_.truncated = streams_[0].capture.truncated() || streams_[1].capture.truncated();
        return std::move(outcome_);
    }

    Status reap() {
        siginfo_t info{};
        const auto pid = static_cast<id_t>(std::exchange(pid_, -1));
        if (retry_interrupted([&] { return ::waitid(P_PID, pid, &info, WEXITED); }) != 0) {
            return system_error(errno, "wait for", spec_.argv.front());
        }
        const bool regular = info.si_code == CLD_EXITED;
        outcome_.exit_status = regular ? info.si_status : -1;
        outcome_.signal = regular ? 0 : info.si_status;
        return {};
    }

    void signal_group(int number) const { ::kill(-pid_, number); }

    void end_at_once() {
        ::kill(pid_, SIGKILL);
        signal_group(SIGKILL);
        (void)reap();
    }

    const ProcessSpec& spec_;
    ProcessOutcome outcome_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    UniqueFd report_;
    std::array<Stream, 2> streams_;  ///< output, errors
    Nanoseconds kill_at_ = 0;        ///< 0: nobody asked it to end yet
};

}  // namespace

std::uint64_t process_start_time(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) fields >> skipped;
    std::uint64_t start_time = 0;
    fields >> start_time;
    return start_time;
}

Result<ProcessOutcome> posix_run(const ProcessSpec& spec, int root_fd) {
    BACKOUT_TRY(check_spec(spec));
    return Run(spec).run(root_fd);
}

}  // namespace backout
