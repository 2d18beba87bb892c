#include "manifest/select.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "manifest/problem.h"
#include "manifest/search_pattern.h"
#include "manifest/version.h"

namespace backout {

namespace {

using Comparison = SelectColumn::Comparison;

std::string text_of(const Json& cell) {
    return cell.is_string() ? cell.get<std::string>() : dump_canonical(cell);
}

bool is_digit(char character) {
    return std::isdigit(static_cast<unsigned char>(character)) != 0;
}
bool is_bare_tag(const std::string& text) {
    return text.size() >= 2 && text.size() <= 3 && std::all_of(text.begin(), text.end(), is_digit);
}

// "cp39" is 3.9 and "cp312" 3.12, wherever it stands in `text`; `found` says whether there was one.
std::string expand_tags(const std::string& text, bool& found) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = std::string_view(text).substr(at);
        const bool prefix = rest.size() > 3 && (rest.substr(0, 2) == "cp" || rest.substr(0, 2) == "py");
        const bool starts = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
        if (prefix && starts && is_digit(rest[2]) && is_digit(rest[3])) {
            result += {rest[2], '.'};
            at += 3;
            found = true;
        } else {
            result += text[at++];
        }
    }
    return result;
}

// The wanted value as a version, or nothing if it is none. Beside a tagged cell "312" is a tag, too.
std::optional<Version> wanted_version(const std::string& wanted, bool beside_tag) {
    bool tagged = false;
    std::string text = expand_tags(wanted, tagged);
    if (beside_tag && is_bare_tag(text)) text.insert(1, ".");
    auto version = parse_version(text);
    if (!version) return std::nullopt;
    return std::move(version).value();
}

bool is_specifier(const std::string& cell) {
    const auto starts = [&cell](const char* word) { return cell.rfind(word, 0) == 0; };
    return starts("<") || starts(">") || starts("==") || starts("!=") || starts("~=");
}

Result<bool> specifier_matches(const std::string& cell, const std::string& wanted) {
    bool tagged = false;
    BACKOUT_TRY_ASSIGN(const VersionSpecifiers specifiers, parse_specifiers(expand_tags(cell, tagged)));
    const auto version = wanted_version(wanted, tagged);
    return version && matches(*version, specifiers);
}

Result<bool> series_matches(const std::string& cell, const std::string& wanted) {
    BACKOUT_TRY_ASSIGN(const Version pattern, parse_version(cell));
    const bool whole_series = pattern.release.size() < 3 && !pattern.is_prerelease() && !pattern.post;
    return specifier_matches("==" + cell + (whole_series ? ".*" : ""), wanted);
}

Result<bool> at_least_matches(const std::string& cell, const std::string& wanted) {
    bool tagged = false;
    const std::string text = expand_tags(cell, tagged);
    const bool bare = is_bare_tag(text) && wanted.find('.') != std::string::npos;
    BACKOUT_TRY_ASSIGN(const Version floor, parse_version(bare ? text.substr(0, 1) + "." + text.substr(1) : text));
    const auto version = wanted_version(wanted, tagged);
    return version && compare_versions(version->public_part(), floor) >= 0;
}

Result<bool> text_matches(const std::string& cell, const SelectColumn& column) {
    switch (column.comparison) {
        case Comparison::equal: return cell == column.wanted;
        case Comparison::series: return series_matches(cell, column.wanted);
        case Comparison::at_least: return at_least_matches(cell, column.wanted);
        case Comparison::by_cell: break;
    }
    if (cell.rfind("re:", 0) == 0) {
        BACKOUT_TRY_ASSIGN(const SearchPattern pattern, SearchPattern::compile(std::string_view(cell).substr(3)));
        return pattern.is_found_in(column.wanted);
    }
    if (is_specifier(cell)) return specifier_matches(cell, column.wanted);
    return cell == column.wanted;
}

Result<bool> cell_matches(const Json& cell, const SelectColumn& column) {
    if (cell.is_null() || cell == "*") return true;
    if (cell.is_object()) return Error{ErrorCode::invalid, "a cell is a value or a list of values, not an object"};
    if (cell.is_array()) {
        for (const Json& alternative : cell) {
            BACKOUT_TRY_ASSIGN(const bool found, cell_matches(alternative, column));
            if (found) return true;
        }
        return false;
    }
    if (column.wanted_is_null) return false;
    return text_matches(text_of(cell), column);
}

struct Miss {
    std::size_t row;
    std::vector<std::size_t> columns;
};

// The columns of `row` that don't match.
Result<std::vector<std::size_t>> missed_columns(const Json& row, const std::vector<SelectColumn>& columns) {
    std::vector<std::size_t> missed;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto found = cell_matches(member(row, columns[at].name), columns[at]);
        if (!found) return std::move(found).error().in("column " + in_quotes(columns[at].name));
        if (!found.value()) missed.push_back(at);
    }
    return missed;
}

std::string shown_wanted(const SelectColumn& column) {
    return column.name + " = " + (column.wanted_is_null ? "null" : in_quotes(column.wanted));
}

std::string explain(const Json& rows, const std::vector<SelectColumn>& columns, std::vector<Miss> misses) {
    constexpr std::size_t kMostShown = 3;
    std::stable_sort(misses.begin(), misses.end(),
                     [](const Miss& a, const Miss& b) { return a.columns.size() < b.columns.size(); });
    std::vector<std::string> wanted;
    for (const SelectColumn& column : columns) wanted.push_back(shown_wanted(column));
    std::string text = "no row matches " + join_words(wanted);
    for (std::size_t at = 0; at < std::min(misses.size(), kMostShown); ++at) {
        std::vector<std::string> cells;
        for (const std::size_t column : misses[at].columns) {
            cells.push_back(columns[column].name + " " +
                            dump_canonical(member(rows[misses[at].row], columns[column].name)));
        }
        text += at == 0 ? "; nearest: " : ", ";
        text += "row " + std::to_string(misses[at].row + 1) + " (wants " + join_words(cells) + ")";
    }
    return text;
}

Status check_rows(const Json& rows, const std::vector<SelectColumn>& columns) {
    if (!rows.is_array()) return Error{ErrorCode::invalid, "the table is no list of rows"};
    std::vector<std::string> names;
    for (const Json& row : rows) {
        if (!row.is_object()) return Error{ErrorCode::invalid, "a row of the table is no object"};
        for (const auto& entry : row.items()) {
            if (std::find(names.begin(), names.end(), entry.key()) == names.end()) names.push_back(entry.key());
        }
    }
    for (const SelectColumn& column : columns) {
        if (rows.empty() || std::find(names.begin(), names.end(), column.name) != names.end()) continue;
        return Error{ErrorCode::invalid,
                     "no row of the table has the column " + in_quotes(column.name) + did_you_mean(column.name, names)};
    }
    return {};
}

}  // namespace

const std::vector<std::string>& comparison_words() {
    static const std::vector<std::string> words = {"by_cell", "equal", "series", "at_least"};
    return words;
}

std::optional<Comparison> comparison_from(const std::string& word) {
    const auto& words = comparison_words();
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return std::nullopt;
    return static_cast<Comparison>(found - words.begin());
}

Result<SelectAnswer> select_row(const Json& rows, const std::vector<SelectColumn>& columns) {
    BACKOUT_TRY(check_rows(rows, columns));
    std::vector<Miss> misses;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto missed = missed_columns(rows[at], columns);
        if (!missed) return std::move(missed).error().in("row " + std::to_string(at + 1));
        if (missed->empty()) return SelectAnswer{at, ""};
        misses.push_back(Miss{at, std::move(missed).value()});
    }
    if (misses.empty()) return SelectAnswer{std::nullopt, "the table has no rows"};
    return SelectAnswer{std::nullopt, explain(rows, columns, std::move(misses))};
}

}  // namespace backout
