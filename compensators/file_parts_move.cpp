// The move part (one rename within a mount) and the attributes part (in place, by descriptor).

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "compensators/file_parts.h"

namespace backout {
namespace {

constexpr int kMaximumRounds = 8;

Status change_flags(const Entry& entry, std::uint32_t flags) {
    if (entry.status.type != EntryType::file && entry.status.type != EntryType::directory) return {};
    BACKOUT_TRY_ASSIGN(const std::uint32_t now, entry.directory->flags(entry.name));
    if (now == flags) return {};
    AttributeChange change;
    change.flags = flags;
    return entry.directory->set_attributes(entry.name, change);
}

std::string octal_or_number(const char* attribute, std::uint32_t value) {
    if (std::string(attribute) != "mode") return std::to_string(value);
    std::string text;
    for (int shift = 9; shift >= 0; shift -= 3) text += static_cast<char>('0' + ((value >> shift) & 7U));
    return text;
}

// ---- move -----------------------------------------------------------------------------------------------------------

class MovePart {
  public:
    MovePart(StepContext& context, const FilePart& part) : context_(context), part_(part) {}

    Result<PartResult> apply() {
        BACKOUT_TRY(open());
        for (int round = 0; round < kMaximumRounds; ++round) {
            BACKOUT_TRY(look(false));
            if (is_done()) {
                BACKOUT_TRY(finish());
                return PartResult{!acted_, {}};
            }
            if (halfway_linked()) {
                BACKOUT_TRY(from_.directory->remove_file(from_.name));
                acted_ = true;
                continue;
            }
            if (!may_act()) return conflict();
            judge_parent_times();
            BACKOUT_TRY_ASSIGN(const bool done, act());
            if (!done) continue;
            BACKOUT_TRY(refresh(to_));
            BACKOUT_TRY_ASSIGN(const bool as_seen, is_untouched(to_, looked_at_));
            if (as_seen || context_.overwrite_conflicts) continue;
            BACKOUT_TRY(to_.directory->move_to(to_.name, *from_.directory, from_.name));
            BACKOUT_TRY(look(false));
            BACKOUT_TRY(change_flags(from_, part_.before.flags));
            return conflict();
        }
        return Error{ErrorCode::conflict,
                     printable(part_.path) + " keeps changing while it is moved; it was left alone", part_.path};
    }

    Result<PartView> observe(bool deep) {
        BACKOUT_TRY(open());
        BACKOUT_TRY(look(deep));
        PartView view;
        if (halfway_linked()) {
            view.where = Where::mixed;
        } else if (at_from_.same && !to_.status.present()) {
            view.where = at_from_.flags_cleared ? Where::mixed : Where::before;
        } else if (is_done()) {
            view.where = at_to_.flags_cleared ? Where::mixed : Where::after;
        } else {
            view.where = Where::neither;
        }
        if (view.where != Where::after) view.differences = missing_at_to();
        return view;
    }

  private:
    Status open() {
        BACKOUT_TRY_ASSIGN(from_, find_entry(context_.host, part_.path));
        BACKOUT_TRY_ASSIGN(to_, find_entry(context_.host, part_.to));
        if (part_.store.empty()) return {};
        BACKOUT_TRY_ASSIGN(slot_, find_slot(context_.images, part_.store, part_.slot));
        return {};
    }

    Status look(bool deep) {
        BACKOUT_TRY(refresh(from_));
        BACKOUT_TRY(refresh(to_));
        MatchOptions options;
        options.deep = deep;
        options.superseded = &context_.superseded;
        for (const Entry* entry : {&from_, &to_}) {
            if (!entry->directory) continue;
            BACKOUT_TRY_ASSIGN(const FileStatus parent, entry->directory->own_status());
            options.moved_at.push_back(parent.mtime);
        }
        BACKOUT_TRY_ASSIGN(at_from_, match_entry(from_, expected_before(part_), options));
        BACKOUT_TRY_ASSIGN(at_to_, match_entry(to_, expected_before(part_), options));
        return {};
    }

    bool is_done() const { return !from_.status.present() && to_.status.present() && at_to_.same; }
    /// Where the kernel can't move without replacing, a move is a link and an unlink.
    bool halfway_linked() const {
        return from_.status.type == EntryType::file && at_to_.same && at_to_.same_inode &&
               from_.status.inode == to_.status.inode && from_.status.device == to_.status.device;
    }
    bool may_act() const {
        if (!to_.directory || !from_.status.present() || to_.status.present()) return false;
        return at_from_.same || context_.overwrite_conflicts;
    }

    Result<bool> act() {
        BACKOUT_TRY_ASSIGN(looked_at_, take_fingerprint(from_));
        BACKOUT_TRY(change_flags(from_, 0));
        Status done = from_.directory->move_to(from_.name, *to_.directory, to_.name);
        acted_ = acted_ || done.ok();
        if (done.ok() && slot_.directory) leave_time_note(*slot_.directory, slot_.name, *to_.directory);
        if (done.ok()) return true;
        BACKOUT_TRY(change_flags(from_, part_.before.flags));
        const ErrorCode code = done.error().code;
        if (code == ErrorCode::not_found || code == ErrorCode::exists) return false;
        return std::move(done).error();
    }

    void judge_parent_times() {
        from_ours_ = is_ours(from_, part_.parent);
        to_ours_ = is_ours(to_, part_.to_parent);
    }

    /// Both directories got their mtime from the same rename as the entry its ctime.
    bool is_ours(const Entry& entry, const ParentTime& time) const {
        if (!time.restore || !entry.directory) return false;
        const Result<FileStatus> parent = entry.directory->own_status();
        if (!parent.ok()) return false;
        const FileStatus& moved = from_.status.present() ? from_.status : to_.status;
        std::vector<UnixNanoseconds> moments = {moved.ctime};
        if (slot_.directory) read_time_note(*slot_.directory, slot_.name, moments);
        return parent->mtime == *time.restore || parent->mtime == time.left || near_any(parent->mtime, moments);
    }

    Status finish() {
        if (part_.before.flags != 0) BACKOUT_TRY(change_flags(to_, part_.before.flags));
        if (!acted_ && !part_.parent.ours && !part_.to_parent.ours) return {};
        if (!acted_) judge_parent_times();
        BACKOUT_TRY(restore_parent_time(from_, part_.parent, from_ours_));
        return restore_parent_time(to_, part_.to_parent, to_ours_);
    }

    std::vector<Difference> missing_at_to() const {
        std::vector<Difference> differences = at_to_.differences;
        if (from_.status.present() && differences.empty()) {
            differences.push_back({part_.path, "presence", "absent", std::string("a ") + to_string(from_.status.type)});
        }
        return differences;
    }

    PartResult conflict() const {
        PartResult result;
        result.was_already = false;
        result.conflicts = at_from_.differences;
        if (to_.status.present()) {
            result.conflicts.push_back(
                {part_.to, "presence", "absent", std::string("a ") + to_string(to_.status.type)});
        } else if (!to_.directory) {
            result.conflicts.push_back({part_.to, "directory", "present", "gone, or no directory any more"});
        } else if (result.conflicts.empty()) {
            result.conflicts.push_back({part_.path, "content", "as it was", "changed while we looked"});
        }
        return result;
    }

    StepContext& context_;
    const FilePart& part_;
    Entry from_;
    Entry to_;
    Entry slot_;  ///< never filled: the note of the time stands beside it
    Match at_from_;
    Match at_to_;
    Fingerprint looked_at_;
    bool acted_ = false;
    bool from_ours_ = false;
    bool to_ours_ = false;
};

// ---- attributes -----------------------------------------------------------------------------------------------------

class AttributesPart {
  public:
    AttributesPart(StepContext& context, const FilePart& part) : context_(context), part_(part) {}

    Result<PartResult> apply() {
        BACKOUT_TRY(look());
        PartResult result;
        const bool missing = entry_.status.type != part_.before.type;
        if (missing || (!foreign_.empty() && !context_.overwrite_conflicts)) {
            result.conflicts = foreign_;
            return result;
        }
        result.was_already = is_after_ && !flags_cleared_;
        if (result.was_already) return result;
        if (!is_after_) {
            BACKOUT_TRY(change_flags(entry_, 0));
            AttributeChange change;
            change.mode = part_.attributes_after.mode;
            change.uid = part_.attributes_after.uid;
            change.gid = part_.attributes_after.gid;
            BACKOUT_TRY(entry_.directory->set_attributes(entry_.name, change));
        }
        BACKOUT_TRY(change_flags(entry_, part_.before.flags));
        return result;
    }

    Result<PartView> observe() {
        BACKOUT_TRY(look());
        PartView view;
        view.differences = from_after_;
        if (!foreign_.empty()) {
            view.where = Where::neither;
        } else if (is_before_ && is_after_) {
            view.where = Where::both;
        } else if (flags_cleared_ || is_before_ == is_after_) {
            view.where = Where::mixed;
        } else {
            view.where = is_after_ ? Where::after : Where::before;
        }
        return view;
    }

  private:
    /// Every mix of former and new values is ours: the calls that set them are several.
    Status look() {
        BACKOUT_TRY_ASSIGN(entry_, find_entry(context_.host, part_.path));
        if (entry_.status.type != part_.before.type) {
            EntryState expected;
            EntryState found;
            expected.type = part_.before.type;
            found.type = entry_.status.type;
            foreign_ = compare_states(part_.path, expected, found);
            from_after_ = foreign_;
            return {};
        }
        compare("mode", part_.attributes_before.mode, part_.attributes_after.mode, entry_.status.mode);
        compare("owner", part_.attributes_before.uid, part_.attributes_after.uid, entry_.status.uid);
        compare("group", part_.attributes_before.gid, part_.attributes_after.gid, entry_.status.gid);
        if (part_.before.flags != 0) {
            BACKOUT_TRY_ASSIGN(const std::uint32_t flags, entry_.directory->flags(entry_.name));
            flags_cleared_ = flags == 0;
        }
        return {};
    }

    void compare(const char* name, const std::optional<std::uint32_t>& before,
                 const std::optional<std::uint32_t>& after, std::uint32_t found) {
        if (!after || !before) return;
        const auto text = [&](std::uint32_t value) { return octal_or_number(name, value); };
        if (found != *before) is_before_ = false;
        if (found != *after) {
            is_after_ = false;
            from_after_.push_back({part_.path, name, text(*after), text(found)});
        }
        // Seen from what the image expects to find: for an undo that is what the run left.
        if (found != *before && found != *after) foreign_.push_back({part_.path, name, text(*before), text(found)});
    }

    StepContext& context_;
    const FilePart& part_;
    Entry entry_;
    bool is_before_ = true;
    bool is_after_ = true;
    bool flags_cleared_ = false;
    std::vector<Difference> foreign_;
    std::vector<Difference> from_after_;
};

}  // namespace

Result<PartResult> apply_move(StepContext& context, const FilePart& part) {
    return MovePart(context, part).apply();
}
Result<PartView> observe_move(StepContext& context, const FilePart& part, bool deep) {
    return MovePart(context, part).observe(deep);
}
Result<PartResult> apply_attributes(StepContext& context, const FilePart& part) {
    return AttributesPart(context, part).apply();
}
Result<PartView> observe_attributes(StepContext& context, const FilePart& part) {
    return AttributesPart(context, part).observe();
}

}  // namespace backout
