#include "manifest/condition.h"

#include <algorithm>
#include <utility>

#include "manifest/condition_tree.h"

namespace backout {

namespace {

using Kind = Expression::Kind;
using Value = std::variant<Json, Version>;

std::string type_of(const Value& value) {
    if (std::holds_alternative<Version>(value)) return "a version";
    const Json& json = std::get<Json>(value);
    if (json.is_null()) return "null";
    if (json.is_string()) return "a string";
    if (json.is_boolean()) return "true or false";
    if (json.is_number()) return "a number";
    return json.is_array() ? "a list" : "an object";
}

bool is_null(const Value& value) {
    return std::holds_alternative<Json>(value) && std::get<Json>(value).is_null();
}
bool is_text(const Value& value) {
    return std::holds_alternative<Json>(value) && std::get<Json>(value).is_string();
}

// x86-64's long double holds every 64-bit integer exactly, so integers and reals compare without loss.
int compare_numbers(const Json& a, const Json& b) {
    const auto wide = [](const Json& number) {
        if (number.is_number_unsigned()) return static_cast<long double>(number.get<std::uint64_t>());
        if (number.is_number_integer()) return static_cast<long double>(number.get<std::int64_t>());
        return static_cast<long double>(number.get<double>());
    };
    const long double left = wide(a);
    const long double right = wide(b);
    return left < right ? -1 : (left > right ? 1 : 0);
}

bool equal_values(const Value& a, const Value& b) {
    if (a.index() != b.index()) return false;
    if (std::holds_alternative<Version>(a)) return compare_versions(std::get<Version>(a), std::get<Version>(b)) == 0;
    const Json& left = std::get<Json>(a);
    const Json& right = std::get<Json>(b);
    if (left.is_number() && right.is_number()) return compare_numbers(left, right) == 0;
    return left == right;
}

class Evaluator {
  public:
    Evaluator(const ReferenceSource& source, TextProblem& problem) : source_(source), problem_(problem) {}

    std::optional<bool> truth(const Expression& expression);
    std::string names_seen() const;

  private:
    std::nullopt_t fail(std::size_t offset, std::string message);
    std::optional<Value> value(const Expression& expression);
    std::optional<Value> reference_value(const Expression& expression);
    std::optional<Value> version_value(const Expression& expression);
    std::optional<bool> defined(const Expression& expression);
    std::optional<bool> joined(const Expression& expression, bool ends);
    std::optional<bool> comparison(const Expression& expression);
    std::optional<bool> ordered(const Expression& expression, const Value& left, const Value& right);
    std::optional<bool> contains(const Expression& expression);
    std::optional<bool> in_list(const Expression& expression, const Value& item, const std::vector<Value>& elements);
    std::optional<std::vector<Value>> elements_of(const Expression& expression);
    std::optional<bool> pattern_found(const Expression& expression);
    std::nullopt_t fail_not_found(const Expression& expression);
    std::nullopt_t fail_mismatch(const Expression& expression, const Value& left, const Value& right);
    void note(const Reference& reference, const Json& value);

    const ReferenceSource& source_;
    TextProblem& problem_;
    std::vector<std::pair<std::string, std::string>> seen_;
};

std::nullopt_t Evaluator::fail(std::size_t offset, std::string message) {
    problem_ = TextProblem{offset, std::move(message)};
    return std::nullopt;
}

void Evaluator::note(const Reference& reference, const Json& value) {
    constexpr std::size_t kLongestShown = 100;
    std::string shown = dump_canonical(value);
    if (shown.size() > kLongestShown) shown = "a longer value";
    std::pair<std::string, std::string> entry(reference.text, std::move(shown));
    if (std::find(seen_.begin(), seen_.end(), entry) == seen_.end()) seen_.push_back(std::move(entry));
}

std::string Evaluator::names_seen() const {
    std::string text;
    for (const auto& [name, shown] : seen_) {
        text += text.empty() ? ": " : ", ";
        text += name;
        text += " is " + shown;
    }
    return text;
}

std::optional<Value> Evaluator::reference_value(const Expression& expression) {
    const ReferenceAnswer answer = source_.look_up(expression.reference);
    switch (answer.kind) {
        case ReferenceAnswer::Kind::known: note(expression.reference, *answer.value); return Value(*answer.value);
        case ReferenceAnswer::Kind::secret:
            return fail(expression.offset,
                        in_quotes(expression.reference.text) +
                            " is secret and can't decide a condition; defined(…) may ask whether it is given");
        case ReferenceAnswer::Kind::absent:
        case ReferenceAnswer::Kind::missing_input:
            return fail(expression.offset,
                        answer.message + "; ask first with defined(" + expression.reference.text + ")");
        case ReferenceAnswer::Kind::unknown: return fail(expression.offset, answer.message);
        case ReferenceAnswer::Kind::deferred:
        case ReferenceAnswer::Kind::run: break;
    }
    return fail(expression.offset, in_quotes(expression.reference.text) + " isn't known when the plan is made");
}

std::optional<bool> Evaluator::defined(const Expression& expression) {
    const Reference& reference = expression.parts[0].reference;
    const ReferenceAnswer answer = source_.look_up(reference);
    switch (answer.kind) {
        case ReferenceAnswer::Kind::known: note(reference, *answer.value); return !answer.value->is_null();
        case ReferenceAnswer::Kind::absent:
        case ReferenceAnswer::Kind::missing_input: note(reference, nullptr); return false;
        case ReferenceAnswer::Kind::unknown: return fail(expression.parts[0].offset, answer.message);
        case ReferenceAnswer::Kind::secret:
        case ReferenceAnswer::Kind::deferred:
        case ReferenceAnswer::Kind::run: break;
    }
    return true;
}

// Null is what a detector answers for what isn't there. To say so helps more than to name its type.
const Expression* null_reference(const Expression& expression, const std::optional<Value>& value) {
    return expression.kind == Kind::reference && value && is_null(*value) ? &expression : nullptr;
}

std::nullopt_t Evaluator::fail_not_found(const Expression& expression) {
    const std::string& name = expression.reference.text;
    return fail(expression.offset,
                name + " is null: nothing was found there; ask first, with defined(" + name + ") and …");
}

std::optional<Value> Evaluator::version_value(const Expression& expression) {
    if (expression.version) return Value(*expression.version);
    const auto argument = reference_value(expression.parts[0]);
    if (!argument) return std::nullopt;
    if (null_reference(expression.parts[0], argument) != nullptr) return fail_not_found(expression.parts[0]);
    const std::string name = expression.parts[0].reference.text;
    if (!is_text(*argument)) {
        return fail(expression.parts[0].offset, "version(…) takes a string, but " + name + " is " + type_of(*argument));
    }
    auto version = parse_version(std::get<Json>(*argument).get<std::string>());
    if (!version) return fail(expression.parts[0].offset, name + ": " + version.error().message);
    return Value(std::move(version).value());
}

std::optional<Value> Evaluator::value(const Expression& expression) {
    switch (expression.kind) {
        case Kind::literal: return Value(expression.literal);
        case Kind::reference: return reference_value(expression);
        case Kind::version_of: return version_value(expression);
        case Kind::list: {
            Json list = Json::array();
            for (const Expression& part : expression.parts) {
                const auto element = value(part);
                if (!element) return std::nullopt;
                const auto* json = std::get_if<Json>(&*element);
                if (json == nullptr) return fail(part.offset, "a list of versions only stands behind 'in'");
                list.push_back(*json);
            }
            return Value(std::move(list));
        }
        default: {
            const auto result = truth(expression);
            if (!result) return std::nullopt;
            return Value(Json(*result));
        }
    }
}

std::nullopt_t Evaluator::fail_mismatch(const Expression& expression, const Value& left, const Value& right) {
    std::string message = type_of(left) + " can't be compared with " + type_of(right);
    const bool versions = std::holds_alternative<Version>(left) != std::holds_alternative<Version>(right);
    if (versions && (is_text(left) || is_text(right))) message += ": write version(…) on both sides";
    return fail(expression.offset, message);
}

std::optional<bool> Evaluator::ordered(const Expression& expression, const Value& left, const Value& right) {
    int order = 0;
    if (std::holds_alternative<Version>(left)) {
        order = compare_versions(std::get<Version>(left), std::get<Version>(right));
    } else if (const Json& json = std::get<Json>(left); json.is_number()) {
        order = compare_numbers(json, std::get<Json>(right));
    } else if (json.is_string()) {
        order = json.get_ref<const std::string&>().compare(std::get<Json>(right).get_ref<const std::string&>());
    } else {
        return fail(expression.offset, "only numbers, strings and versions have an order, not " + type_of(left));
    }
    switch (expression.kind) {
        case Kind::less: return order < 0;
        case Kind::less_equal: return order <= 0;
        case Kind::greater: return order > 0;
        default: return order >= 0;
    }
}

std::optional<bool> Evaluator::comparison(const Expression& expression) {
    const auto left = value(expression.parts[0]);
    if (!left) return std::nullopt;
    const auto right = value(expression.parts[1]);
    if (!right) return std::nullopt;
    const bool equality = expression.kind == Kind::equal || expression.kind == Kind::not_equal;
    const bool with_null = equality && (is_null(*left) || is_null(*right));
    for (std::size_t side = 0; side < 2 && !equality; ++side) {
        const Expression* missing = null_reference(expression.parts[side], side == 0 ? left : right);
        if (missing != nullptr) return fail_not_found(*missing);
    }
    if (type_of(*left) != type_of(*right) && !with_null) return fail_mismatch(expression, *left, *right);
    if (!equality) return ordered(expression, *left, *right);
    return equal_values(*left, *right) == (expression.kind == Kind::equal);
}

std::optional<std::vector<Value>> Evaluator::elements_of(const Expression& expression) {
    std::vector<Value> elements;
    if (expression.kind == Kind::list) {
        for (const Expression& part : expression.parts) {
            auto element = value(part);
            if (!element) return std::nullopt;
            elements.push_back(std::move(*element));
        }
        return elements;
    }
    auto list = value(expression);
    if (!list) return std::nullopt;
    for (Json& element : std::get<Json>(*list)) elements.emplace_back(std::move(element));
    return elements;
}

std::optional<bool> Evaluator::in_list(const Expression& expression, const Value& item,
                                       const std::vector<Value>& elements) {
    bool comparable = elements.empty();
    for (const Value& element : elements) {
        if (equal_values(item, element)) return true;
        comparable = comparable || is_null(item) || type_of(item) == type_of(element);
    }
    if (!comparable) return fail_mismatch(expression, item, elements[0]);
    return false;
}

std::optional<bool> Evaluator::contains(const Expression& expression) {
    const auto item = value(expression.parts[0]);
    if (!item) return std::nullopt;
    const Expression& right = expression.parts[1];
    if (right.kind != Kind::list) {
        const auto whole = value(right);
        if (!whole) return std::nullopt;
        const auto* json = std::get_if<Json>(&*whole);
        if (json != nullptr && (json->is_string() || json->is_object())) {
            if (!is_text(*item)) return fail_mismatch(expression, *item, *whole);
            const std::string& word = std::get<Json>(*item).get_ref<const std::string&>();
            if (json->is_object()) return json->contains(word);
            return json->get_ref<const std::string&>().find(word) != std::string::npos;
        }
        if (json == nullptr || !json->is_array()) {
            return fail(right.offset, "'in' takes a list, a string or an object, not " + type_of(*whole));
        }
    }
    const auto elements = elements_of(right);
    if (!elements) return std::nullopt;
    return in_list(expression, *item, *elements);
}

std::optional<bool> Evaluator::pattern_found(const Expression& expression) {
    const auto left = value(expression.parts[0]);
    if (!left) return std::nullopt;
    if (null_reference(expression.parts[0], left) != nullptr) return fail_not_found(expression.parts[0]);
    if (!is_text(*left)) return fail(expression.offset, "'matches' looks into a string, not into " + type_of(*left));
    std::optional<SearchPattern> pattern = expression.pattern;
    if (!pattern) {
        const auto right = value(expression.parts[1]);
        if (!right) return std::nullopt;
        if (!is_text(*right)) return fail(expression.parts[1].offset, "a pattern is a string, not " + type_of(*right));
        auto compiled = SearchPattern::compile(std::get<Json>(*right).get<std::string>());
        if (!compiled) return fail(expression.parts[1].offset, compiled.error().message);
        pattern = std::move(compiled).value();
    }
    const auto found = pattern->is_found_in(std::get<Json>(*left).get_ref<const std::string&>());
    if (!found) return fail(expression.offset, found.error().message);
    return found.value();
}

// "and" ends at the first false, "or" at the first true.
std::optional<bool> Evaluator::joined(const Expression& expression, bool ends) {
    for (const Expression& part : expression.parts) {
        const auto result = truth(part);
        if (!result || *result == ends) return result;
    }
    return !ends;
}

std::optional<bool> Evaluator::truth(const Expression& expression) {
    switch (expression.kind) {
        case Kind::conjunction: return joined(expression, false);
        case Kind::disjunction: return joined(expression, true);
        case Kind::negation: {
            const auto result = truth(expression.parts[0]);
            return result ? std::optional<bool>(!*result) : std::nullopt;
        }
        case Kind::defined: return defined(expression);
        case Kind::in:
        case Kind::not_in: {
            const auto result = contains(expression);
            return result ? std::optional<bool>(*result == (expression.kind == Kind::in)) : std::nullopt;
        }
        case Kind::matches: return pattern_found(expression);
        case Kind::literal:
        case Kind::reference:
        case Kind::list:
        case Kind::version_of: {
            const auto result = value(expression);
            if (!result) return std::nullopt;
            const auto* json = std::get_if<Json>(&*result);
            if (json != nullptr && json->is_boolean()) return json->get<bool>();
            return fail(expression.offset, "true or false was expected here, but this is " + type_of(*result) +
                                               ": compare it with something, or ask defined(…)");
        }
        default: return comparison(expression);
    }
}

void collect(const Expression& expression, bool only_tested, std::vector<Reference>& references) {
    for (const Expression& part : expression.parts) {
        const bool wanted = !only_tested || expression.kind == Kind::defined;
        if (part.kind == Kind::reference && wanted) references.push_back(part.reference);
        collect(part, only_tested, references);
    }
}

}  // namespace

Condition::Condition(std::string text, std::shared_ptr<const Expression> root)
    : text_(std::move(text)), root_(std::move(root)) {}

std::optional<Condition> Condition::parse(std::string_view text, TextProblem& problem) {
    auto expression = parse_expression(text, problem);
    if (!expression) return std::nullopt;
    return Condition(std::string(text), std::make_shared<const Expression>(std::move(*expression)));
}

Condition Condition::constant(bool value) {
    Expression expression;
    expression.literal = value;
    return Condition(value ? "true" : "false", std::make_shared<const Expression>(std::move(expression)));
}

std::vector<Reference> Condition::references() const {
    std::vector<Reference> references;
    if (root_->kind == Kind::reference) references.push_back(root_->reference);
    collect(*root_, false, references);
    return references;
}

std::vector<Reference> Condition::tested_references() const {
    std::vector<Reference> references;
    collect(*root_, true, references);
    return references;
}

std::optional<ConditionOutcome> Condition::evaluate(const ReferenceSource& source, TextProblem& problem) const {
    Evaluator evaluator(source, problem);
    const auto result = evaluator.truth(*root_);
    if (!result) return std::nullopt;
    return ConditionOutcome{*result, text_ + (*result ? " is true" : " is false") + evaluator.names_seen()};
}

}  // namespace backout
