#include "engine/event.h"

namespace backout {

namespace {

// In JSON nothing is null; in records it is an empty text.
void null_for_nothing(Json& json, const char* name) {
    const auto found = json.find(name);
    if (found != json.end() && found->is_string() && found->get_ref<const std::string&>().empty()) *found = nullptr;
}

}  // namespace

Json event_to_json(const Event& event) {
    Json json = event.data.is_object() ? event.data : Json::object();
    json["type"] = event.type;
    json["seq"] = event.sequence;
    json["time"] = format_time(event.time);
    json["run"] = event.run.empty() ? Json(nullptr) : Json(event.run);
    json["step"] = event.step == 0 ? Json(nullptr) : Json(event.step);
    json["id"] = event.id.empty() ? Json(nullptr) : Json(event.id);
    for (const char* name : {"undoes", "failure", "error", "reason", "note"}) null_for_nothing(json, name);
    return json;
}

}  // namespace backout
