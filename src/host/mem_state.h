#pragma once
// The world of a MemHost as a value: inodes with a volatile and a durable side, and the name operations in between.
//
// The model, harsher than any one file system and no harsher than what they promise together:
// - Content of a file survives a power cut once sync_file (or a larger sync) returned after the last write. Else it is
//   what was last synced (nothing, for a new file), or all of the new content, or the first half of it.
// - Attributes of an inode survive likewise: the old set or the new one. Those of links and specials, which can't be
//   opened, come with a sync of the directory that they stand in.
// - A name operation (create, link, rename, exchange, remove) survives whole or not at all. It is certain once all
//   directories that it touches were synced. Before that any subset of operations may survive; but one that survives
//   takes with it the earlier ones on the same names or inodes, for a journal keeps the order of what it overwrites.
// - Data is never implied by names: a durable name of a file that was never synced leads to an empty file.
// - The time of a directory is taken as it was last seen: nothing of ours depends on it.
//
// Not here: hooks, handles, paths, policy. **Threads:** none; MemHost locks.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/file_types.h"

namespace backout {

using InodeId = std::uint64_t;  ///< 0: none

/// Picks one of `options` (at least 2) outcomes of a power cut: 0 is "lost", 1 "survived", 2 "half of it".
using PowerCutChooser = std::function<std::size_t(const std::string& what, std::size_t options)>;

struct MemAttributes {
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t flags = 0;
    UnixNanoseconds mtime = 0;
    ExtendedAttributes xattrs = {};

    bool operator==(const MemAttributes& other) const;
};

using MemContent = std::shared_ptr<const Bytes>;  ///< shared between clones; null: empty

struct MemNode {
    EntryType type = EntryType::file;
    std::size_t file_system = 0;
    std::string link_target = {};
    std::uint64_t special_device = 0;
    std::uint64_t link_count = 0;
    UnixNanoseconds ctime = 0;
    MemAttributes attributes = {};
    MemAttributes durable_attributes = {};
    MemContent content = nullptr;
    MemContent durable_content = nullptr;
    std::map<std::string, InodeId> entries = {};  ///< of a directory
    std::map<std::string, InodeId> durable_entries = {};
    mutable std::uint64_t known_identity = 0;  ///< 0: not reckoned since the last change
};

/// Entry `name` of `directory` becomes `after` (0: goes away).
struct NameChange {
    InodeId directory = 0;
    std::string name;
    InodeId before = 0;
    InodeId after = 0;
};

class MemState {
  public:
    /// Makes an inode with equal volatile and durable attributes. It has no name yet.
    InodeId add(EntryType type, std::size_t file_system, const MemAttributes& attributes);
    MemNode& node(InodeId id);
    const MemNode& node(InodeId id) const;
    bool contains(InodeId id) const { return nodes_.count(id) != 0; }
    // Copies of a state share their nodes until one of them asks for one to change: references must not be kept while
    // somebody may copy the state.

    /// Changes names now, as one operation: all of it survives a power cut, or nothing.
    void change_names(std::vector<NameChange> changes);

    // What a sync does.
    void sync_content(InodeId id);       ///< content and attributes of an inode
    void sync_names(InodeId directory);  ///< and attributes of the directory, and links and specials in it
    void sync_file_system(std::size_t file_system);
    void sync_all();

    /// Volatile becomes durable plus whatever `choose` lets survive; inodes without a name are gone. `roots` keep.
    void power_cut(const PowerCutChooser& choose, const std::set<InodeId>& roots);

    /// Equal worlds, volatile and durable, have equal identities; of different ones it is as good as sure that they
    /// differ (64 bits). Left out: the number that the next inode will get.
    std::uint64_t identity() const;

    /// Name operations that a power cut may still lose.
    std::size_t pending_operations() const { return pending_.size(); }

  private:
    struct Operation {
        std::vector<NameChange> changes;
        std::set<InodeId> unsynced;  ///< directories that are still to be synced before it is certain
        bool moves_directory = false;

        bool depends_on(const Operation& earlier) const;
        std::string text() const;
    };

    void settle();
    void apply_durably(const std::vector<bool>& survives);
    void keep_dependencies(std::vector<bool>& survives) const;
    void forget_volatile_names(const std::set<InodeId>& roots);
    void choose_inode(InodeId id, const PowerCutChooser& choose);
    std::set<InodeId> reachable(const std::set<InodeId>& roots) const;

    std::map<InodeId, std::shared_ptr<MemNode>> nodes_;
    std::vector<Operation> pending_;
    InodeId next_ = 1;
};

}  // namespace backout
