#include "host/posix_process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/text.h"
#include "unit/host/host_fixture.h"

namespace backout {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PosixProcess : public testing::Test {
  protected:
    ProcessSpec shell(const std::string& script) const {
        ProcessSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.environment = default_environment();
        spec.directory = folder_.path();
        return spec;
    }

    ProcessOutcome run(const ProcessSpec& spec) { return must(host_->run(spec)); }

    void write_file(const std::string& name, const Bytes& content, std::uint32_t mode) {
        EXPECT_OK(write_new(*directory_, name, content, mode));
    }

    /// Whether a process still runs; a zombie doesn't.
    static bool runs(int pid) {
        if (::kill(pid, 0) != 0) return false;
        Result<Bytes> stat = read_proc(pid);
        return stat.ok() && stat->substr(stat->rfind(')') + 2, 1) != "Z";
    }

    static Result<Bytes> read_proc(int pid) {
        const auto host = must(open_posix_host("/"));
        return read_file(*host, "/proc/" + std::to_string(pid) + "/stat", 4096);
    }

    static void wait_until_gone(int pid) {
        for (int i = 0; i < 1000 && runs(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }

    TemporaryFolder folder_;
    std::unique_ptr<Host> host_ = must(open_posix_host("/"));
    std::shared_ptr<Directory> directory_ = must(host_->open_directory(folder_.path()));
};

TEST_F(PosixProcess, tells_how_it_ended) {
    ProcessOutcome outcome = run(shell("exit 0"));
    EXPECT_TRUE(outcome.succeeded());
    EXPECT_EQ("exit 0", outcome.summary());
    outcome = run(shell("exit 255"));
    EXPECT_FALSE(outcome.succeeded());
    EXPECT_EQ(255, outcome.exit_status);
    outcome = run(shell("kill -9 $$"));
    EXPECT_EQ("signal 9", outcome.summary());
    EXPECT_EQ(-1, outcome.exit_status);
    EXPECT_FALSE(outcome.succeeded());
}

TEST_F(PosixProcess, passes_words_and_streams_byte_for_byte) {
    ProcessSpec spec = shell("printf '%s|' \"$@\"; cat; echo err >&2");
    spec.argv.insert(spec.argv.end(), {"sh", "a b", "", "$(x)", "\xff\n"});
    spec.input = std::string("in\0put", 6);
    const ProcessOutcome outcome = run(spec);
    EXPECT_EQ(std::string("a b||$(x)|\xff\n|in\0put", 19), outcome.output);
    EXPECT_EQ("err\n", outcome.errors);
}

TEST_F(PosixProcess, large_input_and_output_pass_without_a_deadlock) {
    ProcessSpec spec = shell("cat; cat <&- >&2; exit 3");
    spec.input = Bytes(3'000'000, 'x');
    spec.output_limit = 4'000'000;
    const ProcessOutcome outcome = run(spec);
    EXPECT_EQ(spec.input, outcome.output);
    EXPECT_FALSE(outcome.truncated);
    // A program that doesn't read its input isn't a problem either.
    spec.argv[2] = "exec true";
    EXPECT_TRUE(run(spec).succeeded());
}

TEST_F(PosixProcess, output_beyond_the_limit_is_read_and_dropped) {
    ProcessSpec spec = shell("echo begin; head -c 1000000 /dev/zero; echo end; echo begin >&2");
    spec.output_limit = 100;
    const ProcessOutcome outcome = run(spec);
    EXPECT_TRUE(outcome.succeeded());
    EXPECT_TRUE(outcome.truncated);
    EXPECT_LT(outcome.output.size(), 200U);
    EXPECT_THAT(outcome.output, StartsWith("begin\n"));
    EXPECT_EQ("end\n", outcome.output.substr(outcome.output.size() - 4));
    EXPECT_EQ("begin\n", outcome.errors);
}

TEST_F(PosixProcess, standard_input_is_empty_unless_given) {
    EXPECT_EQ("", run(shell("cat")).output);
}

TEST_F(PosixProcess, the_environment_is_what_is_given_and_nothing_else) {
    ProcessSpec spec;
    spec.argv = {"/usr/bin/env"};
    spec.environment = {{"A", "1"}, {"B", "x=y"}};
    EXPECT_EQ("A=1\nB=x=y\n", run(spec).output);
}

TEST_F(PosixProcess, only_standard_descriptors_reach_the_child) {
    const int leaked = ::dup(0);  // without close-on-exec, as a careless library leaves it
    ASSERT_GE(leaked, 3);
    ProcessSpec spec;
    spec.argv = {"/bin/ls", "/proc/self/fd"};
    const ProcessOutcome outcome = run(spec);
    ::close(leaked);
    EXPECT_EQ("0\n1\n2\n3\n", outcome.output);  // 3 is ls reading the folder
}

TEST_F(PosixProcess, signals_umask_and_folder_are_defined) {
    struct sigaction ignore {};
    struct sigaction former {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &former);
    sigset_t mask;
    sigset_t former_mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &mask, &former_mask);
    const mode_t former_umask = ::umask(0);
    const ProcessOutcome outcome = run(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; umask; pwd"));
    ::umask(former_umask);
    ::pthread_sigmask(SIG_SETMASK, &former_mask, nullptr);
    ::sigaction(SIGPIPE, &former, nullptr);
    EXPECT_EQ("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0022\n" + folder_.path() + "\n", outcome.output);
}

TEST_F(PosixProcess, leads_a_group_and_a_session_of_its_own) {
    int noted = 0;
    ProcessSpec spec = shell("ps -o pid=,pgid=,sid= -p $$ 2>/dev/null || cut -d' ' -f1,5,6 /proc/$$/stat");
    spec.on_start = [&](int pid, std::uint64_t) { noted = pid; };
    const ProcessOutcome outcome = run(spec);
    const std::string pid = std::to_string(noted);
    std::string squeezed;
    for (const std::string& word : split(outcome.output.substr(0, outcome.output.find('\n')), ' ')) {
        if (!word.empty()) squeezed += word + " ";
    }
    EXPECT_EQ(pid + " " + pid + " " + pid + " ", squeezed);
}

TEST_F(PosixProcess, is_noted_before_it_runs) {
    ProcessSpec spec = shell("echo ran > mark");
    std::uint64_t start_time = 0;
    spec.on_start = [&](int pid, std::uint64_t time) {
        start_time = time;
        EXPECT_EQ(time, process_start_time(pid));
        ::usleep(50'000);
        EXPECT_FALSE(must(directory_->status("mark")).present());
    };
    EXPECT_TRUE(run(spec).succeeded());
    EXPECT_GT(start_time, 0U);
    EXPECT_EQ("ran\n", content_of(*directory_, "mark"));
}

TEST_F(PosixProcess, programs_are_looked_up_in_the_given_path_only) {
    write_file("tool", "#!/bin/sh\necho found\n", 0755);
    write_file("data", "echo no\n", 0644);
    ProcessSpec spec;
    spec.argv = {"tool"};
    spec.environment["PATH"] = "relative:/nonexistent::" + folder_.path();
    EXPECT_EQ("found\n", run(spec).output);
    spec.argv = {"nothing"};
    ProcessOutcome outcome = run(spec);
    EXPECT_FALSE(outcome.started);
    EXPECT_THAT(outcome.start_error, AllOf(HasSubstr("no such program: nothing"),
                                           HasSubstr("PATH=relative:/nonexistent::" + folder_.path())));
    EXPECT_THAT(outcome.summary(), StartsWith("could not be started: "));
    spec.argv = {"data"};
    EXPECT_THAT(run(spec).start_error, HasSubstr("Permission denied"));
    spec.argv = {"tool"};
    spec.environment.erase("PATH");
    EXPECT_FALSE(run(spec).started);
}

TEST_F(PosixProcess, what_can_not_be_started_says_why) {
    ProcessSpec spec;
    spec.argv = {"/no/such/program"};
    EXPECT_EQ("no such program: /no/such/program", run(spec).start_error);
    write_file("script", "#!/no/such/interpreter\n", 0755);
    spec.argv = {folder_.path() + "/script"};
    EXPECT_THAT(run(spec).start_error, HasSubstr("interpreter"));
    write_file("plain", "echo no shell guesses\n", 0755);
    spec.argv = {folder_.path() + "/plain"};
    EXPECT_THAT(run(spec).start_error, HasSubstr("#!"));
    spec.argv = {"/bin/true"};
    spec.directory = folder_.path() + "/missing";
    EXPECT_THAT(run(spec).start_error, HasSubstr("working directory " + spec.directory));
    spec.argv = {};
    EXPECT_CODE(ErrorCode::invalid, host_->run(spec));
    spec.argv = {"/bin/echo", std::string("a\0b", 3)};
    EXPECT_CODE(ErrorCode::invalid, host_->run(spec));
}

TEST_F(PosixProcess, a_time_out_ends_the_whole_group) {
    ProcessSpec spec = shell("sleep 1000 & echo $!; sleep 1000; echo not reached");
    spec.timeout = kSecond;
    const ProcessOutcome outcome = run(spec);
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_FALSE(outcome.succeeded());
    EXPECT_EQ("timed out", outcome.summary());
    EXPECT_EQ(SIGTERM, outcome.signal);
    const int child = std::stoi(outcome.output);
    wait_until_gone(child);
    EXPECT_FALSE(runs(child));
    EXPECT_THAT(outcome.output, Not(HasSubstr("not reached")));
}

TEST_F(PosixProcess, one_that_is_deaf_to_term_is_killed_in_the_end) {
    ProcessSpec spec = shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    spec.timeout = kSecond;
    const ProcessOutcome outcome = run(spec);
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_EQ(SIGKILL, outcome.signal);
    EXPECT_EQ("deaf\n", outcome.output);
}

TEST_F(PosixProcess, one_that_cleans_up_on_term_may) {
    ProcessSpec spec = shell("trap 'echo cleaned; exit 7' TERM; while :; do sleep 0.1; done");
    spec.timeout = kSecond;
    const ProcessOutcome outcome = run(spec);
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_EQ(7, outcome.exit_status);
    EXPECT_EQ("cleaned\n", outcome.output);
}

TEST_F(PosixProcess, a_stop_at_once_ends_it_and_a_stop_after_the_step_does_not) {
    StopToken stop;
    ProcessSpec spec = shell("echo up; sleep 0.2; echo done");
    spec.stop = &stop;
    stop.request(SIGINT);
    EXPECT_EQ("up\ndone\n", run(spec).output);
    spec.argv[2] = "echo up; sleep 1000";
    std::thread second([&] {
        ::usleep(200'000);
        stop.request(SIGINT);
    });
    const ProcessOutcome outcome = run(spec);
    second.join();
    EXPECT_TRUE(outcome.stopped);
    EXPECT_FALSE(outcome.succeeded());
}

TEST_F(PosixProcess, a_background_child_survives_and_holds_nobody_up) {
    const ProcessOutcome outcome = run(shell("sleep 1000 & echo $!"));
    EXPECT_TRUE(outcome.succeeded());
    const int child = std::stoi(outcome.output);
    EXPECT_TRUE(runs(child));
    ::kill(child, SIGKILL);
}

TEST_F(PosixProcess, many_at_once_do_not_mix) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([this, i] {
            for (int round = 0; round < 5; ++round) {
                ProcessSpec spec = shell("cat; exit " + std::to_string(i));
                spec.input = std::to_string(i);
                const ProcessOutcome outcome = run(spec);
                EXPECT_EQ(spec.input, outcome.output);
                EXPECT_EQ(i, outcome.exit_status);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST_F(PosixProcess, inside_a_root_the_program_sees_that_root) {
    const auto inner = must(open_posix_host(folder_.path()));
    ProcessSpec spec;
    spec.argv = {"/tool"};
    if (host_->user_id() != 0) {
        EXPECT_CODE(ErrorCode::not_permitted, inner->run(spec));
        return;
    }
    const ProcessOutcome missing = must(inner->run(spec));
    EXPECT_EQ("no such program: /tool", missing.start_error);
    write_file("tool", "no ELF, but there", 0755);
    EXPECT_THAT(must(inner->run(spec)).start_error, HasSubstr("#!"));
}

}  // namespace
}  // namespace backout
