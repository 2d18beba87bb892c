#pragma once
// What the manifest room needs to know of kinds and detectors, in its own words.

#include <vector>

#include "compensators/compensator.h"
#include "manifest/manifest.h"
#include "planner/detectors/detector.h"

namespace backout {

std::vector<KindDoc> kind_docs(const Registry& kinds);
std::vector<KindDoc> detector_docs(const DetectorRegistry& detectors);

}  // namespace backout
