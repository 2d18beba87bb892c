#include "planner/source_file.h"

#include "base/bytes.h"
#include "compensators/argument_reader.h"

namespace backout {

namespace {

constexpr int kMostLinks = 40;

}  // namespace

Result<Bytes> read_source_file(Host& host, const std::string& path, std::uint64_t limit) {
    std::string here = source_path("/", path);
    for (int links = 0; links <= kMostLinks; ++links) {
        BACKOUT_TRY_ASSIGN(const Location location, host.locate(here));
        BACKOUT_TRY_ASSIGN(const FileStatus status, location.directory->status(location.name));
        if (status.type != EntryType::symlink) {
            BACKOUT_TRY_ASSIGN(const auto file, location.directory->open_read(location.name));
            return read_all(*file, limit);
        }
        BACKOUT_TRY_ASSIGN(const std::string target, location.directory->read_link(location.name));
        here = source_path(location.directory->path(), target);
    }
    return Error{ErrorCode::invalid, "too many symbolic links lead on from '" + printable(path) + "'", path};
}

}  // namespace backout
