#include "manifest/schema.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "manifest/select.h"

namespace backout {

namespace {

Json text(const char* description) {
    return Json{{"type", "string"}, {"description", description}};
}

Json flag(const char* description, bool fallback) {
    return Json{{"type", "boolean"}, {"default", fallback}, {"description", description}};
}

Json reference_to(const char* definition) {
    return Json{{"$ref", std::string("#/$defs/") + definition}};
}

Json list_of(Json items, const char* description) {
    return Json{{"type", "array"}, {"items", std::move(items)}, {"description", description}};
}

Json duration(const char* description) {
    return Json{{"type", "string"}, {"pattern", "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$"}, {"description", description}};
}

Json closed_object(Json properties, Json required) {
    return Json{{"type", "object"},
                {"properties", std::move(properties)},
                {"required", std::move(required)},
                {"additionalProperties", false}};
}

Json input_schema() {
    return closed_object({{"default", Json{{"description", "The value if nobody gives one; its type is the input's"}}},
                          {"description", text("What it is, for people")},
                          {"pattern", text("A regular expression that the value must match")},
                          {"env", text("The environment variable that may hold the value")},
                          {"secret", flag("Never stored and never shown; asked for without echo", false)}},
                         Json::array());
}

Json retry_schema() {
    return closed_object({{"attempts", Json{{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}},
                          {"backoff", duration("The first pause; doubled each time")},
                          {"max", duration("The longest pause")}},
                         Json::array({"attempts"}));
}

Json check_schema() {
    Json alternatives = Json::array();
    for (const char* key : {"command", "http", "tcp", "file"})
        alternatives.push_back(Json{{"required", Json::array({key})}});
    return Json{{"type", "object"}, {"oneOf", std::move(alternatives)}};
}

Json select_schema() {
    Json inside = closed_object(
        {{"table", Json{{"description", "A file, FILE#/pointer, a list of rows, or {\"rows\": […]}"},
                        {"type", Json::array({"string", "array", "object"})}}},
         {"on", Json{{"type", "object"}, {"minProperties", 1}, {"description", "Column: the value wanted"}}},
         {"value", Json{{"description", "A column, or a text with ${row.COLUMN} in it"}}},
         {"default", Json{{"description", "The value if no row matches"}}},
         {"compare", Json{{"type", "object"}, {"additionalProperties", Json{{"enum", comparison_words()}}}}}},
        Json::array({"table", "on", "value"}));
    return closed_object({{"select", std::move(inside)}}, Json::array({"select"}));
}

// Any value may be a reference or a select instead of what the kind takes.
Json argument_schema(const ParameterDoc& parameter) {
    const Json reference = Json{{"type", "string"}, {"pattern", "\\$\\{"}};
    Json schema = parameter.schema.is_null()
                      ? Json::object()
                      : Json{{"anyOf", Json::array({parameter.schema, reference, reference_to("select")})}};
    if (!parameter.description.empty()) schema["description"] = parameter.description;
    return schema;
}

Json with_schema(const KindDoc& kind) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const ParameterDoc& parameter : kind.parameters) {
        properties[parameter.name] = argument_schema(parameter);
        if (parameter.required) required.push_back(parameter.name);
    }
    Json schema = closed_object(std::move(properties), std::move(required));
    schema["additionalProperties"] = kind.open;
    if (!kind.summary.empty()) schema["description"] = kind.summary;
    return schema;
}

// {"if": KEY is the kind's name, "then": with is so}, for each kind.
Json kind_rules(const char* key, const std::vector<KindDoc>& kinds) {
    Json rules = Json::array();
    for (const KindDoc& kind : kinds) {
        if (kind.name.find('*') != std::string::npos) continue;
        const Json is_kind =
            Json{{"properties", Json{{key, Json{{"const", kind.name}}}}}, {"required", Json::array({key})}};
        rules.push_back(Json{{"if", is_kind}, {"then", Json{{"properties", Json{{"with", with_schema(kind)}}}}}});
    }
    return rules;
}

Json kind_name_schema(const char* description, const std::vector<KindDoc>& kinds) {
    Json schema = text(description);
    Json names = Json::array();
    for (const KindDoc& kind : kinds) {
        if (kind.name.find('*') != std::string::npos) return schema;  // a plug-in's kinds can't be listed
        names.push_back(kind.name);
    }
    if (!names.empty()) schema["enum"] = std::move(names);
    return schema;
}

Json fact_schema(const std::vector<KindDoc>& detectors) {
    Json schema =
        closed_object({{"detect", kind_name_schema("The detector", detectors)}, {"with", Json{{"type", "object"}}}},
                      Json::array({"detect"}));
    if (!detectors.empty()) schema["allOf"] = kind_rules("detect", detectors);
    return schema;
}

Json policy(const char* first, const char* second, const char* description) {
    return Json{{"enum", Json::array({first, second})}, {"default", first}, {"description", description}};
}

Json action_schema(const std::vector<KindDoc>& kinds) {
    const Json ids = Json{{"type", "string"}, {"minLength", 1}};
    Json schema = closed_object(
        {{"id", Json{{"type", "string"}, {"minLength", 1}, {"description", "Default KIND:TARGET; unique"}}},
         {"action", kind_name_schema("The kind: category.operation", kinds)},
         {"with", Json{{"type", "object"}, {"description", "The arguments of the kind"}}},
         {"depends_on", list_of(ids, "Actions that must have succeeded before")},
         {"after", list_of(ids, "Actions that come before, whatever their end")},
         {"when", Json{{"type", Json::array({"string", "boolean"})},
                       {"description", "A condition; if false, the action is skipped"}}},
         {"group", text("Members commit or go back together")},
         {"requires_input", flag("Needs a person while it runs", false)},
         {"verify", reference_to("checks")},
         {"timeout", duration("The longest it may take")},
         {"retry", reference_to("retry")},
         {"irreversible", flag("Can't be taken back", false)},
         {"pivot", flag("The point of no return", false)},
         {"on_missing_input", policy("fail", "skip", "What to do without an input that it uses")},
         {"description", text("What it is for, for people")}},
        Json::array({"action"}));
    if (!kinds.empty()) schema["allOf"] = kind_rules("action", kinds);
    return schema;
}

Json definitions(const std::vector<KindDoc>& kinds, const std::vector<KindDoc>& detectors) {
    Json checks =
        Json{{"oneOf", Json::array({reference_to("check"), list_of(reference_to("check"), "Checks, in order")})}};
    return Json{{"input", input_schema()},  {"fact", fact_schema(detectors)}, {"action", action_schema(kinds)},
                {"retry", retry_schema()},  {"check", check_schema()},        {"checks", std::move(checks)},
                {"select", select_schema()}};
}

}  // namespace

Json manifest_schema(const std::vector<KindDoc>& kinds, const std::vector<KindDoc>& detectors) {
    Json schema =
        closed_object({{"$schema", text("The schema of this file, for editors")},
                       {"backout", Json{{"const", 1}, {"description", "The format version"}}},
                       {"name", Json{{"type", "string"}, {"pattern", "^[a-z0-9][a-z0-9-]*$"}}},
                       {"description", text("What it is for, for people")},
                       {"inputs", Json{{"type", "object"}, {"additionalProperties", reference_to("input")}}},
                       {"facts", Json{{"type", "object"}, {"additionalProperties", reference_to("fact")}}},
                       {"actions", list_of(reference_to("action"), "What is to be done")},
                       {"verify", reference_to("checks")},
                       {"on_drift", policy("rollback", "stop", "What to do when something is not as the plan said")},
                       {"on_missing_input", policy("fail", "skip", "What to do without an input that an action uses")}},
                      Json::array({"backout", "name", "actions"}));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = "Backout manifest";
    schema["$defs"] = definitions(kinds, detectors);
    return schema;
}

}  // namespace backout
