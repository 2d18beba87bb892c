#pragma once
// One writer per state directory (P10): a file of its own with flock, close-on-exec, its inode compared with the path.
// The lock is the kernel's and dies with its holder. The file says who holds it, and which child is at work, so that a
// recovery sees an orphan still working.

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop.h"

namespace backout {

struct LeaseHolder {
    int pid = 0;
    std::string user;
    std::string command;
    UnixNanoseconds since = 0;
};

struct ChildAtWork {
    int pid = 0;
    std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat, clock ticks since boot
    std::string boot;              ///< /proc/sys/kernel/random/boot_id
};

class Lease {
  public:
    virtual ~Lease() = default;
    /// Notes the child at work; an unset pid clears it.
    virtual Status note_child(const ChildAtWork& child) = 0;
    /// A child that the previous holder started and that still runs (same boot, same start time), if any.
    virtual std::optional<ChildAtWork> orphan() = 0;
};

/// Takes the lease of `state_directory`. Waits up to `timeout`. Errors: `locked`, naming pid, user, command and since
/// when; `not_permitted`.
Result<std::unique_ptr<Lease>> acquire_lease(const std::string& state_directory, const LeaseHolder& self, Clock& clock,
                                             Nanoseconds timeout, const StopToken* stop);
/// Who holds it now, or nothing. Needs no lease, leaves no trace.
Result<std::optional<LeaseHolder>> lease_holder(const std::string& state_directory);
/// The child that the present or the last holder noted, if it still runs. Needs no lease, leaves no trace.
std::optional<ChildAtWork> child_at_work(const std::string& state_directory);

}  // namespace backout
