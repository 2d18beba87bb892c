#pragma once
// A JSON text that is changed by splicing: only the bytes of the touched members are rewritten, in the file's own
// style; comments, order, numbers too long for a machine word, and every other byte stay. Comments (// and /* */),
// trailing commas and a byte order mark are tolerated, for many programs write them. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

struct JsonItem;

/// A value and where its bytes are.
struct JsonNode {
    enum class Type { object, array, string, number, literal };
    Type type = Type::literal;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<JsonItem> items;  ///< members or elements, in their order

    bool is_container() const { return type == Type::object || type == Type::array; }
};

struct JsonItem {
    std::string key = {};   ///< of members
    std::size_t begin = 0;  ///< where the key or the element begins
    std::size_t key_end = 0;
    JsonNode node = {};
    std::optional<std::size_t> comma = {};  ///< the comma behind it
};

/// Reference tokens of a JSON pointer, unescaped.
using JsonPath = std::vector<std::string>;
/// Errors: `invalid` for a pointer that doesn't begin with '/', or a bad escape.
Result<JsonPath> parse_json_pointer(const std::string& pointer);
std::string json_pointer_of(const JsonPath& path);
/// An array index as pointers write it: no sign, no leading zero.
std::optional<std::size_t> json_index(const std::string& token);

class JsonText {
  public:
    /// Errors: `invalid` with "line L, column C: …"; deeper than 200 levels.
    static Result<JsonText> parse(Bytes text);

    const Bytes& text() const { return text_; }
    const JsonNode& root() const { return root_; }
    Bytes raw(const JsonNode& node) const { return text_.substr(node.begin, node.end - node.begin); }
    /// The value for comparing: integers that don't fit into 64 bits stand as texts of their own kind, so that none is
    /// taken for another.
    Json value(const JsonNode& node) const;

    /// What stands at `path`, or null. Errors: `invalid` if a key on the way is there twice.
    Result<const JsonNode*> find(const JsonPath& path) const;
    /// The same with the last member of each name, as most readers have it.
    static const JsonItem* member_of(const JsonNode& object, const std::string& key);

    /// Sets a member of the object at `path`'s parent, or replaces an element or the whole. A new member goes behind
    /// the member `behind` if that is there, else to the end. Requires: the parent is there and a container.
    Status set(const JsonPath& path, const Bytes& raw, const std::string& behind = "");
    /// Inserts into an array. Requires: the array is there, and `index` not behind its end.
    Status insert(const JsonPath& array, std::size_t index, const Bytes& raw);
    /// Removes a member or an element. Requires: it is there.
    Status remove(const JsonPath& path);

    /// `value` as it is to be written at `path`: in the style of what stands around it.
    Bytes format(const Json& value, const JsonPath& path) const;

  private:
    JsonText(Bytes text, JsonNode root) : text_(std::move(text)), root_(std::move(root)) {}
    Status replace(std::size_t begin, std::size_t end, const Bytes& with);
    Status add_item(const JsonNode& container, std::size_t index, const Bytes& item);
    Status remove_item(const JsonNode& container, std::size_t index);
    const JsonNode* find_loosely(const JsonPath& path) const;

    Bytes text_;
    JsonNode root_;
};

}  // namespace backout
