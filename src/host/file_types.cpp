#include "host/file_types.h"

#include "base/assert.h"

namespace backout {

const char* to_string(EntryType type) {
    switch (type) {
        case EntryType::absent: return "absent";
        case EntryType::file: return "file";
        case EntryType::directory: return "directory";
        case EntryType::symlink: return "symlink";
        case EntryType::fifo: return "fifo";
        case EntryType::socket: return "socket";
        case EntryType::character_device: return "character_device";
        case EntryType::block_device: return "block_device";
    }
    ::backout::assertion_failed("an entry type without a name", __FILE__, __LINE__);
}

}  // namespace backout
