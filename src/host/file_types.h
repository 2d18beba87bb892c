#pragma once
// Values that describe entries of a file system. No behaviour, no system headers.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"

namespace backout {

enum class EntryType { absent, file, directory, symlink, fifo, socket, character_device, block_device };
/// "absent", "file", "directory", "symlink", "fifo", "socket", "character_device", "block_device".
const char* to_string(EntryType type);

inline constexpr std::uint32_t kFlagImmutable = 0x10;  ///< FS_IMMUTABLE_FL
inline constexpr std::uint32_t kFlagAppend = 0x20;     ///< FS_APPEND_FL

struct FileStatus {
    EntryType type = EntryType::absent;
    std::uint32_t mode = 0;           ///< permission bits with suid, sgid, sticky: 07777
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;           ///< bytes
    UnixNanoseconds mtime = 0;
    UnixNanoseconds ctime = 0;
    std::uint64_t device = 0;         ///< st_dev
    std::uint64_t inode = 0;
    std::uint64_t link_count = 0;
    std::uint64_t special_device = 0; ///< st_rdev of devices
    std::uint64_t mount = 0;          ///< statx mount id: rename and exchange need it equal on both sides

    bool present() const { return type != EntryType::absent; }
};

/// Extended attributes by full name ("user.x", "security.capability", "system.posix_acl_access").
using ExtendedAttributes = std::map<std::string, Bytes>;

/// What to set; unset members are left alone. Applied by descriptor, never following a link, in an order that keeps
/// suid/sgid and capabilities (owner, then xattrs, then mode, then mtime, then flags).
struct AttributeChange {
    std::optional<std::uint32_t> mode = {};
    std::optional<std::uint32_t> uid = {};
    std::optional<std::uint32_t> gid = {};
    std::optional<UnixNanoseconds> mtime = {};
    std::optional<std::uint32_t> flags = {};                 ///< kFlagImmutable | kFlagAppend: the pair is set to exactly this
    std::optional<ExtendedAttributes> xattrs = {};  ///< the whole set: names that are missing here are removed
};

}  // namespace backout
