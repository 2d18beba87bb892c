#pragma once
// Kinds know nothing of manifests: their errors begin with the name of an argument ("mode: …", "edits[0].regex: …"), or
// carry a path. This pair finds the place in the manifest that such an error concerns. Pure.

#include <string>

#include "base/error.h"
#include "manifest/manifest.h"

namespace backout {

struct ComplaintPlace {
    Position position;         ///< of the argument, or of the nearest thing around it
    std::string written = {};  ///< a path as it stands in the manifest, where the error names it whole; else ""
};

/// Where in `action` an error of its kind belongs; the action itself if that can't be told. `directory` is what
/// relative paths are relative to.
ComplaintPlace complaint_place(const Action& action, const Error& error, const std::string& directory);
/// The place in `object` of the argument that `complaint` begins with; that of `object` if it names none.
Position argument_place(const Node& object, const std::string& complaint);
/// The place of `${reference}` in `node`; 0:0 if it isn't there.
Position reference_place(const Node& node, const std::string& reference);

}  // namespace backout
