#pragma once
// A file with `${…}` in it, resolved like any other text of the manifest: what is known now is filled in, outputs and
// secrets stay as templates. Errors name the line and column of the file.

#include <string>

#include "manifest/reference.h"
#include "manifest/resolver.h"

namespace backout {

/// `text` of the file `name` as a string or a template. Errors: `invalid` with "FILE:LINE:COLUMN: …", all together.
Result<Json> resolve_template_text(const std::string& name, const std::string& text, const ReferenceSource& references);

}  // namespace backout
