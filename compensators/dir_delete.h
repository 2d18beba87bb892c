#pragma once
// dir.delete. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_dir_delete_kind();

}  // namespace backout
