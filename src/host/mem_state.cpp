#include "host/mem_state.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace backout {
namespace {

std::size_t size_of(const MemContent& content) {
    return content == nullptr ? 0 : content->size();
}

bool same_content(const MemContent& left, const MemContent& right) {
    if (left == right || (size_of(left) == 0 && size_of(right) == 0)) return true;
    return left != nullptr && right != nullptr && *left == *right;
}

}  // namespace

bool MemAttributes::operator==(const MemAttributes& other) const {
    return mode == other.mode && uid == other.uid && gid == other.gid && flags == other.flags && mtime == other.mtime &&
           xattrs == other.xattrs;
}

InodeId MemState::add(EntryType type, std::size_t file_system, const MemAttributes& attributes) {
    MemNode node;
    node.type = type;
    node.file_system = file_system;
    node.attributes = attributes;
    node.durable_attributes = attributes;
    const InodeId id = next_++;
    nodes_.emplace(id, std::make_shared<MemNode>(std::move(node)));
    return id;
}

MemNode& MemState::node(InodeId id) {
    const auto found = nodes_.find(id);
    BACKOUT_ASSERT(found != nodes_.end());
    if (found->second.use_count() > 1) found->second = std::make_shared<MemNode>(*found->second);
    found->second->known_identity = 0;
    return *found->second;
}

const MemNode& MemState::node(InodeId id) const {
    const auto found = nodes_.find(id);
    BACKOUT_ASSERT(found != nodes_.end());
    return *found->second;
}

void MemState::change_names(std::vector<NameChange> changes) {
    Operation operation;
    for (const NameChange& change : changes) {
        auto& entries = node(change.directory).entries;
        if (change.after != 0) {
            entries[change.name] = change.after;
            ++node(change.after).link_count;
        } else {
            entries.erase(change.name);
        }
        if (change.before != 0) --node(change.before).link_count;
        operation.unsynced.insert(change.directory);
        const InodeId moved = change.before != 0 ? change.before : change.after;
        if (changes.size() > 1 && node(moved).type == EntryType::directory) operation.moves_directory = true;
    }
    operation.changes = std::move(changes);
    pending_.push_back(std::move(operation));
}

bool MemState::Operation::depends_on(const Operation& earlier) const {
    for (const NameChange& mine : changes) {
        for (const NameChange& theirs : earlier.changes) {
            if (mine.directory == theirs.directory && mine.name == theirs.name) return true;
            const bool shared_before =
                mine.before != 0 && (mine.before == theirs.before || mine.before == theirs.after);
            const bool shared_after = mine.after != 0 && (mine.after == theirs.before || mine.after == theirs.after);
            if (shared_before || shared_after) return true;
            // Two moves of directories that lose their order can make a ring that no path leads to.
            const bool into_moved = mine.directory == theirs.before || mine.directory == theirs.after;
            if (moves_directory && earlier.moves_directory && into_moved) return true;
        }
    }
    return false;
}

std::string MemState::Operation::text() const {
    std::string result;
    for (const NameChange& change : changes) {
        result += result.empty() ? "names:" : ",";
        result += " " + std::to_string(change.directory) + "/" + change.name + " " + std::to_string(change.before) +
                  ">" + std::to_string(change.after);
    }
    return result;
}

void MemState::keep_dependencies(std::vector<bool>& survives) const {
    for (std::size_t later = pending_.size(); later-- > 0;) {
        if (!survives[later]) continue;
        for (std::size_t earlier = 0; earlier < later; ++earlier) {
            if (pending_[later].depends_on(pending_[earlier])) survives[earlier] = true;
        }
    }
}

void MemState::apply_durably(const std::vector<bool>& survives) {
    std::vector<Operation> left;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        if (!survives[i]) {
            left.push_back(std::move(pending_[i]));
            continue;
        }
        for (const NameChange& change : pending_[i].changes) {
            auto& entries = node(change.directory).durable_entries;
            if (change.after != 0)
                entries[change.name] = change.after;
            else
                entries.erase(change.name);
        }
    }
    pending_ = std::move(left);
}

/// Applies the operations that have become certain.
void MemState::settle() {
    std::vector<bool> certain;
    certain.reserve(pending_.size());
    for (const Operation& operation : pending_) certain.push_back(operation.unsynced.empty());
    keep_dependencies(certain);
    apply_durably(certain);
}

void MemState::sync_content(InodeId id) {
    const MemNode& now = std::as_const(*this).node(id);
    if (now.durable_content == now.content && now.durable_attributes == now.attributes) return;
    MemNode& synced = node(id);
    synced.durable_content = synced.content;
    synced.durable_attributes = synced.attributes;
}

void MemState::sync_names(InodeId directory) {
    sync_content(directory);
    // What can't be opened can't be synced by itself: links and specials come with the names that lead to them.
    const MemState& here = *this;
    for (const auto& [name, entry] : here.node(directory).entries) {
        const EntryType type = here.node(entry).type;
        if (type != EntryType::file && type != EntryType::directory) sync_content(entry);
    }
    for (Operation& operation : pending_) operation.unsynced.erase(directory);
    settle();
}

void MemState::sync_file_system(std::size_t file_system) {
    for (const auto& [id, synced] : nodes_) {
        if (synced->file_system == file_system) sync_content(id);
    }
    for (Operation& operation : pending_) {
        // All changes of one operation are on one file system: names don't move between two.
        if (node(operation.changes.front().directory).file_system == file_system) operation.unsynced.clear();
    }
    settle();
}

void MemState::sync_all() {
    for (const auto& [id, synced] : nodes_) sync_content(id);
    for (Operation& operation : pending_) operation.unsynced.clear();
    settle();
}

std::set<InodeId> MemState::reachable(const std::set<InodeId>& roots) const {
    std::set<InodeId> found = roots;
    std::vector<InodeId> open(roots.begin(), roots.end());
    while (!open.empty()) {
        const InodeId id = open.back();
        open.pop_back();
        for (const auto& [name, entry] : node(id).durable_entries) {
            if (found.insert(entry).second) open.push_back(entry);
        }
    }
    return found;
}

void MemState::choose_inode(InodeId id, const PowerCutChooser& choose) {
    const MemNode& now = std::as_const(*this).node(id);
    MemAttributes attributes = now.attributes;
    MemContent content = now.content;
    MemAttributes without_time = now.durable_attributes;
    if (now.type == EntryType::directory) without_time.mtime = now.attributes.mtime;
    const bool touched = !(without_time == attributes);
    if (touched && choose("attributes: " + std::to_string(id), 2) == 0) attributes = without_time;
    if (!same_content(content, now.durable_content)) {
        const std::size_t size = size_of(content);
        const std::size_t outcome = choose("content: " + std::to_string(id), size > 1 ? 3 : 2);
        if (outcome == 0) content = now.durable_content;
        if (outcome == 2) content = std::make_shared<const Bytes>(content->substr(0, size / 2));
    }
    if (attributes == now.attributes && attributes == now.durable_attributes && content == now.content &&
        content == now.durable_content)
        return;
    MemNode& cut = node(id);
    cut.attributes = cut.durable_attributes = std::move(attributes);
    cut.content = cut.durable_content = std::move(content);
}

/// Names as they are durable, and what follows from them.
void MemState::forget_volatile_names(const std::set<InodeId>& roots) {
    std::map<InodeId, std::uint64_t> links;
    for (const InodeId root : roots) ++links[root];
    for (const auto& [id, node] : nodes_) {
        for (const auto& [name, entry] : node->durable_entries) ++links[entry];
    }
    for (const auto& [id, now] : nodes_) {
        if (now->entries == now->durable_entries && now->link_count == links[id]) continue;
        MemNode& cut = node(id);
        cut.entries = cut.durable_entries;
        cut.link_count = links[id];
    }
}

void MemState::power_cut(const PowerCutChooser& choose, const std::set<InodeId>& roots) {
    std::vector<bool> survives;
    survives.reserve(pending_.size());
    for (const Operation& operation : pending_) survives.push_back(choose(operation.text(), 2) != 0);
    keep_dependencies(survives);
    apply_durably(survives);
    pending_.clear();

    const std::set<InodeId> kept = reachable(roots);
    for (auto entry = nodes_.begin(); entry != nodes_.end();) {
        entry = kept.count(entry->first) != 0 ? std::next(entry) : nodes_.erase(entry);
    }
    forget_volatile_names(roots);
    for (const auto& [id, cut] : nodes_) choose_inode(id, choose);
}

}  // namespace backout
