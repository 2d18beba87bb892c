#pragma once
// The kind `archive.extract`: the tree in an archive takes the place of what stands at a path, by one rename. The
// archive is read while planning, so the plan knows every entry that will be there, and every one that won't any more.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_archive_extract_kind();

}  // namespace backout
