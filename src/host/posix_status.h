#pragma once
// statx, as values of this room. By descriptor and name; nothing is followed.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "host/file_types.h"
#include "host/paths.h"

namespace backout {

struct PosixStatus {
    FileStatus status;
    std::uint32_t flags = 0;  ///< kFlagImmutable | kFlagAppend, as far as the file system tells
};

/// Status of `name` in the directory `fd`, or with an empty name of `fd` itself. An absent entry is a value.
/// `path` is for messages.
Result<PosixStatus> posix_status(int fd, const std::string& name, const std::string& path);

/// Opens the entry itself, whatever it is, without touching it (O_PATH | O_NOFOLLOW).
Result<int> open_entry(int fd, const std::string& name, const std::string& path);

}  // namespace backout
