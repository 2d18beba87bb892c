#pragma once
// Unified diffs of small texts, for people.

#include <string>
#include <string_view>

namespace backout {

inline constexpr std::size_t kDiffLimit = 64U << 10;  ///< bytes of each side

/// True if both are UTF-8 without NUL and within kDiffLimit.
bool can_diff(std::string_view before, std::string_view after);
/// "--- PATH\n+++ PATH\n@@ … @@\n…" with three lines of context; empty if the texts are equal or can't be diffed.
std::string unified_diff(const std::string& path, std::string_view before, std::string_view after);
/// What somebody else did to `path`: from `left`, which is what `left_is` says ("as the run left it"), to what is
/// there.
std::string foreign_diff(const std::string& path, const std::string& left_is, std::string_view left,
                         std::string_view now);

}  // namespace backout
