#pragma once
// The archive as a plan sees it: the file, or what only a prediction holds.

#include <memory>
#include <string>

#include "compensators/compensator.h"

namespace backout {

/// Opens the archive with the content that the plan sees.
Result<std::unique_ptr<InputFile>> open_archive(PlanRequest& request, const std::string& path, const EntryState& state);

}  // namespace backout
