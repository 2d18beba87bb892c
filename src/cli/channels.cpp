#include "cli/channels.h"

#include <unistd.h>
#include <cerrno>
#include <nlohmann/json.hpp>

// The library is linked against its own fmt or the system's; either way the header decides.
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"
#include "report/style.h"

namespace backout {

namespace {

Status write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error(errno, "write", "standard output");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

using Writer = std::function<void(std::string_view)>;

class StreamSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    explicit StreamSink(const Writer& writer) : writer_(writer) {}

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        writer_(std::string_view(line.data(), line.size()));
    }
    void flush_() override {}

  private:
    const Writer& writer_;
};

spdlog::level::level_enum severity_of(int level) {
    if (level <= kLevelErrors) return spdlog::level::err;
    if (level <= kLevelWarnings) return spdlog::level::warn;
    return level <= kLevelActions ? spdlog::level::info : spdlog::level::debug;
}

bool is_place(const std::string& part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
}

// "FILE:LINE:COLUMN: …" stands at the beginning of its line, so that editors find the place.
bool begins_with_place(const std::string& line) {
    const std::vector<std::string> parts = split(line, ':');
    return parts.size() >= 4 && is_place(parts[1]) && is_place(parts[2]);
}

}  // namespace

struct Channels::Log {
    spdlog::logger logger;
    explicit Log(const Writer& writer) : logger("backout", std::make_shared<StreamSink>(writer)) {
        logger.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
        logger.set_level(spdlog::level::trace);  // what is shown was decided before
    }
};

Streams real_streams() {
    return {[](std::string_view bytes) { return write_all(STDOUT_FILENO, bytes); },
            // Nobody is left to tell when standard error can't be written.
            [](std::string_view bytes) { (void)write_all(STDERR_FILENO, bytes).ok(); }};
}

Channels::Channels(Streams streams) : streams_(std::move(streams)), log_(std::make_unique<Log>(streams_.errors)) {}
Channels::~Channels() {
    clear_progress();
}

void Channels::data(const std::string& text, bool always) {
    const bool shown = always ? !verbosity_.silent() : verbosity_.shows("result", kLevelResults);
    if (!shown || !output_status_.ok()) return;
    clear_progress();
    output_status_ = streams_.output(redactor_.redact(text));
}

void Channels::say(const std::string& channel, int level, const std::string& text) {
    if (!verbosity_.shows(channel, level)) return;
    clear_progress();
    log_->logger.log(severity_of(level), redactor_.redact(text));
}

void Channels::ask(const std::string& text) {
    if (verbosity_.silent()) return;
    clear_progress();
    streams_.errors(redactor_.redact(text));
}

void Channels::error(const Error& error, int exit_code, bool json) {
    if (!json) {
        say("error", kLevelErrors, error_text(error));
        return;
    }
    const Json line = {{"error",
                        {{"code", to_string(error.code)},
                         {"message", error.text()},
                         {"path", error.path.empty() ? Json(nullptr) : Json(error.path)},
                         {"exit", exit_code}}}};
    say("error", kLevelErrors, dump_canonical(line));
}

void Channels::progress(const std::string& text) {
    if (!progress_allowed_ || !verbosity_.shows("progress", kLevelActions)) return;
    clear_progress();
    if (text.empty()) return;
    constexpr std::size_t kEllipsis = 3;  // bytes of "…"; no character takes more columns than bytes
    const std::size_t room = columns_ > kEllipsis + 1 ? columns_ - kEllipsis - 1 : 1;
    streams_.errors("\r" + cut_text(redactor_.redact(text), room) + "\x1b[K");
    progress_shown_ = true;
}

void Channels::clear_progress() {
    if (!progress_shown_) return;
    streams_.errors("\r\x1b[K");
    progress_shown_ = false;
}

std::string error_text(const Error& error) {
    std::vector<std::string> lines = split(error.text(), '\n');
    for (std::string& line : lines) line = printable(line);
    const std::string text = join(lines, "\n");
    return begins_with_place(lines.front()) ? text : "backout: " + text;
}

}  // namespace backout
