#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/number.h"
#include "base/text.h"
#include "journal/ledger.h"
#include "journal/ledger_access.h"

namespace backout {

namespace {

constexpr std::size_t kNearCandidates = 100;

/// "r-12-k3" → number 12 and the beginning "r-12-k3"; "12" → number 12.
struct RunWord {
    bool numbered = false;
    std::uint64_t number = 0;
    std::string beginning;  ///< of the full name; "" if only a number was given
};

bool all_digits(const std::string& text) {
    return !text.empty() && text.size() < 20 && text.find_first_not_of("0123456789") == std::string::npos;
}

RunWord parse_word(const std::string& word) {
    RunWord parsed;
    const bool named = word.rfind("r-", 0) == 0;
    const std::string rest = named ? word.substr(2) : word;
    const std::string digits = rest.substr(0, rest.find('-'));
    if (!all_digits(digits) || (!named && digits != rest)) return parsed;
    const std::optional<std::uint64_t> number = parse_unsigned(digits);
    if (!number) return parsed;  // more digits than any run has
    parsed.numbered = true;
    parsed.number = *number;
    if (named) parsed.beginning = word;
    return parsed;
}

}  // namespace

/// A number is always a whole number: "r-1" is run 1 and never the beginning of r-12, or the wrong run would be taken
/// back once run 1 is pruned. What is left to be ambiguous is "r-" itself.
Result<RunSummary> Ledger::find_run(const std::string& name) {
    const RunWord word = parse_word(name);
    if (word.numbered) {
        BACKOUT_TRY_ASSIGN(const auto found, run(word.number));
        if (found && found->run.rfind(word.beginning, 0) == 0) return *found;
    }
    BACKOUT_TRY_ASSIGN(const auto recent, runs(0, kNearCandidates));
    std::vector<std::string> names;
    for (const auto& summary : recent) names.push_back(summary.run);
    if (name == "r" || name == "r-") {
        if (recent.size() == 1) return recent.front();
        if (!recent.empty()) {
            return Error{ErrorCode::invalid, "'" + name + "' could be any of " + join_words(names)};
        }
    }
    std::string message = "there is no run '" + printable(name) + "'";
    if (names.empty()) return Error{ErrorCode::not_found, message + ": the journal has no runs"};
    const std::string hint = did_you_mean(name, names);
    message += hint.empty() ? "; the newest is " + names.front() : hint;
    return Error{ErrorCode::not_found, message + ", `backout history` lists them"};
}

}  // namespace backout
