#pragma once
// The words of the command line, looked at before the parsing library sees them: what it would explain badly, or take
// for something else, is refused here by name. Pure.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_line.h"

namespace backout {

/// Errors: `usage` for an unknown verb or long flag (naming the nearest), a flag without its value or with one that it
/// doesn't take or that is none of its choices, and one that is given twice. Only the name of a flag is repeated, never
/// its value, which may be a secret; but a wrong choice is.
Status check_words(const std::vector<std::string>& words, const std::vector<VerbSpec>& verbs);

/// "there is no verb …", or "backout VERB has no flag …", or "takes no further word": what `word` is too much.
Error unexpected_word(const std::string& word, const std::string& verb, const std::vector<VerbSpec>& verbs);
/// `message`, and where help is.
Error usage_error(const std::string& message, const std::string& verb);

}  // namespace backout
