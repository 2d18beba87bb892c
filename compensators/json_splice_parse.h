#pragma once
// The parser behind JsonText. Used by json_splice.cpp alone.

#include "compensators/json_splice.h"

namespace backout {

Result<JsonNode> parse_json_nodes(const Bytes& text);
/// A string literal with its quotes, decoded. Requires: parse_json_nodes took it.
std::string decode_json_string(std::string_view literal);
/// Behind white space and comments.
std::size_t skip_json_space(std::string_view text, std::size_t at);

}  // namespace backout
