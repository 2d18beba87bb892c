#include "plan/strict_object.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

const Json kNull;
const Json kEmptyObject = Json::object();
const Json kEmptyList = Json::array();

}  // namespace

void DocumentProblem::note(const JsonPlace& place, std::string text) {
    if (message) return;
    message = std::move(text);
    parts = place.parts();
}

StrictObject::StrictObject(const Json& value, const JsonPlace& place, DocumentProblem& problem)
    : value_(value.is_object() ? value : kEmptyObject), place_(place), problem_(problem) {
    if (!value.is_object()) problem_.note(place_, "an object was expected");
}

const Json& StrictObject::any(const char* name) {
    known_.emplace_back(name);
    const auto found = value_.find(name);
    if (found != value_.end()) return *found;
    problem_.note(place_, std::string("the member '") + name + "' is missing");
    return kNull;
}

std::string StrictObject::text(const char* name) {
    const Json& value = any(name);
    if (value.is_string()) return value.get<std::string>();
    refuse(name, "a string was expected");
    return {};
}

std::string StrictObject::text_or_null(const char* name) {
    const Json& value = any(name);
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_null()) refuse(name, "a string or null was expected");
    return {};
}

bool StrictObject::boolean(const char* name) {
    const Json& value = any(name);
    if (value.is_boolean()) return value.get<bool>();
    refuse(name, "true or false was expected");
    return false;
}

std::uint32_t StrictObject::number(const char* name) {
    const Json& value = any(name);
    if (value.is_number_integer()) {
        const std::int64_t number = int_member(value_, name, -1);
        if (number >= 0 && number <= std::numeric_limits<std::uint32_t>::max())
            return static_cast<std::uint32_t>(number);
    }
    refuse(name, "a whole number from 0 on was expected");
    return 0;
}

std::vector<std::string> StrictObject::texts(const char* name) {
    const Json& value = list(name);
    std::vector<std::string> found;
    found.reserve(value.size());
    for (const Json& element : value) {
        if (!element.is_string()) {
            const JsonPlace list_place = place_of(name);
            problem_.note(element_of(list_place, found.size()), "a string was expected");
            return {};
        }
        found.push_back(element.get<std::string>());
    }
    return found;
}

const Json& StrictObject::object(const char* name) {
    const Json& value = any(name);
    if (value.is_object()) return value;
    refuse(name, "an object was expected");
    return kEmptyObject;
}

const Json& StrictObject::list(const char* name) {
    const Json& value = any(name);
    if (value.is_array()) return value;
    refuse(name, "a list was expected");
    return kEmptyList;
}

void StrictObject::finish() {
    if (!problem_.none() || value_.size() == known_.size()) return;
    for (const auto& [name, unused] : value_.items()) {
        bool asked_for = false;
        for (const std::string& known : known_) asked_for = asked_for || known == name;
        if (asked_for) continue;
        problem_.note(JsonPlace{&place_, name},
                      "unknown member '" + printable(name) + "'" + did_you_mean(name, known_));
        return;
    }
}

JsonPlace element_of(const JsonPlace& list, std::size_t index) {
    return JsonPlace{&list, {}, index, true};
}

}  // namespace backout
