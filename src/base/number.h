#pragma once
// Numbers out of text: all of it or nothing, and never an exception.

#include <cstdint>
#include <optional>
#include <string_view>

namespace backout {

/// `text` as an unsigned number in `base` (2 to 36). Nothing if it is empty, holds anything but digits, or is too
/// large.
std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base = 10);

}  // namespace backout
