#pragma once
// Bytes are std::string throughout: contents of files, records and images may hold anything, and most APIs take one.

#include <string>
#include <string_view>

#include "base/result.h"

namespace backout {

using Bytes = std::string;

std::string to_hex(std::string_view bytes);
/// Lower- or upper-case hex to bytes. Errors: `invalid` for odd length or a foreign character.
Result<Bytes> from_hex(std::string_view hex);

std::string to_base64(std::string_view bytes);
/// Standard alphabet with padding; white space is skipped. Errors: `invalid`.
Result<Bytes> from_base64(std::string_view text);

/// True iff `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// `text` as one printable line: control characters, terminal escapes and invalid UTF-8 become \n, \x1b, \xff.
std::string printable(std::string_view text);

}  // namespace backout
