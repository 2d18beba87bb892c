#pragma once
// Builds a tree in a place that nobody sees yet, entry by entry, each with its attributes. Folders get theirs at the
// end, deepest first: until then they are the runner's (0700), so that modes of the source don't hinder the building
// and times stay as they are set. What was built so far stays if a call fails: the stager removes it.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compensators/staging.h"

namespace backout {

class TreeBuilder {
  public:
    /// Requires: nothing stands at `place`; it outlives the builder.
    explicit TreeBuilder(const Place& place) : place_(place) {}

    /// Paths are below the top; "" is the top itself. Parents come before what stands in them.
    /// A folder that was added before gets these attributes instead.
    Status add_directory(const std::string& path, const NewAttributes& attributes,
                         std::optional<UnixNanoseconds> mtime);
    Status add_symlink(const std::string& path, const std::string& target, const NewAttributes& attributes,
                       std::optional<UnixNanoseconds> mtime);
    Status add_fifo(const std::string& path, const NewAttributes& attributes, std::optional<UnixNanoseconds> mtime);
    Status add_hard_link(const std::string& path, const std::string& existing);
    /// Where a file of this path is to be created (write_new_file, copy_new_file).
    Result<Place> place_of(const std::string& path);
    Status set_time(const std::string& path, UnixNanoseconds mtime);
    /// Attributes of another entry that was created at place_of(path).
    Status set_attributes(const std::string& path, const NewAttributes& attributes,
                          std::optional<UnixNanoseconds> mtime);

    /// Gives the folders their attributes. Requires: nothing is added afterwards.
    Status finish();

  private:
    struct Level {
        std::string path;
        std::shared_ptr<Directory> directory;
    };
    struct Pending {
        std::string path;
        AttributeChange change;
    };

    const Place& place_;
    std::vector<Level> open_ = {};  ///< the folders on the way to the last entry
    std::vector<Pending> directories_ = {};
    std::map<std::string, std::size_t> known_ = {};  ///< folders, as indexes of directories_
};

/// Owner, mode and extended attributes as one change; links have no mode.
AttributeChange change_of(const NewAttributes& attributes, bool is_link, std::optional<UnixNanoseconds> mtime);

}  // namespace backout
