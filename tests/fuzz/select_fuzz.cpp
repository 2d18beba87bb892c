// Decision tables: a row that is chosen is one of the table; without one there is an explanation.

#include <nlohmann/json.hpp>

#include "fuzz_target.h"
#include "manifest/select.h"

using namespace backout;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Choice choice = fuzz::choose(data, size, 4);
    const auto [wanted, table] = fuzz::two_parts(choice.rest);
    const auto rows = parse_json(table);
    if (!rows.ok()) return 0;
    SelectColumn column;
    column.name = "a";
    column.wanted = wanted;
    column.comparison = static_cast<SelectColumn::Comparison>(choice.which);
    const auto answer = select_row(*rows, {column});
    if (!answer.ok()) return 0;
    BACKOUT_ASSERT(answer->row ? *answer->row < rows->size() : !answer->explanation.empty());
    return 0;
}
