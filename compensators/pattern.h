#pragma once
// Regular expressions of manifests: PCRE2 with limits, so that a hostile pattern or file ends in an error, not in
// hours.
// '^' and '$' stand at lines, and a line ends at LF, CR or CRLF ('.' matches neither, so a replaced line keeps its
// CRLF). Text that is not UTF-8 is matched byte by byte.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace backout {

/// Where a pattern matched: [begin, end), and the same of each group ({npos, npos} if it took no part).
struct PatternMatch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<std::pair<std::size_t, std::size_t>> groups = {};  ///< groups[0] is the whole match
};

class Pattern {
  public:
    /// Errors: `invalid` with the reason and the place in the pattern.
    static Result<Pattern> compile(const std::string& text);

    /// The first match at or after `offset`. Errors: `invalid` if the pattern needs too much work on this text.
    Result<std::optional<PatternMatch>> find(std::string_view subject, std::size_t offset = 0) const;
    /// All matches that don't overlap, at most `limit`.
    Result<std::vector<PatternMatch>> find_all(std::string_view subject, std::size_t limit = 1'000'000) const;
    Result<bool> matches(std::string_view subject) const;

    const std::string& text() const { return text_; }

  private:
    struct Code;
    Pattern(std::string text, std::shared_ptr<const Code> code) : text_(std::move(text)), code_(std::move(code)) {}

    std::string text_;
    std::shared_ptr<const Code> code_;
};

/// `replacement` with \0 … \9 replaced by the match's groups, and \\ by a backslash.
/// Errors: `invalid` for a group that the match doesn't have, or another letter after a backslash (\n and \t are
/// known).
Result<std::string> expand_replacement(const std::string& replacement, std::string_view subject,
                                       const PatternMatch& match);

}  // namespace backout
