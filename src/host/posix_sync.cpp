#include "host/posix_sync.h"

#include <fcntl.h>
#include <sys/vfs.h>

#include <map>
#include <set>
#include <tuple>

#include "base/mutation.h"
#include "host/posix_directory.h"
#include "host/posix_file_system.h"

namespace backout {
namespace {

constexpr std::size_t kManyEntries = 64;  ///< from here on one syncfs is cheaper than an fsync each
constexpr long kFuseMagic = 0x65735546;

Status sync_file_system(int fd, const std::string& path) {
    if (left_out("host.syncfs")) return {};
    if (::syncfs(fd) != 0) return system_error(errno, "sync the file system of", path);
    return {};
}

/// Whether syncfs writes out what fsync would. FUSE servers aren't told of it.
bool trusts_syncfs(int fd) {
    struct statfs numbers {};
    return ::fstatfs(fd, &numbers) == 0 && numbers.f_type != kFuseMagic;
}

/// Makes everything below one entry durable: an fsync each while there are few, else one syncfs for each file system.
class TreeSync {
  public:
    Status run(const std::shared_ptr<Directory>& parent, const std::string& name) {
        BACKOUT_TRY(visit(parent, name, 0));
        for (const auto& [device, directory] : large_) {
            BACKOUT_TRY(sync_file_system(posix(*directory).fd(), directory->path()));
        }
        return {};
    }

  private:
    static constexpr int kDeepest = 200;  ///< descriptors are held on the way down

    Status visit(const std::shared_ptr<Directory>& parent, const std::string& name, int depth) {
        BACKOUT_TRY_ASSIGN(const FileStatus status, parent->status(name));
        if (!status.present() && depth == 0) return system_error(ENOENT, "sync", join_path(parent->path(), name));
        if (large_.count(status.device) != 0 && status.type != EntryType::directory) return {};
        if (status.type != EntryType::directory) return visit_file(parent, name, status);
        BACKOUT_TRY_ASSIGN(const std::shared_ptr<Directory> directory, parent->open_directory(name));
        if (depth > kDeepest && trusts_syncfs(posix(*directory).fd())) {
            large_[status.device] = directory;  // what is mounted still deeper is not looked for
            return {};
        }
        BACKOUT_TRY_ASSIGN(const std::vector<std::string> names, directory->list());
        for (const std::string& entry : names) BACKOUT_TRY(visit(directory, entry, depth + 1));
        if (large_.count(status.device) != 0) return {};
        note(status, directory);
        return left_out("host.tree_directories") ? Status{} : directory->sync();
    }

    Status visit_file(const std::shared_ptr<Directory>& parent, const std::string& name, const FileStatus& status) {
        note(status, parent);
        const bool needs_content = status.type == EntryType::file;
        return needs_content && !left_out("host.tree_files") ? parent->sync_file(name) : Status{};
    }

    void note(const FileStatus& status, const std::shared_ptr<Directory>& directory) {
        if (++counts_[status.device] > kManyEntries && trusts_syncfs(posix(*directory).fd())) {
            large_[status.device] = directory;
        }
    }

    std::map<std::uint64_t, std::size_t> counts_;                ///< entries synced one by one, by device
    std::map<std::uint64_t, std::shared_ptr<Directory>> large_;  ///< devices that get a syncfs at the end
};

/// One barrier: decides per device between single calls and one syncfs, and does everything once.
class Barrier {
  public:
    explicit Barrier(const std::vector<SyncRequest>& requests) : requests_(requests) {}

    Status run() {
        BACKOUT_TRY(sort_out());
        if (everything_ && !left_out("host.sync_everything")) BACKOUT_TRY(posix_sync_everything());
        for (const auto& [device, directory] : whole_) {
            BACKOUT_TRY(sync_file_system(posix(*directory).fd(), directory->path()));
        }
        BACKOUT_TRY(sync_each(SyncRequest::What::tree));
        BACKOUT_TRY(sync_each(SyncRequest::What::file));
        return sync_each(SyncRequest::What::names);
    }

  private:
    using Key = std::tuple<SyncRequest::What, std::uint64_t, std::uint64_t, std::string>;  // what, device, inode, name

    struct Item {
        const SyncRequest* request = nullptr;
        std::uint64_t device = 0;
    };

    Status sort_out() {
        std::map<std::uint64_t, std::size_t> counts;
        for (const SyncRequest& request : requests_) {
            if (request.what == SyncRequest::What::everything) {
                everything_ = true;
                continue;
            }
            BACKOUT_ASSERT(request.directory != nullptr);
            BACKOUT_TRY_ASSIGN(const FileStatus own, request.directory->own_status());
            if (request.what == SyncRequest::What::filesystem) {
                whole_[own.device] = request.directory;
                continue;
            }
            const std::string name = request.what == SyncRequest::What::names ? std::string() : request.name;
            const Key key(request.what, own.device, own.inode, name);
            if (!items_.emplace(key, Item{&request, own.device}).second) continue;
            const bool many = ++counts[own.device] > kManyEntries;
            if (many && trusts_syncfs(posix(*request.directory).fd())) whole_[own.device] = request.directory;
        }
        return {};
    }

    Status sync_each(SyncRequest::What what) {
        for (const auto& [key, item] : items_) {
            if (std::get<0>(key) != what) continue;
            const SyncRequest& request = *item.request;
            // A tree, or an entry that is a mount point, may lie on another file system than its directory.
            if (what == SyncRequest::What::names && whole_.count(item.device) != 0) continue;
            if (what == SyncRequest::What::file) BACKOUT_TRY(sync_file(request, item.device));
            if (what == SyncRequest::What::tree) BACKOUT_TRY(TreeSync().run(request.directory, request.name));
            if (what == SyncRequest::What::names) BACKOUT_TRY(request.directory->sync());
        }
        return {};
    }

    Status sync_file(const SyncRequest& request, std::uint64_t device) {
        if (whole_.count(device) != 0) {
            BACKOUT_TRY_ASSIGN(const FileStatus entry, request.directory->status(request.name));
            if (entry.device == device) return {};
        }
        return request.directory->sync_file(request.name);
    }

    const std::vector<SyncRequest>& requests_;
    bool everything_ = false;
    std::map<Key, Item> items_;
    std::map<std::uint64_t, std::shared_ptr<Directory>> whole_;  ///< devices that get one syncfs
};

}  // namespace

Status posix_sync(const std::vector<SyncRequest>& requests) {
    return Barrier(requests).run();
}

Status posix_sync_everything() {
    BACKOUT_TRY_ASSIGN(const std::vector<MountEntry> mounts, read_mounts());
    std::set<std::string> done;
    bool some_hidden = false;
    for (const MountEntry& mount : mounts) {
        if (mount.read_only || is_pseudo_type(mount.type) || is_network_type(mount.type)) continue;
        if (done.count(mount.device) != 0) continue;
        const int flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
        UniqueFd fd(retry_interrupted([&] { return ::open(mount.point.c_str(), flags); }));
        // Another mount may lie on top: then the name leads to that one.
        const Result<PosixStatus> found = fd.valid() ? posix_status(fd.get(), "", mount.point) : PosixStatus{};
        if (!found.ok() || found->status.mount != mount.id) {
            some_hidden = true;
            continue;
        }
        BACKOUT_TRY(sync_file_system(fd.get(), mount.point));
        done.insert(mount.device);
    }
    // Mounts that another mount hides, or this user may not open: written out too, though their errors go unheard.
    if (some_hidden) ::sync();
    return {};
}

}  // namespace backout
