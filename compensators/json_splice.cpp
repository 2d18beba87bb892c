#include "compensators/json_splice.h"

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/number.h"
#include "compensators/json_splice_parse.h"

namespace backout {

namespace {

constexpr const char* kBigNumberMark = "\x01number:";

bool is_blank(char letter) {
    return letter == ' ' || letter == '\t';
}
bool is_space(char letter) {
    return is_blank(letter) || letter == '\n' || letter == '\r';
}

Json number_value(const std::string& word) {
    const bool whole = word.find_first_of(".eE") == std::string::npos;
    if (!whole) return std::strtod(word.c_str(), nullptr);
    std::int64_t small = 0;
    const char* end = word.data() + word.size();
    if (std::from_chars(word.data(), end, small).ec == std::errc()) return small;
    std::uint64_t large = 0;
    if (word[0] != '-' && std::from_chars(word.data(), end, large).ec == std::errc()) return large;
    return kBigNumberMark + word;
}

std::string dump_text(const Json& value) {
    return dump_canonical(value);
}

/// How a text writes its containers.
struct Style {
    std::string newline;  ///< "" if everything stands on one line
    std::string indent;   ///< of one level
    std::string colon;    ///< between key and value, spaces around it included
    std::string comma;    ///< between items on one line
};

std::string blanks_before(const Bytes& text, std::size_t at) {
    std::size_t begin = at;
    while (begin > 0 && is_blank(text[begin - 1])) --begin;
    return text.substr(begin, at - begin);
}

bool starts_line(const Bytes& text, std::size_t at) {
    const std::size_t begin = at - blanks_before(text, at).size();
    return begin == 0 || text[begin - 1] == '\n';
}

/// White space at the start of the line in which `at` stands.
std::string indent_of_line(const Bytes& text, std::size_t at) {
    std::size_t begin = text.rfind('\n', at == 0 ? 0 : at - 1);
    begin = begin == Bytes::npos || at == 0 ? 0 : begin + 1;
    std::size_t end = begin;
    while (end < text.size() && is_blank(text[end])) ++end;
    return text.substr(begin, end - begin);
}

/// The first member that shows how a key and its value are kept apart.
const JsonItem* first_member(const JsonNode& node) {
    if (node.type == JsonNode::Type::object && !node.items.empty()) return &node.items.front();
    for (const JsonItem& item : node.items) {
        const JsonItem* found = first_member(item.node);
        if (found != nullptr) return found;
    }
    return nullptr;
}

/// The deeper indentation of the first item that begins a line.
void find_indent(const Bytes& text, const JsonNode& node, std::string& indent) {
    for (const JsonItem& item : node.items) {
        if (!indent.empty()) return;
        if (starts_line(text, item.begin)) {
            const std::string outer = indent_of_line(text, node.begin);
            const std::string inner = blanks_before(text, item.begin);
            if (inner.size() > outer.size() && inner.compare(0, outer.size(), outer) == 0)
                indent = inner.substr(outer.size());
        }
        find_indent(text, item.node, indent);
    }
}

const JsonNode* find_pair(const JsonNode& node) {
    if (node.items.size() > 1) return &node;
    for (const JsonItem& item : node.items) {
        const JsonNode* found = find_pair(item.node);
        if (found != nullptr) return found;
    }
    return nullptr;
}

Style style_of(const Bytes& text, const JsonNode& root) {
    Style style;
    style.colon = ": ";
    const JsonItem* member = first_member(root);
    if (member != nullptr) style.colon = text.substr(member->key_end, member->node.begin - member->key_end);
    if (style.colon.find_first_not_of(" :") != std::string::npos) style.colon = ": ";
    style.comma = style.colon == ":" ? "," : ", ";
    const JsonNode* pair = find_pair(root);
    if (pair != nullptr) {
        const std::size_t comma = *pair->items[0].comma;
        const std::string between = text.substr(comma, pair->items[1].begin - comma);
        if (between.find_first_not_of(", ") == std::string::npos) style.comma = between;
    }
    find_indent(text, root, style.indent);
    const bool one_line = !root.items.empty() && style.indent.empty();
    if (!one_line) {
        const std::size_t newline = text.find('\n');
        style.newline = newline != Bytes::npos && newline > 0 && text[newline - 1] == '\r' ? "\r\n" : "\n";
    }
    if (style.indent.empty()) style.indent = "  ";
    return style;
}

Bytes write_value(const Json& value, const Style& style, const std::string& indent);

Bytes write_container(const Json& value, const Style& style, const std::string& indent) {
    const bool object = value.is_object();
    if (value.empty()) return object ? "{}" : "[]";
    const std::string inner = indent + style.indent;
    Bytes text;
    for (const auto& [key, element] : value.items()) {
        if (!text.empty()) text += style.newline.empty() ? style.comma : ",";
        if (!style.newline.empty()) text += style.newline + inner;
        if (object) text += dump_text(key) + style.colon;
        text += write_value(element, style, inner);
    }
    if (!style.newline.empty()) text += style.newline + indent;
    return (object ? "{" : "[") + text + (object ? "}" : "]");
}

Bytes write_value(const Json& value, const Style& style, const std::string& indent) {
    return value.is_structured() ? write_container(value, style, indent) : dump_text(value);
}

/// Back over white space in front of `at`, but not over the newline that ends a comment.
std::size_t trim_back(const Bytes& text, std::size_t at) {
    std::size_t begin = at;
    while (is_space(text[begin - 1])) --begin;
    const std::size_t newline = text.find('\n', begin);
    if (newline == Bytes::npos || newline >= at) return begin;
    const std::size_t line = text.rfind('\n', begin - 1);
    const std::size_t line_begin = line == Bytes::npos ? 0 : line + 1;
    const bool comment = text.substr(line_begin, begin - line_begin).find("//") != Bytes::npos;
    return comment ? newline + 1 : begin;
}

/// Does each item of the container have a line of its own?
bool is_multi_line(const Bytes& text, const JsonNode& container) {
    return !container.items.empty() && starts_line(text, container.items.front().begin);
}

/// Behind what still belongs to the line of an item that ends at `at`: blanks and a comment. Nothing if more follows.
std::optional<std::size_t> rest_of_line(const Bytes& text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size()) {
        if (text[end] == '\n') return end > at && text[end - 1] == '\r' ? end - 1 : end;
        if (is_blank(text[end]) || text[end] == '\r') {
            ++end;
        } else if (text.compare(end, 2, "//") == 0) {
            end = std::min(text.find('\n', end), text.size());
        } else if (text.compare(end, 2, "/*") == 0) {
            const std::size_t close = text.find("*/", end);
            if (close == Bytes::npos || text.find('\n', end) < close) return std::nullopt;
            end = close + 2;
        } else {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::size_t index_of(const JsonNode& container, const std::string& token) {
    if (container.type == JsonNode::Type::array) return json_index(token).value_or(container.items.size());
    for (std::size_t index = container.items.size(); index-- > 0;) {
        if (container.items[index].key == token) return index;
    }
    return container.items.size();
}

}  // namespace

Result<JsonPath> parse_json_pointer(const std::string& pointer) {
    JsonPath path;
    if (pointer.empty()) return path;
    if (pointer[0] != '/')
        return Error{ErrorCode::invalid, "'" + pointer + "' is no JSON pointer: it must begin with '/'"};
    for (const std::string& part : split(pointer.substr(1), '/')) {
        std::string token;
        for (std::size_t at = 0; at < part.size(); ++at) {
            if (part[at] != '~') {
                token += part[at];
                continue;
            }
            ++at;
            if (at >= part.size() || (part[at] != '0' && part[at] != '1')) {
                return Error{ErrorCode::invalid,
                             "'" + pointer + "' is no JSON pointer: '~' must be followed by 0 or 1"};
            }
            token += part[at] == '0' ? '~' : '/';
        }
        path.push_back(std::move(token));
    }
    return path;
}

std::string json_pointer_of(const JsonPath& path) {
    std::string pointer;
    for (const std::string& token : path) {
        pointer += '/';
        for (const char letter : token)
            pointer += letter == '~' ? "~0" : (letter == '/' ? "~1" : std::string(1, letter));
    }
    return pointer;
}

std::optional<std::size_t> json_index(const std::string& token) {
    if (token.empty() || token.size() > 9 || (token.size() > 1 && token[0] == '0')) return std::nullopt;
    return parse_unsigned(token);
}

Result<JsonText> JsonText::parse(Bytes text) {
    BACKOUT_TRY_ASSIGN(JsonNode root, parse_json_nodes(text));
    return JsonText(std::move(text), std::move(root));
}

Json JsonText::value(const JsonNode& node) const {
    Json result;
    switch (node.type) {
        case JsonNode::Type::object:
            result = Json::object();
            for (const JsonItem& item : node.items) result[item.key] = value(item.node);
            return result;
        case JsonNode::Type::array:
            result = Json::array();
            for (const JsonItem& item : node.items) result.push_back(value(item.node));
            return result;
        case JsonNode::Type::string: return decode_json_string(raw(node));
        case JsonNode::Type::number: return number_value(raw(node));
        case JsonNode::Type::literal: break;
    }
    if (raw(node) == "null") return nullptr;
    return raw(node) == "true";
}

const JsonItem* JsonText::member_of(const JsonNode& object, const std::string& key) {
    const std::size_t index = object.type == JsonNode::Type::object ? index_of(object, key) : object.items.size();
    return index < object.items.size() ? &object.items[index] : nullptr;
}

const JsonNode* JsonText::find_loosely(const JsonPath& path) const {
    const JsonNode* node = &root_;
    for (const std::string& token : path) {
        const std::size_t index = index_of(*node, token);
        if (index >= node->items.size()) return nullptr;
        node = &node->items[index].node;
    }
    return node;
}

Result<const JsonNode*> JsonText::find(const JsonPath& path) const {
    const JsonNode* node = &root_;
    for (const std::string& token : path) {
        const std::size_t index = index_of(*node, token);
        if (index >= node->items.size()) return nullptr;
        for (std::size_t other = 0; other < index && node->type == JsonNode::Type::object; ++other) {
            if (node->items[other].key != token) continue;
            return Error{ErrorCode::invalid,
                         "the key \"" + token + "\" of " + json_pointer_of(path) +
                             " is there twice, and readers differ in which one counts; mend the file"};
        }
        node = &node->items[index].node;
    }
    return node;
}

Status JsonText::replace(std::size_t begin, std::size_t end, const Bytes& with) {
    Bytes changed = text_;
    changed.replace(begin, end - begin, with);
    auto root = parse_json_nodes(changed);
    if (!root) return std::move(root).error().in("after an edit");
    text_ = std::move(changed);
    root_ = std::move(root).value();
    return {};
}

Bytes JsonText::format(const Json& value, const JsonPath& path) const {
    Style style = style_of(text_, root_);
    if (path.empty()) return write_value(value, style, "");
    const JsonNode* container = find_loosely(JsonPath(path.begin(), path.end() - 1));
    if (container == nullptr) return write_value(value, style, "");
    // Inside a container on one line the new value stays on that line.
    const bool on_one_line = !container->items.empty() && !is_multi_line(text_, *container);
    if (on_one_line) style.newline.clear();
    const std::string indent = container->items.empty() ? indent_of_line(text_, container->begin) + style.indent
                                                        : blanks_before(text_, container->items.front().begin);
    return write_value(value, style, indent);
}

Status JsonText::set(const JsonPath& path, const Bytes& raw, const std::string& behind) {
    const JsonNode* present = find_loosely(path);
    if (present != nullptr) return replace(present->begin, present->end, raw);
    BACKOUT_ASSERT(!path.empty());
    const JsonNode* container = find_loosely(JsonPath(path.begin(), path.end() - 1));
    BACKOUT_ASSERT(container != nullptr && container->type == JsonNode::Type::object);
    const std::size_t before = behind.empty() ? container->items.size() : index_of(*container, behind);
    const std::size_t index = std::min(before + (behind.empty() ? 0 : 1), container->items.size());
    return add_item(*container, index, dump_text(path.back()) + style_of(text_, root_).colon + raw);
}

Status JsonText::insert(const JsonPath& array, std::size_t index, const Bytes& raw) {
    const JsonNode* container = find_loosely(array);
    BACKOUT_ASSERT(container != nullptr && container->type == JsonNode::Type::array &&
                   index <= container->items.size());
    return add_item(*container, index, raw);
}

Status JsonText::remove(const JsonPath& path) {
    BACKOUT_ASSERT(!path.empty());
    const JsonNode* container = find_loosely(JsonPath(path.begin(), path.end() - 1));
    BACKOUT_ASSERT(container != nullptr);
    const std::size_t index = index_of(*container, path.back());
    BACKOUT_ASSERT(index < container->items.size());
    return remove_item(*container, index);
}

Status JsonText::add_item(const JsonNode& container, std::size_t index, const Bytes& item) {
    const Style style = style_of(text_, root_);
    if (container.items.empty()) {
        // What stands in there can only be white space and comments; comments stay in front of the new item.
        const std::string outer = indent_of_line(text_, container.begin);
        const std::size_t end = container.end - 1;
        const std::size_t begin = trim_back(text_, end);
        const bool commented = begin > container.begin + 1;
        if (style.newline.empty() && !commented) return replace(begin, end, item);
        const std::string newline = style.newline.empty() ? "\n" : style.newline;
        const std::string start = text_[begin - 1] == '\n' ? "" : newline;
        return replace(begin, end, start + outer + style.indent + item + newline + outer);
    }
    const bool lines = is_multi_line(text_, container);
    const std::string indent = blanks_before(text_, container.items.front().begin);
    const std::string newline = style.newline.empty() ? "\n" : style.newline;
    if (index < container.items.size()) {
        const std::size_t place = container.items[index].begin;
        return replace(place, place, item + (lines ? "," + newline + indent : style.comma));
    }
    const JsonItem& last = container.items.back();
    const std::size_t end = last.comma ? *last.comma + 1 : last.node.end;
    const std::string tail = last.comma ? "," : "";  // a file with trailing commas keeps them
    const std::string comma = last.comma ? "" : ",";
    if (!lines) return replace(end, end, comma + style.comma.substr(1) + item + tail);
    const std::size_t place = rest_of_line(text_, end).value_or(end);
    return replace(end, place, comma + text_.substr(end, place - end) + newline + indent + item + tail);
}

Status JsonText::remove_item(const JsonNode& container, std::size_t index) {
    const std::vector<JsonItem>& items = container.items;
    const JsonItem& item = items[index];
    std::size_t begin = item.begin;
    std::size_t end = item.comma ? *item.comma + 1 : item.node.end;
    const auto rest = rest_of_line(text_, end);
    const bool own_lines = starts_line(text_, begin) && rest.has_value();
    if (own_lines) {
        begin -= blanks_before(text_, begin).size();
        end = text_.find('\n', *rest) + 1;
    } else if (index + 1 < items.size()) {
        while (is_blank(text_[end])) ++end;
    } else {
        begin = trim_back(text_, begin);
    }
    if (items.size() == 1) {
        // An empty container needs no lines, unless comments are left in it.
        const std::size_t inner = container.begin + 1;
        const std::string left = text_.substr(inner, begin - inner) + text_.substr(end, container.end - 1 - end);
        if (left.find_first_not_of(" \t\r\n") == std::string::npos) return replace(inner, container.end - 1, "");
        return replace(begin, end, "");
    }
    if (index + 1 < items.size() || item.comma) return replace(begin, end, "");
    // The last one without a comma: that of the one before goes, too.
    const std::size_t comma = *items[index - 1].comma;
    return replace(comma, end, text_.substr(comma + 1, begin - comma - 1));
}

}  // namespace backout
