#include "host/mem_directory.h"

#include <cerrno>

#include "host/mem_file.h"
#include "host/paths.h"

namespace backout {
namespace {

constexpr std::uint32_t kFixed = kFlagImmutable | kFlagAppend;

MemDirectory& mem(Directory& directory) {
    auto* result = dynamic_cast<MemDirectory*>(&directory);
    BACKOUT_ASSERT(result != nullptr);
    return *result;
}

Error wrong_type(const std::string& path, EntryType found, const std::string& wanted) {
    return Error{ErrorCode::wrong_type, path + " is not a " + wanted + " but a " + to_string(found), path};
}

}  // namespace

std::string MemDirectory::path_of(const std::string& name) const {
    return join_path(path_, name);
}

Error MemDirectory::failure(int error_number, const std::string& call, const std::string& name) const {
    return system_error(error_number, call, path_of(name));
}

Status MemDirectory::alive() const {
    if (generation_ != host_.generation_) return system_error(EIO, "use a handle from before the power cut of", path_);
    return {};
}

Result<InodeId> MemDirectory::find(const std::string& name) {
    BACKOUT_TRY(alive());
    BACKOUT_TRY(check_name(name, path_));
    const auto found = self().entries.find(name);
    return found == self().entries.end() ? InodeId{0} : found->second;
}

Result<InodeId> MemDirectory::find_present(const std::string& name) {
    BACKOUT_TRY_ASSIGN(const InodeId id, find(name));
    if (id == 0) return failure(ENOENT, "find", name);
    return id;
}

Result<FileStatus> MemDirectory::own_status() {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(alive());
    return host_.status_of(id_);
}

Result<FileStatus> MemDirectory::status(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find(name));
    return id == 0 ? FileStatus{} : host_.status_of(host_.cross_mount(id));
}

Result<std::string> MemDirectory::read_link(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    const MemNode& node = host_.state_.node(id);
    if (node.type != EntryType::symlink) return wrong_type(path_of(name), node.type, "symlink");
    return node.link_target;
}

Result<ExtendedAttributes> MemDirectory::xattrs(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    return host_.state_.node(host_.cross_mount(id)).attributes.xattrs;
}

Result<std::uint32_t> MemDirectory::flags(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    return host_.state_.node(host_.cross_mount(id)).attributes.flags;
}

Result<std::vector<std::string>> MemDirectory::list() {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(alive());
    std::vector<std::string> names;
    for (const auto& [name, id] : self().entries) names.push_back(name);
    return names;
}

Result<std::unique_ptr<InputFile>> MemDirectory::open_read(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    const EntryType type = host_.state_.node(id).type;
    if (type != EntryType::file) return wrong_type(path_of(name), type, "file");
    return std::unique_ptr<InputFile>(std::make_unique<MemInputFile>(host_, id, path_of(name)));
}

Result<std::shared_ptr<Directory>> MemDirectory::open_directory(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(InodeId id, find_present(name));
    id = host_.cross_mount(id);
    const EntryType type = host_.state_.node(id).type;
    if (type != EntryType::directory) return wrong_type(path_of(name), type, "directory");
    return std::shared_ptr<Directory>(std::make_shared<MemDirectory>(host_, id, path_of(name)));
}

void MemDirectory::touch(InodeId directory) {
    MemNode& node = host_.state_.node(directory);
    node.attributes.mtime = node.ctime = host_.tick();
}

Status MemDirectory::check_writable(const std::string& name) {
    const MemNode& node = self();
    if (host_.file_systems_[node.file_system].info.read_only) return failure(EROFS, "change", name);
    if ((node.attributes.flags & kFlagImmutable) != 0) return failure(EPERM, "change", name);
    return {};
}

Status MemDirectory::prepare_add(const std::string& what, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const InodeId present, find(name));
    BACKOUT_TRY(host_.announce(what, path_of(name)));
    if (present != 0) return failure(EEXIST, what, name);
    if (self().link_count == 0) return failure(ENOENT, what, name);  // the directory itself was removed
    return check_writable(name);
}

Result<InodeId> MemDirectory::add(const std::string& name, EntryType type, std::uint32_t mode) {
    MemAttributes attributes = host_.fresh_attributes(mode & 07777U);
    if ((self().attributes.mode & 02000U) != 0) attributes.gid = self().attributes.gid;
    const InodeId id = host_.state_.add(type, self().file_system, attributes);
    host_.state_.node(id).ctime = attributes.mtime;
    host_.state_.change_names({{id_, name, 0, id}});
    touch(id_);
    return id;
}

Result<std::unique_ptr<OutputFile>> MemDirectory::create(const std::string& name, std::uint32_t mode) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(prepare_add("create", name));
    BACKOUT_TRY_ASSIGN(const InodeId id, add(name, EntryType::file, mode));
    return std::unique_ptr<OutputFile>(std::make_unique<MemOutputFile>(host_, id, path_of(name)));
}

Status MemDirectory::make_directory(const std::string& name, std::uint32_t mode) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(prepare_add("make_directory", name));
    BACKOUT_TRY(add(name, EntryType::directory, mode));
    return {};
}

Status MemDirectory::make_symlink(const std::string& name, const std::string& target) {
    const Lock lock(host_.mutex_);
    if (target.empty() || target.find('\0') != std::string::npos) {
        return Error{ErrorCode::invalid, "a link can't lead to '" + printable(target) + "': " + path_of(name),
                     path_of(name)};
    }
    BACKOUT_TRY(prepare_add("make_symlink", name));
    BACKOUT_TRY_ASSIGN(const InodeId id, add(name, EntryType::symlink, 0777));
    host_.state_.node(id).link_target = target;
    return {};
}

Status MemDirectory::make_special(const std::string& name, EntryType type, std::uint32_t mode, std::uint64_t device) {
    const Lock lock(host_.mutex_);
    BACKOUT_ASSERT(type == EntryType::fifo || type == EntryType::socket || type == EntryType::character_device ||
                   type == EntryType::block_device);
    BACKOUT_TRY(prepare_add("make_special", name));
    BACKOUT_TRY_ASSIGN(const InodeId id, add(name, type, mode));
    const bool numbered = type == EntryType::character_device || type == EntryType::block_device;
    host_.state_.node(id).special_device = numbered ? device : 0;
    return {};
}

Status MemDirectory::make_link(const std::string& name, Directory& existing, const std::string& existing_name) {
    const Lock lock(host_.mutex_);
    MemDirectory& there = mem(existing);
    BACKOUT_TRY_ASSIGN(const InodeId id, there.find_present(existing_name));
    BACKOUT_TRY(prepare_add("make_link", name));
    MemNode& node = host_.state_.node(id);
    if (node.file_system != self().file_system) return failure(EXDEV, "link", name);
    if (node.type == EntryType::directory || (node.attributes.flags & kFixed) != 0) return failure(EPERM, "link", name);
    host_.state_.change_names({{id_, name, 0, id}});
    node.ctime = host_.tick();
    touch(id_);
    return {};
}

Status MemDirectory::check_leave(const std::string& name, InodeId entry) {
    BACKOUT_TRY(check_writable(name));
    if ((self().attributes.flags & kFlagAppend) != 0) return failure(EPERM, "move", name);
    if (host_.is_mount_point(entry)) return failure(EBUSY, "move", name);
    if ((host_.state_.node(entry).attributes.flags & kFixed) != 0) return failure(EPERM, "move", name);
    return {};
}

bool MemDirectory::lies_within(InodeId directory) const {
    if (directory == id_) return true;
    const MemNode& node = host_.state_.node(directory);
    for (const auto& [name, entry] : node.entries) {
        if (host_.state_.node(entry).type == EntryType::directory && lies_within(entry)) return true;
    }
    return false;
}

Result<MemDirectory::Pair> MemDirectory::prepare_move(const std::string& what, const std::string& name,
                                                      MemDirectory& other, const std::string& other_name) {
    BACKOUT_TRY(find_present(name));
    BACKOUT_TRY(other.find(other_name));
    BACKOUT_TRY(host_.announce(what, path_of(name)));
    // The hook may have played somebody who was faster: what counts is what stands there now.
    BACKOUT_TRY_ASSIGN(const InodeId source, find_present(name));
    BACKOUT_TRY_ASSIGN(const InodeId target, other.find(other_name));
    if (self().file_system != other.self().file_system) return failure(EXDEV, what, name);
    BACKOUT_TRY(check_leave(name, source));
    BACKOUT_TRY(other.check_writable(other_name));
    if (target != 0) BACKOUT_TRY(other.check_leave(other_name, target));
    if (other.lies_within(source)) return failure(EINVAL, what, name);
    return Pair{source, target};
}

Status MemDirectory::exchange(const std::string& name, Directory& other, const std::string& other_name) {
    const Lock lock(host_.mutex_);
    MemDirectory& there = mem(other);
    BACKOUT_TRY_ASSIGN(const Pair pair, prepare_move("exchange", name, there, other_name));
    if (!host_.file_systems_[self().file_system].offers_exchange) return failure(ENOSYS, "exchange", name);
    if (pair.target == 0) return there.failure(ENOENT, "exchange", other_name);
    if (lies_within(pair.target)) return failure(EINVAL, "exchange", name);
    if (pair.source == pair.target) return {};
    host_.state_.change_names(
        {{id_, name, pair.source, pair.target}, {there.id_, other_name, pair.target, pair.source}});
    host_.state_.node(pair.source).ctime = host_.state_.node(pair.target).ctime = host_.tick();
    touch(id_);
    touch(there.id_);
    return {};
}

Status MemDirectory::move_to(const std::string& name, Directory& other, const std::string& other_name) {
    const Lock lock(host_.mutex_);
    MemDirectory& there = mem(other);
    BACKOUT_TRY_ASSIGN(const Pair pair, prepare_move("move", name, there, other_name));
    if (pair.target != 0) return there.failure(EEXIST, "move to", other_name);
    host_.state_.change_names({{id_, name, pair.source, 0}, {there.id_, other_name, 0, pair.source}});
    host_.state_.node(pair.source).ctime = host_.tick();
    touch(id_);
    touch(there.id_);
    return {};
}

Status MemDirectory::check_replaced(InodeId source, InodeId target, const std::string& target_path) {
    if (target == 0) return {};
    const MemNode& old = host_.state_.node(target);
    const bool moves_directory = host_.state_.node(source).type == EntryType::directory;
    if (moves_directory && old.type != EntryType::directory) return system_error(ENOTDIR, "replace", target_path);
    if (!moves_directory && old.type == EntryType::directory) return system_error(EISDIR, "replace", target_path);
    if (moves_directory && !old.entries.empty()) return system_error(ENOTEMPTY, "replace", target_path);
    return {};
}

Status MemDirectory::replace_to(const std::string& name, Directory& other, const std::string& other_name) {
    const Lock lock(host_.mutex_);
    MemDirectory& there = mem(other);
    BACKOUT_TRY_ASSIGN(const Pair pair, prepare_move("replace", name, there, other_name));
    if (id_ == there.id_ && name == other_name) return {};
    BACKOUT_TRY(check_replaced(pair.source, pair.target, there.path_of(other_name)));
    if (pair.source == pair.target) {
        host_.state_.change_names({{id_, name, pair.source, 0}});
    } else {
        host_.state_.change_names({{id_, name, pair.source, 0}, {there.id_, other_name, pair.target, pair.source}});
    }
    host_.state_.node(pair.source).ctime = host_.tick();
    touch(id_);
    touch(there.id_);
    return {};
}

Status MemDirectory::remove(const std::string& name, bool directory) {
    const std::string what = directory ? "remove_directory" : "remove_file";
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    BACKOUT_TRY(host_.announce(what, path_of(name)));
    BACKOUT_TRY(check_leave(name, id));
    MemNode& node = host_.state_.node(id);
    if (directory && node.type != EntryType::directory) return failure(ENOTDIR, "remove", name);
    if (!directory && node.type == EntryType::directory) return failure(EISDIR, "remove", name);
    if (directory && !node.entries.empty()) return failure(ENOTEMPTY, "remove", name);
    host_.state_.change_names({{id_, name, id, 0}});
    node.ctime = host_.tick();
    touch(id_);
    return {};
}

Status MemDirectory::remove_file(const std::string& name) {
    const Lock lock(host_.mutex_);
    return remove(name, false);
}

Status MemDirectory::remove_directory(const std::string& name) {
    const Lock lock(host_.mutex_);
    return remove(name, true);
}

Status MemDirectory::set_attributes_of(InodeId entry, const std::string& path, const AttributeChange& change) {
    BACKOUT_TRY(host_.announce("set_attributes", path));
    MemNode& node = host_.state_.node(entry);
    if (host_.file_systems_[node.file_system].info.read_only) return system_error(EROFS, "set attributes of", path);
    const bool more_than_flags = change.mode || change.uid || change.gid || change.mtime || change.xattrs;
    if ((node.attributes.flags & kFixed) != 0 && more_than_flags) return system_error(EPERM, "set attributes of", path);
    const bool takes_flags = node.type == EntryType::file || node.type == EntryType::directory;
    if (change.flags && (*change.flags & kFixed) != 0 && !takes_flags) {
        return system_error(EOPNOTSUPP, "set flags of", path);
    }
    MemAttributes& attributes = node.attributes;
    if (change.mode && node.type != EntryType::symlink) attributes.mode = *change.mode & 07777U;
    if (change.uid) attributes.uid = *change.uid;
    if (change.gid) attributes.gid = *change.gid;
    if (change.xattrs) attributes.xattrs = *change.xattrs;
    if (change.mtime) attributes.mtime = *change.mtime;
    if (change.flags) attributes.flags = *change.flags & kFixed;
    node.ctime = host_.tick();
    return {};
}

Status MemDirectory::set_attributes(const std::string& name, const AttributeChange& change) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(const InodeId id, find_present(name));
    return set_attributes_of(host_.cross_mount(id), path_of(name), change);
}

Status MemDirectory::set_own_attributes(const AttributeChange& change) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(alive());
    return set_attributes_of(id_, path_, change);
}

Status MemDirectory::sync() {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY(alive());
    BACKOUT_TRY(host_.announce("sync", path_));
    host_.state_.sync_names(id_);
    return {};
}

Status MemDirectory::sync_file(const std::string& name) {
    const Lock lock(host_.mutex_);
    BACKOUT_TRY_ASSIGN(InodeId id, find_present(name));
    BACKOUT_TRY(host_.announce("sync_file", path_of(name)));
    id = host_.cross_mount(id);
    if (host_.state_.node(id).type == EntryType::directory)
        host_.state_.sync_names(id);
    else
        host_.state_.sync_content(id);
    return {};
}

}  // namespace backout
