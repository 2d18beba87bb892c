#pragma once
// file.delete. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_file_delete_kind();

}  // namespace backout
