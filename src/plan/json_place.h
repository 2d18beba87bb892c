#pragma once
// Where a value stands: a path of keys and indexes from the top of a document, and the way from there back to line and
// column of the text it was read from. Plain trees carry no positions, so the text is walked again, but only when there
// is an error to tell. It is no parser: the text has been read before.

#include <cstddef>
#include <string>
#include <vector>

namespace backout {

/// Keys and indexes from the top. Links go upwards, so that a place costs nothing until it is named in an error.
struct JsonPlace {
    const JsonPlace* above = nullptr;
    std::string key = {};   ///< of a member, when `above` is an object
    std::size_t index = 0;  ///< of an element, when `above` is a list
    bool in_list = false;

    /// From the top downwards; indexes as decimal numbers.
    std::vector<std::string> parts() const;
};

/// "/actions/0/undo" (RFC 6901); "" for the top.
std::string json_pointer(const std::vector<std::string>& parts);

/// "12:5" for the value at `parts` in `text`, columns counted in characters; of the nearest value around it if there is
/// none. Requires: `text` is well-formed JSON.
std::string line_and_column(const std::string& text, const std::vector<std::string>& parts);

}  // namespace backout
