#pragma once
// file.move. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_file_move_kind();

}  // namespace backout
