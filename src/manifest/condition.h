#pragma once
// `when` expressions: bare names, quoted strings, numbers, true, false, null, lists, comparisons, version(…),
// defined(…), in, matches, and, or, not. A closed little language without side effects, loops or functions of the
// user's: no code runs. Comparing things of different types is an error and not false, for a condition that silently
// never holds is worse than one that is refused.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/reference.h"

namespace backout {

struct Expression;

struct ConditionOutcome {
    bool value = false;
    std::string reason;  ///< "facts.py.version >= '3' is false: facts.py.version is \"2\"", for the plan
};

/// A parsed expression; cheap to copy.
class Condition {
  public:
    /// Nothing on failure, with `problem` set. References to outputs of actions, `backout.run`, `file` and `row` are
    /// refused, for a plan decides conditions before anything runs.
    static std::optional<Condition> parse(std::string_view text, TextProblem& problem);
    /// The condition true or false itself.
    static Condition constant(bool value);

    const std::string& text() const { return text_; }
    /// In reading order, with their offsets in the text.
    std::vector<Reference> references() const;
    /// Only those inside defined(…).
    std::vector<Reference> tested_references() const;
    /// Nothing on failure (an unknown name, mismatched types, a secret looked at), with `problem` set. Parts that don't
    /// matter any more aren't looked at: in "a and b", b isn't if a is false.
    std::optional<ConditionOutcome> evaluate(const ReferenceSource& source, TextProblem& problem) const;

  private:
    Condition(std::string text, std::shared_ptr<const Expression> root);

    std::string text_;
    std::shared_ptr<const Expression> root_;
};

}  // namespace backout
