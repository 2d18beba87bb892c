#include "manifest/condition_lexer.h"

#include <cctype>
#include <utility>

#include "manifest/cursor.h"

namespace backout {

namespace {

bool is_name_start(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return std::isalpha(byte) != 0 || byte == '_' || byte >= 0x80;
}

bool is_name_part(char character) {
    return is_name_start(character) || std::isdigit(static_cast<unsigned char>(character)) != 0 || character == '-' ||
           character == '.';
}

struct ForeignSymbol {
    std::string_view text;
    const char* message;
};
constexpr ForeignSymbol kForeignSymbols[] = {
    {"&&", "write 'and' instead of '&&'"},     {"||", "write 'or' instead of '||'"},
    {"=~", "write 'matches' instead of '=~'"}, {"${", "names stand bare in a condition, without '${' and '}'"},
    {"!", "write 'not' instead of '!'"},       {"=", "write '==' instead of '='"},
};

}  // namespace

ConditionToken ConditionLexer::take(ConditionToken::Kind kind, std::size_t length) {
    ConditionToken token{kind, at_, std::string(text_.substr(at_, length))};
    at_ += length;
    return token;
}

ConditionToken ConditionLexer::fail(std::size_t offset, std::string message) {
    problem_ = TextProblem{offset, std::move(message)};
    return ConditionToken{ConditionToken::Kind::invalid, offset, ""};
}

// A backslash escapes a quote or a backslash and is itself before anything else, so that '\d' is a pattern.
ConditionToken ConditionLexer::read_text() {
    ConditionToken token{ConditionToken::Kind::text, at_, ""};
    const char quote = text_[at_];
    for (++at_; at_ < text_.size(); ++at_) {
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (text_[at_] == quote) {
            ++at_;
            return token;
        }
        if (text_[at_] == '\\' && (next == '\'' || next == '"' || next == '\\')) ++at_;
        token.text += text_[at_];
    }
    return fail(token.offset, "this string has no closing quote");
}

ConditionToken ConditionLexer::read_number() {
    std::size_t length = text_[at_] == '-' ? 1 : 0;
    bool exponent = false;
    for (; at_ + length < text_.size(); ++length) {
        const char character = text_[at_ + length];
        const bool sign = exponent && (character == '-' || character == '+');
        exponent = character == 'e' || character == 'E';
        if (!exponent && !sign && character != '.' && std::isalnum(static_cast<unsigned char>(character)) == 0) break;
    }
    return take(ConditionToken::Kind::number, length);
}

ConditionToken ConditionLexer::read_symbol() {
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view symbol : {"==", "!=", "<=", ">="}) {
        if (rest.substr(0, 2) == symbol) return take(ConditionToken::Kind::symbol, 2);
    }
    for (const ForeignSymbol& foreign : kForeignSymbols) {
        if (rest.substr(0, foreign.text.size()) == foreign.text) return fail(at_, foreign.message);
    }
    if (std::string_view("<>()[],").find(rest[0]) != std::string_view::npos) {
        return take(ConditionToken::Kind::symbol, 1);
    }
    return fail(at_, "unexpected " + in_quotes(rest.substr(0, std::max<std::size_t>(1, utf8_length(rest)))));
}

ConditionToken ConditionLexer::next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    if (at_ >= text_.size()) return ConditionToken{ConditionToken::Kind::end, text_.size(), ""};
    const char character = text_[at_];
    if (character == '"' || character == '\'') return read_text();
    if (character == '-' || std::isdigit(static_cast<unsigned char>(character)) != 0) return read_number();
    if (!is_name_start(character)) return read_symbol();
    std::size_t length = 1;
    while (at_ + length < text_.size() && is_name_part(text_[at_ + length])) ++length;
    return take(ConditionToken::Kind::name, length);
}

}  // namespace backout
