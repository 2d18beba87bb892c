// The swap part: what stands at a path and what waits in a slot change places.
//
// Where the kernel swaps two names (RENAME_EXCHANGE), there are two states. Where it refuses, the swap is made of three
// renames, and the states in between are (path, slot, second slot):
//     O T -   at rest, before            link:  O T O   →   T - O   →   T O -   at rest, after
//                                        move:  - T O   →   T - O   →   T O -
// `apply` is a settling machine: it looks, takes the one move that leads nearer to (T O -), and looks again. So it goes
// on from each of these states, whichever direction the interrupted call had.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "compensators/file_parts.h"

namespace backout {
namespace {

constexpr int kMaximumRounds = 12;

enum class Standing { nothing, present, staged, foreign };

class SwapPart {
  public:
    SwapPart(StepContext& context, const FilePart& part, bool inverse)
        : context_(context), part_(part), inverse_(inverse), flags_before_(part.before.flags) {}

    Result<PartResult> apply();
    Result<PartView> observe(bool deep);

  private:
    Status open();
    Status look(bool deep, bool tolerate_more);
    Status look_at_path(bool deep, bool tolerate_more);
    bool may_have_grown() const;
    Result<bool> stands_elsewhere();
    Result<Standing> stands_in(const Entry& entry) const;
    void judge_parent_time();

    bool wants_nothing() const { return !part_.staged; }
    bool had_nothing() const { return !part_.present; }
    bool is_done() const;
    bool may_act() const;
    Result<bool> settle_second();
    Result<bool> act();
    Status swap_by_renames();
    Result<bool> came_out_as_seen();
    Status put_back();
    Result<PartResult> give_back();
    bool displaced_foreign() const;
    Status finish();
    PartResult conflict();
    Where where() const;

    StepContext& context_;
    const FilePart& part_;
    const bool inverse_;
    std::uint32_t flags_before_;  ///< of what stood at the path: set again if it is put back
    Entry path_;
    Entry slot_;
    Entry second_;
    Standing at_path_ = Standing::nothing;
    Standing in_slot_ = Standing::nothing;
    Standing in_second_ = Standing::nothing;
    bool twin_ = false;           ///< the state is right, the inode is another's
    bool flags_cleared_ = false;  ///< our own cleared flag was not set again yet
    bool parent_ours_ = false;    ///< the parent's mtime is what our last operation left
    bool acted_ = false;
    bool judged_ = false;
    std::optional<Fingerprint> looked_at_;  ///< what stood at the path just before we acted
    std::vector<Difference> from_before_;
    std::vector<Difference> from_after_;
};

Status SwapPart::open() {
    BACKOUT_TRY_ASSIGN(path_, find_entry(context_.host, part_.path));
    BACKOUT_TRY_ASSIGN(slot_, find_slot(context_.images, part_.store, part_.slot));
    BACKOUT_TRY_ASSIGN(second_, find_slot(context_.images, part_.store, second_slot(part_.slot)));
    return {};
}

/// Who stands in a store. Nobody else can enter it, so the inode decides; where it differs (a store that was restored
/// from a backup, a twin that came out) the state does.
Result<Standing> SwapPart::stands_in(const Entry& entry) const {
    if (!entry.status.present()) return Standing::nothing;
    if (part_.staged && part_.staged->same_inode(entry.status)) return Standing::staged;
    if (part_.present && part_.present->same_inode(entry.status)) return Standing::present;
    MatchOptions options;
    if (part_.staged) {
        BACKOUT_TRY_ASSIGN(const Match match, match_entry(entry, expected_after(part_), options));
        if (match.same) return Standing::staged;
    }
    if (part_.present) {
        BACKOUT_TRY_ASSIGN(const Match match, match_entry(entry, expected_before(part_), options));
        if (match.same) return Standing::present;
    }
    return Standing::foreign;
}

Status SwapPart::look(bool deep, bool tolerate_more) {
    BACKOUT_TRY(refresh(path_));
    BACKOUT_TRY(refresh(slot_));
    BACKOUT_TRY(refresh(second_));
    BACKOUT_TRY_ASSIGN(in_slot_, stands_in(slot_));
    BACKOUT_TRY_ASSIGN(in_second_, stands_in(second_));
    return look_at_path(deep, tolerate_more);
}

Status SwapPart::look_at_path(bool deep, bool tolerate_more) {
    twin_ = false;
    flags_cleared_ = false;
    from_before_.clear();
    from_after_.clear();
    BACKOUT_TRY_ASSIGN(const bool elsewhere, stands_elsewhere());
    if (elsewhere) return {};
    MatchOptions options;
    options.deep = deep;
    options.superseded = &context_.superseded;
    if (slot_.status.present()) options.moved_at.push_back(slot_.status.ctime);
    if (second_.status.present()) options.moved_at.push_back(second_.status.ctime);
    if (path_.directory) {
        BACKOUT_TRY_ASSIGN(const FileStatus parent, path_.directory->own_status());
        options.moved_at.push_back(parent.mtime);
    }
    BACKOUT_TRY_ASSIGN(const Match before, match_entry(path_, expected_before(part_), options));
    options.tolerate_more = tolerate_more && may_have_grown();
    BACKOUT_TRY_ASSIGN(const Match after, match_entry(path_, expected_after(part_), options));
    from_before_ = before.differences;
    from_after_ = after.differences;
    at_path_ = Standing::nothing;
    if (!path_.status.present()) return {};
    const bool is_present = !had_nothing() && before.same && (before.same_inode || !after.same || !after.same_inode);
    const bool is_staged = !wants_nothing() && after.same && !is_present;
    at_path_ = is_present ? Standing::present : is_staged ? Standing::staged : Standing::foreign;
    // Alike states and a foreign inode: whoever is not in the slot is taken to stand here.
    if (is_present && !before.same_inode && !wants_nothing() && after.same && in_slot_ != Standing::staged) {
        at_path_ = Standing::staged;
    }
    const Match& chosen = at_path_ == Standing::staged ? after : before;
    twin_ = at_path_ != Standing::foreign && !chosen.same_inode;
    flags_cleared_ = at_path_ != Standing::foreign && chosen.flags_cleared;
    return {};
}

/// Others may add to the tree that we put there. The tree that it replaces isn't that one, however alike they are but
/// for some entries; and no other tree is the former one that is to come back.
bool SwapPart::may_have_grown() const {
    if (part_.staged && part_.staged->same_inode(path_.status)) return true;
    return !inverse_ && !(part_.present && part_.present->same_inode(path_.status));
}

/// What is ours was moved away with the directory that it was in: whatever stands at the path now isn't ours.
Result<bool> SwapPart::stands_elsewhere() {
    const bool run_left_it = inverse_ ? part_.present.has_value() : part_.staged.has_value();
    BACKOUT_TRY_ASSIGN(from_before_, compare_directory(part_, path_, run_left_it));
    from_after_ = from_before_;
    if (!from_before_.empty()) at_path_ = Standing::foreign;
    return !from_before_.empty();
}

// ---- applying -------------------------------------------------------------------------------------------------------

bool SwapPart::is_done() const {
    if (wants_nothing()) {
        if (at_path_ != Standing::nothing) return false;
        return in_slot_ == Standing::present || had_nothing() || inverse_ || context_.overwrite_conflicts;
    }
    if (at_path_ != Standing::staged) return false;
    return in_slot_ != Standing::staged || inverse_;  // else: somebody made a twin of our change before us
}

bool SwapPart::may_act() const {
    if (!path_.directory || !slot_.directory) return false;
    if (in_slot_ != (wants_nothing() ? Standing::nothing : Standing::staged)) return false;
    if (context_.overwrite_conflicts) return true;
    return at_path_ == (had_nothing() ? Standing::nothing : Standing::present);
}

/// Moves towards a state at rest if the second slot is in use. True: something was done, look again.
Result<bool> SwapPart::settle_second() {
    if (in_second_ == Standing::nothing) return false;
    BACKOUT_TRY(set_flags(second_, 0));
    if (slot_.status.present()) BACKOUT_TRY(set_flags(slot_, 0));
    const bool same_inode = path_.status.present() && path_.status.inode == second_.status.inode;
    if (same_inode) {
        BACKOUT_TRY(second_.directory->remove_file(second_.name));
        return true;
    }
    if (!path_.directory) return false;
    if (at_path_ == Standing::nothing && in_second_ == Standing::staged) {
        BACKOUT_TRY(second_.directory->move_to(second_.name, *path_.directory, path_.name));
        return true;
    }
    if (at_path_ == Standing::nothing && in_slot_ == Standing::staged) {
        BACKOUT_TRY(slot_.directory->move_to(slot_.name, *path_.directory, path_.name));
        return true;
    }
    if (in_slot_ == Standing::nothing) {
        BACKOUT_TRY(second_.directory->move_to(second_.name, *second_.directory, slot_.name));
        return true;
    }
    return false;
}

void SwapPart::judge_parent_time() {
    parent_ours_ = false;
    if (!part_.parent.restore || !path_.directory) return;
    const Result<FileStatus> parent = path_.directory->own_status();
    if (!parent.ok()) return;  // the time is a courtesy: it must not keep the content from coming back
    std::vector<UnixNanoseconds> moments = {};
    if (path_.status.present()) moments.push_back(path_.status.ctime);
    if (slot_.status.present()) moments.push_back(slot_.status.ctime);
    if (slot_.directory) read_time_note(*slot_.directory, slot_.name, moments);
    parent_ours_ = parent->mtime == *part_.parent.restore || parent->mtime == part_.parent.left ||
                   near_any(parent->mtime, moments);
}

/// One exchange or move. False: somebody was faster; look again.
Result<bool> SwapPart::act() {
    looked_at_.reset();
    if (path_.status.present()) {
        BACKOUT_TRY_ASSIGN(looked_at_, take_fingerprint(path_));
        BACKOUT_TRY_ASSIGN(const EntryState state, capture_attributes(*path_.directory, path_.name, path_.status));
        if (state.flags != 0) flags_before_ = state.flags;
        BACKOUT_TRY(set_flags(path_, 0));
    }
    // A power cut may have brought back the flag of what lies in the store: clearing it was not durable yet.
    if (slot_.status.present()) BACKOUT_TRY(set_flags(slot_, 0));
    Status done;
    if (!path_.status.present()) {
        done = slot_.directory->move_to(slot_.name, *path_.directory, path_.name);
        // Nothing of the same moment stays in the store here.
        if (done.ok()) leave_time_note(*slot_.directory, slot_.name, *path_.directory);
    } else if (wants_nothing()) {
        done = path_.directory->move_to(path_.name, *slot_.directory, slot_.name);
    } else {
        done = slot_.directory->exchange(slot_.name, *path_.directory, path_.name);
        if (!done.ok() && done.error().code == ErrorCode::unsupported) done = swap_by_renames();
        if (done.ok()) note_time_of_exchange(path_, slot_);
    }
    acted_ = acted_ || done.ok();
    if (done.ok()) return true;
    if (path_.status.present() && flags_before_ != 0) BACKOUT_TRY(set_flags(path_, flags_before_));
    const ErrorCode code = done.error().code;
    if (code == ErrorCode::not_found || code == ErrorCode::exists) return false;
    return std::move(done).error();
}

/// For file systems that refuse to exchange. A link keeps the former inode while the new one is renamed over it, so the
/// path is never without an entry; what can't be linked is moved away first.
Status SwapPart::swap_by_renames() {
    const bool directories = path_.status.type == EntryType::directory || slot_.status.type == EntryType::directory;
    const bool linked = !directories && second_.directory->make_link(second_.name, *path_.directory, path_.name).ok();
    if (linked) {
        BACKOUT_TRY(slot_.directory->replace_to(slot_.name, *path_.directory, path_.name));
    } else {
        BACKOUT_TRY(path_.directory->move_to(path_.name, *second_.directory, second_.name));
        BACKOUT_TRY(slot_.directory->move_to(slot_.name, *path_.directory, path_.name));
    }
    return second_.directory->move_to(second_.name, *slot_.directory, slot_.name);
}

/// Invariant 2: what came out is what was looked at, untouched.
Result<bool> SwapPart::came_out_as_seen() {
    if (context_.overwrite_conflicts || !looked_at_) return true;
    BACKOUT_TRY(refresh(slot_));
    return is_untouched(slot_, *looked_at_);
}

Status SwapPart::put_back() {
    BACKOUT_TRY(refresh(path_));
    BACKOUT_TRY(refresh(slot_));
    if (!slot_.status.present()) return {};
    BACKOUT_TRY(set_flags(slot_, 0));
    if (path_.status.present()) {
        BACKOUT_TRY(set_flags(path_, 0));
        Status done = slot_.directory->exchange(slot_.name, *path_.directory, path_.name);
        if (!done.ok() && done.error().code == ErrorCode::unsupported) done = swap_by_renames();
        BACKOUT_TRY(done);
    } else {
        BACKOUT_TRY(slot_.directory->move_to(slot_.name, *path_.directory, path_.name));
    }
    return flags_before_ == 0 ? Status{} : set_flags(path_, flags_before_);
}

Result<PartResult> SwapPart::give_back() {
    BACKOUT_TRY(put_back());
    BACKOUT_TRY(look(false, true));
    return conflict();
}

/// The swap is done, but what waits in the slot is not what stood at the path when the image was made: a crash came
/// between the exchange and the look at what came out.
bool SwapPart::displaced_foreign() const {
    if (had_nothing() || in_slot_ != Standing::foreign) return false;
    return at_path_ == (wants_nothing() ? Standing::nothing : Standing::staged);
}

Status SwapPart::finish() {
    if (!wants_nothing() && part_.after.flags != 0) BACKOUT_TRY(set_flags(path_, part_.after.flags));
    // A crash came between the swap and the time. What was seen when the image was made can't decide alone: where
    // several parts move names in one directory, only the last of them finds its own time there.
    if (!judged_) judge_parent_time();
    return restore_parent_time(path_, part_.parent, parent_ours_);
}

PartResult SwapPart::conflict() {
    PartResult result{true, from_before_};
    const bool image_gone = in_slot_ != (wants_nothing() ? Standing::nothing : Standing::staged);
    if (!path_.directory && path_.detour.empty()) {
        result.conflicts = {{part_.path, "directory", "present", "gone, or no directory any more"}};
    } else if (result.conflicts.empty() && image_gone) {
        result.conflicts = {{part_.path, "image", "kept as " + slot_.path,
                             slot_.status.present() ? "replaced by something else" : "gone"}};
    } else if (result.conflicts.empty()) {
        result.conflicts = {{part_.path, "presence",
                             had_nothing() ? "absent" : std::string("a ") + to_string(part_.before.type),
                             "changed while we looked"}};
    }
    if (slot_.status.present() && !has_secret_content(part_)) {
        const char* image_is = inverse_ ? "before the run" : "as it would become";
        add_content_diff(result.conflicts, context_, part_.before, slot_, image_is, path_);
    }
    return result;
}

Result<PartResult> SwapPart::apply() {
    BACKOUT_TRY(open());
    for (int round = 0; round < kMaximumRounds; ++round) {
        BACKOUT_TRY(look(false, true));
        BACKOUT_TRY_ASSIGN(const bool settled, settle_second());
        if (settled) {
            acted_ = true;
            continue;
        }
        if (displaced_foreign() && !acted_ && !context_.overwrite_conflicts) return give_back();
        if (is_done()) {
            BACKOUT_TRY(finish());
            return PartResult{!acted_, {}};
        }
        if (!may_act()) return conflict();
        judge_parent_time();
        judged_ = true;
        BACKOUT_TRY_ASSIGN(const bool done, act());
        if (!done) continue;
        BACKOUT_TRY_ASSIGN(const bool as_seen, came_out_as_seen());
        if (!as_seen) return give_back();
    }
    return Error{ErrorCode::conflict,
                 printable(part_.path) + " keeps changing while it is worked on; it was left alone", part_.path};
}

// ---- observing ------------------------------------------------------------------------------------------------------

Where SwapPart::where() const {
    if (in_second_ != Standing::nothing || displaced_foreign()) return Where::mixed;
    const bool alike =
        part_.before.present() && !has_secret_content(part_) && from_before_.empty() && from_after_.empty();
    if (alike && at_path_ != Standing::foreign && at_path_ != Standing::nothing) return Where::both;
    switch (at_path_) {
        case Standing::present: return flags_cleared_ ? Where::mixed : Where::before;
        case Standing::staged:
            if (flags_cleared_) return Where::mixed;
            return twin_ && in_slot_ == Standing::staged && !inverse_ ? Where::neither : Where::after;
        case Standing::nothing:
            if (had_nothing()) return Where::before;
            if (wants_nothing()) return in_slot_ == Standing::present || inverse_ ? Where::after : Where::neither;
            return Where::neither;
        case Standing::foreign: break;
    }
    return Where::neither;
}

Result<PartView> SwapPart::observe(bool deep) {
    BACKOUT_TRY(open());
    BACKOUT_TRY(look(deep, !context_.going_back));
    PartView view;
    view.where = where();
    if (view.where == Where::after || view.where == Where::both) return view;
    view.differences = from_after_;
    if (at_path_ == Standing::foreign && slot_.status.present() && !has_secret_content(part_)) {
        add_content_diff(view.differences, context_, part_.after, slot_, "before the run", path_);
    }
    return view;
}

}  // namespace

Result<PartResult> apply_swap(StepContext& context, const FilePart& part, bool inverse) {
    return SwapPart(context, part, inverse).apply();
}

Result<PartView> observe_swap(StepContext& context, const FilePart& part, bool inverse, bool deep) {
    return SwapPart(context, part, inverse).observe(deep);
}

}  // namespace backout
