#pragma once
// A file with `${…}` in it, resolved like any other text of the manifest: what is known now is filled in, outputs and
// secrets stay as templates. Errors name the line and column of the file.

#include <cstdint>
#include <string>
#include <vector>

#include "manifest/reference.h"
#include "manifest/resolver.h"

namespace backout {

inline constexpr std::uint64_t kMostTemplateBytes = 16U << 20U;

/// `text` of the file `name` as a string or a template. Errors: `invalid` with "FILE:LINE:COLUMN: …", all together.
Result<Json> resolve_template_text(const std::string& name, const std::string& text, const ReferenceSource& references);

/// Ids of the actions whose outputs `text` asks for, each once. What is malformed is left to `resolve_template_text`.
std::vector<std::string> actions_in_template(const std::string& text, const ActionIds& ids);

}  // namespace backout
