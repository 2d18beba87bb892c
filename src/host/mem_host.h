#pragma once
// A host in memory, for tests that need the world to fail: every change passes a hook that may refuse it or stop the
// program there, and a power cut loses any part of what was not synced (mem_state.h has the model).
//
// Everything a Directory promises holds here: hard links, symlinks with the rule of trust, mounts, immutable flags,
// extended attributes. Not modelled: permission bits (all may do what root may), holes, ACL arithmetic.
//
// **Threads:** one operation at a time, by a lock; programs, handlers and hooks run in the caller's thread.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/host.h"
#include "host/mem_state.h"

namespace backout {

/// Thrown by a hook: the program ends here, as by SIGKILL. What it did so far stays (volatile, too).
struct SimulatedCrash {};

/// How one mounted file system of a MemHost behaves.
struct MemFileSystem {
    FileSystemInfo info = {};
    InodeId root = 0;
    bool offers_exchange = true;  ///< false: RENAME_EXCHANGE is `unsupported`
};

/// One entry of MemHost::snapshot().
struct MemSnapshotEntry {
    FileStatus status = {};
    Bytes content = {};  ///< of a file; target of a symlink
    std::uint32_t flags = 0;
    ExtendedAttributes xattrs = {};

    /// "file 0644 1000:1000 mtime=5 link_count=1 'content'": all that a rollback has to bring back, but the times of
    /// directories; inodes and ctime are left out.
    std::string text() const;
};

class MemHost final : public Host {
  public:
    /// Called before each change and each sync with its name and its path: "create", "write", "set_size", "reserve",
    /// "close", "make_directory", "make_symlink", "make_link", "make_special", "exchange", "move", "replace",
    /// "remove_file", "remove_directory", "set_attributes", "sync", "sync_file", "sync_tree", "sync_filesystem",
    /// "sync_everything", "run", "http", "connect". An error makes the operation fail without effect. May throw
    /// SimulatedCrash.
    using Hook = std::function<Status(const std::string& what, const std::string& path)>;
    using Program = std::function<ProcessOutcome(MemHost& host, const ProcessSpec& spec)>;
    using HttpHandler = std::function<Result<HttpResponse>(const HttpRequest& request)>;

    /// An empty root on a journaling file system, everything durable. Times come from `clock` (kept, not owned), or
    /// from a counter that goes up by one second at each change.
    explicit MemHost(Clock* clock = nullptr);
    ~MemHost() override;
    MemHost(const MemHost&) = delete;
    MemHost& operator=(const MemHost&) = delete;

    /// The same world, volatile and durable side, with the same programs and handlers and without the hook.
    std::unique_ptr<MemHost> clone() const;

    Hook before_operation = {};
    /// From here on times come from `clock` (kept, not owned; null: the counter).
    void set_clock(Clock* clock) { clock_ = clock; }

    // Setting a scene and looking at it: no hook, parents are made, what is there is replaced; not durable until
    // settle().
    void put_file(const std::string& path, const Bytes& content, std::uint32_t mode = 0644);
    /// The same inode with new content, as a program does that writes in place. Requires: it is a file.
    void overwrite_file(const std::string& path, const Bytes& content);
    void put_directory(const std::string& path, std::uint32_t mode = 0755);
    void put_symlink(const std::string& path, const std::string& target, std::uint32_t owner = 0);
    void remove(const std::string& path);                         ///< with all below; absent is fine
    std::optional<Bytes> content(const std::string& path) const;  ///< of a file; nothing if it is none
    /// Every entry by path, without the root folder.
    std::map<std::string, MemSnapshotEntry> snapshot() const;
    /// snapshot() as text, one entry a line: for comparing, and for messages.
    std::string describe() const;
    /// Makes everything durable.
    void settle();

    /// Mounts a new file system on a directory (made if absent). Requires: nothing is mounted there.
    MemFileSystem& mount(const std::string& path, const std::string& type);
    MemFileSystem& root_file_system() { return file_systems_.front(); }

    /// The power goes: see mem_state.h. Open handles are dead afterwards (`io`).
    void power_cut(const PowerCutChooser& choose);
    std::size_t pending_operations() const;
    /// MemState::identity(): for remembering worlds that were seen.
    std::uint64_t identity() const;

    /// A program by its path or, if the path isn't known, by the last component of argv[0].
    void add_program(const std::string& name, Program program) { programs_[name] = std::move(program); }
    void set_http(HttpHandler handler) { http_ = std::move(handler); }
    void add_listener(const std::string& host, int port) { listeners_.insert({host, port}); }
    void add_user(const std::string& name, std::uint32_t id) { users_[name] = id; }
    void add_group(const std::string& name, std::uint32_t id) { groups_[name] = id; }
    void set_user_id(std::uint32_t id) { user_id_ = id; }
    /// argv of every run, in order.
    const std::vector<std::vector<std::string>>& runs() const { return runs_; }

    Result<Location> locate(const std::string& path) override;
    Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override;
    Result<FileSystemInfo> file_system(Directory& directory) override;
    Status sync(const std::vector<SyncRequest>& requests) override;
    Status sync_everything() override;
    Result<ProcessOutcome> run(const ProcessSpec& spec) override;
    Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) override;
    Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) override;
    std::uint32_t user_id() const override { return user_id_; }
    Result<std::uint32_t> user_by_name(const std::string& name) override;
    Result<std::uint32_t> group_by_name(const std::string& name) override;
    std::string user_name(std::uint32_t uid) override;
    std::string group_name(std::uint32_t gid) override;
    std::string host_name() override { return "memory"; }
    const std::string& root() const override { return root_; }

  private:
    friend class MemDirectory;
    friend class MemInputFile;
    friend class MemOutputFile;

    struct Found {
        InodeId directory = 0;
        std::string path;
    };

    Status announce(const std::string& what, const std::string& path) const;
    UnixNanoseconds tick();
    InodeId cross_mount(InodeId id) const;
    bool is_mount_point(InodeId id) const { return mounts_.count(id) != 0; }
    Result<Found> walk(std::vector<std::string> components) const;
    Found make_parents(const std::string& path, std::string& name);
    void put(const std::string& path, EntryType type, MemAttributes attributes, const Bytes& content);
    void remove_entry(InodeId directory, const std::string& name);
    InodeId find(const std::string& path) const;
    MemAttributes fresh_attributes(std::uint32_t mode);
    std::set<InodeId> roots() const;
    FileStatus status_of(InodeId id) const;
    void collect(InodeId directory, const std::string& path, std::map<std::string, MemSnapshotEntry>& into) const;
    Status sync_one(const SyncRequest& request);
    Status sync_tree(const std::shared_ptr<Directory>& parent, const std::string& name);
    Result<std::uint32_t> id_of(const std::map<std::string, std::uint32_t>& names, const std::string& name) const;

    mutable std::recursive_mutex mutex_;
    Clock* clock_;
    UnixNanoseconds counter_ = 1'700'000'000 * kSecond;
    std::uint64_t generation_ = 0;  ///< power cuts so far
    MemState state_;
    std::deque<MemFileSystem> file_systems_;
    std::map<InodeId, std::size_t> mounts_;  ///< mount point -> file system
    std::string root_ = "/";
    std::uint32_t user_id_ = 0;
    std::map<std::string, std::uint32_t> users_ = {{"root", 0}};
    std::map<std::string, std::uint32_t> groups_ = {{"root", 0}};
    std::map<std::string, Program> programs_;
    HttpHandler http_;
    std::set<std::pair<std::string, int>> listeners_;
    std::vector<std::vector<std::string>> runs_;
};

/// The same choices for the same seed.
PowerCutChooser random_power_cut(std::uint64_t seed);

/// Goes through all outcomes of a power cut: `do { clone->power_cut(all.chooser()); … } while (all.next());`
class PowerCutEnumerator {
  public:
    PowerCutChooser chooser();
    /// False when all were seen. Requires: the world that is cut is the same each time.
    bool next();
    std::size_t count() const { return count_; }  ///< outcomes seen so far, this one too

  private:
    struct Digit {
        std::size_t value = 0;
        std::size_t options = 0;
    };
    std::vector<Digit> digits_;
    std::size_t position_ = 0;
    std::size_t count_ = 1;
};

}  // namespace backout
