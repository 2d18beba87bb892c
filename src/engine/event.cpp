#include "engine/event.h"

namespace backout {

Json event_to_json(const Event& event) {
    Json json = event.data.is_object() ? event.data : Json::object();
    json["type"] = event.type;
    json["seq"] = event.sequence;
    json["time"] = format_time(event.time);
    json["run"] = event.run;
    json["step"] = event.step == 0 ? Json(nullptr) : Json(event.step);
    json["id"] = event.id.empty() ? Json(nullptr) : Json(event.id);
    return json;
}

}  // namespace backout
