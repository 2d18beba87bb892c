#pragma once
// Writes the tree of an archive into a place that nobody sees yet.

#include "compensators/archive_extract_reader.h"
#include "compensators/staging.h"

namespace backout {

/// Returns the number of entries below the top. `present` is the folder whose place the tree takes: the new top gets
/// its attributes; if nothing is there, it gets what the archive says.
Result<std::size_t> write_archive_tree(ArchiveReader& reader, const ArchiveRules& rules, const Place& place,
                                       const EntryState& present);

}  // namespace backout
