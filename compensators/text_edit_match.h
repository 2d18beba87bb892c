#pragma once
// Which lines of one text surely are which lines of another. Where two lines might as well be the other one, because
// somebody wrote a copy of a line, none is: what is done by this answer must not touch other people's lines. Pure.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace backout {

/// What texts are read as.
enum class TextSort {
    lines,     ///< nothing but lines (elements of a JSON array)
    sections,  ///< lines, those below one "[name]" told from those below another
    ini,       ///< entries of sections: one that stands once in its section is the same wherever it stands there
};

/// For each line of `from` the line of `to` that surely is the same one, or nothing. Line ends don't count.
std::vector<std::optional<std::size_t>> match_surely(std::string_view from, std::string_view to, TextSort sort);

}  // namespace backout
