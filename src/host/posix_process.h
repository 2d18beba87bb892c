#pragma once
// Runs one program and waits for it. See ProcessSpec and Host::run.
//
// What becomes of descendants: on a time-out or a stop the whole group is ended. After a regular end of the program
// itself those it left behind live on (a service may have been started); their output is listened to for another 200
// ms. One that leaves the session (setsid) is never ended. If this process dies, the program goes on: the lease names
// it.

#include "base/result.h"
#include "host/process.h"

namespace backout {

/// `root_fd`: the directory to enter as root first, or -1.
Result<ProcessOutcome> posix_run(const ProcessSpec& spec, int root_fd);

/// Field 22 of /proc/PID/stat: with the pid, it names one process until the next boot. 0 if there is no such process.
std::uint64_t process_start_time(int pid);

}  // namespace backout
