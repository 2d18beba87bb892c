#include "compensators/json_merge_text.h"

#include <nlohmann/json.hpp>

#include "compensators/json_splice.h"

namespace backout {

namespace {

Json without_nulls(const Json& value) {
    if (!value.is_object()) return value;
    Json result = Json::object();
    for (const auto& [key, element] : value.items()) {
        if (!element.is_null()) result[key] = without_nulls(element);
    }
    return result;
}

Status merge_at(JsonText& text, const JsonPath& path, const Json& merge) {
    for (const auto& [key, wanted] : merge.items()) {
        JsonPath place = path;
        place.push_back(key);
        BACKOUT_TRY_ASSIGN(const JsonNode* present, text.find(place));
        if (wanted.is_null()) {
            if (present != nullptr) BACKOUT_TRY(text.remove(place));
        } else if (wanted.is_object() && present != nullptr && present->type == JsonNode::Type::object) {
            BACKOUT_TRY(merge_at(text, place, wanted));
        } else {
            const Json value = without_nulls(wanted);
            if (present != nullptr && text.value(*present) == value) continue;
            BACKOUT_TRY(text.set(place, text.format(value, place)));
        }
    }
    return {};
}

}  // namespace

Result<Bytes> merge_json_text(const Bytes& content, const Json& merge) {
    BACKOUT_ASSERT(merge.is_object());
    BACKOUT_TRY_ASSIGN(JsonText text, JsonText::parse(content));
    if (text.root().type != JsonNode::Type::object) {
        return Error{
            ErrorCode::invalid,
            "the file holds no object at its top, so there is nothing to merge into; use json.patch or file.write"};
    }
    BACKOUT_TRY(merge_at(text, {}, merge));
    return text.text();
}

}  // namespace backout
