#pragma once
// Builds a file image: puts new contents into image stores, records what stands at the targets, and removes everything
// it staged unless `finish` was reached. Touches no target.
//
//     FileStager stager(context);
//     BACKOUT_TRY(stager.expect(path, step.before));            // conflict if the world is no longer what the plan saw
//     BACKOUT_TRY_ASSIGN(auto place, stager.open(path, true));  // true: makes missing parents, as one tree with it
//     … create the entry as place.name in *place.directory …
//     BACKOUT_TRY(stager.close(place));
//     return stager.finish();

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compensators/compensator.h"
#include "compensators/file_image.h"

namespace backout {

/// Where a new entry is to be built: in a store, out of everybody's sight.
struct Place {
    std::shared_ptr<Directory> directory;  ///< build it here,
    std::string name;                      ///< under this name
    std::string real_path;                 ///< the same as a path, for programs that look at it (validate)
    std::string target;  ///< real key of the path that will change: the entry, or its topmost missing parent
    std::string entry;   ///< real key of the entry itself
    std::string store = {};
    std::string slot = {};
    std::shared_ptr<Directory> store_directory = {};
};

struct CloseOptions {
    bool secret = false;                     ///< its digest must not be recorded
    std::uint32_t flags = 0;                 ///< immutable, append: set once it stands at its path
    std::optional<std::string> digest = {};  ///< SHA-256 of a file's content, when it was computed anyway
};

/// Attributes of a new entry.
struct NewAttributes {
    std::uint32_t mode = 0644;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    ExtendedAttributes xattrs = {};
};

class FileStager {
  public:
    explicit FileStager(StepContext& context);
    ~FileStager();
    FileStager(const FileStager&) = delete;
    FileStager& operator=(const FileStager&) = delete;

    /// Captures what stands at `path` and compares it with the plan's `before` (null: absence; no value: unknown).
    /// The same capture is what the part records: nothing can change in between unseen. Errors: `conflict`.
    Status expect(const std::string& path, const std::optional<Json>& before);
    /// What stands at `path` (captured once).
    Result<EntryState> present_at(const std::string& path);

    /// Its type only: cheap, and for directories the only thing to ask if their contents don't matter.
    Result<EntryType> type_at(const std::string& path);

    /// Errors: `not_found` if a parent is missing and `make_parents` is false.
    Result<Place> open(const std::string& path, bool make_parents);
    /// Adds the swap part for what was built in `place`.
    Status close(const Place& place, const CloseOptions& options = {});

    /// A swap part with an empty slot: `path` will go away, into the store.
    Status add_removal(const std::string& path);
    /// A move part within one mount, or staged copy and removal across mounts. Makes missing parents of `to` if asked.
    Status add_move(const std::string& from, const std::string& to, bool make_parents);
    /// Sets what is named in `wanted` on the entry at `path`; nothing is added if it is so already.
    Status add_attributes(const std::string& path, const AttributeSet& wanted);
    void add_note(const std::string& note);
    /// What later steps may refer to. Never a secret.
    void set_outputs(Json outputs);

    /// The image and barrier 1. Afterwards what was staged belongs to the image.
    Result<Staged> finish();

  private:
    struct Present;  ///< what stood at a path, captured as of one moment
    struct Slot {
        std::string store;
        std::string name;
        std::shared_ptr<Directory> directory;
    };
    Result<Slot> new_slot(Directory& parent);
    Result<const Present*> capture(const std::string& path);
    Result<FilePart> swap_part(const std::string& path);

    StepContext& context_;
    FileImage image_;
    std::vector<SyncRequest> sync_;
    std::vector<Slot> slots_;
    std::map<std::string, std::unique_ptr<Present>> present_;
    bool finished_ = false;
};

/// Creates a file at `place` with exactly these bytes and attributes. Nobody else can read it before it is complete.
Status write_new_file(const Place& place, std::string_view content, const NewAttributes& attributes);
/// The same with the content of `source`; returns its SHA-256. Holes are kept.
Result<std::string> copy_new_file(const Place& place, InputFile& source, const NewAttributes& attributes);

}  // namespace backout
