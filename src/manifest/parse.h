#pragma once
// The way from text to `Manifest`. It reads no file and asks nobody; whoever calls it brings the text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.h"

namespace backout {

struct ParseOptions {
    std::string directory = {};           ///< of the manifest: becomes Manifest::directory
    std::vector<KindDoc> kinds = {};      ///< empty: every kind is accepted
    std::vector<KindDoc> detectors = {};  ///< empty: every detector is accepted
    std::size_t most_actions = 2'000'000;
    OnMissingInput on_missing_input = OnMissingInput::fail;  ///< where the manifest says nothing
};

/// Either a manifest or problems, never both.
struct ParsedManifest {
    std::optional<Manifest> manifest;
    ManifestErrors errors;
};

/// Never throws or crashes, whatever the bytes; running out of memory is a problem too.
ParsedManifest parse_manifest(std::string_view text, const std::string& source_name, const ParseOptions& options = {});

/// Gives the actions whose default id has references in its target their ids, now that references can be resolved, and
/// checks what had to wait for that: doubled ids, unknown ids in depends_on, after and references. To be called once
/// inputs and facts are known; without such actions it does nothing. A target that isn't known even then stands in the
/// id as it is written. Errors: `invalid` with one line a problem.
Status assign_ids(Manifest& manifest, const ReferenceSource& references);

}  // namespace backout
