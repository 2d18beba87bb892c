#include "manifest/node.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace backout {

Node::Node() = default;
Node::Node(Position position, Value value) : value_(std::move(value)), position_(position) {}
Node::~Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;

const char* Node::type_name() const {
    switch (type()) {
        case Type::null: return "null";
        case Type::boolean: return "true or false";
        case Type::integer:
        case Type::unsigned_integer:
        case Type::real: return "a number";
        case Type::text: return "a string";
        case Type::list: return "a list";
        case Type::object: return "an object";
    }
    return "";
}

Position Node::position_at(std::size_t offset) const {
    const Text& text = std::get<Text>(value_);
    offset = std::min(offset, text.value.size());
    const auto end = text.value.begin() + static_cast<std::ptrdiff_t>(offset);
    const auto characters = std::count_if(text.value.begin(), end, [](char character) {
        return (static_cast<unsigned char>(character) & 0xC0U) != 0x80U;
    });
    std::uint32_t extra = 0;
    if (text.escapes) {
        const auto after = std::upper_bound(text.escapes->begin(), text.escapes->end(), offset,
                                            [](std::size_t at, const Escape& escape) { return at < escape.end; });
        if (after != text.escapes->begin()) extra = std::prev(after)->extra;
    }
    return Position{position_.line, position_.column + 1 + static_cast<std::uint32_t>(characters) + extra};
}

const Node* Node::find(std::string_view key) const {
    if (!is_object()) return nullptr;
    for (const NodeMember& member : members()) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

Json Node::to_json() const {
    switch (type()) {
        case Type::null: return nullptr;
        case Type::boolean: return boolean();
        case Type::integer: return std::get<std::int64_t>(value_);
        case Type::unsigned_integer: return std::get<std::uint64_t>(value_);
        case Type::real: return std::get<double>(value_);
        case Type::text: return text();
        case Type::list: {
            Json result = Json::array();
            for (const Node& element : list()) result.push_back(element.to_json());
            return result;
        }
        case Type::object: {
            Json result = Json::object();
            for (const NodeMember& member : members()) result[member.key] = member.value.to_json();
            return result;
        }
    }
    return nullptr;
}

}  // namespace backout
