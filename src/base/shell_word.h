#pragma once
// Words of commands that are shown to be typed.

#include <string>

namespace backout {

/// `word` as a shell takes it: bare where that is harmless, else in quotes.
std::string shell_word(const std::string& word);

}  // namespace backout
