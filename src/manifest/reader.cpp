#include "manifest/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

#include "base/bytes.h"
#include "manifest/cursor.h"
#include "manifest/string_reader.h"

namespace backout {

namespace {

std::string hex_byte(char character) {
    return "0x" + to_hex(std::string_view(&character, 1));
}

class Reader {
  public:
    Reader(std::string_view text, ManifestErrors& errors, const ReaderLimits& limits)
        : cursor_(text), errors_(errors), limits_(limits) {}

    std::optional<Node> read_document();

  private:
    bool fail(std::string message) { return fail_at(cursor_.position(), std::move(message)); }
    bool fail_at(Position position, std::string message);
    bool skip_blanks();
    bool skip_comment();
    bool read_value(Node& node, std::size_t depth);
    bool read_list(Node& node, std::size_t depth);
    bool read_object(Node& node, std::size_t depth);
    bool read_member(Node::Members& members, std::size_t depth);
    bool read_text(Node& node);
    bool read_number(Node& node);
    bool read_word(Node& node);
    bool separator_or_end(char end, const char* what, bool& ended);
    void report_doubled_keys(const Node::Members& members);
    std::string unexpected(const char* expected) const;

    Cursor cursor_;
    ManifestErrors& errors_;
    const ReaderLimits& limits_;
    std::size_t values_ = 0;
};

bool Reader::fail_at(Position position, std::string message) {
    errors_.add(position, std::move(message));
    return false;
}

std::string Reader::unexpected(const char* expected) const {
    if (cursor_.at_end()) return std::string("the text ends here, but ") + expected + " was expected";
    const std::size_t length = utf8_length(cursor_.rest());
    if (length == 0) return "the byte " + hex_byte(cursor_.peek()) + " is not UTF-8";
    const std::string what = limits_.quotes ? "unexpected " + in_quotes(cursor_.rest().substr(0, length)) + ": " : "";
    return what + expected + " was expected";
}

bool Reader::skip_comment() {
    const Position start = cursor_.position();
    const bool block = cursor_.peek(1) == '*';
    cursor_.advance(2);
    while (!cursor_.at_end()) {
        if (block && cursor_.starts_with("*/")) {
            cursor_.advance(2);
            return true;
        }
        if (!block && cursor_.peek() == '\n') return true;
        const std::size_t length = utf8_length(cursor_.rest());
        if (length == 0) return fail("the byte " + hex_byte(cursor_.peek()) + " in this comment is not UTF-8");
        cursor_.advance(length);
    }
    return !block || fail_at(start, "this comment has no end: close it with */");
}

bool Reader::skip_blanks() {
    for (;;) {
        const char next = cursor_.peek();
        if (next == ' ' || next == '\t' || next == '\n' || next == '\r') {
            cursor_.advance(1);
        } else if (next == '/' && (cursor_.peek(1) == '/' || cursor_.peek(1) == '*')) {
            if (!skip_comment()) return false;
        } else if (next == '#') {
            return fail("comments begin with //, not with #");
        } else {
            return true;
        }
    }
}

bool Reader::read_value(Node& node, std::size_t depth) {
    if (++values_ > limits_.values) return fail("too many values: at most " + std::to_string(limits_.values));
    const char next = cursor_.peek();
    if (next == '{' || next == '[') {
        if (depth >= limits_.depth) {
            return fail("nested too deeply: at most " + std::to_string(limits_.depth) + " levels");
        }
        return next == '{' ? read_object(node, depth + 1) : read_list(node, depth + 1);
    }
    if (next == '"') return read_text(node);
    if (next == '-' || next == '+' || next == '.' || (next >= '0' && next <= '9')) return read_number(node);
    return read_word(node);
}

// After an element: true with `ended` set at the closing bracket, true without it behind a comma.
bool Reader::separator_or_end(char end, const char* what, bool& ended) {
    if (!skip_blanks()) return false;
    ended = cursor_.peek() == end && !cursor_.at_end();
    if (ended) {
        cursor_.advance(1);
        return true;
    }
    if (cursor_.peek() != ',') return fail(unexpected(what));
    const Position comma = cursor_.position();
    cursor_.advance(1);
    if (!skip_blanks()) return false;
    if (cursor_.peek() != end || cursor_.at_end()) return true;
    return fail_at(comma, std::string("a comma before the closing '") + end + "': take it away");
}

bool Reader::read_list(Node& node, std::size_t depth) {
    const Position start = cursor_.position();
    cursor_.advance(1);
    Node::List elements;
    if (!skip_blanks()) return false;
    bool ended = cursor_.peek() == ']';
    if (ended) cursor_.advance(1);
    while (!ended) {
        if (!read_value(elements.emplace_back(), depth)) return false;
        if (!separator_or_end(']', "',' or ']'", ended)) return false;
    }
    elements.shrink_to_fit();
    node = Node(start, std::move(elements));
    return true;
}

bool Reader::read_member(Node::Members& members, std::size_t depth) {
    if (cursor_.peek() != '"') {
        const bool bare = std::isalpha(static_cast<unsigned char>(cursor_.peek())) != 0 || cursor_.peek() == '_';
        if (bare || cursor_.peek() == '\'') return fail("keys stand in double quotes: \"key\"");
        return fail(unexpected("a key in double quotes or '}'"));
    }
    NodeMember& member = members.emplace_back();
    member.position = cursor_.position();
    Node key;
    if (!read_text(key)) return false;
    member.key = key.text();
    if (!skip_blanks()) return false;
    if (cursor_.peek() != ':') return fail(unexpected("':' after the key"));
    cursor_.advance(1);
    return skip_blanks() && read_value(member.value, depth);
}

bool Reader::read_object(Node& node, std::size_t depth) {
    const Position start = cursor_.position();
    cursor_.advance(1);
    Node::Members members;
    if (!skip_blanks()) return false;
    bool ended = cursor_.peek() == '}';
    if (ended) cursor_.advance(1);
    while (!ended) {
        if (!read_member(members, depth)) return false;
        if (!separator_or_end('}', "',' or '}'", ended)) return false;
    }
    report_doubled_keys(members);
    members.shrink_to_fit();
    node = Node(start, std::move(members));
    return true;
}

void Reader::report_doubled_keys(const Node::Members& members) {
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&members](std::size_t a, std::size_t b) { return members[a].key < members[b].key; });
    std::size_t first = 0;
    for (std::size_t at = 1; at < order.size(); ++at) {
        const NodeMember& member = members[order[at]];
        if (member.key != members[order[first]].key) {
            first = at;
        } else {
            errors_.add(member.position, "the key " + in_quotes(member.key) + " is given twice; first at " +
                                             to_string(members[order[first]].position));
        }
    }
}

bool Reader::read_text(Node& node) {
    const Position start = cursor_.position();
    Node::Text text;
    StringProblem problem;
    if (!read_string(cursor_, text, problem)) return fail_at(problem.position, std::move(problem.message));
    node = Node(start, std::move(text));
    return true;
}

std::string_view number_word(const Cursor& cursor) {
    const std::string_view rest = cursor.rest();
    const std::size_t length = rest.find_first_not_of("0123456789+-.eEabcdfABCDFxX_");
    return rest.substr(0, length);
}

// RFC 8259's grammar; from_chars alone is more lenient.
const char* number_fault(std::string_view word) {
    if (word[0] == '+') return "numbers have no leading '+'";
    std::string_view digits = word.substr(word[0] == '-' ? 1 : 0);
    const auto skip_digits = [&digits] {
        const std::size_t count = std::min(digits.find_first_not_of("0123456789"), digits.size());
        digits.remove_prefix(count);
        return count;
    };
    if (digits.size() > 1 && digits[0] == '0' && std::isdigit(static_cast<unsigned char>(digits[1])) != 0) {
        return "numbers have no leading zeros; a file mode is a string: \"0644\"";
    }
    const char* malformed = "this is not a number of JSON";
    if (skip_digits() == 0) return "a number begins with a digit";
    if (!digits.empty() && digits[0] == '.') {
        digits.remove_prefix(1);
        if (skip_digits() == 0) return "a digit was expected after the point";
    }
    if (!digits.empty() && (digits[0] == 'e' || digits[0] == 'E')) {
        digits.remove_prefix(1);
        if (!digits.empty() && (digits[0] == '+' || digits[0] == '-')) digits.remove_prefix(1);
        if (skip_digits() == 0) return "a digit was expected in the exponent";
    }
    return digits.empty() ? nullptr : malformed;
}

template <typename Number>
bool parse_whole(std::string_view word, Number& number) {
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    return error == std::errc() && stop == end;
}

bool Reader::read_number(Node& node) {
    const Position start = cursor_.position();
    if (cursor_.starts_with("-Infinity") || cursor_.starts_with("-NaN"))
        return fail("infinity and NaN are no numbers of JSON");
    const std::string_view word = number_word(cursor_);
    if (const char* fault = number_fault(word)) return fail(fault);
    std::int64_t integer = 0;
    std::uint64_t large = 0;
    double real = 0;
    if (word.find_first_of(".eE") == std::string_view::npos) {
        if (parse_whole(word, integer)) {
            node = Node(start, integer);
        } else if (parse_whole(word, large)) {
            node = Node(start, large);
        } else {
            return fail("this number doesn't fit into 64 bits: write it as a string");
        }
    } else if (parse_whole(word, real) && std::isfinite(real)) {
        node = Node(start, real);
    } else {
        return fail("this number is out of range");
    }
    cursor_.advance(word.size());
    return true;
}

bool Reader::read_word(Node& node) {
    const Position start = cursor_.position();
    const std::string_view rest = cursor_.rest();
    std::size_t length = 0;
    while (length < rest.size() &&
           (std::isalnum(static_cast<unsigned char>(rest[length])) != 0 || rest[length] == '_')) {
        ++length;
    }
    const std::string_view word = rest.substr(0, length);
    if (word == "true" || word == "false") {
        node = Node(start, word == "true");
    } else if (word == "null") {
        node = Node(start, std::monostate());
    } else if (word == "NaN" || word == "Infinity" || word == "undefined") {
        return fail(std::string(word) + " is no value of JSON");
    } else if (word.empty()) {
        return fail(cursor_.peek() == '\'' ? "strings stand in double quotes" : unexpected("a value"));
    } else {
        return fail("unexpected word" + (limits_.quotes ? " " + in_quotes(word) : "") +
                    ": true, false, null, or a string in double quotes was expected");
    }
    cursor_.advance(length);
    return true;
}

std::optional<Node> Reader::read_document() {
    const std::size_t before = errors_.problems.size();
    if (cursor_.starts_with("\xFF\xFE") || cursor_.starts_with("\xFE\xFF")) {
        fail("this is UTF-16: save it as UTF-8");
        return std::nullopt;
    }
    cursor_.skip_byte_order_mark();
    Node node;
    if (!skip_blanks()) return std::nullopt;
    if (cursor_.at_end()) {
        fail("there is nothing in it: an object { … } was expected");
        return std::nullopt;
    }
    if (!read_value(node, 0) || !skip_blanks()) return std::nullopt;
    if (!cursor_.at_end()) {
        fail(unexpected("the end of the text"));
        return std::nullopt;
    }
    if (errors_.problems.size() != before) return std::nullopt;
    return node;
}

}  // namespace

std::optional<Node> read_node(std::string_view text, ManifestErrors& errors, const ReaderLimits& limits) {
    if (text.size() > limits.bytes) {
        errors.add({}, "is too long: " + std::to_string(text.size()) + " bytes, at most " +
                           std::to_string(limits.bytes) + " are read");
        return std::nullopt;
    }
    return Reader(text, errors, limits).read_document();
}

}  // namespace backout
