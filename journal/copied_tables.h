#pragma once
// Tables for a reader that leaves no trace: over a copy of data.mdb in memory, taken anew when a commit has come in
// since; a journal too large to copy is read in place.

#include <cstdint>
#include <memory>
#include <string>

#include "journal/tables.h"

namespace backout {

/// Opens STATE/data.mdb for reading; above `copy_limit` bytes in place. Its structure is checked beforehand.
/// Errors: `journal`, `not_permitted`.
Result<std::shared_ptr<TableStore>> open_for_reading(const std::string& directory, std::uint64_t copy_limit);

}  // namespace backout
