#pragma once
// A place that moves forward through a text and knows its line and column. Positions must be asked for in rising order,
// which makes them cheap: every byte is looked at once, whatever the length of lines.

#include <cstddef>
#include <string_view>

#include "manifest/problem.h"

namespace backout {

/// Bytes of the well-formed UTF-8 character at the start of `text`; 0 if there is none (overlong forms and surrogates
/// are not well-formed).
std::size_t utf8_length(std::string_view text);

class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    bool at_end() const { return at_ >= text_.size(); }
    /// '\0' at the end of the text.
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool starts_with(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
    std::string_view rest() const { return text_.substr(at_); }
    std::size_t offset() const { return at_; }
    void advance(std::size_t bytes) { at_ += bytes; }
    /// A byte order mark takes no column.
    void skip_byte_order_mark();

    /// Of the byte at the cursor. Requires: the cursor isn't before the place last asked for.
    Position position();

  private:
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;  // bytes up to here are in position_
    Position position_{1, 1};
};

}  // namespace backout
