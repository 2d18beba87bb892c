#pragma once
// A text as lines with their ends, and which lines of two texts are the same ones. Pure.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace backout {

struct TextLine {
    std::size_t begin = 0;
    std::size_t text_end = 0;  ///< where the line's end ("\n", "\r\n") begins
    std::size_t end = 0;       ///< where the next line begins; equal to text_end if the last line has no end

    std::string_view text_in(std::string_view whole) const { return whole.substr(begin, text_end - begin); }
};

/// Empty text: no lines. "a\n": one line.
std::vector<TextLine> split_lines(std::string_view text);
/// "\r\n" if the first line ends so, else "\n".
std::string_view line_end_of(std::string_view text);

/// For each line of `from` the line of `to` that is the same one, or nothing. Increasing. Line ends don't count.
/// Follows unique lines first (patience), so that a moved block doesn't pull its surroundings with it; stretches too
/// large and too different to compare are left unmatched.
std::vector<std::optional<std::size_t>> match_lines(std::string_view from, std::string_view to);
/// The same for lines whose texts are numbers already: equal numbers, equal lines.
std::vector<std::optional<std::size_t>> match_numbers(const std::vector<std::size_t>& from,
                                                      const std::vector<std::size_t>& to);

}  // namespace backout
