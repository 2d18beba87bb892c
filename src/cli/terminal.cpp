#include "cli/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "cli/signals.h"

namespace backout {

namespace {

constexpr std::size_t kLineLimit = 64U << 10;  // bytes; a person doesn't type more
constexpr int kAskAtMost = 100;

Result<std::optional<std::string>> read_line_from(int fd) {
    std::string line;
    while (line.size() < kLineLimit) {
        char byte = 0;
        const ssize_t got = ::read(fd, &byte, 1);
        if (got < 0 && errno == EINTR) return Error{ErrorCode::canceled, "interrupted while waiting for an answer"};
        if (got < 0) return system_error(errno, "read", "terminal");
        if (got == 0) return line.empty() ? std::optional<std::string>() : std::optional<std::string>(line);
        if (byte == '\n') return std::optional<std::string>(line);
        line += byte;
    }
    return Error{ErrorCode::usage, "the answer is too long"};
}

std::string trimmed_lower(const std::string& line) {
    const char* blanks = " \t\r";
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string::npos) return "";
    std::string word = line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
    for (char& letter : word) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return word;
}

// Echo off for as long as it lives.
class QuietTerminal {
  public:
    explicit QuietTerminal(int fd) : fd_(fd), known_(::tcgetattr(fd, &before_) == 0) {
        if (!known_) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        known_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
    }
    ~QuietTerminal() {
        if (known_) (void)::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;
    bool works() const { return known_; }

  private:
    int fd_;
    termios before_{};
    bool known_;
};

// The question comes once the echo is off: who sees it may type at once.
Result<std::string> read_secret(int fd, const std::function<void()>& ask) {
    const QuietTerminal quiet(fd);
    if (!quiet.works())
        return Error{ErrorCode::usage,
                     "the terminal can't be kept from echoing; give the secret by its environment variable"};
    ask();
    BACKOUT_TRY_ASSIGN(const std::optional<std::string> line, read_line_from(fd));
    if (!line) return Error{ErrorCode::usage, "no secret was given"};
    return *line;
}

}  // namespace

Answer answer_of(const std::string& line) {
    const std::string word = trimmed_lower(line);
    if (word == "y" || word == "yes") return Answer::yes;
    if (word.empty() || word == "n" || word == "no") return Answer::no;
    return Answer::unclear;
}

Terminal::Terminal(bool interactive, Channels& channels, ReadLine read_line)
    : interactive_(interactive), channels_(channels), read_line_(std::move(read_line)) {}

Result<bool> Terminal::confirm(const std::string& question) {
    BACKOUT_ASSERT(interactive_);
    const Signals::Question question_stands;
    for (int i = 0; i < kAskAtMost; ++i) {
        channels_.ask(question + " [y/N] ");
        BACKOUT_TRY_ASSIGN(const std::optional<std::string> line, read_line_());
        if (!line) {
            channels_.ask("\n");
            return false;
        }
        const Answer answer = answer_of(*line);
        if (answer != Answer::unclear) return answer == Answer::yes;
        channels_.ask("Please answer yes or no.\n");
    }
    return false;
}

Result<std::optional<std::string>> Terminal::line(const std::string& question) {
    BACKOUT_ASSERT(interactive_);
    const Signals::Question question_stands;
    channels_.ask(question + ": ");
    return read_line_();
}

Result<std::string> Terminal::secret(const std::string& prompt) {
    BACKOUT_ASSERT(interactive_);
    const Signals::Question question_stands;
    const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return system_error(errno, "open", "/dev/tty");
    Result<std::string> secret = read_secret(fd, [this, &prompt] { channels_.ask(prompt + ": "); });
    ::close(fd);
    channels_.ask("\n");
    return secret;
}

Result<std::optional<std::string>> read_line_from_input() {
    return read_line_from(STDIN_FILENO);
}

}  // namespace backout
