#pragma once
// Small helpers on words, for messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backout {

/// The candidate nearest to `word` by edit distance (Damerau-Levenshtein), or "" if none is near (more than a third of
/// the longer word's length, at least 1 edit allowed).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// " (did you mean 'X'?)" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
/// "a, b and c".
std::string join_words(const std::vector<std::string>& words);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Splits at each separator; "a//b" gives an empty part.
std::vector<std::string> split(std::string_view text, char separator);
/// "1,234" bytes as "1.2 KiB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace backout
