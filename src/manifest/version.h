#pragma once
// Versions and version specifiers as PEP 440 defines them, complete: epochs, pre-, post- and development releases,
// local parts, normalization, and the operators == != <= >= < > ~= ===. Not semantic versioning: "1.0-1" is a
// post-release. Unlike package installers, a specifier set here does not leave out pre-releases by itself: it judges a
// version that is already there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace backout {

/// One version. Numbers have at most 18 digits.
struct Version {
    enum class PreKind : std::uint8_t { alpha, beta, candidate };
    struct Pre {
        PreKind kind = PreKind::alpha;
        std::uint64_t number = 0;
        bool operator==(const Pre&) const = default;
    };
    using LocalPart = std::variant<std::string, std::uint64_t>;

    std::uint64_t epoch = 0;
    std::vector<std::uint64_t> release;  ///< never empty
    std::optional<Pre> pre;
    std::optional<std::uint64_t> post;
    std::optional<std::uint64_t> development;
    std::vector<LocalPart> local;

    bool is_prerelease() const { return pre.has_value() || development.has_value(); }
    /// The same version without its local part.
    Version public_part() const;
    /// The normalized spelling: "v1.0-ALPHA.1+Ubuntu_1" is "1.0a1+ubuntu.1".
    std::string text() const;
};

/// Leading "v", blanks around, and every alternative spelling of PEP 440 are accepted. Errors: `invalid`.
Result<Version> parse_version(std::string_view text);

/// Negative, 0 or positive, in PEP 440's order; trailing zeros of the release don't count.
int compare_versions(const Version& a, const Version& b);

/// One clause such as ">=3.5" or "==3.4.*".
struct VersionClause {
    enum class Operator : std::uint8_t {
        equal,
        not_equal,
        less_equal,
        greater_equal,
        less,
        greater,
        compatible,
        identical
    };
    Operator comparison = Operator::equal;
    bool wildcard = false;  ///< the version ended in ".*"
    Version version;
    std::string text;  ///< as written behind the operator
};

/// Clauses that must all hold; an empty set holds always.
struct VersionSpecifiers {
    std::vector<VersionClause> clauses;
};

/// "…,…" with blanks allowed. Errors: `invalid`, naming the clause.
Result<VersionSpecifiers> parse_specifiers(std::string_view text);

bool matches(const Version& version, const VersionSpecifiers& specifiers);

/// `matches` on texts. Errors: `invalid` for what is no version or no set of specifiers.
Result<bool> version_matches(std::string_view version, std::string_view specifiers);

}  // namespace backout
