#pragma once
// JSON Schemas of the usual parameters, for KindInfo.

#include <string>
#include <vector>

#include "base/json.h"

namespace backout {

Json text_schema();
Json flag_schema();
Json path_schema();
Json mode_schema();
Json duration_schema();
Json text_list_schema();
Json text_map_schema();
Json integers_schema();
Json object_schema();
Json choice_schema(const std::vector<std::string>& choices);

}  // namespace backout
