#pragma once
// Regular expressions as people write them in manifests (PCRE2 syntax, UTF-8). Bounded in steps, depth and memory, so
// that an unlucky pattern is an error and never a hang. A pattern is found anywhere in the text unless it says ^ and $;
// $ is the very end of the text, not the place before a last line break, so "^[0-9]+$" can't let a second line through.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backout {

class SearchPattern {
  public:
    /// Errors: `invalid`, with the place in the pattern.
    static Result<SearchPattern> compile(std::string_view text);

    SearchPattern(const SearchPattern&) = default;
    SearchPattern(SearchPattern&&) noexcept = default;
    SearchPattern& operator=(const SearchPattern&) = default;
    SearchPattern& operator=(SearchPattern&&) noexcept = default;
    ~SearchPattern() = default;

    /// Errors: `invalid` if a bound was reached; the text is not quoted in the message, for it may be a secret.
    Result<bool> is_found_in(std::string_view text) const;
    const std::string& text() const { return text_; }

  private:
    struct Code;
    SearchPattern(std::string text, std::shared_ptr<const Code> code);

    std::string text_;
    std::shared_ptr<const Code> code_;
};

}  // namespace backout
