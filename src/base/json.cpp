#include "base/json.h"

#include <nlohmann/json.hpp>

#include <exception>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

namespace backout {

namespace {

constexpr std::size_t kDeepest = 64;

// Walks over a text for nlohmann's lexer, and lets the handler below know how far it has got: the library tells a
// position only with syntax errors.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}

    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        *furthest_ = ++at_;
        return *this;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

  private:
    const char* at_;
    const char** furthest_;
};

// Builds the tree, and refuses what nlohmann accepts: doubled keys and any depth. The names are the library's.
class StrictBuilder final : public nlohmann::json_sax<Json> {
  public:
    StrictBuilder(std::string_view text, const char** furthest) : text_(text), furthest_(furthest) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t& /*literal*/) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& /*value*/) override { return refuse(position(), "binary values are not JSON"); }

    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (open_.back()->contains(name)) return refuse(start_of_key(), "the key \"" + name + "\" is given twice");
        key_ = std::move(name);
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& error) override {
        return refuse(position == 0 ? 0 : position - 1, reason_of(error.what()));
    }

    Json take() { return std::move(root_); }
    const std::string& problem() const { return problem_; }
    std::size_t problem_offset() const { return problem_offset_; }

  private:
    template <typename Value>
    bool add(Value&& value) {
        place(Json(std::forward<Value>(value)));
        return true;
    }

    Json* place(Json&& value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        Json& slot = parent[key_];
        slot = std::move(value);
        return &slot;
    }

    bool open(Json&& empty) {
        if (open_.size() >= kDeepest) {
            return refuse(position() - 1, "nested deeper than " + std::to_string(kDeepest) + " levels");
        }
        open_.push_back(place(std::move(empty)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    bool refuse(std::size_t offset, std::string problem) {
        problem_offset_ = offset;
        problem_ = std::move(problem);
        return false;
    }

    std::size_t position() const { return static_cast<std::size_t>(*furthest_ - text_.data()); }

    // The lexer stands just behind the closing quote of the key.
    std::size_t start_of_key() const {
        std::size_t offset = position() - 1;
        while (offset > 0) {
            --offset;
            if (text_[offset] != '"') continue;
            std::size_t backslashes = 0;
            while (backslashes < offset && text_[offset - 1 - backslashes] == '\\') ++backslashes;
            if (backslashes % 2 == 0) break;
        }
        return offset;
    }

    // "[json.exception.parse_error.101] parse error at line 1, column 2: REASON - DETAIL; last read: 'TEXT'; expected
    // X". What was read last is left out: it may be a secret.
    static std::string reason_of(std::string_view words) {
        const std::size_t column = words.find("column ");
        const std::size_t colon = column == std::string_view::npos ? column : words.find(": ", column);
        if (colon != std::string_view::npos) words.remove_prefix(colon + 2);
        std::string reason(words.substr(0, words.find("; last read: ")));
        const std::size_t expected = words.rfind("; expected ");
        if (expected != std::string_view::npos && expected >= reason.size()) reason += words.substr(expected);
        return reason;
    }

    std::string_view text_;
    const char** furthest_;
    Json root_;
    std::vector<Json*> open_;  // stable: a container grows only when nothing inside it is open
    std::string key_;
    std::string problem_;
    std::size_t problem_offset_ = 0;
};

Error invalid_at(std::string_view text, std::size_t offset, const std::string& problem) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (const char letter : text.substr(0, offset)) {
        if (letter == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(letter) & 0xc0U) != 0x80U) {  // columns count characters, not bytes
            ++column;
        }
    }
    Error error;
    error.code = ErrorCode::invalid;
    error.message = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + problem;
    return error;
}

}  // namespace

std::string dump_canonical(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_pretty(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Json> parse_json(const std::string& text) {
    const char* furthest = text.data();
    StrictBuilder builder(text, &furthest);
    const CountingIterator begin(text.data(), &furthest);
    const CountingIterator end(text.data() + text.size(), &furthest);
    try {
        if (Json::sax_parse(begin, end, &builder)) return builder.take();
    } catch (const std::exception& error) {
        return invalid_at(text, 0, error.what());
    }
    return invalid_at(text, builder.problem_offset(), builder.problem());
}

const Json& member(const Json& object, const std::string& key) {
    static const Json kNull;
    if (!object.is_object()) return kNull;
    const auto found = object.find(key);
    return found == object.end() ? kNull : *found;
}

std::string string_member(const Json& object, const std::string& key, const std::string& fallback) {
    const Json& value = member(object, key);
    return value.is_string() ? value.get_ref<const std::string&>() : fallback;
}

bool bool_member(const Json& object, const std::string& key, bool fallback) {
    const Json& value = member(object, key);
    return value.is_boolean() ? value.get<bool>() : fallback;
}

std::int64_t int_member(const Json& object, const std::string& key, std::int64_t fallback) {
    const Json& value = member(object, key);
    if (!value.is_number_integer()) return fallback;
    if (value.is_number_unsigned() &&
        value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return fallback;
    }
    return value.get<std::int64_t>();
}

}  // namespace backout
