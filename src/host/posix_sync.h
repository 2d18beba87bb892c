#pragma once
// Barriers. The first error ends them and stands: after a failed fsync the kernel has dropped what it couldn't write,
// so a second call that succeeds proves nothing.

#include <vector>

#include "base/result.h"
#include "host/directory.h"

namespace backout {

/// See Host::sync. Content first, then names.
Status posix_sync(const std::vector<SyncRequest>& requests);
/// See Host::sync_everything.
Status posix_sync_everything();

}  // namespace backout
