#pragma once
// dir.create. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_dir_create_kind();

}  // namespace backout
