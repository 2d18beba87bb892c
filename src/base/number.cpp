#include "base/number.h"

#include <charconv>

namespace backout {

std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace backout
