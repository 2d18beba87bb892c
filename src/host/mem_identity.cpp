// MemState::identity(): one number for all that a power cut or a look could tell apart.

#include <string_view>

#include "host/mem_state.h"

namespace backout {
namespace {

class Mixer {
  public:
    void add(std::uint64_t value) {
        sum_ = (sum_ ^ value) * 0x9e3779b97f4a7c15ULL;
        sum_ ^= sum_ >> 29U;
    }
    void add(std::string_view text) { add(std::hash<std::string_view>()(text) + text.size()); }
    void add(const MemContent& content) {
        content == nullptr ? add(std::string_view()) : add(std::string_view(*content));
    }
    void add(const MemAttributes& one) {
        add((std::uint64_t{one.mode} << 32U) | one.flags);
        add((std::uint64_t{one.uid} << 32U) | one.gid);
        add(static_cast<std::uint64_t>(one.mtime));
        for (const auto& [name, value] : one.xattrs) add(name), add(value);
    }
    void add(const std::map<std::string, InodeId>& entries) {
        add(entries.size());
        for (const auto& [name, id] : entries) add(name), add(id);
    }
    void add(const MemNode& node) {
        add((static_cast<std::uint64_t>(node.type) << 32U) | node.file_system);
        add(node.link_target);
        add(node.special_device);
        add(node.link_count);
        add(static_cast<std::uint64_t>(node.ctime));
        add(node.attributes);
        add(node.durable_attributes);
        add(node.content);
        add(node.durable_content);
        add(node.entries);
        add(node.durable_entries);
    }
    std::uint64_t sum() const { return sum_; }

  private:
    std::uint64_t sum_ = 0x243f6a8885a308d3ULL;
};

}  // namespace

namespace {

std::uint64_t identity_of(const MemNode& node) {
    if (node.known_identity != 0) return node.known_identity;
    Mixer mixer;
    mixer.add(node);
    return node.known_identity = mixer.sum() | 1U;
}

}  // namespace

std::uint64_t MemState::identity() const {
    Mixer mixer;
    for (const auto& [id, node] : nodes_) mixer.add(id), mixer.add(identity_of(*node));
    for (const Operation& operation : pending_) {
        for (const NameChange& change : operation.changes) {
            mixer.add(change.directory);
            mixer.add(change.name);
            mixer.add(change.before);
            mixer.add(change.after);
        }
        for (const InodeId directory : operation.unsynced) mixer.add(directory);
    }
    return mixer.sum();
}

}  // namespace backout
