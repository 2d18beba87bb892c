#pragma once
// Attributes of one entry by descriptor (O_PATH): owner, extended attributes, mode, time, flags. Works on what can't be
// opened for reading too, through /proc/self/fd, and never follows a link or wakes a device.

#include <string>

#include "base/result.h"
#include "host/file_types.h"

namespace backout {

/// One entry, held open by O_PATH.
struct EntryHandle {
    int fd = -1;
    int parent_fd = -1;  ///< the directory it stands in and its name there: links need them; -1 for a directory itself
    std::string name = {};
    std::string path = {};  ///< for messages
};

/// All but security.selinux; empty where the file system has none.
Result<ExtendedAttributes> posix_xattrs(const EntryHandle& entry);

/// See AttributeChange. On an error the attributes before the one it names are set.
Status posix_set_attributes(const EntryHandle& entry, const AttributeChange& change);

}  // namespace backout
