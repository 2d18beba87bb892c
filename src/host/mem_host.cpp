#include "host/mem_host.h"

#include <algorithm>
#include <deque>

#include "base/text.h"
#include "host/mem_directory.h"
#include "host/paths.h"
#include "host/posix_users.h"

namespace backout {

MemHost::MemHost(Clock* clock) : clock_(clock) {
    MemFileSystem root;
    root.info = FileSystemInfo{"ext4", "/", 1, 1ULL << 40, false, false, true};
    root.root = state_.add(EntryType::directory, 0, fresh_attributes(0755));
    file_systems_.push_back(std::move(root));
    state_.node(file_systems_[0].root).link_count = 1;
}

MemHost::~MemHost() = default;

std::unique_ptr<MemHost> MemHost::clone() const {
    const std::lock_guard lock(mutex_);
    auto copy = std::make_unique<MemHost>();  // its root is replaced: the clock isn't looked at for it
    copy->clock_ = clock_;
    copy->counter_ = counter_;
    copy->state_ = state_;
    copy->file_systems_ = file_systems_;
    copy->mounts_ = mounts_;
    copy->user_id_ = user_id_;
    copy->users_ = users_;
    copy->groups_ = groups_;
    copy->programs_ = programs_;
    copy->http_ = http_;
    copy->listeners_ = listeners_;
    copy->runs_ = runs_;
    return copy;
}

Status MemHost::announce(const std::string& what, const std::string& path) const {
    return before_operation ? before_operation(what, path) : Status{};
}

UnixNanoseconds MemHost::tick() {
    return clock_ != nullptr ? clock_->now() : counter_ += kSecond;
}

MemAttributes MemHost::fresh_attributes(std::uint32_t mode) {
    MemAttributes attributes;
    attributes.mode = mode;
    attributes.uid = user_id_;
    attributes.gid = user_id_;
    attributes.mtime = tick();
    return attributes;
}

InodeId MemHost::cross_mount(InodeId id) const {
    const auto mounted = mounts_.find(id);
    return mounted == mounts_.end() ? id : file_systems_[mounted->second].root;
}

std::set<InodeId> MemHost::roots() const {
    std::set<InodeId> result;
    for (const MemFileSystem& file_system : file_systems_) result.insert(file_system.root);
    return result;
}

FileStatus MemHost::status_of(InodeId id) const {
    const MemNode& node = state_.node(id);
    FileStatus status;
    status.type = node.type;
    status.mode = node.attributes.mode;
    status.uid = node.attributes.uid;
    status.gid = node.attributes.gid;
    status.size = node.content == nullptr ? node.link_target.size() : node.content->size();
    status.mtime = node.attributes.mtime;
    status.ctime = node.ctime;
    status.device = node.file_system + 1;
    status.inode = id;
    status.link_count = node.link_count;
    status.special_device = node.special_device;
    status.mount = file_systems_[node.file_system].info.mount;
    return status;
}

namespace {

/// A name still to be entered; an empty one: the end of a link, where its owner is judged.
struct PendingName {
    std::string name;
    std::uint32_t link_owner = 0;
    std::string link = {};
};

}  // namespace

Result<MemHost::Found> MemHost::walk(std::vector<std::string> components) const {
    std::deque<PendingName> pending;
    for (std::string& name : components) pending.push_back({std::move(name)});
    std::vector<std::string> names;
    std::vector<InodeId> way{file_systems_[0].root};
    int links = 0;
    while (!pending.empty()) {
        const PendingName next = pending.front();
        const std::string& name = next.name;
        pending.pop_front();
        if (name.empty()) {
            const bool trusted = state_.node(way.back()).attributes.uid == next.link_owner;
            if (!trusted) return untrusted_link(next.link, next.link_owner, "/" + join(names, "/"));
            continue;
        }
        if (name == "..") {  // only out of links; at the top it stays
            if (!names.empty()) names.pop_back(), way.pop_back();
            continue;
        }
        const std::string path = join_path("/" + join(names, "/"), name);
        const MemNode& parent = state_.node(way.back());
        const auto entry = parent.entries.find(name);
        if (entry == parent.entries.end()) return system_error(ENOENT, "open", path);
        const InodeId id = cross_mount(entry->second);
        const MemNode& node = state_.node(id);
        if (node.type == EntryType::symlink) {
            if (++links > kMaximumLinks) return too_many_links(path);
            const std::uint32_t owner = node.attributes.uid;
            if (owner != 0 && owner != user_id_) pending.push_front({"", owner, path});
            const auto target = split_link_target(node.link_target);
            if (node.link_target.front() == '/') names.clear(), way.resize(1);
            for (auto part = target.rbegin(); part != target.rend(); ++part) pending.push_front({*part});
            continue;
        }
        if (node.type != EntryType::directory) {
            return Error{ErrorCode::wrong_type, path + " is not a directory but a " + to_string(node.type), path};
        }
        names.push_back(name);
        way.push_back(id);
    }
    return Found{way.back(), "/" + join(names, "/")};
}

Result<Location> MemHost::locate(const std::string& path) {
    const std::lock_guard lock(mutex_);
    BACKOUT_TRY_ASSIGN(std::vector<std::string> components, split_path(path));
    if (components.empty()) return root_is_no_target();
    std::string name = std::move(components.back());
    components.pop_back();
    BACKOUT_TRY_ASSIGN(Found found, walk(std::move(components)));
    return Location{std::make_shared<MemDirectory>(*this, found.directory, std::move(found.path)), std::move(name)};
}

Result<std::shared_ptr<Directory>> MemHost::open_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    BACKOUT_TRY_ASSIGN(std::vector<std::string> components, split_path(path));
    BACKOUT_TRY_ASSIGN(Found found, walk(std::move(components)));
    return std::shared_ptr<Directory>(std::make_shared<MemDirectory>(*this, found.directory, std::move(found.path)));
}

Result<FileSystemInfo> MemHost::file_system(Directory& directory) {
    BACKOUT_TRY_ASSIGN(const FileStatus status, directory.own_status());
    const std::lock_guard lock(mutex_);
    return file_systems_[state_.node(status.inode).file_system].info;
}

Status MemHost::sync_tree(const std::shared_ptr<Directory>& parent, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const FileStatus status, parent->status(name));
    if (!status.present()) return system_error(ENOENT, "sync", join_path(parent->path(), name));
    if (status.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(const auto directory, parent->open_directory(name));
        BACKOUT_TRY_ASSIGN(const auto names, directory->list());
        for (const std::string& entry : names) BACKOUT_TRY(sync_tree(directory, entry));
    }
    return parent->sync_file(name);
}

Status MemHost::sync_one(const SyncRequest& request) {
    if (request.what == SyncRequest::What::everything) return sync_everything();
    BACKOUT_ASSERT(request.directory != nullptr);
    Directory& directory = *request.directory;
    switch (request.what) {
        case SyncRequest::What::names: return directory.sync();
        case SyncRequest::What::file: return directory.sync_file(request.name);
        case SyncRequest::What::tree:
            BACKOUT_TRY(announce("sync_tree", join_path(directory.path(), request.name)));
            return sync_tree(request.directory, request.name);
        default: break;
    }
    BACKOUT_TRY_ASSIGN(const FileStatus status, directory.own_status());
    BACKOUT_TRY(announce("sync_filesystem", directory.path()));
    state_.sync_file_system(state_.node(status.inode).file_system);
    return {};
}

Status MemHost::sync(const std::vector<SyncRequest>& requests) {
    const std::lock_guard lock(mutex_);
    std::set<std::tuple<int, std::string, std::string>> done;
    for (const bool names : {false, true}) {  // content first, as PosixHost does
        for (const SyncRequest& request : requests) {
            if ((request.what == SyncRequest::What::names) != names) continue;
            const std::string path = request.directory == nullptr ? std::string() : request.directory->path();
            const std::string name = names ? std::string() : request.name;
            if (!done.emplace(static_cast<int>(request.what), path, name).second) continue;
            BACKOUT_TRY(sync_one(request));
        }
    }
    return {};
}

Status MemHost::sync_everything() {
    const std::lock_guard lock(mutex_);
    BACKOUT_TRY(announce("sync_everything", "/"));
    state_.sync_all();
    return {};
}

Result<ProcessOutcome> MemHost::run(const ProcessSpec& spec) {
    if (spec.argv.empty()) return Error{ErrorCode::invalid, "no program is named"};
    const std::string& name = spec.argv.front();
    BACKOUT_TRY(announce("run", name));
    runs_.push_back(spec.argv);
    auto program = programs_.find(name);
    if (program == programs_.end()) program = programs_.find(name.substr(name.find_last_of('/') + 1));
    if (program == programs_.end()) {
        ProcessOutcome outcome;
        outcome.start_error = "no such program: " + name;
        return outcome;
    }
    if (spec.on_start) spec.on_start(static_cast<int>(1000 + runs_.size()), runs_.size());
    ProcessOutcome outcome = program->second(*this, spec);
    return outcome;
}

Result<HttpResponse> MemHost::http(const HttpRequest& request, const StopToken*) {
    BACKOUT_TRY(announce("http", request.url));
    if (!http_) return Error{ErrorCode::io, "nobody answers at " + request.url, request.url};
    return http_(request);
}

Status MemHost::connect_tcp(const std::string& host, int port, Nanoseconds) {
    const std::string address = host + ":" + std::to_string(port);
    BACKOUT_TRY(announce("connect", address));
    if (listeners_.count({host, port}) != 0) return {};
    return Error{ErrorCode::io, "nobody listens at " + address, address};
}

Result<std::uint32_t> MemHost::id_of(const std::map<std::string, std::uint32_t>& names, const std::string& name) const {
    std::uint32_t id = 0;
    if (is_id(name, id)) return id;
    const auto found = names.find(name);
    if (found != names.end()) return found->second;
    return Error{ErrorCode::not_found, "there is no user or group '" + printable(name) + "'", name};
}

Result<std::uint32_t> MemHost::user_by_name(const std::string& name) {
    return id_of(users_, name);
}
Result<std::uint32_t> MemHost::group_by_name(const std::string& name) {
    return id_of(groups_, name);
}

std::string MemHost::user_name(std::uint32_t uid) {
    for (const auto& [name, id] : users_) {
        if (id == uid) return name;
    }
    return std::to_string(uid);
}

std::string MemHost::group_name(std::uint32_t gid) {
    for (const auto& [name, id] : groups_) {
        if (id == gid) return name;
    }
    return std::to_string(gid);
}

}  // namespace backout
