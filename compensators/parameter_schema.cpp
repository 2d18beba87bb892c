#include "compensators/parameter_schema.h"

#include <nlohmann/json.hpp>

namespace backout {

Json text_schema() {
    return Json{{"type", "string"}};
}
Json flag_schema() {
    return Json{{"type", "boolean"}};
}
Json path_schema() {
    return Json{{"type", "string"}, {"minLength", 1}};
}
Json mode_schema() {
    return Json{{"type", "string"}, {"pattern", "^[0-7]{3,5}$"}};
}
Json duration_schema() {
    return Json{{"type", "string"}, {"pattern", "^([0-9.]+(ns|us|ms|s|m|h|d))+$"}};
}
Json text_list_schema() {
    return Json{{"type", "array"}, {"items", text_schema()}};
}
Json text_map_schema() {
    return Json{{"type", "object"}, {"additionalProperties", text_schema()}};
}
Json object_schema() {
    return Json{{"type", "object"}};
}
Json choice_schema(const std::vector<std::string>& choices) {
    return Json{{"enum", choices}};
}

Json integers_schema() {
    const Json number = {{"type", "integer"}};
    const Json list = {{"type", "array"}, {"items", number}, {"minItems", 1}};
    return Json{{"anyOf", Json::array({number, list})}};
}

}  // namespace backout
