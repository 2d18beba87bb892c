#pragma once
// The parsed form of a condition, shared by its parser and its evaluator; no other file includes this.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "manifest/reference.h"
#include "manifest/search_pattern.h"
#include "manifest/version.h"

namespace backout {

struct Expression {
    enum class Kind : std::uint8_t {
        literal,
        reference,
        list,
        version_of,
        defined,
        negation,
        conjunction,
        disjunction,
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
        in,
        not_in,
        matches,
    };
    Kind kind = Kind::literal;
    std::size_t offset = 0;
    std::vector<Expression> parts = {};
    Json literal = nullptr;
    Reference reference = {};
    std::optional<Version> version = {};        ///< of version("…") with a literal
    std::optional<SearchPattern> pattern = {};  ///< of matches '…' with a literal
};

/// Nothing on failure, with `problem` set.
std::optional<Expression> parse_expression(std::string_view text, TextProblem& problem);

}  // namespace backout
