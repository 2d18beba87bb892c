#pragma once
// Files that belong to a manifest (templates, tables): read, never changed, and reached through links like any other
// program would. Targets of steps are never read this way.

#include <string>

#include "base/result.h"
#include "host/host.h"

namespace backout {

/// The content of the file at `path`, links followed. Errors: `invalid` if it is larger than `limit`, `not_found`, ….
Result<Bytes> read_source_file(Host& host, const std::string& path, std::uint64_t limit);

}  // namespace backout
