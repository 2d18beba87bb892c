#pragma once
// The words of a condition.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "manifest/reference.h"

namespace backout {

struct ConditionToken {
    enum class Kind : std::uint8_t { end, name, text, number, symbol, invalid };
    Kind kind = Kind::end;
    std::size_t offset = 0;
    std::string text;  ///< a string decoded, anything else as written
};

class ConditionLexer {
  public:
    explicit ConditionLexer(std::string_view text) : text_(text) {}
    /// The next token; after `invalid`, `problem()` says why.
    ConditionToken next();
    const TextProblem& problem() const { return problem_; }

  private:
    ConditionToken take(ConditionToken::Kind kind, std::size_t length);
    ConditionToken fail(std::size_t offset, std::string message);
    ConditionToken read_text();
    ConditionToken read_number();
    ConditionToken read_symbol();

    std::string_view text_;
    std::size_t at_ = 0;
    TextProblem problem_;
};

}  // namespace backout
