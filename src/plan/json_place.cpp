#include "plan/json_place.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"

namespace backout {

namespace {

// Steps over values of well-formed JSON. Bounded by the text: every loop looks for a character that must come, and
// stops at the end all the same.
class Walker {
  public:
    explicit Walker(std::string_view text) : text_(text) {}

    /// The offset of the value at `parts`, or of the last one found on the way there.
    std::size_t find(const std::vector<std::string>& parts) {
        skip_blanks();
        for (const std::string& part : parts) {
            const std::size_t start = at_;
            if (!enter(part)) return start;
        }
        return at_;
    }

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n,:", at_), text_.size()); }

    std::string_view skip_string() {
        const std::size_t start = at_++;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_ + 1, text_.size());
        return text_.substr(start, at_ - start);
    }

    void skip_value() {
        std::size_t depth = 0;
        do {
            const char next = peek();
            if (next == '"') {
                skip_string();
            } else if (next == '{' || next == '[') {
                ++depth;
                ++at_;
            } else if (next == '}' || next == ']') {
                --depth;
                ++at_;
            } else {
                at_ = std::min(text_.find_first_of(" \t\r\n,:{}[]\"", at_), text_.size());
            }
            if (depth > 0) skip_blanks();
        } while (depth > 0 && at_ < text_.size());
    }

    bool enter(const std::string& part) { return peek() == '[' ? enter_list(part) : enter_object(part); }

    bool enter_list(const std::string& part) {
        ++at_;
        skip_blanks();
        for (std::size_t index = 0; peek() != ']' && at_ < text_.size(); ++index) {
            if (std::to_string(index) == part) return true;
            skip_value();
            skip_blanks();
        }
        return false;
    }

    bool enter_object(const std::string& part) {
        if (peek() != '{') return false;
        ++at_;
        skip_blanks();
        while (peek() == '"') {
            const Result<Json> key = parse_json(std::string(skip_string()));
            skip_blanks();
            if (key.ok() && key->is_string() && key->get<std::string>() == part) return true;
            skip_value();
            skip_blanks();
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string escaped(const std::string& part) {
    std::string text;
    for (const char character : part) {
        if (character == '~') {
            text += "~0";
        } else if (character == '/') {
            text += "~1";
        } else {
            text += character;
        }
    }
    return text;
}

}  // namespace

std::vector<std::string> JsonPlace::parts() const {
    std::vector<std::string> found;
    for (const JsonPlace* place = this; place->above != nullptr; place = place->above) {
        found.push_back(place->in_list ? std::to_string(place->index) : place->key);
    }
    std::reverse(found.begin(), found.end());
    return found;
}

std::string json_pointer(const std::vector<std::string>& parts) {
    std::string pointer;
    for (const std::string& part : parts) pointer += "/" + escaped(part);
    return pointer;
}

std::string line_and_column(const std::string& text, const std::vector<std::string>& parts) {
    const std::size_t offset = Walker(text).find(parts);
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t at = 0; at < offset && at < text.size(); ++at) {
        if (text[at] == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) {
            ++column;
        }
    }
    return std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace backout
