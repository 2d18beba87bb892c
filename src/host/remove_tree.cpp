// remove_tree: by open directories only, with a bounded number of them, over any Host.

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "host/host.h"

namespace backout {
namespace {

constexpr std::size_t kOpenDirectories = 32;

/// Goes down a tree and removes on the way up. Only the last few directories of the way are held open; those above are
/// opened again, by their names, when it is their turn.
class TreeRemover {
  public:
    TreeRemover(Directory& base, std::string name) : base_(base), top_(std::move(name)) {}

    Status run() {
        BACKOUT_TRY_ASSIGN(const FileStatus status, base_.status(top_));
        if (!status.present()) return {};
        mount_ = status.mount;
        if (status.type != EntryType::directory) return remove_entry(base_, top_, false);
        BACKOUT_TRY(descend(base_, top_));
        while (!levels_.empty()) BACKOUT_TRY(advance());
        return {};
    }

  private:
    struct Level {
        std::string name;                      ///< in the level above
        std::shared_ptr<Directory> directory;  ///< null: closed, to be opened again
        std::vector<std::string> pending;      ///< entries still to remove, last first
    };

    /// Removes the next entry of the deepest directory, or goes into it; an empty directory is left and removed.
    Status advance() {
        BACKOUT_TRY(reopen());
        Level& level = levels_.back();
        if (level.pending.empty()) return ascend();
        const std::string name = level.pending.back();
        level.pending.pop_back();
        const std::shared_ptr<Directory> directory = level.directory;
        BACKOUT_TRY_ASSIGN(const FileStatus status, directory->status(name));
        if (!status.present()) return {};
        if (status.type != EntryType::directory) return remove_entry(*directory, name, false);
        if (status.mount == mount_) return descend(*directory, name);
        const std::string path = directory->path() + "/" + name;
        return Error{ErrorCode::cross_device,
                     printable(path) + " is a mount point: what is mounted there is not removed; unmount it first",
                     path};
    }

    Status descend(Directory& parent, const std::string& name) {
        BACKOUT_TRY_ASSIGN(auto opened, open_readable(parent, name));
        std::reverse(opened.second.begin(), opened.second.end());
        if (levels_.size() >= kOpenDirectories) levels_[levels_.size() - kOpenDirectories].directory.reset();
        levels_.push_back(Level{name, std::move(opened.first), std::move(opened.second)});
        return {};
    }

    using Opened = std::pair<std::shared_ptr<Directory>, std::vector<std::string>>;

    static Result<Opened> open_and_list(Directory& parent, const std::string& name) {
        BACKOUT_TRY_ASSIGN(auto directory, parent.open_directory(name));
        BACKOUT_TRY_ASSIGN(auto names, directory->list());
        return Opened(std::move(directory), std::move(names));
    }

    /// A directory that its owner may not read or change is opened up first, as rm doesn't.
    static Result<Opened> open_readable(Directory& parent, const std::string& name) {
        BACKOUT_TRY_ASSIGN(const FileStatus status, parent.status(name));
        if ((status.mode & 0700U) != 0700U) {
            AttributeChange change;
            change.mode = status.mode | 0700U;
            // If it isn't ours to open up, the listing below says what is wrong.
            (void)parent.set_attributes(name, change);
        }
        return open_and_list(parent, name);
    }

    Status ascend() {
        const std::string name = levels_.back().name;
        levels_.pop_back();
        if (levels_.empty()) return remove_entry(base_, name, true);
        BACKOUT_TRY(reopen());
        return remove_entry(*levels_.back().directory, name, true);
    }

    /// Opens the deepest directory again, and those above it that will be wanted next.
    Status reopen() {
        if (levels_.back().directory != nullptr) return {};
        const std::size_t kept_from = levels_.size() > kOpenDirectories ? levels_.size() - kOpenDirectories : 0;
        std::shared_ptr<Directory> directory;
        for (std::size_t depth = 0; depth < levels_.size(); ++depth) {
            Directory& parent = depth == 0 ? base_ : *directory;
            BACKOUT_TRY_ASSIGN(directory, parent.open_directory(levels_[depth].name));
            if (depth >= kept_from) levels_[depth].directory = directory;
        }
        return {};
    }

    static Status remove_entry(Directory& directory, const std::string& name, bool is_directory) {
        Status done = is_directory ? directory.remove_directory(name) : directory.remove_file(name);
        if (done.ok() || done.error().code == ErrorCode::not_found) return {};
        if (done.error().code != ErrorCode::not_permitted) return done;
        Error error = std::move(done).error();
        const std::uint32_t flags = directory.flags(name).value_or(0);
        if ((flags & kFlagImmutable) != 0) error.message += " (it is immutable: chattr -i)";
        if ((flags & kFlagAppend) != 0) error.message += " (it is append-only: chattr -a)";
        return error;
    }

    Directory& base_;
    std::string top_;
    std::uint64_t mount_ = 0;
    std::vector<Level> levels_;
};

}  // namespace

Status remove_tree(Directory& directory, const std::string& name) {
    return TreeRemover(directory, name).run();
}

}  // namespace backout
