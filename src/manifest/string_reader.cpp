#include "manifest/string_reader.h"

#include <cctype>
#include <memory>
#include <utility>

#include "base/bytes.h"

namespace backout {

namespace {

class StringReader {
  public:
    StringReader(Cursor& cursor, Node::Text& text, StringProblem& problem)
        : cursor_(cursor), text_(text), problem_(problem) {}

    bool read();

  private:
    bool fail(std::string message);
    bool read_character();
    bool read_escape();
    bool read_unicode_escape();
    bool hex_unit(std::size_t ahead, unsigned& unit) const;
    void note_escape(std::size_t columns, std::size_t characters);
    void append_utf8(unsigned code_point);

    Cursor& cursor_;
    Node::Text& text_;
    StringProblem& problem_;
    std::shared_ptr<Node::Escapes> escapes_;
    std::uint32_t extra_ = 0;
};

bool StringReader::fail(std::string message) {
    problem_ = StringProblem{cursor_.position(), std::move(message)};
    return false;
}

void StringReader::append_utf8(unsigned code_point) {
    const auto append = [this](unsigned byte) { text_.value += static_cast<char>(byte); };
    if (code_point < 0x80) return append(code_point);
    if (code_point < 0x800) {
        append(0xC0U | (code_point >> 6U));
    } else if (code_point < 0x10000) {
        append(0xE0U | (code_point >> 12U));
        append(0x80U | ((code_point >> 6U) & 0x3FU));
    } else {
        append(0xF0U | (code_point >> 18U));
        append(0x80U | ((code_point >> 12U) & 0x3FU));
        append(0x80U | ((code_point >> 6U) & 0x3FU));
    }
    append(0x80U | (code_point & 0x3FU));
}

void StringReader::note_escape(std::size_t columns, std::size_t characters) {
    if (!escapes_) escapes_ = std::make_shared<Node::Escapes>();
    extra_ += static_cast<std::uint32_t>(columns - characters);
    escapes_->push_back(Node::Escape{static_cast<std::uint32_t>(text_.value.size()), extra_});
}

bool StringReader::hex_unit(std::size_t ahead, unsigned& unit) const {
    unit = 0;
    for (std::size_t digit = 0; digit < 4; ++digit) {
        const auto character = static_cast<unsigned char>(cursor_.peek(ahead + digit));
        if (std::isxdigit(character) == 0) return false;
        const unsigned value =
            std::isdigit(character) != 0 ? character - unsigned{'0'} : (character | 0x20U) - unsigned{'a'} + 10U;
        unit = unit * 16 + value;
    }
    return true;
}

bool StringReader::read_unicode_escape() {
    unsigned unit = 0;
    if (!hex_unit(2, unit)) return fail("four hex digits were expected after \\u");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail("a lone low surrogate: no character");
    if (unit < 0xD800 || unit > 0xDBFF) {
        append_utf8(unit);
        cursor_.advance(6);
        note_escape(6, 1);
        return true;
    }
    unsigned low = 0;
    if (cursor_.peek(6) != '\\' || cursor_.peek(7) != 'u' || !hex_unit(8, low) || low < 0xDC00 || low > 0xDFFF) {
        return fail("a lone high surrogate: its second half, \\uDC00 to \\uDFFF, was expected after it");
    }
    append_utf8(0x10000U + ((unit - 0xD800U) << 10U) + (low - 0xDC00U));
    cursor_.advance(12);
    note_escape(12, 1);
    return true;
}

bool StringReader::read_escape() {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = cursor_.peek(1);
    if (letter == 'u') return read_unicode_escape();
    const std::size_t which = kLetters.find(letter);
    if (letter == '\0' || which == std::string_view::npos) {
        return fail("unknown escape: a backslash itself is written \\\\");
    }
    text_.value += kMeanings[which];
    cursor_.advance(2);
    note_escape(2, 1);
    return true;
}

bool StringReader::read_character() {
    const auto byte = static_cast<unsigned char>(cursor_.peek());
    if (byte == '\\') return read_escape();
    if (byte == '\n') return fail("the string has no closing quote on this line; a line break in it is written \\n");
    if (byte < 0x20) {
        if (byte == '\t') return fail("a tab in a string is written \\t");
        return fail("the control character 0x" + to_hex(std::string(1, static_cast<char>(byte))) +
                    " in a string is written \\u00" + to_hex(std::string(1, static_cast<char>(byte))));
    }
    const std::size_t length = utf8_length(cursor_.rest());
    if (length == 0) {
        return fail("the byte 0x" + to_hex(std::string(1, static_cast<char>(byte))) +
                    " in this string is not UTF-8: contents that aren't text go in as content_base64");
    }
    text_.value += cursor_.rest().substr(0, length);
    cursor_.advance(length);
    return true;
}

// Ordinary characters in one go: most strings are nothing else.
std::size_t plain_run(std::string_view rest) {
    std::size_t length = 0;
    while (length < rest.size()) {
        const auto byte = static_cast<unsigned char>(rest[length]);
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
        ++length;
    }
    return length;
}

bool StringReader::read() {
    cursor_.position();
    cursor_.advance(1);
    for (;;) {
        const std::size_t run = plain_run(cursor_.rest());
        text_.value += cursor_.rest().substr(0, run);
        cursor_.advance(run);
        if (cursor_.at_end()) return fail("the text ends inside a string: its closing quote is missing");
        if (cursor_.peek() == '"') break;
        if (!read_character()) return false;
    }
    cursor_.advance(1);
    text_.value.shrink_to_fit();
    text_.escapes = std::move(escapes_);
    return true;
}

}  // namespace

bool read_string(Cursor& cursor, Node::Text& text, StringProblem& problem) {
    return StringReader(cursor, text, problem).read();
}

}  // namespace backout
