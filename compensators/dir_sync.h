#pragma once
// The kind `dir.sync`: makes what is in one folder like what is in another. Each changed entry is a part of its own in
// the image, so what others have elsewhere in the tree survives, and what they change of ours is a conflict of that one
// entry.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_dir_sync_kind();

}  // namespace backout
