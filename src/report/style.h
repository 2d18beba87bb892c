#pragma once
// Colour on a terminal, where it was asked for; else nothing. Words have a style, places don't: callers name the
// meaning, this pair the colour.

#include <string>
#include <string_view>

namespace backout {

enum class Tone { plain, strong, faint, good, caution, bad, created, changed, removed };

class Style {
  public:
    explicit Style(bool color) : color_(color) {}
    /// `text` in the colour of `tone`, or as it is. `text` must be printable already.
    std::string paint(Tone tone, std::string_view text) const;
    bool color() const { return color_; }

  private:
    bool color_;
};

/// The sign of an operation: + create, ~ change, - delete, = keep, . skip, ! run, ↺ undo (`takes_back`).
std::string sign_of(const std::string& operation, bool takes_back);
Tone tone_of_operation(const std::string& operation);
/// Of a step's or a run's state.
Tone tone_of_state(const std::string& state);

/// A unified diff, line by line: printable, indented by `indent` blanks, added and removed lines in colour. After
/// `most_lines` only the number of those left out is told; lines are cut after 400 characters.
std::string paint_diff(const Style& style, const std::string& diff, std::size_t indent,
                       std::size_t most_lines = static_cast<std::size_t>(-1));
/// `text` as it is if it has at most `most` bytes, else its beginning and "…"; no character of UTF-8 and no `\xNN` is
/// cut in the middle. Requires: printable text.
std::string cut_text(const std::string& text, std::size_t most);

/// `text` filled up with blanks to `width` columns (characters of UTF-8, not bytes).
std::string padded(const std::string& text, std::size_t width);
std::size_t columns_of(std::string_view text);

}  // namespace backout
