#pragma once
// The kind `json.merge`: RFC 7396 on a JSON file that stays others' as well (shared_file_kind.h, json_splice.h).

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_json_merge_kind();

}  // namespace backout
