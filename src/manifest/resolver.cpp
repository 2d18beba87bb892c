#include "manifest/resolver.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "manifest/reference_check.h"
#include "plan/template.h"

namespace backout {

namespace {

// Values come from detectors, files and other programs; none of them may smuggle a template in.
bool has_template_key(const Json& value) {
    if (!value.is_structured()) return false;
    if (value.is_object() && value.contains(kTemplateKey)) return true;
    return std::any_of(value.begin(), value.end(), has_template_key);
}

// Of the outputs of earlier runs, in which secrets stand by their names.
bool names_only_secrets(const Json& value, const ReferenceSource& references) {
    if (!value.is_structured()) return true;
    if (value.is_object() && value.contains(kTemplateKey) && !has_template(value)) return false;
    for (const TemplateReference& found : template_references(value)) {
        Reference input;
        input.name = found.name;
        input.text = found.text;
        const bool is_secret = found.kind == TemplateReference::Kind::secret_input &&
                               references.look_up(input).kind == ReferenceAnswer::Kind::secret;
        if (!is_secret) return false;
    }
    return true;
}

Json template_of(const std::string& reference) {
    return Json{{kTemplateKey, Json::array({Json{{"ref", reference}}})}};
}

bool is_template_value(const Json& value) {
    return value.is_object() && value.contains(kTemplateKey);
}

void append_text(Json& parts, const std::string& text) {
    if (text.empty()) return;
    if (!parts.empty() && parts.back().is_string()) {
        parts.back().get_ref<std::string&>() += text;
    } else {
        parts.push_back(text);
    }
}

// Requires: no references in it.
std::string literal_of(const std::string& key) {
    if (!may_have_references(key)) return key;
    std::vector<TextProblem> ignored;
    std::string literal;
    for (const auto& piece : parse_text(key, ignored)) literal += std::get<std::string>(piece);
    return literal;
}

Json parts_to_value(Json parts) {
    if (parts.empty()) return "";
    if (parts.size() == 1 && parts[0].is_string()) return parts[0];
    return Json{{kTemplateKey, std::move(parts)}};
}

}  // namespace

Resolver::Resolver(std::string source_name, const ReferenceSource& references, TableLoader load_table)
    : source_name_(std::move(source_name)), references_(references), load_table_(std::move(load_table)) {}

Json Resolver::fail(Position position, std::string message) {
    errors_.add(position, std::move(message));
    return nullptr;
}

Result<Json> Resolver::resolve(const Node& node) {
    errors_ = ManifestErrors();
    errors_.source_name = source_name_;
    Json value = resolve_node(node, Place{});
    if (!errors_.empty()) return errors_.to_error();
    return value;
}

Result<ConditionOutcome> Resolver::decide(const When& when) {
    TextProblem problem;
    auto outcome = when.condition.evaluate(references_, problem);
    if (outcome) return std::move(*outcome);
    ManifestErrors errors;
    errors.source_name = source_name_;
    const Position position = when.node.is_text() ? when.node.position_at(problem.offset) : when.node.position();
    errors.add(position, "in 'when': " + problem.message);
    return errors.to_error();
}

Json Resolver::resolve_node(const Node& node, const Place& place) {
    if (node.is_text()) return may_have_references(node.text()) ? resolve_text(node, place) : Json(node.text());
    if (node.is_object()) return resolve_object(node, place);
    if (!node.is_list()) return node.to_json();
    Json list = Json::array();
    for (const Node& element : node.list()) list.push_back(resolve_node(element, place));
    return list;
}

bool Resolver::is_plain_key(const NodeMember& member) {
    if (!may_have_references(member.key)) return true;
    std::vector<TextProblem> problems;
    const TextPieces pieces = parse_text(member.key, problems);
    const bool plain = problems.empty() && std::all_of(pieces.begin(), pieces.end(), [](const auto& piece) {
                           return std::holds_alternative<std::string>(piece);
                       });
    if (!plain)
        fail(member.position, "a reference can't stand in a key: " + in_quotes(member.key) +
                                  "; references stand in values only, and a literal '${' is written '$${'");
    return plain;
}

Json Resolver::resolve_object(const Node& node, const Place& place) {
    if (is_select(node)) return resolve_select(node.members()[0].value, place);
    Json object = Json::object();
    for (const NodeMember& member : node.members()) {
        if (member.key == kTemplateKey) return fail(member.position, "the key '$template' is reserved");
        if (!is_plain_key(member)) continue;
        Place inner = place;
        inner.in_validate = place.in_validate || member.key == "validate";
        object[literal_of(member.key)] = resolve_node(member.value, inner);
    }
    return object;
}

Json Resolver::answer_of(const Node& node, const Reference& reference, const ReferenceAnswer& answer) {
    const Position position = node.position_at(reference.offset);
    switch (answer.kind) {
        case ReferenceAnswer::Kind::known:
            if (!has_template_key(*answer.value)) return *answer.value;
            if (reference.root == Reference::Root::actions && names_only_secrets(*answer.value, references_))
                return *answer.value;
            return fail(position, "the value of " + in_quotes(reference.text) + " holds the reserved key '$template'");
        case ReferenceAnswer::Kind::deferred: return template_of(action_reference_text(answer.action, answer.output));
        case ReferenceAnswer::Kind::secret:
        case ReferenceAnswer::Kind::run: return template_of(reference.text);
        case ReferenceAnswer::Kind::missing_input:
        case ReferenceAnswer::Kind::absent:
        case ReferenceAnswer::Kind::unknown: break;
    }
    return fail(position, answer.message);
}

Json Resolver::row_value(const Node& node, const Reference& reference, const Place& place) {
    const Position position = node.position_at(reference.offset);
    if (place.row == nullptr) return fail(position, "${row.COLUMN} only stands in the 'value' of a 'select'");
    if (place.row->contains(reference.name)) return (*place.row)[reference.name];
    std::vector<std::string> names;
    for (const auto& entry : place.row->items()) names.push_back(entry.key());
    return fail(position, "the row has no column " + in_quotes(reference.name) + did_you_mean(reference.name, names));
}

Json Resolver::piece_of(const Node& node, const Reference& reference, const Place& place) {
    if (reference.root == Reference::Root::row) return row_value(node, reference, place);
    if (reference.root != Reference::Root::file) return answer_of(node, reference, references_.look_up(reference));
    if (place.in_validate) return "${file}";
    return fail(node.position_at(reference.offset), "${file} only stands inside 'validate'");
}

void Resolver::append_piece(Json& parts, const Node& node, const Reference& reference, Json piece) {
    if (is_template_value(piece)) {
        for (const Json& part : piece[kTemplateKey]) {
            if (part.is_string())
                append_text(parts, part.get_ref<const std::string&>());
            else
                parts.push_back(part);
        }
        return;
    }
    if (piece.is_null()) {
        fail(node.position_at(reference.offset), "${" + reference.text +
                                                     "} is null: nothing was found there, so it can't stand inside a "
                                                     "text; guard the action with \"when\": \"defined(" +
                                                     reference.text + ")\"");
        return;
    }
    const auto text = embed_in_text(piece);
    if (text) return append_text(parts, text.value());
    errors_.add(node.position_at(reference.offset), "${" + reference.text + "}: " + text.error().message);
}

Json Resolver::resolve_text(const Node& node, const Place& place) {
    std::vector<TextProblem> problems;
    const TextPieces pieces = parse_text(node.text(), problems);
    for (TextProblem& problem : problems) errors_.add(node.position_at(problem.offset), std::move(problem.message));
    if (!problems.empty()) return nullptr;
    if (pieces.size() == 1 && std::holds_alternative<Reference>(pieces[0])) {
        return piece_of(node, std::get<Reference>(pieces[0]), place);
    }
    Json parts = Json::array();
    for (const auto& piece : pieces) {
        if (const auto* literal = std::get_if<std::string>(&piece)) {
            append_text(parts, *literal);
            continue;
        }
        const std::size_t before = errors_.problems.size() + errors_.left_out;
        const auto& reference = std::get<Reference>(piece);
        Json value = piece_of(node, reference, place);
        if (errors_.problems.size() + errors_.left_out == before)
            append_piece(parts, node, reference, std::move(value));
    }
    return parts_to_value(std::move(parts));
}

}  // namespace backout
