#include "cli/backout_program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace backout {

namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (std::string& word : words) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

[[noreturn]] void execute(std::vector<std::string> words) {
    words.insert(words.begin(), BACKOUT_PROGRAM);
    std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "NO_COLOR=1",
                                            "HOME=/nonexistent"};
    ::execve(BACKOUT_PROGRAM, pointers(words).data(), pointers(environment).data());
    ::_exit(127);
}

int code_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_for_exit(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return code_of(status);
}

// A file without a name: holds any amount of output, and no reader is needed while the program works.
int unnamed_file(const std::string& content = "") {
    const int fd = ::memfd_create("backout-test", 0);
    if (!content.empty() && ::write(fd, content.data(), content.size()) < 0) return -1;
    ::lseek(fd, 0, SEEK_SET);
    return fd;
}

std::string content_of(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    off_t offset = 0;
    while (true) {
        const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), offset);
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        offset += got;
    }
}

Running start_program(const std::vector<std::string>& words, const std::string& input, const std::string& output_file) {
    const int in = unnamed_file(input);
    const int out = output_file.empty() ? unnamed_file() : ::open(output_file.c_str(), O_WRONLY);
    const int err = unnamed_file();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(in, 0);
        ::dup2(out, 1);
        ::dup2(err, 2);
        for (const int fd : {in, out, err}) ::close(fd);
        execute(words);
    }
    ::close(in);
    return {pid, out, err};
}

std::string describe(const std::filesystem::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return "unreadable";
    std::ostringstream text;
    text << std::oct << status.st_mode << std::dec << " " << status.st_uid << ":" << status.st_gid << " "
         << status.st_size << " " << status.st_mtim.tv_sec << "." << status.st_mtim.tv_nsec << " " << status.st_ino;
    if (S_ISREG(status.st_mode)) {
        std::ifstream file(path);
        text << "\n" << file.rdbuf();
    }
    return text.str();
}

}  // namespace

Running::~Running() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait_for_exit(pid_);
    ::close(output_);
    ::close(errors_);
}

Ran Running::wait() {
    Ran ran;
    ran.exit = wait_for_exit(pid_);
    ran.output = content_of(output_);
    ran.errors = content_of(errors_);
    ::close(output_);
    ::close(errors_);
    pid_ = -1;
    return ran;
}

void Running::signal(int number) const {
    ::kill(pid_, number);
}

void BackoutProgram::SetUp() {
    std::string pattern = ::testing::TempDir() + "backout-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    scratch_ = pattern;
    state_ = path("state");
}

void BackoutProgram::TearDown() {
    std::filesystem::remove_all(scratch_);
}

Ran BackoutProgram::run(const Words& words, const std::string& input, const std::string& output_file) {
    return start_program(words, input, output_file).wait();
}

Ran BackoutProgram::backout(Words words, const std::string& input) {
    return start(std::move(words), input).wait();
}

Running BackoutProgram::start(Words words, const std::string& input) {
    words.insert(words.end(), {"--state-dir", state_});
    return start_program(words, input, "");
}

Ran BackoutProgram::on_terminal(Words words, const std::string& typed) {
    words.insert(words.end(), {"--state-dir", state_});
    int terminal = -1;
    const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid == 0) execute(words);
    Ran ran;
    if (::write(terminal, typed.data(), typed.size()) < 0) ran.errors = "nothing could be typed";
    std::array<char, 4096> buffer{};
    while (true) {
        // At its end a terminal reports an error instead of an end of file.
        const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
        if (got <= 0) break;
        ran.output.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ran.exit = wait_for_exit(pid);
    ::close(terminal);
    return ran;
}

void BackoutProgram::put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
}

std::string BackoutProgram::get(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
}

bool BackoutProgram::exists(const std::string& name) const {
    return std::filesystem::exists(path(name));
}

void BackoutProgram::manifest(const std::string& name, const std::vector<std::string>& actions,
                              const std::string& more) const {
    std::string text = "{ \"backout\": 1, \"name\": \"test\", " + more + "\n  \"actions\": [\n";
    for (std::size_t i = 0; i < actions.size(); ++i)
        text += "    " + actions[i] + (i + 1 < actions.size() ? ",\n" : "\n");
    put(name, text + "  ] }\n");
}

std::string BackoutProgram::write_action(const std::string& id, const std::string& path, const std::string& content) {
    const nlohmann::json action = {
        {"id", id}, {"action", "file.write"}, {"with", {{"path", path}, {"content", content}}}};
    return action.dump();
}

void BackoutProgram::wait_for(const std::string& name) const {
    // A bound against a hang of the whole suite, not a measurement.
    for (int i = 0; i < 12'000 && !exists(name); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(exists(name)) << name << " did not appear";
}

std::map<std::string, std::string> BackoutProgram::snapshot() const {
    std::map<std::string, std::string> all;
    all["."] = describe(scratch_);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch_)) {
        all[entry.path().string()] = describe(entry.path());
    }
    return all;
}

std::string BackoutProgram::newest_run() {
    const nlohmann::json history = json(backout({"history", "--json"}));
    return history.is_array() && !history.empty() ? history[0].value("run", "") : "";
}

}  // namespace backout
