#pragma once
// What is wrong with a manifest, and where. A reader of a manifest collects problems, so that a person mends all of
// them in one go, instead of throwing them back one by one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace backout {

/// A place in a text, both counted from 1; columns are characters of UTF-8, not bytes. 0:0 is "no place known".
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    bool operator==(const Position& other) const = default;
};

/// "12:5".
std::string to_string(Position position);

struct Problem {
    Position position;
    std::string message;
};

/// The problems of one source. At most `kMaximum` are kept; the rest is counted.
struct ManifestErrors {
    static constexpr std::size_t kMaximum = 100;

    std::string source_name;  ///< the file, or "-" for standard input
    std::vector<Problem> problems;
    std::size_t left_out = 0;

    void add(Position position, std::string message);
    /// Takes in the problems of `other`, which must concern the same source.
    void append(ManifestErrors other);
    bool empty() const { return problems.empty(); }
    /// "FILE:LINE:COLUMN: message" a line, in order of place, each ending in a newline.
    std::string text() const;
    /// An `invalid` Error whose message is `text()` without its last newline. Requires: not empty.
    Error to_error() const;
};

/// 'word' in quotes for a message: printable, and cut after 80 characters.
std::string in_quotes(std::string_view word);

}  // namespace backout
