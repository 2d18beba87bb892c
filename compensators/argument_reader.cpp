#include "compensators/argument_reader.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/number.h"
#include "base/text.h"
#include "plan/template.h"

namespace backout {

namespace {

bool is_plain_text(const Json& value) {
    return value.is_string();
}
bool is_boolean(const Json& value) {
    return value.is_boolean();
}
bool is_integer(const Json& value) {
    return value.is_number_integer();
}
bool is_plain_object(const Json& value) {
    return value.is_object();
}
bool is_list(const Json& value) {
    return value.is_array();
}

bool is_template(const Json& value) {
    return value.is_object() && value.size() == 1 && value.contains(kTemplateKey);
}

}  // namespace

bool is_text_or_template(const Json& value) {
    return value.is_string() || is_template(value);
}

ArgumentReader::ArgumentReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) problems_.push_back((where_.empty() ? "" : where_ + ": ") + "an object is expected");
}

const Json* ArgumentReader::find(const std::string& name) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const Json* ArgumentReader::find_typed(const std::string& name, bool (*is_type)(const Json&), const char* wanted) {
    const Json* value = find(name);
    if (value == nullptr) return nullptr;
    if (is_type(*value)) return value;
    if (is_template(*value)) {
        complain(name, std::string("must be known before the run, ") + wanted + " without secrets or later outputs");
    } else {
        complain(name, std::string(wanted) + " is expected, not " + dump_canonical(*value).substr(0, 60));
    }
    return nullptr;
}

bool ArgumentReader::has(const std::string& name) const {
    return find(name) != nullptr;
}

void ArgumentReader::only(const std::vector<std::string>& names) {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
        if (std::find(names.begin(), names.end(), key) != names.end()) continue;
        complain(key, "is not known here" + did_you_mean(key, names) + "; known are " + join_words(names));
    }
}

void ArgumentReader::require(const std::string& name) {
    if (object_.is_object() && !has(name)) complain(name, "is missing");
}

std::string ArgumentReader::text(const std::string& name, const std::string& fallback) {
    const Json* value = find_typed(name, is_plain_text, "a text");
    if (value == nullptr) return fallback;
    // Taken literally, an empty path would be the manifest's own folder: most likely a reference that came out empty.
    static const std::vector<std::string> kPaths = {"path", "from", "to", "source"};
    const bool is_path = std::find(kPaths.begin(), kPaths.end(), name) != kPaths.end();
    if (where_.empty() && is_path && value->get<std::string>().empty()) complain(name, "is empty: name a path");
    return value->get<std::string>();
}

bool ArgumentReader::flag(const std::string& name, bool fallback) {
    const Json* value = find_typed(name, is_boolean, "true or false");
    return value == nullptr ? fallback : value->get<bool>();
}

std::optional<std::int64_t> ArgumentReader::integer(const std::string& name, std::int64_t least, std::int64_t most) {
    const Json* value = find_typed(name, is_integer, "a whole number");
    if (value == nullptr) return std::nullopt;
    const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    if (!huge && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most) {
        return value->get<std::int64_t>();
    }
    complain(name, "must lie between " + std::to_string(least) + " and " + std::to_string(most));
    return std::nullopt;
}

Nanoseconds ArgumentReader::duration(const std::string& name, Nanoseconds fallback) {
    const Json* value = find_typed(name, is_plain_text, "a duration like \"30s\"");
    if (value == nullptr) return fallback;
    auto parsed = parse_duration(value->get<std::string>());
    if (parsed) return *parsed;
    complain(name, parsed.error().message);
    return fallback;
}

std::vector<std::string> ArgumentReader::texts(const std::string& name) {
    std::vector<std::string> result;
    const Json* value = find_typed(name, is_list, "a list of texts");
    if (value == nullptr) return result;
    for (const Json& element : *value) {
        if (element.is_string()) {
            result.push_back(element.get<std::string>());
        } else {
            complain(name, "a list of texts is expected, not " + dump_canonical(element).substr(0, 60) + " in it");
        }
    }
    return result;
}

std::optional<std::uint32_t> ArgumentReader::mode(const std::string& name) {
    const Json* value = find_typed(name, is_plain_text, "a mode as octal text like \"0644\"");
    if (value == nullptr) return std::nullopt;
    const std::string digits = value->get<std::string>();
    const std::optional<std::uint64_t> mode = digits.size() > 5 ? std::nullopt : parse_unsigned(digits, 8);
    if (!mode || *mode > 07777) {
        complain(name, "a mode as octal text like \"0644\" is expected, not \"" + digits + "\"");
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*mode);
}

std::vector<std::int64_t> ArgumentReader::integers(const std::string& name, const std::vector<std::int64_t>& fallback) {
    const Json* value = find(name);
    if (value == nullptr) return fallback;
    if (value->is_number_integer()) return {value->get<std::int64_t>()};
    std::vector<std::int64_t> result;
    if (value->is_array()) {
        for (const Json& element : *value) {
            if (element.is_number_integer()) result.push_back(element.get<std::int64_t>());
        }
        if (!result.empty() && result.size() == value->size()) return result;
    }
    complain(name, "a whole number or a list of them is expected");
    return fallback;
}

Json ArgumentReader::text_or_template(const std::string& name) {
    const Json* value = find_typed(name, is_text_or_template, "a text");
    return value == nullptr ? Json() : *value;
}

Json ArgumentReader::texts_or_templates(const std::string& name) {
    const Json* value = find_typed(name, is_list, "a list of texts");
    if (value == nullptr) return Json::array();
    for (const Json& element : *value) {
        if (!is_text_or_template(element)) {
            complain(name, "a list of texts is expected, not " + dump_canonical(element).substr(0, 60) + " in it");
        }
    }
    return *value;
}

Json ArgumentReader::text_map(const std::string& name) {
    const Json* value = find_typed(name, is_plain_object, "an object of texts");
    if (value == nullptr) return Json::object();
    for (const auto& [key, element] : value->items()) {
        if (!is_text_or_template(element)) complain(name + "." + key, "a text is expected");
    }
    return *value;
}

Json ArgumentReader::object(const std::string& name) {
    const Json* value = find_typed(name, is_plain_object, "an object");
    return value == nullptr ? Json() : *value;
}

void ArgumentReader::complain(const std::string& name, const std::string& problem) {
    problems_.push_back(where_ + name + ": " + problem);
}

void ArgumentReader::take_problems_of(const ArgumentReader& other) {
    problems_.insert(problems_.end(), other.problems_.begin(), other.problems_.end());
}

Status ArgumentReader::finish() const {
    if (problems_.empty()) return {};
    return Error{ErrorCode::invalid, join(problems_, "; ")};
}

std::string absolute_path(const std::string& base, const std::string& path) {
    const std::string whole = !path.empty() && path[0] == '/' ? path : base + "/" + path;
    std::string cleaned;
    for (const std::string& part : split(whole, '/')) {
        if (part.empty() || part == ".") continue;
        cleaned += "/" + part;
    }
    return cleaned.empty() ? "/" : cleaned;
}

std::string source_path(const std::string& base, const std::string& path) {
    return std::filesystem::path(absolute_path(base, path)).lexically_normal().string();
}

std::vector<std::string> awaited_actions(const Json& value) {
    std::vector<std::string> ids;
    for (const TemplateReference& reference : template_references(value)) {
        if (reference.kind != TemplateReference::Kind::action_output) continue;
        if (std::find(ids.begin(), ids.end(), reference.name) == ids.end()) ids.push_back(reference.name);
    }
    return ids;
}

bool has_secret(const Json& value) {
    for (const TemplateReference& reference : template_references(value)) {
        if (reference.kind == TemplateReference::Kind::secret_input) return true;
    }
    return false;
}

}  // namespace backout
