#pragma once
// A person, if there is one: questions with a default of no, and secrets without echo.

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/channels.h"

namespace backout {

/// What somebody answered.
enum class Answer { yes, no, unclear };
/// "y yes n no" in any case, blanks around; an empty line is no; everything else is unclear.
Answer answer_of(const std::string& line);

class Terminal {
  public:
    /// One line without its end; nothing at the end of the input. Errors: `canceled` when a signal came in between.
    using ReadLine = std::function<Result<std::optional<std::string>>()>;

    Terminal(bool interactive, Channels& channels, ReadLine read_line);

    /// A person can be asked.
    bool interactive() const { return interactive_; }
    /// Asks until the answer is clear; the end of the input is no. Requires: interactive().
    Result<bool> confirm(const std::string& question);
    /// A line in answer to a question; nothing at the end of the input. Requires: interactive().
    Result<std::optional<std::string>> line(const std::string& question);
    /// A secret, read from /dev/tty without echo. Requires: interactive().
    Result<std::string> secret(const std::string& prompt);

  private:
    bool interactive_;
    Channels& channels_;
    ReadLine read_line_;
};

/// From descriptor 0, byte by byte, so that nothing is read beyond the line.
Result<std::optional<std::string>> read_line_from_input();

}  // namespace backout
