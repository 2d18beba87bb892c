#pragma once
// The kind `json.patch`: RFC 6902 on a JSON file that stays others' as well (shared_file_kind.h, json_splice.h).

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_json_patch_kind();

}  // namespace backout
