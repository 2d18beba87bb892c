// From an image to the one that takes it back.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"
#include "base/mutation.h"
#include "compensators/file_parts.h"
#include "compensators/tree.h"

namespace backout {
namespace {

std::string below(const std::string& top, const std::string& path) {
    return path.empty() ? top : top + "/" + path;
}

class Inverter {
  public:
    Inverter(StepContext& context, const FileImage& image) : context_(context), image_(image) {}

    Result<InvertedImage> run() {
        result_.image.inverse = !image_.inverse;
        result_.image.chained = image_.chained;
        result_.image.outputs = image_.outputs;
        for (const FilePart& part : image_.parts) own_.insert({part.path, part.to});
        for (auto part = image_.parts.rbegin(); part != image_.parts.rend(); ++part) {
            const std::size_t parts = result_.image.parts.size();
            Status done = invert(*part);
            // What was moved to another mount goes there no more if its former self can't come back here.
            const bool left_out = result_.image.parts.size() == parts && !result_.image.conflicts.empty();
            if (done.ok() && left_out && image_.chained) break;
            if (!done.ok()) return std::move(done).error().in("preparing to take back " + printable(part->path));
        }
        return std::move(result_);
    }

  private:
    Status invert(const FilePart& part) {
        switch (part.kind) {
            case PartKind::swap: return invert_swap(part);
            case PartKind::move: return invert_move(part);
            case PartKind::attributes: break;
        }
        return invert_attributes(part);
    }

    /// Whether the parent's mtime is what our own rename left, and what to set it to.
    Result<ParentTime> inverse_time(const Entry& entry, const ParentTime& time, const Entry& slot,
                                    const std::vector<const Entry*>& moved) {
        ParentTime inverse;
        inverse.restore = time.before;
        inverse.left = time.restore;
        inverse.inode = time.inode;
        if (!entry.directory) return inverse;
        BACKOUT_TRY_ASSIGN(const FileStatus parent, entry.directory->own_status());
        inverse.before = parent.mtime;
        // A directory that a person made anew, with our entry in it, is the right one from now on.
        if (entry.status.present()) inverse.inode = parent.inode;
        std::vector<UnixNanoseconds> moments;
        for (const Entry* other : moved) {
            if (other->status.present()) moments.push_back(other->status.ctime);
        }
        if (slot.directory) read_time_note(*slot.directory, slot.name, moments);
        inverse.ours = (time.before && parent.mtime == *time.before) ||
                       (time.restore && parent.mtime == *time.restore) || near_any(parent.mtime, moments);
        return inverse;
    }

    // ---- swap -------------------------------------------------------------------------------------------------------

    Status invert_swap(const FilePart& recorded) {
        BACKOUT_TRY_ASSIGN(const Entry path, find_entry(context_.host, recorded.path));
        BACKOUT_TRY_ASSIGN(const FilePart part, with_store(recorded, path));
        BACKOUT_TRY_ASSIGN(const Entry slot, find_slot(context_.images, part.store, part.slot));
        standing_.clear();
        const bool tree_of_ours = !part.present && part.staged && part.staged->type == EntryType::directory;
        if (tree_of_ours && path.status.type == EntryType::directory && !context_.overwrite_conflicts) {
            BACKOUT_TRY_ASSIGN(const bool apart, take_apart(part, path));
            if (apart) return {};
        }
        FilePart inverse;
        inverse.kind = PartKind::swap;
        inverse.path = part.path;
        inverse.store = part.store;
        inverse.slot = part.slot;
        inverse.before_sealed = part.after_sealed;
        inverse.after_sealed = part.before_sealed;
        BACKOUT_TRY_ASSIGN(inverse.parent, inverse_time(path, part.parent, slot, {&path, &slot}));
        BACKOUT_TRY(set_present(inverse, part, path));
        BACKOUT_TRY_ASSIGN(const bool sound, set_staged(inverse, part, slot));
        if (sound) result_.image.parts.push_back(std::move(inverse));
        return {};
    }

    /// A store is removed when it is empty. What an undo moves out needs one again.
    Result<FilePart> with_store(const FilePart& recorded, const Entry& path) {
        FilePart part = recorded;
        const auto store = context_.images.open(part.store);
        if (store.ok() || store.error().code != ErrorCode::not_found || !path.directory) return part;
        BACKOUT_TRY_ASSIGN(part.store, context_.images.store_for(*path.directory, false));
        return part;
    }

    /// What the undo will find at the path: as the run left it, or, if a person said so, whatever is there.
    Status set_present(FilePart& inverse, const FilePart& part, const Entry& path) {
        inverse.present = part.staged;
        inverse.before = part.after;
        inverse.before_tree = part.after_tree;
        const bool ours = part.staged && part.staged->same_inode(path.status);
        const bool shrunken = ours && !standing_.empty() && standing_.size() < part.after_tree.size();
        if (context_.overwrite_conflicts && !path.status.present()) forget_present(inverse);
        if (!path.status.present() || (!shrunken && !context_.overwrite_conflicts)) return {};
        if (ours && !shrunken) {
            BACKOUT_TRY_ASSIGN(const bool untouched, is_untouched(path, *part.staged));
            if (untouched) return {};
        }
        BACKOUT_TRY(capture(path, inverse.present, inverse.before, inverse.before_tree));
        if (shrunken) {
            seal(inverse);  // what is left of our tree is ours
            return {};
        }
        inverse.before_sealed.clear();
        const bool directory = path.status.type == EntryType::directory;
        const auto what = directory ? SyncRequest::What::tree : SyncRequest::What::file;
        if (left_out("kinds.content_of_overwritten")) return {};
        if (directory || path.status.type == EntryType::file) result_.sync.push_back({what, path.directory, path.name});
        return {};
    }

    static void forget_present(FilePart& inverse) {
        inverse.present.reset();
        inverse.before = {};
        inverse.before_tree.clear();
        inverse.before_sealed.clear();
    }

    /// What will come back: the former inode in the slot, or a copy of it (a store that was restored from a backup).
    /// False: it isn't as it was put aside. It stays there, a conflict, unless a person said to take it as it is.
    Result<bool> set_staged(FilePart& inverse, const FilePart& part, const Entry& slot) {
        inverse.staged = part.present;
        inverse.after = part.before;
        inverse.after_tree = part.before_tree;
        if (!slot.status.present() || (part.staged && part.staged->same_inode(slot.status))) return true;
        BACKOUT_TRY_ASSIGN(const std::vector<Difference> damage, kept_damage(part, slot));
        // In doubt, it may be what somebody wrote in the moment of the exchange: what came out is given back.
        if (!damage.empty() && !context_.overwrite_conflicts && !context_.in_doubt) {
            result_.image.conflicts.insert(result_.image.conflicts.end(), damage.begin(), damage.end());
            return false;
        }
        if (part.present && part.present->same_inode(slot.status)) {
            BACKOUT_TRY_ASSIGN(const bool touched, written_to(*part.present, slot));
            if (!touched) return true;
            const bool directory = slot.status.type == EntryType::directory;
            result_.image.notes.push_back(printable(part.path) + ": somebody still wrote to " +
                                          (directory ? "what was in the former directory" : "the former file") +
                                          " through an open descriptor or another name; it comes back as it is now");
        }
        const std::uint32_t flags = part.before.flags;
        BACKOUT_TRY(capture(slot, inverse.staged, inverse.after, inverse.after_tree));
        if (!part.before_sealed.empty() && inverse.staged->type == EntryType::file) {
            inverse.after_sealed = {{"", *inverse.staged}};
            inverse.after.content.clear();
        }
        inverse.after.flags |= flags;  // they are set again at the path
        return true;
    }

    /// What was put aside, and what it is now: only its ctime may differ, for it was moved.
    static Result<bool> written_to(const Fingerprint& then, const Entry& slot) {
        if (slot.status.type != EntryType::directory) {
            return slot.status.size != then.size || slot.status.mtime != then.mtime;
        }
        if (then.below.empty()) return false;
        BACKOUT_TRY_ASSIGN(const Fingerprint now, take_fingerprint(slot));
        return now.below != then.below;
    }

    static Status capture(const Entry& entry, std::optional<Fingerprint>& print, EntryState& state,
                          std::vector<TreeEntry>& tree) {
        BACKOUT_TRY_ASSIGN(print, take_fingerprint(entry));
        BACKOUT_TRY_ASSIGN(tree, capture_tree(*entry.directory, entry.name));
        state = summarize_tree(tree);
        if (state.type != EntryType::directory) tree.clear();
        return {};
    }

    // ---- a tree that others wrote into ------------------------------------------------------------------------------

    /// False: nothing foreign is there, it can go as one.
    Result<bool> take_apart(const FilePart& part, const Entry& top) {
        BACKOUT_TRY_ASSIGN(const auto print, take_fingerprint(top));
        if (part.staged->same_inode(top.status) && print.below == part.staged->below) return false;
        BACKOUT_TRY(collect(part, top));
        if (kept_.empty()) return false;
        BACKOUT_TRY(remove_clean(part));
        return true;
    }

    struct Found {
        EntryState state;
        EntryType type = EntryType::absent;
    };

    /// Compares the tree entry by entry; `kept_` gets every path that must stay: foreign, changed, or holding such.
    Status collect(const FilePart& part, const Entry& top) {
        kept_.clear();
        standing_.clear();
        top_length_ = part.path.size();
        std::map<std::string, const EntryState*> ours;
        for (const TreeEntry& entry : part.after_tree) ours[entry.path] = &entry.state;
        return walk_tree(*top.directory, top.name, [&](const TreeStep& step) -> Status {
            const std::string full = below(part.path, step.path);
            if (!step.path.empty() && goes_with_another_part(full)) return {};
            const auto known = ours.find(step.path);
            if (known == ours.end()) {
                result_.image.conflicts.push_back(
                    {full, "presence", "absent", std::string("a ") + to_string(step.status.type)});
                keep(step.path);
                return {};
            }
            standing_.insert(step.path);
            BACKOUT_TRY_ASSIGN(const EntryState state, capture_state(step.directory, step.name));
            std::vector<Difference> differences = compare_states(full, without_tree(*known->second), state);
            const auto sealed = part.after_sealed.find(step.path);
            if (differences.empty() && sealed != part.after_sealed.end() &&
                (!sealed->second.same_inode(step.status) || sealed->second.mtime != step.status.mtime)) {
                differences.push_back({full, "content", "as it was written (a secret)", "changed"});
            }
            if (differences.empty()) return {};
            std::move(differences.begin(), differences.end(), std::back_inserter(result_.image.conflicts));
            keep(step.path);
            return {};
        });
    }

    /// Another part of this image takes it away before its turn comes.
    bool goes_with_another_part(const std::string& path) const {
        for (std::size_t end = path.size(); end != 0 && end != std::string::npos; end = path.rfind('/', end - 1)) {
            if (own_.count(path.substr(0, end)) != 0 && end > top_length_) return true;
        }
        return false;
    }

    static EntryState without_tree(EntryState state) {
        state.tree.reset();
        return state;
    }

    /// The path itself and every directory above it stay.
    void keep(std::string path) {
        for (;;) {
            kept_.insert(path);
            if (path.empty()) return;
            const std::size_t slash = path.rfind('/');
            path = slash == std::string::npos ? "" : path.substr(0, slash);
        }
    }

    /// One part for each largest subtree that is wholly ours and unchanged, deepest first.
    Status remove_clean(const FilePart& part) {
        for (auto entry = part.after_tree.rbegin(); entry != part.after_tree.rend(); ++entry) {
            if (standing_.count(entry->path) == 0 || kept_.count(entry->path) != 0) continue;
            const std::size_t slash = entry->path.rfind('/');
            const std::string parent = slash == std::string::npos ? "" : entry->path.substr(0, slash);
            if (kept_.count(parent) == 0) continue;  // goes with its directory
            BACKOUT_TRY(add_removal(below(part.path, entry->path), part, entry->path));
        }
        return {};
    }

    Status add_removal(const std::string& path, const FilePart& whole, const std::string& inside) {
        BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context_.host, path));
        if (!entry.directory) return {};
        FilePart part;
        part.path = path;
        BACKOUT_TRY_ASSIGN(part.store, store_of(*entry.directory, whole.store));
        part.slot = context_.slot_prefix + "-" + std::to_string(next_slot_++);
        BACKOUT_TRY(capture(entry, part.present, part.before, part.before_tree));
        for (const auto& [sealed, print] : whole.after_sealed) {
            const bool within = sealed == inside || sealed.compare(0, inside.size() + 1, inside + "/") == 0;
            if (within) part.before_sealed[sealed == inside ? "" : sealed.substr(inside.size() + 1)] = print;
        }
        seal(part);
        result_.image.parts.push_back(std::move(part));
        return {};
    }

    /// A secret's digest isn't recorded here either.
    static void seal(FilePart& part) {
        for (const auto& [path, print] : part.before_sealed) {
            if (path.empty()) part.before.content.clear();
            for (TreeEntry& entry : part.before_tree) {
                if (entry.path == path) entry.state.content.clear();
            }
        }
        if (!part.before_tree.empty()) part.before = summarize_tree(part.before_tree);
    }

    /// The store that held the tree is on its mount; a mount that somebody put below it would have been foreign.
    Result<std::string> store_of(Directory& parent, const std::string& store) {
        if (!store.empty()) return store;
        return context_.images.store_for(parent, false);
    }

    // ---- the others -------------------------------------------------------------------------------------------------

    Status invert_move(const FilePart& part) {
        BACKOUT_TRY_ASSIGN(const Entry from, find_entry(context_.host, part.path));
        BACKOUT_TRY_ASSIGN(const Entry to, find_entry(context_.host, part.to));
        FilePart inverse = part;
        inverse.path = part.to;
        inverse.to = part.path;
        Entry slot;
        if (!part.store.empty()) {
            BACKOUT_TRY_ASSIGN(slot, find_slot(context_.images, part.store, part.slot));
        }
        BACKOUT_TRY_ASSIGN(inverse.to_parent, inverse_time(from, part.parent, slot, {&from, &to}));
        BACKOUT_TRY_ASSIGN(inverse.parent, inverse_time(to, part.to_parent, slot, {&from, &to}));
        if (to.status.present() && context_.overwrite_conflicts) {
            BACKOUT_TRY(tell_what_stays_changed(part, to));
            BACKOUT_TRY(capture(to, inverse.present, inverse.before, inverse.before_tree));
        }
        result_.image.parts.push_back(std::move(inverse));
        return {};
    }

    /// A move keeps no second copy: what somebody changed since goes back to its place as it is now, which isn't as it
    /// was, whoever asked for it.
    Status tell_what_stays_changed(const FilePart& part, const Entry& to) {
        BACKOUT_TRY_ASSIGN(Match match, match_entry(to, expected_before(part), {}));
        for (Difference& one : match.differences) {
            one.path = part.path + one.path.substr(std::min(one.path.size(), part.to.size()));
            one.found += " (it is moved back as it is: a move keeps no copy)";
            result_.image.conflicts.push_back(std::move(one));
        }
        return {};
    }

    Status invert_attributes(const FilePart& part) {
        FilePart inverse = part;
        inverse.attributes_before = part.attributes_after;
        inverse.attributes_after = part.attributes_before;
        if (context_.overwrite_conflicts) {
            BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context_.host, part.path));
            const FileStatus& now = entry.status;
            if (now.present() && inverse.attributes_before.mode) inverse.attributes_before.mode = now.mode;
            if (now.present() && inverse.attributes_before.uid) inverse.attributes_before.uid = now.uid;
            if (now.present() && inverse.attributes_before.gid) inverse.attributes_before.gid = now.gid;
        }
        result_.image.parts.push_back(std::move(inverse));
        return {};
    }

    StepContext& context_;
    const FileImage& image_;
    InvertedImage result_;
    std::set<std::string> own_;       ///< paths of all parts
    std::set<std::string> kept_;      ///< of the tree at hand: what stays
    std::set<std::string> standing_;  ///< of the tree at hand: what is ours and still there
    std::size_t top_length_ = 0;      ///< of the tree at hand: length of its path
    std::size_t next_slot_ = 0;
};

}  // namespace

Result<InvertedImage> invert_file_image(StepContext& context, const FileImage& image) {
    return Inverter(context, image).run();
}

}  // namespace backout
