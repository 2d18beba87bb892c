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

Result<std::string> digest_of_beginning(Directory& directory, const std::string& name, std::uint64_t size) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<InputFile> input, directory.open_read(name));
    Sha256 digest;
    for (std::uint64_t at = 0; at < size;) {
        BACKOUT_TRY_ASSIGN(const Bytes bytes, input->read(at, std::min<std::uint64_t>(kBlock, size - at)));
        if (bytes.empty()) break;
        digest.update(bytes);
        at += bytes.size();
    }
    return digest.finish_hex();
}

/// What was recorded of the entry at `below` in the part's former tree; null if nothing was.
const EntryState* recorded_state(const FilePart& part, const std::string& below) {
    if (below.empty()) return &part.before;
    const auto found = std::find_if(part.before_tree.begin(), part.before_tree.end(),
                                    [&below](const TreeEntry& entry) { return entry.path == below; });
    return found == part.before_tree.end() ? nullptr : &found->state;
}

/// A log that its writer still had open: all that was there is there, and more behind it.
Result<bool> has_grown(const EntryState& then, std::shared_ptr<Directory> directory, std::string path) {
    if (then.type != EntryType::file || then.content.empty()) return false;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/')) {
        BACKOUT_TRY_ASSIGN(directory, directory->open_directory(path.substr(0, slash)));
        path.erase(0, slash + 1);
    }
    BACKOUT_TRY_ASSIGN(const FileStatus now, directory->status(path));
    if (now.type != EntryType::file || now.size <= then.size) return false;
    BACKOUT_TRY_ASSIGN(const std::string beginning, digest_of_beginning(*directory, path, then.size));
    return beginning == then.content;
}

/// That is no damage.
Result<bool> have_only_grown(const FilePart& part, const Entry& slot, const std::vector<Difference>& differences) {
    if (!part.present->same_inode(slot.status)) return false;
    for (const Difference& one : differences) {
        if (one.attribute != "content") return false;
        const std::string below = one.path == slot.path ? "" : one.path.substr(slot.path.size() + 1);
        const EntryState* then = recorded_state(part, below);
        if (then == nullptr) return false;
        BACKOUT_TRY_ASSIGN(const bool grown,
                           has_grown(*then, slot.directory, below.empty() ? slot.name : slot.name + "/" + below));
        if (!grown) return false;
    }
    return true;
}

}  // namespace

Result<std::vector<Difference>> kept_damage(const FilePart& part, const Entry& slot) {
    using Differences = std::vector<Difference>;
    if (part.kind != PartKind::swap || !part.present) return Differences();
    const std::string expected = "kept as " + slot.path;
    if (!slot.status.present()) return Differences{{part.path, "image", expected, "gone"}};
    MatchOptions options;
    // Times can be set back, and a disk may err: the digest of a file is at hand. Of a tree the fingerprint has to do.
    options.deep = slot.status.type != EntryType::directory;
    BACKOUT_TRY_ASSIGN(const Match match, match_entry(slot, expected_before(part), options));
    if (match.same) return Differences();
    BACKOUT_TRY_ASSIGN(const bool only_grown, have_only_grown(part, slot, match.differences));
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
