#include "planner/plan_rules.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/resource_index.h"

namespace backout {

namespace {

// Whether a declared way leads from `later` back to `earlier`. Only steps in between are looked at.
bool is_ordered(const DeclaredEdges& declared, std::size_t earlier, std::size_t later) {
    std::vector<std::size_t> pending{later};
    std::unordered_set<std::size_t> seen;
    while (!pending.empty()) {
        const std::size_t at = pending.back();
        pending.pop_back();
        for (const std::size_t before : declared[at]) {
            if (before == earlier) return true;
            if (before > earlier && seen.insert(before).second) pending.push_back(before);
        }
    }
    return false;
}

bool is_within(const std::string& key, const std::string& directory) {
    Resource tree;
    tree.key = directory;
    tree.tree = true;
    Resource entry;
    entry.key = key;
    return overlaps(tree, entry);
}

struct Mount {
    FileSystemInfo info;
    std::string path;  // the nearest directory that exists
};

// What the kernel makes up: names can't be created or exchanged there, and there is no room to count.
bool is_pseudo(const std::string& type) {
    static const std::set<std::string> kTypes = {"proc",   "sysfs",    "cgroup",      "cgroup2",   "debugfs",
                                                 "bpf",    "tracefs",  "securityfs",  "selinuxfs", "pstore",
                                                 "mqueue", "configfs", "binfmt_misc", "efivarfs"};
    return kTypes.count(type) != 0;
}

// The file system of a path that may not exist yet. Many paths share a parent, so parents are remembered.
class FileSystems {
  public:
    explicit FileSystems(Host& host) : host_(host) {}

    std::optional<Mount> find(const std::string& path) {
        std::string parent = path;
        do {
            parent = parent.substr(0, std::max<std::size_t>(parent.rfind('/'), 1));
            const auto known = known_.find(parent);
            if (known != known_.end()) return known->second;
            auto directory = host_.open_directory(parent);
            if (!directory.ok()) continue;
            auto info = host_.file_system(**directory);
            known_[parent] = info.ok() ? std::optional<Mount>(Mount{*info, parent}) : std::nullopt;
            return known_[parent];
        } while (parent != "/");
        return std::nullopt;
    }

  private:
    Host& host_;
    std::map<std::string, std::optional<Mount>> known_;
};

}  // namespace

bool are_apart(const Resource& a, const Resource& b) {
    if (a.part.empty() || b.part.empty()) return false;
    const auto is_inside = [](const std::string& inner, const std::string& outer) {
        return inner.compare(0, outer.size(), outer) == 0 &&
               (inner.size() == outer.size() || inner[outer.size()] == '/');
    };
    return !is_inside(a.part, b.part) && !is_inside(b.part, a.part);
}

std::vector<OrderConflict> find_order_conflicts(const std::vector<PlannedStep>& steps, const DeclaredEdges& declared) {
    std::vector<OrderConflict> conflicts;
    std::set<std::pair<std::size_t, std::size_t>> asked;
    ResourceIndex index;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        for (const Resource& resource : steps[at].resources) {
            for (const std::uint32_t other : index.latest(resource)) {
                if (other == at || !asked.emplace(other, at).second) continue;
                if (!is_ordered(declared, other, at)) conflicts.push_back(OrderConflict{other, at, resource.key});
            }
        }
        for (const Resource& resource : steps[at].resources) index.add(resource, static_cast<std::uint32_t>(at));
    }
    return conflicts;
}

void mark_superseded(std::vector<PlannedStep>& steps) {
    ResourceIndex index;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        PlannedStep& step = steps[at];
        for (const Resource& resource : step.resources) {
            if (!step.changes()) continue;
            for (const std::uint32_t other : index.latest(resource)) {
                PlannedStep& former = steps[other];
                for (const Resource& own : former.resources) {
                    if (other == at || !overlaps(own, resource) || are_apart(own, resource)) continue;
                    const std::string& key = own.tree ? resource.key : own.key;
                    const auto& known = former.superseded;
                    if (std::find(known.begin(), known.end(), key) == known.end()) former.superseded.push_back(key);
                }
            }
        }
        for (const Resource& resource : step.resources) index.add(resource, static_cast<std::uint32_t>(at));
    }
}

std::string find_split_group(const std::vector<PlannedStep>& steps) {
    std::map<std::string, const PlannedStep*> before;  // by group: a member that a pivot has closed in
    std::map<std::string, const PlannedStep*> open;
    const PlannedStep* pivot = nullptr;
    for (const PlannedStep& step : steps) {
        if (!step.group.empty() && step.changes()) {
            const auto other = before.find(step.group);
            if (other != before.end()) {
                return "the group '" + printable(step.group) + "' is split by the pivot '" + printable(pivot->id) +
                       "': '" + printable(other->second->id) + "' comes before it and '" + printable(step.id) +
                       "' behind it, so they can't go back together; bring both to one side";
            }
            open[step.group] = &step;
        }
        if (!step.pivot || !step.changes()) continue;
        pivot = &step;
        before.insert(open.begin(), open.end());
    }
    return "";
}

std::string touches_directory(const PlannedStep& step, const std::string& directory) {
    for (const Resource& resource : step.resources) {
        if (resource.type != "path") continue;
        if (is_within(resource.key, directory) || (resource.tree && is_within(directory, resource.key)))
            return resource.key;
    }
    return "";
}

std::string copies_directory(const PlannedStep& step, const std::string& directory) {
    const Json& source = member(step.arguments, "source");
    if (!source.is_string()) return "";
    const std::string key = source.get<std::string>();
    return is_within(directory, key) || is_within(key, directory) ? key : "";
}

namespace {

std::string find_pseudo_target(FileSystems& file_systems, const PlannedStep& step) {
    if (!step.changes() || step.effect != Effect::atomic) return "";
    for (const Resource& resource : step.resources) {
        const auto mount = resource.type == "path" ? file_systems.find(resource.key) : std::nullopt;
        if (!mount || !is_pseudo(mount->info.type)) continue;
        return "'" + printable(step.id) + "': " + printable(resource.key) + " is in a " + mount->info.type +
               " file system, where nothing can be put aside or exchanged: set it with command.run, with an undo and "
               "a probe";
    }
    return "";
}

}  // namespace

std::vector<std::string> find_pseudo_targets(Host& host, const std::vector<PlannedStep>& steps) {
    FileSystems file_systems(host);
    std::vector<std::string> problems;
    problems.reserve(steps.size());
    for (const PlannedStep& step : steps) problems.push_back(find_pseudo_target(file_systems, step));
    return problems;
}

Result<std::vector<std::string>> find_missing_space(Host& host, const SpaceNeeds& needs) {
    FileSystems file_systems(host);
    std::map<std::uint64_t, std::pair<Mount, std::uint64_t>> wanted;
    for (const auto& [path, bytes] : needs) {
        const auto mount = file_systems.find(path);
        if (!mount || is_pseudo(mount->info.type)) continue;  // find_pseudo_targets refuses these
        auto& [place, sum] = wanted.try_emplace(mount->info.mount, *mount, 0).first->second;
        sum += bytes;
    }
    std::vector<std::string> problems;
    for (const auto& [id, need] : wanted) {
        const auto& [mount, bytes] = need;
        if (bytes <= mount.info.free_bytes) continue;
        problems.push_back("the file system at " + printable(mount.info.mount_point) + " has too little room: " +
                           human_bytes(bytes) + " are needed, " + human_bytes(mount.info.free_bytes) + " are free");
    }
    return problems;
}

std::vector<std::string> warn_of_power_cuts(Host& host, const std::vector<PlannedStep>& steps) {
    FileSystems file_systems(host);
    std::set<std::string> warnings;
    for (const PlannedStep& step : steps) {
        if (!step.changes()) continue;
        for (const Resource& resource : step.resources) {
            if (resource.type != "path") continue;
            const auto mount = file_systems.find(resource.key);
            if (!mount || mount->info.survives_power_cut) continue;
            warnings.insert("the file system at " + printable(mount->info.mount_point) + " (" + mount->info.type +
                            ") has no journal: a power cut may undo renames there");
        }
    }
    return {warnings.begin(), warnings.end()};
}

}  // namespace backout
