#pragma once
// Text to `Node`: JSON as in RFC 8259 with // and /* */ comments and a tolerated byte order mark, and nothing else that
// is common elsewhere (no trailing commas, single quotes, bare keys, NaN): each of those gets an error of its own that
// says how to write it. Bounded in bytes, depth and values, so that no input can exhaust the stack or the memory.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/node.h"

namespace backout {

struct ReaderLimits {
    std::size_t bytes = std::size_t{1} << 30U;
    std::size_t depth = 64;
    std::size_t values = 64'000'000;
    bool quotes = true;  ///< false: messages quote nothing of the text, for it may be secret
};

/// The value in `text`, or nothing. A syntax error ends the reading and is the only one of its kind; keys given twice
/// are all reported. Problems are added to `errors`; a value is only returned if none was.
std::optional<Node> read_node(std::string_view text, ManifestErrors& errors, const ReaderLimits& limits = {});

}  // namespace backout
