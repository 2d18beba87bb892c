#include "plan/resource_index.h"

#include <string_view>

namespace backout {

namespace {

std::string node_key(const std::string& type, std::string_view key) {
    std::string text = type;
    text += '\0';
    text += key;
    return text;
}

// Calls `visitor` with each proper ancestor of `key`, from the nearest up to "/". Stops when it answers true.
template <typename Visitor>
bool any_ancestor(std::string_view key, const Visitor& visitor) {
    for (std::size_t slash = key.rfind('/'); slash != std::string_view::npos;) {
        const std::string_view above = slash == 0 ? key.substr(0, 1) : key.substr(0, slash);
        if (above == key) return false;
        if (visitor(above)) return true;
        if (slash == 0) return false;
        slash = key.rfind('/', slash - 1);
    }
    return false;
}

void append(std::vector<std::uint32_t>& to, const std::vector<std::uint32_t>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

const ResourceIndex::Node* ResourceIndex::find(const std::string& type, std::string_view key) const {
    const auto found = nodes_.find(node_key(type, key));
    return found == nodes_.end() ? nullptr : &found->second;
}

bool ResourceIndex::overlaps_any(const Resource& resource) const {
    const Node* node = find(resource.type, resource.key);
    if (node != nullptr && (!node->own.empty() || (resource.tree && !node->below.empty()))) return true;
    return any_ancestor(resource.key, [&](std::string_view above) {
        const Node* ancestor = find(resource.type, above);
        return ancestor != nullptr && !ancestor->tree.empty();
    });
}

std::vector<std::uint32_t> ResourceIndex::latest(const Resource& resource) const {
    std::vector<std::uint32_t> found;
    if (const Node* node = find(resource.type, resource.key)) {
        append(found, node->own);
        if (resource.tree) append(found, node->below);
    }
    any_ancestor(resource.key, [&](std::string_view above) {
        if (const Node* ancestor = find(resource.type, above)) append(found, ancestor->tree);
        return false;
    });
    return found;
}

void ResourceIndex::add(const Resource& resource, std::uint32_t owner) {
    Node& node = nodes_[node_key(resource.type, resource.key)];
    node.own.assign(1, owner);
    if (resource.tree) {
        node.tree.assign(1, owner);
        node.below.clear();
    }
    any_ancestor(resource.key, [&](std::string_view above) {
        nodes_[node_key(resource.type, above)].below.push_back(owner);
        return false;
    });
}

}  // namespace backout
