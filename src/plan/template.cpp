#include "plan/template.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace backout {

namespace {

bool is_plain_id(const std::string& id) {
    const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return !id.empty() && id.find_first_not_of(plain) == std::string::npos;
}

bool is_template(const Json& value) {
    return value.is_object() && value.size() == 1 && value.contains(kTemplateKey);
}

bool is_reference_part(const Json& part) {
    if (!part.is_object() || !part.contains("ref") || !part["ref"].is_string()) return false;
    const bool is_slice =
        part.size() == 3 && member(part, "from").is_number_unsigned() && member(part, "bytes").is_number_unsigned();
    return part.size() == 1 || is_slice;
}

Error malformed(const Json& value) {
    return Error{ErrorCode::invalid, "malformed template " + dump_canonical(value) +
                                         ": a list of texts and {\"ref\": NAME} objects was expected"};
}

// The quoted id at the start of `rest`, with '' standing for a quote; `rest` is left behind it.
std::optional<std::string> take_quoted_id(std::string& rest) {
    std::string id;
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] != '\'') {
            id += rest[at];
        } else if (at + 1 < rest.size() && rest[at + 1] == '\'') {
            id += rest[at++];
        } else {
            rest.erase(0, at + 1);
            return id;
        }
    }
    return std::nullopt;
}

std::optional<TemplateReference> parse_action_output(const std::string& text, std::string rest) {
    std::optional<std::string> id;
    if (!rest.empty() && rest[0] == '\'') {
        id = take_quoted_id(rest);
    } else {
        const std::size_t dot = rest.find('.');
        id = rest.substr(0, dot);
        rest.erase(0, dot);
    }
    if (!id || id->empty() || rest.size() < 2 || rest[0] != '.') return std::nullopt;
    return TemplateReference{TemplateReference::Kind::action_output, *id, rest.substr(1), text};
}

using LookUp = std::function<Result<Json>(const std::string& reference)>;

/// What the part stands for: all of the value, or some bytes of it.
Result<Json> look_up_part(const Json& part, const LookUp& look_up) {
    const std::string reference = part["ref"].get<std::string>();
    BACKOUT_TRY_ASSIGN(Json found, look_up(reference));
    if (part.size() == 1) return found;
    BACKOUT_TRY_ASSIGN(const std::string text, embed_in_text(found));
    const auto from = part["from"].get<std::size_t>();
    const auto bytes = part["bytes"].get<std::size_t>();
    if (from > text.size() || bytes > text.size() - from)
        return Error{ErrorCode::invalid,
                     "the value of '" + reference + "' is another one than it was: it is too short"};
    return Json(text.substr(from, bytes));
}

Result<std::string> expand_part(const Json& part, const LookUp& look_up) {
    const std::string reference = part["ref"].get<std::string>();
    BACKOUT_TRY_ASSIGN(const Json found, look_up_part(part, look_up));
    auto text = embed_in_text(found);
    if (!text) return std::move(text).error().in("${" + reference + "}");
    return text;
}

Result<Json> expand_one(const Json& value, const LookUp& look_up) {
    const Json& parts = value[kTemplateKey];
    if (!parts.is_array()) return malformed(value);
    if (parts.size() == 1 && is_reference_part(parts[0])) return look_up_part(parts[0], look_up);
    std::string text;
    for (const Json& part : parts) {
        if (part.is_string()) {
            text += part.get_ref<const std::string&>();
        } else if (is_reference_part(part)) {
            BACKOUT_TRY_ASSIGN(const std::string piece, expand_part(part, look_up));
            text += piece;
        } else {
            return malformed(value);
        }
    }
    return Json(std::move(text));
}

template <typename Visitor>
void visit_templates(const Json& value, const Visitor& visitor) {
    if (is_template(value)) {
        visitor(value);
    } else if (value.is_structured()) {
        for (const Json& element : value) visit_templates(element, visitor);
    }
}

std::string describe_part(const Json& part) {
    if (part.is_string()) return part.get<std::string>();
    if (!is_reference_part(part)) return dump_canonical(part);
    const auto reference = parse_template_reference(part["ref"].get<std::string>());
    if (!reference) return "${" + part["ref"].get<std::string>() + "}";
    switch (reference->kind) {
        case TemplateReference::Kind::action_output: return "(known after " + reference->name + ")";
        case TemplateReference::Kind::secret_input: return "(secret " + reference->name + ")";
        case TemplateReference::Kind::run: return "(the run's name)";
    }
    return "";
}

}  // namespace

std::string action_reference_text(const std::string& id, const std::string& output) {
    if (is_plain_id(id)) return "actions." + id + "." + output;
    std::string quoted;
    for (const char character : id) quoted += character == '\'' ? "''" : std::string(1, character);
    return "actions.'" + quoted + "'." + output;
}

std::optional<TemplateReference> parse_template_reference(const std::string& text) {
    if (text == "backout.run") return TemplateReference{TemplateReference::Kind::run, {}, {}, text};
    if (text.rfind("inputs.", 0) == 0 && text.size() > 7) {
        return TemplateReference{TemplateReference::Kind::secret_input, text.substr(7), {}, text};
    }
    if (text.rfind("actions.", 0) == 0) return parse_action_output(text, text.substr(8));
    return std::nullopt;
}

bool has_template(const Json& value) {
    if (is_template(value)) return true;
    if (!value.is_structured()) return false;
    for (const Json& element : value) {
        if (has_template(element)) return true;
    }
    return false;
}

std::vector<TemplateReference> template_references(const Json& value) {
    std::vector<TemplateReference> references;
    visit_templates(value, [&references](const Json& found) {
        if (!found[kTemplateKey].is_array()) return;
        for (const Json& part : found[kTemplateKey]) {
            if (!is_reference_part(part)) continue;
            auto reference = parse_template_reference(part["ref"].get<std::string>());
            if (reference) references.push_back(std::move(*reference));
        }
    });
    return references;
}

Result<Json> expand_templates(const Json& value, const LookUp& look_up) {
    if (is_template(value)) return expand_one(value, look_up);
    if (!value.is_structured()) return value;
    Json expanded = value;
    for (auto& element : expanded) {
        if (!element.is_structured()) continue;
        auto result = expand_templates(element, look_up);
        if (!result) return std::move(result).error();
        element = std::move(result).value();
    }
    return expanded;
}

Result<std::string> embed_in_text(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean() || value.is_number()) return dump_canonical(value);
    return Error{ErrorCode::invalid, std::string("the value is ") +
                                         (value.is_null() ? "null" : (value.is_array() ? "a list" : "an object")) +
                                         ", which can't stand inside a text"};
}

std::string describe_template(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!is_template(value) || !value[kTemplateKey].is_array()) return dump_canonical(value);
    std::string text;
    for (const Json& part : value[kTemplateKey]) text += describe_part(part);
    return text;
}

}  // namespace backout
