#pragma once
// The JSON Schema of manifests (draft 2020-12), for editors and other checkers. It says less than `parse_manifest`:
// names that must exist, conditions and ids are beyond a schema.

#include <vector>

#include "manifest/manifest.h"

namespace backout {

Json manifest_schema(const std::vector<KindDoc>& kinds, const std::vector<KindDoc>& detectors = {});

}  // namespace backout
