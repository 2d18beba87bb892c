#pragma once
// One entry point a target, by libFuzzer's name, so that the same file serves libFuzzer (preset fuzz, with sanitizers)
// and burst.cpp (every build, no compiler's help). A target feeds bytes to the real code and asserts what must hold
// whatever they are; an assertion, a signal or a sanitizer's report is a finding.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace backout::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// The first byte chooses between the things that a target does; the rest is for the chosen one.
struct Choice {
    unsigned which = 0;
    std::string_view rest = {};
};
inline Choice choose(const std::uint8_t* data, std::size_t size, unsigned options) {
    if (size == 0) return {};
    return {data[0] % options, as_text(data + 1, size - 1)};
}

/// `text` cut at the first line break: what comes before it, and what behind it.
inline std::pair<std::string, std::string> two_parts(std::string_view text) {
    const std::size_t cut = text.find('\n');
    if (cut == std::string_view::npos) return {std::string(text), ""};
    return {std::string(text.substr(0, cut)), std::string(text.substr(cut + 1))};
}

}  // namespace backout::fuzz
