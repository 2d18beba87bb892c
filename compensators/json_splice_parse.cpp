#include "compensators/json_splice_parse.h"

#include <nlohmann/json.hpp>

namespace backout {

namespace {

constexpr int kDeepest = 200;

bool is_space(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}
bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

class NodeParser {
  public:
    explicit NodeParser(std::string_view text) : text_(text) {}

    Result<JsonNode> run() {
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
        BACKOUT_TRY(skip());
        JsonNode root;
        BACKOUT_TRY(value(root, 0));
        BACKOUT_TRY(skip());
        if (at_ != text_.size()) return wrong("the text goes on behind the value");
        return root;
    }

  private:
    Error wrong(const std::string& problem) const { return wrong_at(at_, problem); }
    Error wrong_at(std::size_t place, const std::string& problem) const {
        std::size_t line = 1;
        std::size_t column = 1;
        for (const char letter : text_.substr(0, place)) {
            ++column;
            if (letter != '\n') continue;
            ++line;
            column = 1;
        }
        return Error{ErrorCode::invalid,
                     "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + problem};
    }

    bool at_end() const { return at_ >= text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }

    Status skip() {
        const std::size_t start = at_;
        at_ = skip_json_space(text_, at_);
        // An open comment swallows the rest.
        if (at_ == text_.size() && at_ != start) {
            const std::size_t open = text_.rfind("/*");
            if (open != std::string_view::npos && open >= start &&
                text_.find("*/", open + 2) == std::string_view::npos &&
                text_.substr(start, open - start).rfind("//") == std::string_view::npos) {
                return wrong_at(open, "the comment has no end");
            }
        }
        return {};
    }

    Status value(JsonNode& node, int depth) {
        if (depth > kDeepest) return wrong("nested deeper than " + std::to_string(kDeepest) + " levels");
        node.begin = at_;
        Status done;
        switch (peek()) {
            case '{':
                node.type = JsonNode::Type::object;
                done = container(node, '}', depth);
                break;
            case '[':
                node.type = JsonNode::Type::array;
                done = container(node, ']', depth);
                break;
            case '"':
                node.type = JsonNode::Type::string;
                done = string();
                break;
            default: done = scalar(node);
        }
        node.end = at_;
        return done;
    }

    Status container(JsonNode& node, char close, int depth) {
        ++at_;
        BACKOUT_TRY(skip());
        while (peek() != close || at_end()) {
            JsonItem item;
            BACKOUT_TRY(this->item(item, node.type == JsonNode::Type::object, depth));
            BACKOUT_TRY(skip());
            const bool comma = peek() == ',';
            if (comma) item.comma = at_++;
            node.items.push_back(std::move(item));
            BACKOUT_TRY(skip());
            if (!comma && peek() != close) return wrong(std::string("',' or '") + close + "' is missing");
        }
        ++at_;
        return {};
    }

    Status item(JsonItem& item, bool member, int depth) {
        if (at_end()) return wrong("the text ends in the middle");
        item.begin = at_;
        if (member) {
            if (peek() != '"') return wrong("a key in quotes is missing");
            BACKOUT_TRY(string());
            item.key_end = at_;
            item.key = decode_json_string(text_.substr(item.begin, at_ - item.begin));
            BACKOUT_TRY(skip());
            if (peek() != ':') return wrong("':' is missing");
            ++at_;
            BACKOUT_TRY(skip());
        }
        return value(item.node, depth + 1);
    }

    Status string() {
        const std::size_t begin = at_++;
        while (!at_end() && peek() != '"') {
            if (static_cast<unsigned char>(peek()) < 0x20) return wrong("a control character in a text");
            at_ += peek() == '\\' ? 2 : 1;
        }
        if (at_end()) return wrong_at(begin, "the text in quotes has no end");
        ++at_;
        const std::string literal(text_.substr(begin, at_ - begin));
        if (!Json::accept(literal)) return wrong_at(begin, "a malformed text (escape or UTF-8)");
        return {};
    }

    Status scalar(JsonNode& node) {
        if (at_end()) return wrong("the text ends in the middle");
        const std::size_t begin = at_;
        while (!at_end() && (is_digit(peek()) || (peek() >= 'a' && peek() <= 'z') || (peek() >= 'A' && peek() <= 'Z') ||
                             peek() == '-' || peek() == '+' || peek() == '.')) {
            ++at_;
        }
        const std::string word(text_.substr(begin, at_ - begin));
        node.type = JsonNode::Type::literal;
        if (word == "true" || word == "false" || word == "null") return {};
        node.type = JsonNode::Type::number;
        if (!word.empty() && (is_digit(word[0]) || word[0] == '-') && is_number(word)) return {};
        return wrong_at(begin, "no value is here");
    }

    // By grammar: a number may be out of a double's range and is kept as it is.
    static bool is_number(const std::string& word) {
        std::size_t at = word[0] == '-' ? 1 : 0;
        const auto digits = [&word, &at] {
            const std::size_t begin = at;
            while (at < word.size() && is_digit(word[at])) ++at;
            return at - begin;
        };
        const std::size_t first = at;
        const std::size_t whole = digits();
        if (whole == 0 || (whole > 1 && word[first] == '0')) return false;
        if (at < word.size() && word[at] == '.') {
            ++at;
            if (digits() == 0) return false;
        }
        if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
            ++at;
            if (at < word.size() && (word[at] == '+' || word[at] == '-')) ++at;
            if (digits() == 0) return false;
        }
        return at == word.size();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::size_t skip_json_space(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (is_space(text[at])) {
            ++at;
        } else if (text.compare(at, 2, "//") == 0) {
            at = std::min(text.find('\n', at), text.size());
        } else if (text.compare(at, 2, "/*") == 0) {
            const std::size_t end = text.find("*/", at + 2);
            at = end == std::string_view::npos ? text.size() : end + 2;
        } else {
            return at;
        }
    }
    return at;
}

std::string decode_json_string(std::string_view literal) {
    const Json parsed = Json::parse(literal, nullptr, false);
    return parsed.is_string() ? parsed.get<std::string>() : std::string();
}

Result<JsonNode> parse_json_nodes(const Bytes& text) {
    return NodeParser(text).run();
}

}  // namespace backout
