#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "calls.h"

// A process that stands still at a system call: what it asks for, and how to change that.

namespace crashlab {

/// A call that is about to happen.
struct Asked {
    const Call* call = nullptr;
    Arguments arguments{};
    std::string path;  ///< of the file; "FROM -> TO" if there are two
};

/// Nothing, if the call isn't one of the selection.
std::optional<Asked> asked(pid_t process, const Selection& selection);

/// The call is done with another argument.
bool set_argument(pid_t process, int index, std::uint64_t value);

/// The call isn't done; it returns -`error`.
bool skip_call(pid_t process, int error);

/// After the call: whatever it did, it returns -`error`. Left as it is if it failed by itself.
bool set_error(pid_t process, int error);

}  // namespace crashlab
