#pragma once
// The ids of actions: given, or "KIND:TARGET" by default.

#include "manifest/manifest.h"

namespace backout {

/// Ids for all actions without one whose target holds no reference; the others are counted in `open_ids`.
void give_default_ids(Manifest& manifest);
/// Fills `manifest.ids`, reporting every doubled one.
void collect_ids(Manifest& manifest, ManifestErrors& errors);

}  // namespace backout
