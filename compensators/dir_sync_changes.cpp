#include "compensators/dir_sync_changes.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"
#include "compensators/path_argument.h"
#include "compensators/tree.h"

namespace backout {

namespace {

using States = std::map<std::string, EntryState>;

bool is_below(const std::string& path, const std::string& top) {
    if (top.empty()) return !path.empty();
    return path.size() > top.size() && path.compare(0, top.size(), top) == 0 && path[top.size()] == '/';
}

States states_of(const std::vector<TreeEntry>& entries) {
    States states;
    for (const TreeEntry& entry : entries) states.emplace(entry.path, entry.state);
    return states;
}

bool is_directory(const EntryState& state) {
    return state.type == EntryType::directory;
}

std::string shown(const std::string& path, const EntryState& state) {
    return printable(path) + (is_directory(state) ? "/" : "");
}

/// The entries of a subtree, paths relative to it. std::map sorts by bytes, but "a.b" stands between "a" and "a/x":
/// both ends are looked for.
std::vector<TreeEntry> subtree(const States& states, const std::string& top) {
    std::vector<TreeEntry> entries;
    const auto found = states.find(top);
    if (found == states.end()) return entries;
    entries.push_back({"", found->second});
    const std::size_t head = top.empty() ? 0 : top.size() + 1;
    auto at = top.empty() ? std::next(found) : states.lower_bound(top + "/");
    for (; at != states.end() && is_below(at->first, top); ++at) {
        entries.push_back({at->first.substr(head), at->second});
    }
    return entries;
}

class Comparer {
  public:
    Comparer(const SyncRules& rules, const std::vector<TreeEntry>& target)
        : rules_(rules), globs_(rules.exclude), target_(states_of(target)) {}

    Result<SyncComparison> run(const std::vector<TreeEntry>& source) {
        BACKOUT_TRY(collect(source));
        if (target_.empty()) {
            put("");
        } else {
            for (const auto& [path, wanted] : wanted_) BACKOUT_TRY(compare(path, wanted));
            if (rules_.remove_others) remove_others();
        }
        // A folder that loses its owner's right to write does so after what happens in it.
        std::stable_partition(result_.changes.begin(), result_.changes.end(), [](const SyncChange& change) {
            return !change.attributes.mode || (*change.attributes.mode & 0200U) != 0;
        });
        for (const auto& [path, state] : target_) result_.result.push_back({path, state});
        for (const auto& [path, state] : wanted_) {
            if (!path.empty()) result_.expected.push_back({path, state});
        }
        return std::move(result_);
    }

  private:
    Status collect(const std::vector<TreeEntry>& source) {
        for (const TreeEntry& entry : source) {
            if (!entry.path.empty() && globs_.excludes(entry.path, is_directory(entry.state))) continue;
            const EntryType type = entry.state.type;
            if (type != EntryType::file && type != EntryType::directory && type != EntryType::symlink &&
                type != EntryType::fifo) {
                return Error{ErrorCode::unsupported, printable(entry.path) + " in the source is a " + to_string(type) +
                                                         ", which can't be copied; add it to exclude"};
            }
            wanted_[entry.path] = wanted_state(entry);
        }
        return {};
    }

    EntryState wanted_state(const TreeEntry& entry) const {
        EntryState state = entry.state;
        state.flags = 0;
        state.tree.reset();
        state.tree_entries = 0;
        for (auto at = state.xattrs.begin(); at != state.xattrs.end();) {
            // Only root may copy what the kernel gives a meaning to; a folder's can't be set in place.
            const bool copied = rules_.keep_owners || at->first.rfind("user.", 0) == 0;
            at = copied ? std::next(at) : state.xattrs.erase(at);
        }
        if (rules_.keep_owners) return state;
        const auto present = target_.find(entry.path);
        const bool there = present != target_.end() && present->second.type == state.type;
        state.uid = there ? present->second.uid : rules_.user;
        state.gid = there ? present->second.gid : rules_.group;
        return state;
    }

    bool is_covered(std::string path) const {
        while (!path.empty()) {
            if (covered_.count(path) != 0) return true;
            const std::size_t slash = path.rfind('/');
            path.resize(slash == std::string::npos ? 0 : slash);
        }
        return false;
    }

    Status compare(const std::string& path, const EntryState& wanted) {
        // The top's own attributes are its owner's; only what is in it is made alike.
        if (path.empty() || is_covered(path)) return {};
        const auto found = target_.find(path);
        if (found == target_.end()) {
            put(path);
            return {};
        }
        const EntryState& present = found->second;
        if (present.type != wanted.type) {
            BACKOUT_TRY(may_replace(path, present));
            put(path);
            return {};
        }
        const bool same_content = present.content == wanted.content && present.link == wanted.link;
        const bool same_xattrs = is_directory(wanted) || present.xattrs == wanted.xattrs;
        if (!same_content || !same_xattrs) {
            put(path);
            return {};
        }
        retouch(path, wanted);
        return {};
    }

    Status may_replace(const std::string& path, const EntryState& present) const {
        if (!is_directory(present)) return {};
        for (const TreeEntry& entry : subtree(target_, path)) {
            if (entry.path.empty()) continue;
            const bool kept = globs_.excludes(path + "/" + entry.path, is_directory(entry.state));
            if (!kept && rules_.remove_others) continue;
            return Error{
                ErrorCode::wrong_type,
                printable(path) + " is a directory in the target and none in the source, and holds " +
                    printable(entry.path) + ": " +
                    (kept ? "exclude protects that; move it away first" : "set \"delete\": true to let it go")};
        }
        return {};
    }

    void put(const std::string& path) {
        SyncChange change;
        change.path = path;
        change.after = subtree(wanted_, path);
        const std::vector<TreeEntry> before = subtree(target_, path);
        change.replaces = !before.empty();
        change.before = summarize_tree(before);
        for (const TreeEntry& entry : before) {
            if (!entry.path.empty()) result_.deleted.push_back(shown(path + "/" + entry.path, entry.state));
        }
        for (const TreeEntry& entry : change.after) {
            const std::string full = entry.path.empty() ? path : (path.empty() ? entry.path : path + "/" + entry.path);
            result_.bytes += entry.state.size;
            if (entry.path.empty() && change.replaces) {
                result_.updated.push_back(shown(full, entry.state));
            } else if (!full.empty()) {
                result_.created.push_back(shown(full, entry.state));
            }
        }
        forget(path);
        for (const TreeEntry& entry : change.after) {
            target_[entry.path.empty() ? path : (path.empty() ? entry.path : path + "/" + entry.path)] = entry.state;
        }
        covered_.insert(path);
        result_.changes.push_back(std::move(change));
    }

    void forget(const std::string& path) {
        target_.erase(path);
        const auto begin = target_.lower_bound(path + "/");
        auto end = begin;
        while (end != target_.end() && is_below(end->first, path)) ++end;
        target_.erase(begin, end);
    }

    void retouch(const std::string& path, const EntryState& wanted) {
        EntryState& present = target_[path];
        SyncChange change;
        change.action = SyncAction::attributes;
        change.path = path;
        change.before = present;
        if (present.mode != wanted.mode && wanted.type != EntryType::symlink) change.attributes.mode = wanted.mode;
        if (present.uid != wanted.uid) change.attributes.uid = wanted.uid;
        if (present.gid != wanted.gid) change.attributes.gid = wanted.gid;
        if (change.attributes.empty()) return;
        present = with_attributes(present, change.attributes);
        result_.retouched.push_back(shown(path, present));
        result_.changes.push_back(std::move(change));
    }

    void remove_others() {
        std::vector<std::string> others;
        for (const auto& [path, state] : target_) {
            if (!path.empty() && wanted_.count(path) == 0) others.push_back(path);
        }
        for (const std::string& path : others) {
            const auto found = target_.find(path);
            if (found == target_.end()) continue;  // went with its folder
            if (globs_.excludes(path, is_directory(found->second)) || holds_protected(path)) continue;
            SyncChange change;
            change.action = SyncAction::remove;
            change.path = path;
            const std::vector<TreeEntry> before = subtree(target_, path);
            change.before = summarize_tree(before);
            for (const TreeEntry& entry : before) {
                result_.deleted.push_back(shown(entry.path.empty() ? path : path + "/" + entry.path, entry.state));
            }
            forget(path);
            result_.changes.push_back(std::move(change));
        }
    }

    bool holds_protected(const std::string& path) const {
        for (auto at = target_.lower_bound(path + "/"); at != target_.end() && is_below(at->first, path); ++at) {
            if (globs_.excludes(at->first, is_directory(at->second))) return true;
        }
        return false;
    }

    const SyncRules& rules_;
    GlobList globs_;
    States target_;  ///< as it stands, then as it will
    States wanted_;
    std::set<std::string> covered_;  ///< tops of subtrees that are put as a whole
    SyncComparison result_;
};

const char* word_of(SyncAction action) {
    switch (action) {
        case SyncAction::put: return "put";
        case SyncAction::remove: return "remove";
        case SyncAction::attributes: break;
    }
    return "attributes";
}

}  // namespace

Result<SyncComparison> compare_for_sync(const std::vector<TreeEntry>& source, const std::vector<TreeEntry>& target,
                                        const SyncRules& rules) {
    return Comparer(rules, target).run(source);
}

Json sync_change_to_json(const SyncChange& change) {
    Json json = {{"do", word_of(change.action)}, {"before", entry_state_to_json(change.before)}};
    put_bytes(json, "path", change.path);
    if (!change.after.empty()) json["after"] = tree_to_json(change.after);
    if (!change.attributes.empty()) put_attributes(json, change.attributes);
    return json;
}

Result<SyncChange> sync_change_from_json(const Json& json) {
    SyncChange change;
    const std::string word = string_member(json, "do");
    for (const SyncAction action : {SyncAction::put, SyncAction::remove, SyncAction::attributes}) {
        if (word == word_of(action)) change.action = action;
    }
    if (word != word_of(change.action)) return Error{ErrorCode::invalid, "a recorded change is malformed"};
    change.path = take_bytes(json, "path");
    BACKOUT_TRY_ASSIGN(change.before, entry_state_from_json(member(json, "before")));
    change.replaces = change.before.present();
    BACKOUT_TRY_ASSIGN(change.after, tree_from_json(member(json, "after")));
    change.attributes = attributes_from(json);
    return change;
}

}  // namespace backout
