#pragma once
// The one JSON type. Object keys are sorted (std::map), so `dump_canonical` is canonical by construction.
// Headers that only name the type include this too: nlohmann's forward header is what it costs.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace backout {

using Json = nlohmann::json;

/// One line, keys sorted, no spaces, UTF-8; invalid UTF-8 is replaced (names that aren't UTF-8 travel as base64 twins).
std::string dump_canonical(const Json& value);
/// Indented by two, for files that people read; same key order.
std::string dump_pretty(const Json& value);
/// Strict JSON without comments, at most 64 levels deep, doubled keys refused.
/// Errors: `invalid` with "line L, column C: …".
Result<Json> parse_json(const std::string& text);

/// The member, or null if `object` isn't an object or has none.
const Json& member(const Json& object, const std::string& key);
/// The member as a string, or `fallback` if absent or of another type.
std::string string_member(const Json& object, const std::string& key, const std::string& fallback = "");
bool bool_member(const Json& object, const std::string& key, bool fallback);
std::int64_t int_member(const Json& object, const std::string& key, std::int64_t fallback);

}  // namespace backout
