#pragma once
// A JSON value that knows where it stands in its text. Unlike `Json` it keeps the order of members, the place of every
// key and value, and the way from a character of a string back to the file, through its escapes; so errors found long
// after reading still name line and column. It is for manifests and tables, not for documents that programs exchange.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "manifest/problem.h"

namespace backout {

struct NodeMember;

class Node {
  public:
    enum class Type : std::uint8_t { null, boolean, integer, unsigned_integer, real, text, list, object };
    using List = std::vector<Node>;
    using Members = std::vector<NodeMember>;

    /// One escape sequence of a string: the decoded bytes up to `end` took `extra` more columns than characters.
    struct Escape {
        std::uint32_t end;
        std::uint32_t extra;
    };
    using Escapes = std::vector<Escape>;
    struct Text {
        std::string value;
        std::shared_ptr<const Escapes> escapes;
    };
    using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, Text, List, Members>;

    Node();
    Node(Position position, Value value);
    ~Node();
    Node(const Node&);
    Node(Node&&) noexcept;
    Node& operator=(const Node&);
    Node& operator=(Node&&) noexcept;

    Type type() const { return static_cast<Type>(value_.index()); }
    bool is_null() const { return type() == Type::null; }
    bool is_boolean() const { return type() == Type::boolean; }
    /// 64 bits at most, negative ones signed.
    bool is_integer() const { return type() == Type::integer || type() == Type::unsigned_integer; }
    bool is_number() const { return is_integer() || type() == Type::real; }
    bool is_text() const { return type() == Type::text; }
    bool is_list() const { return type() == Type::list; }
    bool is_object() const { return type() == Type::object; }
    /// "a string", "a number", "a list", "an object", "true or false", "null": for messages.
    const char* type_name() const;

    Position position() const { return position_; }
    /// The place in the file of byte `offset` of a string's value. Requires: is_text().
    Position position_at(std::size_t offset) const;

    /// Requires: the type asked for.
    bool boolean() const { return std::get<bool>(value_); }
    const std::string& text() const { return std::get<Text>(value_).value; }
    const List& list() const { return std::get<List>(value_); }
    List& list() { return std::get<List>(value_); }
    const Members& members() const { return std::get<Members>(value_); }
    Members& members() { return std::get<Members>(value_); }
    std::int64_t integer() const { return std::get<std::int64_t>(value_); }

    /// The member's value, or nullptr if this is no object or has no such member. Linear in the number of members.
    const Node* find(std::string_view key) const;

    /// The plain value; positions are lost.
    Json to_json() const;

  private:
    Value value_;
    Position position_;
};

struct NodeMember {
    std::string key;
    Position position;  ///< of the key
    Node value;
};

}  // namespace backout
