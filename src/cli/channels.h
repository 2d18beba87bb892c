#pragma once
// Everything the program says goes through here: data to standard output, everything else, by channel and level, to
// standard error. It redacts, and notices when standard output can't be written. The log is not the journal.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "cli/redactor.h"
#include "cli/verbosity.h"

namespace backout {

/// Where the bytes go; the real ones write to descriptors 1 and 2.
struct Streams {
    std::function<Status(std::string_view)> output;
    std::function<void(std::string_view)> errors;
};
Streams real_streams();

class Channels {
  public:
    explicit Channels(Streams streams);
    ~Channels();
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;

    void set_verbosity(const Verbosity& verbosity) { verbosity_ = verbosity; }
    const Verbosity& verbosity() const { return verbosity_; }
    Redactor& redactor() { return redactor_; }

    /// Results for people and programs, word for word, to standard output; channel "result".
    /// `always`: a program reads it; it is left out only where nothing at all is said.
    void data(const std::string& text, bool always = false);
    /// One line on standard error, iff `channel` shows `level`. `text` must be printable.
    void say(const std::string& channel, int level, const std::string& text);
    /// A dialogue with a person: shown whenever anything is. No line end is added.
    void ask(const std::string& text);
    /// An error: in words, or with `json` as one JSON line {"error": {code, message, path, exit}}.
    void error(const Error& error, int exit_code, bool json);
    void warn(const std::string& text) { say("warning", kLevelWarnings, "warning: " + text); }
    void hint(const std::string& text) { say("hint", kLevelActions, text); }

    /// A line that the next one overwrites; "" clears it. Only where it was allowed; cut to fit into `columns`, for what
    /// wraps can't be overwritten.
    void progress(const std::string& text);
    void allow_progress(bool allowed, std::size_t columns) {
        progress_allowed_ = allowed;
        columns_ = columns;
    }

    /// The first error in writing standard output.
    const Status& output_status() const { return output_status_; }

  private:
    void clear_progress();

    struct Log;
    Streams streams_;
    Verbosity verbosity_;
    Redactor redactor_;
    std::unique_ptr<Log> log_;
    Status output_status_;
    bool progress_allowed_ = false;
    std::size_t columns_ = 80;
    bool progress_shown_ = false;
};

/// An error as lines for people: context and message, each line printable.
std::string error_text(const Error& error);

}  // namespace backout
