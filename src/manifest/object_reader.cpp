#include "manifest/object_reader.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/text.h"

namespace backout {

ObjectReader::ObjectReader(Node& object, const char* what, ManifestErrors& errors)
    : object_(object), what_(what), errors_(errors) {
    BACKOUT_ASSERT(object.is_object());
    known_.reserve(16);
}

Node* ObjectReader::find(const char* key, bool required) {
    known_.push_back(key);
    for (NodeMember& member : object_.members()) {
        if (member.key == key) return &member.value;
    }
    if (required) report(object_.position(), std::string(what_) + " needs '" + key + "'");
    return nullptr;
}

void ObjectReader::report_type(const char* key, const char* wanted, const Node& node) {
    report(node.position(), std::string("'") + key + "' takes " + wanted + ", not " + node.type_name());
}

std::optional<SourceText> ObjectReader::text(const char* key, bool required) {
    const Node* node = find(key, required);
    if (node == nullptr) return std::nullopt;
    if (node->is_text()) return SourceText{node->text(), node->position()};
    report_type(key, "a string", *node);
    return std::nullopt;
}

bool ObjectReader::flag(const char* key, bool fallback) {
    const Node* node = find(key);
    if (node == nullptr) return fallback;
    if (node->is_boolean()) return node->boolean();
    report_type(key, "true or false", *node);
    return fallback;
}

Node* ObjectReader::list(const char* key, bool required) {
    Node* node = find(key, required);
    if (node == nullptr || node->is_list()) return node;
    report_type(key, "a list", *node);
    return nullptr;
}

Node* ObjectReader::object(const char* key, bool required) {
    Node* node = find(key, required);
    if (node == nullptr || node->is_object()) return node;
    report_type(key, "an object", *node);
    return nullptr;
}

std::vector<SourceText> ObjectReader::texts(const char* key, const char* of_what) {
    std::vector<SourceText> result;
    const Node* node = find(key);
    if (node == nullptr) return result;
    const std::string wanted = std::string("a list of ") + of_what;
    if (!node->is_list()) {
        report_type(key, wanted.c_str(), *node);
        return result;
    }
    for (const Node& element : node->list()) {
        if (element.is_text()) {
            result.push_back(SourceText{element.text(), element.position()});
        } else {
            report_type(key, wanted.c_str(), element);
        }
    }
    return result;
}

std::optional<Nanoseconds> ObjectReader::duration(const char* key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_text()) {
        report_type(key, "a length of time such as \"90s\"", *node);
        return std::nullopt;
    }
    auto parsed = parse_duration(node->text());
    if (!parsed) {
        report(node->position(), std::string("'") + key + "': " + parsed.error().message);
        return std::nullopt;
    }
    return parsed.value();
}

std::size_t ObjectReader::one_of(const char* key, const std::vector<std::string>& words, std::size_t fallback) {
    const auto given = text(key);
    if (!given) return fallback;
    const auto found = std::find(words.begin(), words.end(), given->value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    report(given->position, std::string("'") + key + "' is \"" + join(words, "\" or \"") + "\", not " +
                                in_quotes(given->value) + did_you_mean(given->value, words));
    return fallback;
}

void ObjectReader::finish() {
    for (const NodeMember& member : object_.members()) {
        const auto is_it = [&member](const char* key) { return member.key == key; };
        if (std::any_of(known_.begin(), known_.end(), is_it)) continue;
        const std::vector<std::string> names(known_.begin(), known_.end());
        report(member.position,
               "unknown key " + in_quotes(member.key) + " in " + what_ + did_you_mean(member.key, names));
    }
}

}  // namespace backout
