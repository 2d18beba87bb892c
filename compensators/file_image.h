#pragma once
// The image of every kind that changes files: a list of parts, each atomic on its own. Applying an image brings the
// world from its `before` to its `after`; `invert` gives the image that leads back. The slots of an image store hold
// whatever of the two does not stand at its path at the moment: nothing is copied, nothing is consumed.
//
// It knows paths, inodes and stores; not steps, journals or consent. It upholds invariants 2 (look just before and just
// after), 6 (twice is once; nothing is deleted before its replacement stands) and 8 (`sync_of`).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "compensators/compensator.h"
#include "compensators/entry_state.h"

namespace backout {

/// What tells cheaply that an inode is still the one that was seen, untouched. Rename and exchange change the ctime of
/// what they move, so a ctime near that of the other inode of the exchange is as good as the recorded one.
struct Fingerprint {
    EntryType type = EntryType::absent;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    std::uint64_t size = 0;
    UnixNanoseconds mtime = 0;
    UnixNanoseconds ctime = 0;
    std::string below = {};  ///< directories: SHA-256 over path, inode, size, mtime and ctime of everything below

    /// Device numbers may change at a reboot, and both names of a part are on one mount: the inode number decides.
    bool same_inode(const FileStatus& status) const { return type == status.type && inode == status.inode; }
};

/// Attributes that a part sets in place: only those that are named.
struct AttributeSet {
    std::optional<std::uint32_t> mode = {};
    std::optional<std::uint32_t> uid = {};
    std::optional<std::uint32_t> gid = {};

    bool empty() const { return !mode && !uid && !gid; }
    bool operator==(const AttributeSet& other) const = default;
};

/// The directory in which a part moves a name: its inode number and its mtime.
struct ParentTime {
    std::optional<UnixNanoseconds> before = {};  ///< when the image was made
    std::optional<UnixNanoseconds> restore =
        {};                                    ///< what to set when the part is done (inverse images); unset: nothing
    bool ours = false;                         ///< when the image was made, it was what our own rename had left
    std::optional<UnixNanoseconds> left = {};  ///< what the image that this one takes back had set
    std::optional<std::uint64_t> inode = {};   ///< when the image was made
};

enum class PartKind { swap, move, attributes };

/// One atomic part. swap: `present` stands at `path`, `staged` in the slot; applied, it is the other way round.
/// move: `present` stands at `path` and goes to `to`. attributes: set in place on what stands at `path`.
struct FilePart {
    PartKind kind = PartKind::swap;
    std::string path;                         ///< real key: no links above
    std::string to = {};                      ///< moves
    std::string store = {};                   ///< swaps, moves: path of the image store,
    std::string slot = {};                    ///< and the name in it (of a move: never taken)
    std::optional<Fingerprint> present = {};  ///< nothing: there is no entry
    std::optional<Fingerprint> staged = {};   ///< nothing: the slot is empty (deletion)
    EntryState before = {};                   ///< of `present`; moves: of the entry; attributes: its type
    EntryState after = {};                    ///< of `staged`
    std::vector<TreeEntry> before_tree = {};  ///< directories: all entries, the top ("") first
    std::vector<TreeEntry> after_tree = {};
    /// Entries whose content is a secret, by their path in the tree ("" is the entry itself): their digest isn't
    /// recorded, a fingerprint stands for it.
    std::map<std::string, Fingerprint> before_sealed = {};
    std::map<std::string, Fingerprint> after_sealed = {};
    AttributeSet attributes_before = {};
    AttributeSet attributes_after = {};
    ParentTime parent = {};
    ParentTime to_parent = {};  ///< moves: the directory of `to`
};

struct FileImage {
    std::vector<FilePart> parts = {};        ///< in the order in which they are applied
    std::vector<Difference> conflicts = {};  ///< found while inverting: what is left to others
    std::vector<std::string> notes = {};     ///< for the report: what came back otherwise than expected
    bool inverse = false;                    ///< made by `invert`: a goal that somebody else reached already is reached
    bool chained = false;                    ///< a conflict in one part ends the rest, backwards too
    Json outputs = nullptr;                  ///< for references of later steps; never secrets
};

Json file_image_to_json(const FileImage& image);
/// Errors: `journal`: an image that this program can't read.
Result<FileImage> file_image_from_json(const Json& json);

/// The five verbs of a compensator, on file images. Contracts: Compensator.
Result<Applied> apply_file_image(StepContext& context, const FileImage& image);
Result<Observation> observe_file_image(StepContext& context, const FileImage& image, bool deep);
Result<std::vector<SyncRequest>> sync_of_file_image(StepContext& context, const FileImage& image);
/// What is kept for taking the image back, and isn't as it was put aside, or isn't there. Requires: it is applied, and
/// what came after it in the same slots is taken back.
Result<std::vector<Difference>> kept_damage_of_file_image(StepContext& context, const FileImage& image);
/// The same of any kind's image as the journal has it: a file image, one that holds a file image, or neither (nothing
/// is kept).
Result<std::vector<Difference>> kept_damage_of_image(StepContext& context, const Json& image);
/// Removes both names that a part may hold in its store. Absent names and stores are success.
Status release_file_image(StepContext& context, const FileImage& image);

struct InvertedImage {
    FileImage image;
    std::vector<SyncRequest> sync = {};
};
/// Usually the same slots the other way round. A tree of ours that others wrote into comes apart: one part per entry of
/// ours that is unchanged, deepest first; what is foreign stays, with the directories that hold it, as conflicts.
Result<InvertedImage> invert_file_image(StepContext& context, const FileImage& image);

}  // namespace backout
