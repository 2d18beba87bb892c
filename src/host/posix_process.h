#pragma once
// Runs one program and waits for it. See ProcessSpec and Host::run.

#include "base/result.h"
#include "host/process.h"

namespace backout {

/// `root_fd`: the directory to enter as root first, or -1.
Result<ProcessOutcome> posix_run(const ProcessSpec& spec, int root_fd);

}  // namespace backout
