#include "manifest/version.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "manifest/problem.h"

namespace backout {

namespace {

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}
bool is_alphanumeric(char character) {
    return is_digit(character) || (character >= 'a' && character <= 'z');
}
bool is_separator(char character) {
    return character == '.' || character == '-' || character == '_';
}

std::string lower_trimmed(std::string_view text) {
    constexpr const char* kBlanks = " \t\n\r\f\v";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return "";
    std::string result(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
    for (char& character : result) {
        if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
    }
    return result;
}

struct Phase {
    std::string_view word;
    Version::PreKind kind;
};
// Longer words first: "alpha" before "a".
constexpr Phase kPhases[] = {
    {"alpha", Version::PreKind::alpha},   {"beta", Version::PreKind::beta},    {"preview", Version::PreKind::candidate},
    {"pre", Version::PreKind::candidate}, {"rc", Version::PreKind::candidate}, {"a", Version::PreKind::alpha},
    {"b", Version::PreKind::beta},        {"c", Version::PreKind::candidate},
};

// Reads a normalized-to-lower-case version from left to right. Each reader takes its part or leaves everything as it
// was.
class VersionReader {
  public:
    explicit VersionReader(std::string_view text) : rest_(text) {}

    bool read(Version& version);

  private:
    bool take(char character);
    bool take_word(std::string_view word);
    void take_separator();
    std::optional<std::uint64_t> take_number();
    std::uint64_t take_implied_number();
    bool read_release(Version& version);
    void read_pre(Version& version);
    void read_post(Version& version);
    void read_development(Version& version);
    bool read_local(Version& version);

    std::string_view rest_;
    bool too_long_ = false;
};

bool VersionReader::take(char character) {
    if (rest_.empty() || rest_[0] != character) return false;
    rest_.remove_prefix(1);
    return true;
}

bool VersionReader::take_word(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
}

void VersionReader::take_separator() {
    if (!rest_.empty() && is_separator(rest_[0])) rest_.remove_prefix(1);
}

std::optional<std::uint64_t> VersionReader::take_number() {
    constexpr std::size_t kMostDigits = 18;
    std::uint64_t number = 0;
    std::size_t digits = 0;
    while (digits < rest_.size() && is_digit(rest_[digits])) {
        if (digits < kMostDigits) number = number * 10 + static_cast<std::uint64_t>(rest_[digits] - '0');
        ++digits;
    }
    if (digits == 0) return std::nullopt;
    too_long_ = too_long_ || digits > kMostDigits;
    rest_.remove_prefix(digits);
    return number;
}

// The number after a word such as "rc": "rc1", "rc.1", "rc-1", or 0 for none. A separator without a number is taken,
// too: PEP 440's own regular expression lets "1.0rc." be.
std::uint64_t VersionReader::take_implied_number() {
    take_separator();
    return take_number().value_or(0);
}

bool VersionReader::read_release(Version& version) {
    take('v');
    auto number = take_number();
    if (!number) return false;
    if (take('!')) {
        version.epoch = *number;
        number = take_number();
        if (!number) return false;
    }
    version.release.push_back(*number);
    while (rest_.size() > 1 && rest_[0] == '.' && is_digit(rest_[1])) {
        rest_.remove_prefix(1);
        version.release.push_back(*take_number());
    }
    return true;
}

void VersionReader::read_pre(Version& version) {
    const std::string_view before = rest_;
    take_separator();
    for (const Phase& phase : kPhases) {
        if (!take_word(phase.word)) continue;
        version.pre = Version::Pre{phase.kind, take_implied_number()};
        return;
    }
    rest_ = before;
}

void VersionReader::read_post(Version& version) {
    const std::string_view before = rest_;
    if (take('-')) {
        if (const auto number = take_number()) {
            version.post = *number;
            return;
        }
        rest_ = before;
    }
    take_separator();
    if (take_word("post") || take_word("rev") || take_word("r")) {
        version.post = take_implied_number();
    } else {
        rest_ = before;
    }
}

void VersionReader::read_development(Version& version) {
    const std::string_view before = rest_;
    take_separator();
    if (take_word("dev")) {
        version.development = take_implied_number();
    } else {
        rest_ = before;
    }
}

bool VersionReader::read_local(Version& version) {
    do {
        std::size_t length = 0;
        while (length < rest_.size() && is_alphanumeric(rest_[length])) ++length;
        if (length == 0) return false;
        const std::string_view part = rest_.substr(0, length);
        if (std::all_of(part.begin(), part.end(), is_digit)) {
            version.local.emplace_back(*take_number());
        } else {
            version.local.emplace_back(std::string(part));
            rest_.remove_prefix(length);
        }
        if (rest_.empty()) return true;
        if (!is_separator(rest_[0])) return false;
        rest_.remove_prefix(1);
    } while (true);
}

bool VersionReader::read(Version& version) {
    if (!read_release(version)) return false;
    read_pre(version);
    read_post(version);
    read_development(version);
    if (take('+') && !read_local(version)) return false;
    return rest_.empty() && !too_long_;
}

template <typename Value>
int compare(const Value& a, const Value& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_releases(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    for (std::size_t at = 0; at < std::max(a.size(), b.size()); ++at) {
        const std::uint64_t left = at < a.size() ? a[at] : 0;
        const std::uint64_t right = at < b.size() ? b[at] : 0;
        if (left != right) return compare(left, right);
    }
    return 0;
}

// "1.0.dev1" stands before "1.0a1", so a bare development release counts as below every pre-release.
std::pair<int, std::uint64_t> pre_rank(const Version& version) {
    if (version.pre) return {static_cast<int>(version.pre->kind), version.pre->number};
    if (!version.post && version.development) return {-1, 0};
    return {3, 0};
}

std::pair<int, std::uint64_t> post_rank(const Version& version) {
    return version.post ? std::pair<int, std::uint64_t>(1, *version.post) : std::pair<int, std::uint64_t>(0, 0);
}

std::pair<int, std::uint64_t> development_rank(const Version& version) {
    if (version.development) return {0, *version.development};
    return {1, 0};
}

// In a local part numbers stand above words, and a longer one above its beginning; variant's order is word < number.
int compare_locals(const std::vector<Version::LocalPart>& a, const std::vector<Version::LocalPart>& b) {
    return compare(a, b);
}

bool same_prefix(const Version& version, const Version& prefix) {
    if (version.epoch != prefix.epoch) return false;
    for (std::size_t at = 0; at < prefix.release.size(); ++at) {
        if ((at < version.release.size() ? version.release[at] : 0) != prefix.release[at]) return false;
    }
    if (prefix.pre) return version.pre == prefix.pre && (!prefix.post || version.post == prefix.post);
    return !prefix.post || (!version.pre && version.post == prefix.post);
}

bool same_release(const Version& a, const Version& b) {
    return a.epoch == b.epoch && compare_releases(a.release, b.release) == 0;
}

bool equal(const Version& version, const VersionClause& clause) {
    if (clause.wildcard) return same_prefix(version, clause.version);
    if (clause.version.local.empty()) return compare_versions(version.public_part(), clause.version) == 0;
    return compare_versions(version, clause.version) == 0;
}

// "<2.0" doesn't take in 2.0's own pre-releases, unless it names one.
bool less(const Version& version, const Version& bound) {
    if (compare_versions(version, bound) >= 0) return false;
    return bound.is_prerelease() || !version.is_prerelease() || !same_release(version, bound);
}

// ">2.0" doesn't take in 2.0's own post-releases and local versions.
bool greater(const Version& version, const Version& bound) {
    if (compare_versions(version, bound) <= 0) return false;
    if (!bound.post && version.post && same_release(version, bound)) return false;
    return version.local.empty() || !same_release(version, bound);
}

// "~=2.2.1" is ">=2.2.1, ==2.2.*".
bool compatible(const Version& version, const Version& bound) {
    if (compare_versions(version.public_part(), bound) < 0) return false;
    Version prefix;
    prefix.epoch = bound.epoch;
    prefix.release.assign(bound.release.begin(), bound.release.end() - 1);
    return same_prefix(version, prefix);
}

bool holds(const Version& version, const VersionClause& clause) {
    using Operator = VersionClause::Operator;
    switch (clause.comparison) {
        case Operator::equal: return equal(version, clause);
        case Operator::not_equal: return !equal(version, clause);
        case Operator::less_equal: return compare_versions(version.public_part(), clause.version) <= 0;
        case Operator::greater_equal: return compare_versions(version.public_part(), clause.version) >= 0;
        case Operator::less: return less(version, clause.version);
        case Operator::greater: return greater(version, clause.version);
        case Operator::compatible: return compatible(version, clause.version);
        case Operator::identical: return version.text() == clause.text;
    }
    return false;
}

struct OperatorName {
    std::string_view text;
    VersionClause::Operator comparison;
};
constexpr OperatorName kOperators[] = {
    {"===", VersionClause::Operator::identical},    {"==", VersionClause::Operator::equal},
    {"!=", VersionClause::Operator::not_equal},     {"<=", VersionClause::Operator::less_equal},
    {">=", VersionClause::Operator::greater_equal}, {"~=", VersionClause::Operator::compatible},
    {"<", VersionClause::Operator::less},           {">", VersionClause::Operator::greater},
};

const char* clause_fault(const VersionClause& clause) {
    using Operator = VersionClause::Operator;
    const bool equality = clause.comparison == Operator::equal || clause.comparison == Operator::not_equal;
    if (clause.wildcard && !equality) return "only == and != take '.*'";
    if (clause.wildcard && (clause.version.development || !clause.version.local.empty())) {
        return "'.*' can't follow a development release or a local version";
    }
    if (!equality && clause.comparison != Operator::identical && !clause.version.local.empty()) {
        return "only ==, != and === take a local version";
    }
    if (clause.comparison == Operator::compatible && clause.version.release.size() < 2) {
        return "~= needs at least two numbers, as in ~=2.2";
    }
    return nullptr;
}

Result<VersionClause> parse_clause(std::string_view text) {
    const Error unknown{ErrorCode::invalid,
                        in_quotes(text) + " is no version specifier; one looks like >=3.5 or ==3.4.*"};
    const std::string trimmed = lower_trimmed(text);
    for (const OperatorName& name : kOperators) {
        if (trimmed.rfind(name.text, 0) != 0) continue;
        VersionClause clause;
        clause.comparison = name.comparison;
        clause.text = lower_trimmed(std::string_view(trimmed).substr(name.text.size()));
        std::string version = clause.text;
        if (version.size() > 2 && version.compare(version.size() - 2, 2, ".*") == 0) {
            clause.wildcard = true;
            version.resize(version.size() - 2);
        }
        auto parsed = parse_version(version);
        if (!parsed) return clause.text.empty() ? unknown : std::move(parsed).error();
        clause.version = std::move(parsed).value();
        if (const char* fault = clause_fault(clause)) return Error{ErrorCode::invalid, in_quotes(text) + ": " + fault};
        return clause;
    }
    return unknown;
}

}  // namespace

Version Version::public_part() const {
    Version result = *this;
    result.local.clear();
    return result;
}

std::string Version::text() const {
    std::string result = epoch == 0 ? "" : std::to_string(epoch) + "!";
    for (std::size_t at = 0; at < release.size(); ++at) result += (at == 0 ? "" : ".") + std::to_string(release[at]);
    if (pre) {
        const char* const words[] = {"a", "b", "rc"};
        result += words[static_cast<std::size_t>(pre->kind)] + std::to_string(pre->number);
    }
    if (post) result += ".post" + std::to_string(*post);
    if (development) result += ".dev" + std::to_string(*development);
    for (std::size_t at = 0; at < local.size(); ++at) {
        result += at == 0 ? '+' : '.';
        const auto* number = std::get_if<std::uint64_t>(&local[at]);
        result += number != nullptr ? std::to_string(*number) : std::get<std::string>(local[at]);
    }
    return result;
}

Result<Version> parse_version(std::string_view text) {
    Version version;
    const std::string lower = lower_trimmed(text);
    if (VersionReader(lower).read(version)) return version;
    return Error{ErrorCode::invalid,
                 in_quotes(text) + " is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130"};
}

int compare_versions(const Version& a, const Version& b) {
    if (a.epoch != b.epoch) return compare(a.epoch, b.epoch);
    if (const int order = compare_releases(a.release, b.release)) return order;
    if (const int order = compare(pre_rank(a), pre_rank(b))) return order;
    if (const int order = compare(post_rank(a), post_rank(b))) return order;
    if (const int order = compare(development_rank(a), development_rank(b))) return order;
    return compare_locals(a.local, b.local);
}

Result<VersionSpecifiers> parse_specifiers(std::string_view text) {
    VersionSpecifiers specifiers;
    if (lower_trimmed(text).empty()) return specifiers;
    while (true) {
        const std::size_t comma = text.find(',');
        BACKOUT_TRY_ASSIGN(VersionClause clause, parse_clause(text.substr(0, comma)));
        specifiers.clauses.push_back(std::move(clause));
        if (comma == std::string_view::npos) return specifiers;
        text.remove_prefix(comma + 1);
    }
}

bool matches(const Version& version, const VersionSpecifiers& specifiers) {
    return std::all_of(specifiers.clauses.begin(), specifiers.clauses.end(),
                       [&version](const VersionClause& clause) { return holds(version, clause); });
}

Result<bool> version_matches(std::string_view version, std::string_view specifiers) {
    BACKOUT_TRY_ASSIGN(const Version parsed, parse_version(version));
    BACKOUT_TRY_ASSIGN(const VersionSpecifiers set, parse_specifiers(specifiers));
    return matches(parsed, set);
}

}  // namespace backout
