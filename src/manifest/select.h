#pragma once
// Decision tables: rows of conditions, first match wins. Pure: the rows and the wanted values come in, the number of a
// row or an explanation goes out. What stands in a cell:
//   "*", null, or no such column   any value
//   ["a", "b"]                     any of these cells
//   ">=2.9", "==2.9.*", "~=2.2", "<3,!=2.5"   a PEP 440 specifier; tags such as "cp39" are taken as 3.9 on both sides
//   "re:^2\\.[89]"                 a regular expression
//   anything else                  the same text; numbers and truth values as JSON writes them
// The comparison of a column may be laid down otherwise, for tables that exist already.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace backout {

struct SelectColumn {
    enum class Comparison : std::uint8_t {
        by_cell,   ///< as the cell says
        equal,     ///< the same text, whatever the cell looks like
        series,    ///< a version: "2.9" takes in 2.9.1+cu130, "2.8.0" only 2.8.0 with any local part
        at_least,  ///< a version or tag: the cell is the lowest that the row serves
    };
    std::string name;
    std::string wanted;           ///< the value in question, as text
    bool wanted_is_null = false;  ///< null: only matched by cells that take any value
    Comparison comparison = Comparison::by_cell;
};

/// "by_cell equal series at_least".
std::optional<SelectColumn::Comparison> comparison_from(const std::string& word);
const std::vector<std::string>& comparison_words();

struct SelectAnswer {
    std::optional<std::size_t> row;  ///< the first that matches
    std::string explanation;         ///< without a row: the nearest rows and the columns that missed
};

/// Errors: `invalid` for rows that are no list of objects, a column that no row has, a malformed specifier or pattern.
Result<SelectAnswer> select_row(const Json& rows, const std::vector<SelectColumn>& columns);

}  // namespace backout
