#pragma once
// The strings of JSON: escapes, surrogate pairs, and what is refused in them.

#include <string>

#include "manifest/cursor.h"
#include "manifest/node.h"

namespace backout {

struct StringProblem {
    Position position;
    std::string message;
};

/// Reads the string at the cursor, which stands at its opening quote, and leaves the cursor behind the closing one.
/// On failure `problem` is set, and cursor and `text` are somewhere in the middle.
bool read_string(Cursor& cursor, Node::Text& text, StringProblem& problem);

}  // namespace backout
