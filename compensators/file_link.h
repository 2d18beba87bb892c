#pragma once
// file.link. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_file_link_kind();

}  // namespace backout
