// What was put aside, compared with what was recorded of it when it was.

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "compensators/file_parts.h"

namespace backout {
namespace {

std::string in_words(const Difference& difference) {
    return difference.attribute + " is " + difference.found + ", was " + difference.expected;
}

constexpr std::size_t kBlock = 1U << 20;

Result<std::string> digest_of_beginning(const Entry& file, std::uint64_t size) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<InputFile> input, file.directory->open_read(file.name));
    Sha256 digest;
    for (std::uint64_t at = 0; at < size;) {
        BACKOUT_TRY_ASSIGN(const Bytes bytes, input->read(at, std::min<std::uint64_t>(kBlock, size - at)));
        if (bytes.empty()) break;
        digest.update(bytes);
        at += bytes.size();
    }
    return digest.finish_hex();
}

/// A log that its writer still had open: all that was there is there, and more behind it. That is no damage.
Result<bool> has_only_grown(const FilePart& part, const Entry& slot) {
    const bool comparable = part.before.type == EntryType::file && !part.before.content.empty() &&
                            part.present->same_inode(slot.status) && slot.status.size > part.present->size;
    if (!comparable) return false;
    BACKOUT_TRY_ASSIGN(const std::string beginning, digest_of_beginning(slot, part.present->size));
    return beginning == part.before.content;
}

}  // namespace

Result<std::vector<Difference>> kept_damage(const FilePart& part, const Entry& slot) {
    using Differences = std::vector<Difference>;
    if (part.kind != PartKind::swap || !part.present) return Differences();
    const std::string expected = "as it was put aside (" + slot.path + ")";
    if (!slot.status.present()) return Differences{{part.path, "image", expected, "gone"}};
    MatchOptions options;
    // Times can be set back, and a disk may err: the digest of a file is at hand. Of a tree the fingerprint has to do.
    options.deep = slot.status.type != EntryType::directory;
    BACKOUT_TRY_ASSIGN(const Match match, match_entry(slot, expected_before(part), options));
    if (match.same) return Differences();
    BACKOUT_TRY_ASSIGN(const bool only_grown, has_only_grown(part, slot));
    if (only_grown) return Differences();
    const Difference& first = match.differences.front();
    const std::string inside = first.path == slot.path ? "" : printable(first.path.substr(slot.path.size() + 1)) + ": ";
    return Differences{
        {part.path, "image", expected,
         "damaged, or written to since by another name or an open descriptor: " + inside + in_words(first)}};
}

Result<std::vector<Difference>> compare_directory(const FilePart& part, const Entry& path, bool left_entry) {
    const std::string parent = printable(part.path.substr(0, std::max<std::size_t>(part.path.rfind('/'), 1)));
    std::string found;
    if (!path.detour.empty()) found = "behind a link, which leads to " + printable(path.detour);
    if (path.directory && part.parent.inode && left_entry && !path.status.present()) {
        BACKOUT_TRY_ASSIGN(const FileStatus now, path.directory->own_status());
        if (now.inode != *part.parent.inode) found = "another directory, without it";
    }
    if (found.empty()) return std::vector<Difference>();
    return std::vector<Difference>{{part.path, "directory", parent + " as it was", found}};
}

}  // namespace backout
