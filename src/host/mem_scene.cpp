// The parts of MemHost that set a scene, look at it, and cut the power.

#include <algorithm>
#include <random>

#include "host/mem_host.h"
#include "host/paths.h"

namespace backout {
namespace {

std::string octal(std::uint32_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + ((mode >> shift) & 7U));
    return digits;
}

}  // namespace

std::string MemSnapshotEntry::text() const {
    std::string line = to_string(status.type);
    line += " " + octal(status.mode) + " " + std::to_string(status.uid) + ":" + std::to_string(status.gid);
    if (status.type != EntryType::directory) {
        line += " mtime=" + std::to_string(status.mtime) + " link_count=" + std::to_string(status.link_count);
    }
    if (status.special_device != 0) line += " device=" + std::to_string(status.special_device);
    if (flags != 0) line += " flags=" + std::to_string(flags);
    for (const auto& [name, value] : xattrs) line += " " + name + "=" + printable(value);
    if (!content.empty()) line += " '" + printable(content) + "'";
    return line;
}

/// The parent of a path, made if need be. Requires: a valid path whose parents are directories, not links.
MemHost::Found MemHost::make_parents(const std::string& path, std::string& name) {
    std::vector<std::string> components = split_path(path).value();
    BACKOUT_ASSERT(!components.empty());
    name = components.back();
    components.pop_back();
    Found found{file_systems_[0].root, "/"};
    for (const std::string& component : components) {
        auto& entries = state_.node(found.directory).entries;
        if (entries.count(component) == 0) {
            const std::size_t file_system = state_.node(found.directory).file_system;
            const InodeId made = state_.add(EntryType::directory, file_system, fresh_attributes(0755));
            state_.change_names({{found.directory, component, 0, made}});
        }
        found.directory = cross_mount(state_.node(found.directory).entries.at(component));
        found.path = join_path(found.path, component);
        BACKOUT_ASSERT(state_.node(found.directory).type == EntryType::directory);
    }
    return found;
}

void MemHost::put(const std::string& path, EntryType type, MemAttributes attributes, const Bytes& content) {
    std::string name;
    const Found parent = make_parents(path, name);
    const auto& entries = state_.node(parent.directory).entries;
    const auto present = entries.find(name);
    const InodeId before = present == entries.end() ? 0 : present->second;
    const InodeId id = state_.add(type, state_.node(parent.directory).file_system, attributes);
    MemNode& node = state_.node(id);
    node.ctime = attributes.mtime;
    if (type == EntryType::symlink)
        node.link_target = content;
    else if (!content.empty())
        node.content = std::make_shared<const Bytes>(content);
    state_.change_names({{parent.directory, name, before, id}});
}

void MemHost::put_file(const std::string& path, const Bytes& content, std::uint32_t mode) {
    const std::lock_guard lock(mutex_);
    put(path, EntryType::file, fresh_attributes(mode), content);
}

void MemHost::put_directory(const std::string& path, std::uint32_t mode) {
    const std::lock_guard lock(mutex_);
    const InodeId present = find(path);
    if (present == 0 || state_.node(present).type != EntryType::directory) {
        put(path, EntryType::directory, fresh_attributes(mode), "");
    } else {
        state_.node(present).attributes.mode = mode;
    }
}

void MemHost::put_symlink(const std::string& path, const std::string& target, std::uint32_t owner) {
    const std::lock_guard lock(mutex_);
    MemAttributes attributes = fresh_attributes(0777);
    attributes.uid = attributes.gid = owner;
    put(path, EntryType::symlink, attributes, target);
}

void MemHost::overwrite_file(const std::string& path, const Bytes& content) {
    const std::lock_guard lock(mutex_);
    const InodeId id = find(path);
    BACKOUT_ASSERT(id != 0 && state_.node(id).type == EntryType::file);
    MemNode& node = state_.node(id);
    node.content = std::make_shared<const Bytes>(content);
    node.attributes.mtime = node.ctime = tick();
}

void MemHost::remove_entry(InodeId directory, const std::string& name) {
    const InodeId id = state_.node(directory).entries.at(name);
    BACKOUT_ASSERT(!is_mount_point(id));
    if (state_.node(id).type == EntryType::directory) {
        while (!state_.node(id).entries.empty()) {
            const std::string entry = state_.node(id).entries.begin()->first;
            remove_entry(id, entry);
        }
    }
    state_.change_names({{directory, name, id, 0}});
}

void MemHost::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (find(path) == 0) return;
    std::string name;
    const Found parent = make_parents(path, name);
    remove_entry(parent.directory, name);
}

/// The entry itself; links above are followed, without a question of trust only where locate would. 0: absent.
InodeId MemHost::find(const std::string& path) const {
    Result<std::vector<std::string>> components = split_path(path);
    if (!components.ok()) return 0;
    if (components->empty()) return file_systems_[0].root;
    const std::string name = components->back();
    components->pop_back();
    const Result<Found> parent = walk(*components);
    if (!parent.ok()) return 0;
    const auto& entries = state_.node(parent->directory).entries;
    const auto entry = entries.find(name);
    return entry == entries.end() ? 0 : cross_mount(entry->second);
}

std::optional<Bytes> MemHost::content(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const InodeId id = find(path);
    if (id == 0 || state_.node(id).type != EntryType::file) return std::nullopt;
    const MemContent& content = state_.node(id).content;
    return content == nullptr ? Bytes() : *content;
}

void MemHost::collect(InodeId directory, const std::string& path, std::map<std::string, MemSnapshotEntry>& into) const {
    for (const auto& [name, entry] : state_.node(directory).entries) {
        const InodeId id = cross_mount(entry);
        const MemNode& node = state_.node(id);
        MemSnapshotEntry& result = into[join_path(path, name)];
        result.status = status_of(id);
        result.content = node.content == nullptr ? node.link_target : *node.content;
        result.flags = node.attributes.flags;
        result.xattrs = node.attributes.xattrs;
        if (node.type == EntryType::directory) collect(id, join_path(path, name), into);
    }
}

std::map<std::string, MemSnapshotEntry> MemHost::snapshot() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, MemSnapshotEntry> result;
    collect(file_systems_[0].root, "/", result);
    return result;
}

std::string MemHost::describe() const {
    std::string text;
    for (const auto& [path, entry] : snapshot()) text += printable(path) + " " + entry.text() + "\n";
    return text;
}

void MemHost::settle() {
    const std::lock_guard lock(mutex_);
    state_.sync_all();
}

MemFileSystem& MemHost::mount(const std::string& path, const std::string& type) {
    const std::lock_guard lock(mutex_);
    if (find(path) == 0) put_directory(path);
    const InodeId point = find(path);
    BACKOUT_ASSERT(point != 0 && roots().count(point) == 0);
    const std::size_t number = file_systems_.size();
    MemFileSystem mounted;
    mounted.info = file_systems_[0].info;
    mounted.info.type = type;
    mounted.info.mount_point = path;
    mounted.info.mount = number + 1;
    mounted.root = state_.add(EntryType::directory, number, fresh_attributes(0755));
    state_.node(mounted.root).link_count = 1;
    file_systems_.push_back(std::move(mounted));
    mounts_[point] = number;
    state_.sync_all();  // a mount point that vanishes in a power cut is nobody's test
    return file_systems_.back();
}

void MemHost::power_cut(const PowerCutChooser& choose) {
    const std::lock_guard lock(mutex_);
    state_.power_cut(choose, roots());
    ++generation_;
}

std::size_t MemHost::pending_operations() const {
    const std::lock_guard lock(mutex_);
    return state_.pending_operations();
}

std::uint64_t MemHost::identity() const {
    const std::lock_guard lock(mutex_);
    return state_.identity();
}

PowerCutChooser random_power_cut(std::uint64_t seed) {
    auto random = std::make_shared<std::mt19937_64>(seed);
    return [random](const std::string&, std::size_t options) {
        return static_cast<std::size_t>((*random)() % static_cast<std::uint64_t>(options));
    };
}

PowerCutChooser PowerCutEnumerator::chooser() {
    position_ = 0;
    return [this](const std::string&, std::size_t options) {
        if (position_ == digits_.size()) digits_.push_back(Digit{0, options});
        BACKOUT_ASSERT(digits_[position_].options == options);
        return digits_[position_++].value;
    };
}

bool PowerCutEnumerator::next() {
    digits_.resize(position_);  // questions that the last way didn't lead to
    while (!digits_.empty()) {
        if (++digits_.back().value < digits_.back().options) {
            ++count_;
            return true;
        }
        digits_.pop_back();
    }
    return false;
}

}  // namespace backout
