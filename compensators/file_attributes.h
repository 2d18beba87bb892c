#pragma once
// file.attributes. Its documentation is its KindInfo.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_file_attributes_kind();

}  // namespace backout
