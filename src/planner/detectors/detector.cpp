#include "planner/detectors/detector.h"

#include <algorithm>
#include <utility>

namespace backout {

void DetectorRegistry::add(std::unique_ptr<Detector> detector) {
    BACKOUT_ASSERT(find(detector->info().name) == nullptr);
    detectors_.push_back(std::move(detector));
}

const Detector* DetectorRegistry::find(const std::string& name) const {
    for (const auto& detector : detectors_) {
        if (detector->info().name == name) return detector.get();
    }
    return nullptr;
}

std::vector<std::string> DetectorRegistry::names() const {
    std::vector<std::string> found;
    for (const auto& detector : detectors_) found.push_back(detector->info().name);
    std::sort(found.begin(), found.end());
    return found;
}

DetectorRegistry make_builtin_detectors() {
    DetectorRegistry registry;
    registry.add(make_os_detector());
    registry.add(make_python_detector());
    registry.add(make_file_detector());
    registry.add(make_command_detector());
    return registry;
}

}  // namespace backout
