#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "manifest/condition_lexer.h"
#include "manifest/condition_tree.h"

namespace backout {

namespace {

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kLongestText = 65'536;

using Kind = Expression::Kind;
using TokenKind = ConditionToken::Kind;

struct OperatorWord {
    std::string_view text;
    Kind kind;
};
constexpr OperatorWord kOperators[] = {
    {"==", Kind::equal},      {"!=", Kind::not_equal}, {"<", Kind::less},
    {"<=", Kind::less_equal}, {">", Kind::greater},    {">=", Kind::greater_equal},
    {"in", Kind::in},         {"not", Kind::not_in},   {"matches", Kind::matches},
};

// Each reader returns false after having set problem_.
class Parser {
  public:
    Parser(std::string_view text, TextProblem& problem) : lexer_(text), problem_(problem) {}

    bool read(Expression& expression);

  private:
    bool fail(std::size_t offset, std::string message);
    bool fail_unexpected(const char* expected);
    bool advance();
    bool is_word(std::string_view word) const;
    bool is_symbol(char symbol) const {
        return token_.kind == TokenKind::symbol && token_.text[0] == symbol && token_.text.size() == 1;
    }
    bool take_symbol(char symbol);
    bool read_joined(Expression& expression, Kind kind, std::string_view word);
    bool read_operand(Expression& expression, Kind joined) {
        return joined == Kind::disjunction ? read_joined(expression, Kind::conjunction, "and")
                                           : read_negation(expression);
    }
    bool read_negation(Expression& expression);
    bool read_comparison(Expression& expression);
    bool take_operator(Kind& kind);
    bool is_operator() const;
    bool read_primary(Expression& expression);
    bool read_number(Expression& expression);
    bool read_name(Expression& expression);
    bool read_call(Expression& expression, const std::string& function);
    bool read_list(Expression& expression);
    bool read_parenthesized(Expression& expression);
    bool prepare_pattern(Expression& expression);
    bool prepare_version(Expression& expression);

    ConditionLexer lexer_;
    ConditionToken token_;
    TextProblem& problem_;
    std::size_t depth_ = 0;
};

bool Parser::fail(std::size_t offset, std::string message) {
    problem_ = TextProblem{offset, std::move(message)};
    return false;
}

bool Parser::fail_unexpected(const char* expected) {
    if (token_.kind == TokenKind::end)
        return fail(token_.offset, std::string("the condition ends here, but ") + expected + " was expected");
    return fail(token_.offset, "unexpected " + in_quotes(token_.text) + ": " + expected + " was expected");
}

bool Parser::advance() {
    token_ = lexer_.next();
    if (token_.kind != TokenKind::invalid) return true;
    problem_ = lexer_.problem();
    return false;
}

bool Parser::is_word(std::string_view word) const {
    return token_.kind == TokenKind::name && token_.text == word;
}

bool Parser::take_symbol(char symbol) {
    if (is_symbol(symbol)) return advance();
    const char expected[] = {'\'', symbol, '\'', '\0'};
    return fail_unexpected(expected);
}

bool Parser::read_joined(Expression& expression, Kind kind, std::string_view word) {
    if (!read_operand(expression, kind)) return false;
    if (!is_word(word)) return true;
    Expression joined{kind, token_.offset};
    joined.parts.push_back(std::move(expression));
    while (is_word(word)) {
        if (!advance() || !read_operand(joined.parts.emplace_back(), kind)) return false;
    }
    expression = std::move(joined);
    return true;
}

bool Parser::read_negation(Expression& expression) {
    if (!is_word("not")) return read_comparison(expression);
    if (++depth_ > kMostDepth) return fail(token_.offset, "nested too deeply");
    expression = Expression{Kind::negation, token_.offset};
    const bool read = advance() && read_negation(expression.parts.emplace_back());
    --depth_;
    return read;
}

bool Parser::is_operator() const {
    if (token_.kind != TokenKind::symbol && token_.kind != TokenKind::name) return false;
    for (const OperatorWord& word : kOperators) {
        if (token_.text == word.text) return true;
    }
    return false;
}

bool Parser::take_operator(Kind& kind) {
    for (const OperatorWord& word : kOperators) {
        if (token_.text == word.text) kind = word.kind;
    }
    if (!advance()) return false;
    if (kind != Kind::not_in) return true;
    if (!is_word("in")) return fail_unexpected("'in' after 'not'");
    return advance();
}

bool Parser::prepare_pattern(Expression& expression) {
    const Expression& right = expression.parts[1];
    if (right.kind != Kind::literal) return true;
    if (!right.literal.is_string()) return fail(right.offset, "'matches' takes a pattern in quotes");
    auto pattern = SearchPattern::compile(right.literal.get<std::string>());
    if (!pattern) return fail(right.offset, pattern.error().message);
    expression.pattern = std::move(pattern).value();
    return true;
}

bool Parser::read_comparison(Expression& expression) {
    if (!read_primary(expression)) return false;
    if (!is_operator()) return true;
    Expression comparison{Kind::equal, token_.offset};
    comparison.parts.push_back(std::move(expression));
    if (!take_operator(comparison.kind) || !read_primary(comparison.parts.emplace_back())) return false;
    if (is_operator()) return fail(token_.offset, "comparisons can't be chained: join them with 'and'");
    if (comparison.kind == Kind::matches && !prepare_pattern(comparison)) return false;
    expression = std::move(comparison);
    return true;
}

bool Parser::read_number(Expression& expression) {
    expression.literal = Json::parse(token_.text, nullptr, false);
    if (!expression.literal.is_number()) {
        return fail(token_.offset, in_quotes(token_.text) + " is not a number; a version stands in version('…')");
    }
    return advance();
}

bool Parser::read_list(Expression& expression) {
    expression.kind = Kind::list;
    if (!advance()) return false;
    while (!is_symbol(']')) {
        if (!read_primary(expression.parts.emplace_back())) return false;
        if (is_symbol(']')) break;
        if (!is_symbol(',')) return fail_unexpected("',' or ']'");
        if (!advance()) return false;
        if (is_symbol(']')) return fail_unexpected("a value");
    }
    return advance();
}

bool Parser::read_parenthesized(Expression& expression) {
    return advance() && read_joined(expression, Kind::disjunction, "or") && take_symbol(')');
}

bool Parser::prepare_version(Expression& expression) {
    const Expression& argument = expression.parts[0];
    if (argument.kind == Kind::reference) return true;
    if (argument.kind != Kind::literal) return fail(argument.offset, "version(…) takes one name or string");
    if (!argument.literal.is_string()) {
        return fail(argument.offset,
                    "version(…) takes a string: put the version in quotes, for the number 3.10 is 3.1");
    }
    auto version = parse_version(argument.literal.get<std::string>());
    if (!version) return fail(argument.offset, version.error().message);
    expression.version = std::move(version).value();
    return true;
}

bool Parser::read_call(Expression& expression, const std::string& function) {
    if (function != "version" && function != "defined") {
        return fail(expression.offset, "unknown function " + in_quotes(function) +
                                           did_you_mean(function, {"version", "defined"}) +
                                           "; there are version(…) and defined(…)");
    }
    expression.kind = function == "version" ? Kind::version_of : Kind::defined;
    if (!advance() || !read_primary(expression.parts.emplace_back())) return false;
    if (!take_symbol(')')) return false;
    if (expression.kind == Kind::version_of) return prepare_version(expression);
    if (expression.parts[0].kind == Kind::reference) return true;
    return fail(expression.parts[0].offset, "defined(…) takes a name such as facts.py.torch");
}

bool Parser::read_name(Expression& expression) {
    const ConditionToken name = token_;
    if (!advance()) return false;
    if (name.text == "true" || name.text == "false") {
        expression.literal = name.text == "true";
        return true;
    }
    if (name.text == "null") return true;
    if (is_symbol('(')) return read_call(expression, name.text);
    for (const char* word : {"and", "or", "in", "matches"}) {
        if (name.text == word) return fail(name.offset, "a value was expected before '" + name.text + "'");
    }
    TextProblem problem;
    auto reference = parse_reference(name.text, problem);
    if (!reference)
        return fail(name.offset, name.text.find('.') == std::string::npos
                                     ? "unknown name " + in_quotes(name.text) +
                                           ": a string stands in quotes, a name begins with inputs., facts. or env."
                                     : problem.message);
    using Root = Reference::Root;
    if (reference->root == Root::actions)
        return fail(name.offset,
                    "the output of an action can't decide a condition: it isn't known when the plan is made");
    if (reference->root == Root::run || reference->root == Root::file || reference->root == Root::row) {
        return fail(name.offset, in_quotes(name.text) + " can't stand in a condition");
    }
    reference->offset = name.offset;
    expression.kind = Kind::reference;
    expression.reference = std::move(*reference);
    return true;
}

bool Parser::read_primary(Expression& expression) {
    if (++depth_ > kMostDepth) return fail(token_.offset, "nested too deeply");
    expression = Expression{Kind::literal, token_.offset};
    bool read = false;
    if (token_.kind == TokenKind::text) {
        expression.literal = token_.text;
        read = advance();
    } else if (token_.kind == TokenKind::number) {
        read = read_number(expression);
    } else if (token_.kind == TokenKind::name) {
        read = read_name(expression);
    } else if (is_symbol('(')) {
        read = read_parenthesized(expression);
    } else if (is_symbol('[')) {
        read = read_list(expression);
    } else {
        read = fail_unexpected("a value");
    }
    --depth_;
    return read;
}

bool Parser::read(Expression& expression) {
    if (!advance()) return false;
    if (token_.kind == TokenKind::end) return fail(0, "the condition is empty");
    if (!read_joined(expression, Kind::disjunction, "or")) return false;
    return token_.kind == TokenKind::end || fail_unexpected("'and', 'or', a comparison or the end");
}

}  // namespace

std::optional<Expression> parse_expression(std::string_view text, TextProblem& problem) {
    if (text.size() > kLongestText) {
        problem = TextProblem{0, "the condition is longer than " + std::to_string(kLongestText) + " bytes"};
        return std::nullopt;
    }
    Expression expression;
    if (!Parser(text, problem).read(expression)) return std::nullopt;
    return expression;
}

}  // namespace backout
