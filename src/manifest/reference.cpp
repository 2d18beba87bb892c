#include "manifest/reference.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace backout {

namespace {

constexpr std::size_t kLongestReference = 8192;
const std::vector<std::string> kRoots = {"inputs", "facts", "actions", "env", "backout", "manifest", "file", "row"};

std::optional<Reference> refuse(TextProblem& problem, std::size_t offset, std::string message) {
    problem = TextProblem{offset, std::move(message)};
    return std::nullopt;
}

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char character) {
        const auto byte = static_cast<unsigned char>(character);
        return std::isalnum(byte) != 0 || byte == '_' || byte == '-' || byte >= 0x80;
    });
}

// "NAME" or "NAME.FIELD.FIELD" behind the root.
bool read_names(Reference& reference, std::string_view rest) {
    std::vector<std::string> names = split(rest, '.');
    if (!std::all_of(names.begin(), names.end(), [](const std::string& name) { return is_name(name); })) return false;
    reference.name = names[0];
    reference.fields.assign(names.begin() + 1, names.end());
    return true;
}

struct RootShape {
    const char* word;
    Reference::Root root;
    bool fields;
    const char* shape;
};
constexpr std::array<RootShape, 4> kNamedRoots = {{
    {"inputs", Reference::Root::inputs, false, "inputs.NAME"},
    {"facts", Reference::Root::facts, true, "facts.NAME.FIELD"},
    {"env", Reference::Root::env, false, "env.NAME"},
    {"row", Reference::Root::row, false, "row.COLUMN"},
}};

// Bytes from "${" up to its "}", a quoted id skipped over; npos if there is no end.
std::size_t reference_end(std::string_view text, std::size_t begin) {
    bool inside_quotes = false;
    for (std::size_t at = begin; at < text.size(); ++at) {
        if (text[at] == '\n' || at - begin > kLongestReference) break;
        if (inside_quotes && text[at] == '\'' && text.substr(at, 2) == "''") {
            ++at;
        } else if (text[at] == '\'' && (inside_quotes || text[at - 1] == '.')) {
            inside_quotes = !inside_quotes;
        } else if (text[at] == '}' && !inside_quotes) {
            return at;
        }
    }
    return std::string_view::npos;
}

void append_literal(TextPieces& pieces, std::string_view text) {
    if (text.empty()) return;
    if (pieces.empty() || !std::holds_alternative<std::string>(pieces.back())) pieces.emplace_back(std::string());
    std::get<std::string>(pieces.back()) += text;
}

// The reference that begins with "${" at `at`; `at` is moved behind it.
void read_reference(std::string_view text, std::size_t& at, TextPieces& pieces, std::vector<TextProblem>& problems) {
    const std::size_t begin = at + 2;
    const std::size_t end = reference_end(text, begin);
    if (end == std::string_view::npos) {
        problems.push_back(TextProblem{at, "this '${' has no '}': for the characters themselves write '$${'"});
        at = text.size();
        return;
    }
    TextProblem problem;
    auto reference = parse_reference(text.substr(begin, end - begin), problem);
    if (reference) {
        reference->offset = at;
        pieces.emplace_back(std::move(*reference));
    } else {
        problem.offset += at;
        problems.push_back(std::move(problem));
    }
    at = end + 1;
}

}  // namespace

std::optional<Reference> parse_reference(std::string_view text, TextProblem& problem) {
    Reference reference;
    reference.text = text;
    const std::size_t dot = text.find('.');
    const std::string_view root = text.substr(0, dot);
    const std::string_view rest = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    const auto fixed = [&](Reference::Root which) {
        reference.root = which;
        return reference;
    };
    if (text == "backout.run") return fixed(Reference::Root::run);
    if (text == "manifest.dir") return fixed(Reference::Root::directory);
    if (text == "file") return fixed(Reference::Root::file);
    if (root == "actions") {
        if (rest.size() < 3) return refuse(problem, 0, "a reference to an action looks like ${actions.ID.OUTPUT}");
        reference.rest = rest;
        return fixed(Reference::Root::actions);
    }
    for (const RootShape& shape : kNamedRoots) {
        if (root != shape.word) continue;
        reference.root = shape.root;
        if (!read_names(reference, rest) || (!shape.fields && !reference.fields.empty())) {
            return refuse(problem, 0, in_quotes(text) + " is no reference: it looks like " + shape.shape);
        }
        return reference;
    }
    if (root == "backout") return refuse(problem, 0, "there is only backout.run, not " + in_quotes(text));
    if (root == "manifest") return refuse(problem, 0, "there is only manifest.dir, not " + in_quotes(text));
    std::string remedy = did_you_mean(root, kRoots);
    if (remedy.empty()) remedy = "; one begins with inputs., facts., actions., env., backout. or manifest.";
    return refuse(problem, 0,
                  "unknown reference " + in_quotes(text) + remedy + "; for the characters ${ themselves write $${");
}

TextPieces parse_text(std::string_view text, std::vector<TextProblem>& problems) {
    TextPieces pieces;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t dollar = std::min(text.find('$', at), text.size());
        append_literal(pieces, text.substr(at, dollar - at));
        at = dollar;
        if (text.substr(at, 3) == "$${") {
            append_literal(pieces, "${");
            at += 3;
        } else if (text.substr(at, 2) == "${") {
            read_reference(text, at, pieces, problems);
        } else if (at < text.size()) {
            append_literal(pieces, "$");
            ++at;
        }
    }
    return pieces;
}

bool may_have_references(std::string_view text) {
    return text.find("${") != std::string_view::npos;
}

std::optional<ActionIds::Output> ActionIds::split(const std::string& rest) const {
    if (!rest.empty() && rest[0] == '\'') {
        std::string id;
        std::size_t at = 1;
        for (; at < rest.size(); ++at) {
            if (rest[at] == '\'' && (at + 1 >= rest.size() || rest[at + 1] != '\'')) break;
            if (rest[at] == '\'') ++at;
            id += rest[at];
        }
        if (at + 2 >= rest.size() || rest[at + 1] != '.' || !contains(id)) return std::nullopt;
        return Output{id, rest.substr(at + 2)};
    }
    for (std::size_t dot = rest.rfind('.'); dot != std::string::npos && dot > 0; dot = rest.rfind('.', dot - 1)) {
        if (dot + 1 < rest.size() && contains(rest.substr(0, dot)))
            return Output{rest.substr(0, dot), rest.substr(dot + 1)};
    }
    return std::nullopt;
}

std::string ActionIds::suggestion(const std::string& rest) const {
    constexpr std::size_t kMostCompared = 10'000;
    if (ids_.size() > kMostCompared) return "";
    const std::size_t dot = rest.rfind('.');
    return did_you_mean(rest.substr(0, dot), list());
}

ReferenceAnswer ReferenceAnswer::known(Json value) {
    ReferenceAnswer answer;
    answer.kind = Kind::known;
    answer.value = std::make_shared<const Json>(std::move(value));
    return answer;
}

ReferenceAnswer ReferenceAnswer::without_value(Kind kind, std::string message) {
    ReferenceAnswer answer;
    answer.kind = kind;
    answer.message = std::move(message);
    return answer;
}

}  // namespace backout
