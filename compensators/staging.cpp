#include "compensators/staging.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/mutation.h"
#include "compensators/file_kind.h"
#include "compensators/file_parts.h"
#include "compensators/tree.h"

namespace backout {

namespace {

constexpr int kMaximumCaptures = 3;

std::string join_below(const std::string& directory, const std::string& name) {
    return (directory == "/" ? "" : directory) + "/" + name;
}

std::string parent_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string last_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// Asks the kernel itself whether names can be moved between two directories, by moving one that isn't there: it says
/// EXDEV before it looks for the name, whatever st_dev and mount ids tell.
Result<bool> can_rename_between(Directory& a, Directory& b, const std::string& absent) {
    BACKOUT_TRY_ASSIGN(const FileStatus here, a.own_status());
    BACKOUT_TRY_ASSIGN(const FileStatus there, b.own_status());
    if (here.mount != there.mount || here.device != there.device) return false;
    const Status tried = a.move_to(absent, b, absent);
    return tried.ok() || tried.error().code != ErrorCode::cross_device;
}

/// A path that may not exist yet: where its existing part ends.
struct Anchor {
    Location location;                   ///< of the topmost missing component, or of the path itself
    std::vector<std::string> rest = {};  ///< components below it
};

Result<Anchor> find_anchor(Host& host, const std::string& path) {
    Anchor anchor;
    std::string at = path;
    for (;;) {
        Result<Location> location = host.locate(at);
        if (location.ok()) {
            anchor.location = *location;
            std::reverse(anchor.rest.begin(), anchor.rest.end());
            return anchor;
        }
        if (location.error().code != ErrorCode::not_found || at == "/" || at.empty()) return location.error();
        anchor.rest.push_back(last_name(at));
        at = parent_path(at);
    }
}

/// Paths come as real keys: one that leads elsewhere now has had a parent replaced by a link.
Status check_real(const Anchor& anchor, const std::string& path) {
    std::string key = anchor.location.key();
    for (const std::string& name : anchor.rest) key = join_below(key, name);
    if (key == path) return {};
    return Error{ErrorCode::conflict,
                 "a directory above " + printable(path) + " became a link since the plan was made: it leads to " +
                     printable(key) + " now",
                 path};
}

}  // namespace

struct FileStager::Present {
    Entry entry;
    std::optional<Fingerprint> print;
    EntryState state;
    std::vector<TreeEntry> tree;
};

FileStager::FileStager(StepContext& context) : context_(context) {}

FileStager::~FileStager() {
    // While an exception passes (a test that ends the program here), nothing more is done: a dead process tidies
    // nothing.
    if (finished_ || std::uncaught_exceptions() != 0) return;
    for (const Slot& slot : slots_) {
        const Status removed = remove_tree(*slot.directory, slot.name);
        static_cast<void>(removed.ok());  // the error that led here is the one to tell; `doctor` finds what is left
    }
}

/// Takes everything about what stands at a path as of one moment: the fingerprint is the same before and after reading.
Result<const FileStager::Present*> FileStager::capture(const std::string& path) {
    const auto known = present_.find(path);
    if (known != present_.end()) return static_cast<const Present*>(known->second.get());
    auto present = std::make_unique<Present>();
    BACKOUT_TRY_ASSIGN(present->entry, find_entry(context_.host, path));
    for (int attempt = 0; present->entry.status.present(); ++attempt) {
        if (attempt == kMaximumCaptures) {
            return Error{ErrorCode::conflict, printable(path) + " is being changed by somebody at this moment", path};
        }
        BACKOUT_TRY_ASSIGN(present->print, take_fingerprint(present->entry));
        BACKOUT_TRY_ASSIGN(present->tree, capture_tree(*present->entry.directory, present->entry.name));
        present->state = summarize_tree(present->tree);
        BACKOUT_TRY(refresh(present->entry));
        BACKOUT_TRY_ASSIGN(const bool untouched, is_untouched(present->entry, *present->print));
        if (untouched) break;
    }
    if (present->state.type != EntryType::directory) present->tree.clear();
    return static_cast<const Present*>((present_[path] = std::move(present)).get());
}

Status FileStager::expect(const std::string& path, const std::optional<Json>& before) {
    if (!before || is_unknown_state(*before)) return {};
    BACKOUT_TRY_ASSIGN(EntryState expected, entry_state_from_json(*before));
    BACKOUT_TRY_ASSIGN(const Present* present, capture(path));
    const auto differences = compare_states(path, expected, present->state);
    return differences.empty() ? Status{} : conflict_error(differences);
}

Result<EntryState> FileStager::present_at(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const Present* present, capture(path));
    return present->state;
}

Result<EntryType> FileStager::type_at(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context_.host, path));
    return entry.status.type;
}

Result<FileStager::Slot> FileStager::new_slot(Directory& parent) {
    const std::string name = context_.slot_prefix + "-" + std::to_string(slots_.size());
    for (const bool exclude_state : {false, true}) {
        BACKOUT_TRY_ASSIGN(const std::string store, context_.images.store_for(parent, exclude_state));
        BACKOUT_TRY_ASSIGN(const auto directory, context_.images.open(store));
        BACKOUT_TRY(remove_tree(*directory, name));  // left by a crash before its intent
        BACKOUT_TRY(remove_tree(*directory, second_slot(name)));
        BACKOUT_TRY(remove_tree(*directory, time_note(name)));
        BACKOUT_TRY_ASSIGN(const bool reachable, can_rename_between(*directory, parent, name));
        if (!reachable) continue;
        slots_.push_back({store, name, directory});
        if (!left_out("kinds.name_of_staged")) sync_.push_back({SyncRequest::What::names, directory, ""});
        return slots_.back();
    }
    return Error{ErrorCode::cross_device,
                 "no image store can be reached from " + printable(parent.path()) + " by a rename", parent.path()};
}

Result<Place> FileStager::open(const std::string& path, bool make_parents) {
    BACKOUT_TRY_ASSIGN(const Anchor anchor, find_anchor(context_.host, path));
    const std::string target = anchor.location.key();
    BACKOUT_TRY(check_real(anchor, path));
    if (!anchor.rest.empty() && !make_parents) {
        return Error{
            ErrorCode::not_found,
            "the directory " + printable(parent_path(path)) + " does not exist: make it first, or set make_parents",
            path};
    }
    BACKOUT_TRY_ASSIGN(const Slot slot, new_slot(*anchor.location.directory));
    Place place{slot.directory, slot.name,     join_below(slot.store, slot.name), target, path, slot.store,
                slot.name,      slot.directory};
    for (const std::string& name : anchor.rest) {
        BACKOUT_TRY(place.directory->make_directory(place.name, 0755));
        BACKOUT_TRY_ASSIGN(place.directory, place.directory->open_directory(place.name));
        place.name = name;
        place.real_path = join_below(place.real_path, name);
    }
    if (anchor.rest.empty()) place.entry = target;
    return place;
}

Result<FilePart> FileStager::swap_part(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const Present* present, capture(path));
    FilePart part;
    part.kind = PartKind::swap;
    part.path = path;
    part.present = present->print;
    part.before = present->state;
    part.before_tree = present->tree;
    if (!present->entry.directory) return part;  // made by an earlier part of this image
    BACKOUT_TRY_ASSIGN(const FileStatus parent, present->entry.directory->own_status());
    part.parent.before = parent.mtime;
    part.parent.inode = parent.inode;
    const EntryType type = present->entry.status.type;
    if (left_out("kinds.content_of_present")) return part;
    if (type == EntryType::file) {
        sync_.push_back({SyncRequest::What::file, present->entry.directory, present->entry.name});
    } else if (type == EntryType::directory) {
        sync_.push_back({SyncRequest::What::tree, present->entry.directory, present->entry.name});
    }
    return part;
}

namespace {

/// Replaces the digest of an entry whose content is a secret by a fingerprint.
void seal_entry(EntryState& state, const Fingerprint& print, const std::string& path,
                std::map<std::string, Fingerprint>& sealed) {
    if (state.type != EntryType::file) return;
    state.content.clear();
    sealed[path] = print;
}

}  // namespace

Status FileStager::close(const Place& place, const CloseOptions& options) {
    BACKOUT_TRY_ASSIGN(FilePart part, swap_part(place.target));
    part.store = place.store;
    part.slot = place.slot;
    Entry staged{place.store_directory, place.slot, join_below(place.store, place.slot)};
    BACKOUT_TRY(refresh(staged));
    BACKOUT_ASSERT(staged.status.present());
    BACKOUT_TRY_ASSIGN(part.staged, take_fingerprint(staged));
    if (options.digest && staged.status.type == EntryType::file) {
        BACKOUT_TRY_ASSIGN(part.after, capture_attributes(*staged.directory, staged.name, staged.status));
        part.after.content = *options.digest;
        part.after_tree = {{"", part.after}};
    } else {
        BACKOUT_TRY_ASSIGN(part.after_tree, capture_tree(*staged.directory, staged.name));
    }
    if (options.secret) {
        const std::string inside = place.entry == place.target ? "" : place.entry.substr(place.target.size() + 1);
        BACKOUT_TRY_ASSIGN(const FileStatus entry, place.directory->status(place.name));
        for (TreeEntry& candidate : part.after_tree) {
            if (candidate.path == inside) seal_entry(candidate.state, fingerprint_of(entry), inside, part.after_sealed);
        }
        // What it replaces is most likely the secret's former value.
        if (part.present) seal_entry(part.before, *part.present, "", part.before_sealed);
    }
    part.after = summarize_tree(part.after_tree);
    part.after.flags = options.flags;
    const bool directory = part.after.type == EntryType::directory;
    if (!directory) part.after_tree.clear();
    if (directory || part.after.type == EntryType::file) {
        const auto what = directory ? SyncRequest::What::tree : SyncRequest::What::file;
        if (!left_out("kinds.content_of_staged")) sync_.push_back({what, place.store_directory, place.slot});
    }
    image_.parts.push_back(std::move(part));
    return {};
}

Status FileStager::add_removal(const std::string& path) {
    BACKOUT_TRY_ASSIGN(FilePart part, swap_part(path));
    if (!part.present) return {};
    BACKOUT_TRY_ASSIGN(const Present* present, capture(path));
    BACKOUT_TRY_ASSIGN(const Slot slot, new_slot(*present->entry.directory));
    part.store = slot.store;
    part.slot = slot.name;
    image_.parts.push_back(std::move(part));
    return {};
}

Status FileStager::add_move(const std::string& from, const std::string& to, bool make_parents) {
    BACKOUT_TRY_ASSIGN(const Present* present, capture(from));
    if (!present->print) return Error{ErrorCode::not_found, printable(from) + " does not exist", from};
    BACKOUT_TRY_ASSIGN(const Anchor anchor, find_anchor(context_.host, to));
    BACKOUT_TRY(check_real(anchor, to));
    BACKOUT_TRY_ASSIGN(const bool one_mount, can_rename_between(*present->entry.directory, *anchor.location.directory,
                                                                context_.slot_prefix + "-probe"));
    image_.chained = true;
    if (!one_mount) {
        BACKOUT_TRY_ASSIGN(const Place place, open(to, make_parents));
        BACKOUT_TRY(copy_entry(*present->entry.directory, present->entry.name, *place.directory, place.name));
        CloseOptions options;
        if (place.entry == place.target) options.flags = present->state.flags;
        BACKOUT_TRY(close(place, options));
        return add_removal(from);
    }
    if (!anchor.rest.empty()) {
        BACKOUT_TRY_ASSIGN(const Place parents, open(parent_path(to), make_parents));
        BACKOUT_TRY(parents.directory->make_directory(parents.name, 0755));
        BACKOUT_TRY(close(parents));
    }
    BACKOUT_TRY_ASSIGN(FilePart part, swap_part(from));
    BACKOUT_TRY_ASSIGN(const Slot slot, new_slot(*present->entry.directory));
    part.kind = PartKind::move;
    part.to = to;
    part.store = slot.store;  // for the note of the time; nothing is copied
    part.slot = slot.name;
    if (anchor.rest.empty()) {
        BACKOUT_TRY_ASSIGN(const FileStatus parent, anchor.location.directory->own_status());
        part.to_parent.before = parent.mtime;
    }
    image_.parts.push_back(std::move(part));
    return {};
}

Status FileStager::add_attributes(const std::string& path, const AttributeSet& wanted) {
    BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context_.host, path));
    if (!entry.status.present()) return Error{ErrorCode::not_found, printable(path) + " does not exist", path};
    FilePart part;
    part.kind = PartKind::attributes;
    part.path = path;
    part.present = fingerprint_of(entry.status);
    part.before.type = entry.status.type;
    if (part.before.type == EntryType::file || part.before.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(part.before.flags, entry.directory->flags(entry.name));
        const SyncRequest former = {SyncRequest::What::file, entry.directory, entry.name};
        if (!left_out("kinds.former_attributes")) sync_.push_back(former);
    }
    const auto add = [](const auto& value, std::uint32_t now, auto& from, auto& into) {
        if (!value || *value == now) return;
        from = now;
        into = value;
    };
    if (part.before.type != EntryType::symlink) {
        add(wanted.mode, entry.status.mode, part.attributes_before.mode, part.attributes_after.mode);
    }
    add(wanted.uid, entry.status.uid, part.attributes_before.uid, part.attributes_after.uid);
    add(wanted.gid, entry.status.gid, part.attributes_before.gid, part.attributes_after.gid);
    if (!part.attributes_after.empty()) image_.parts.push_back(std::move(part));
    return {};
}

void FileStager::add_note(const std::string& note) {
    image_.notes.push_back(note);
}

void FileStager::set_outputs(Json outputs) {
    image_.outputs = std::move(outputs);
}

Result<Staged> FileStager::finish() {
    finished_ = true;
    return Staged{file_image_to_json(image_), std::move(sync_)};
}

// ---- new files ------------------------------------------------------------------------------------------------------

namespace {

/// Owner and mode last: until then nobody but us could read it, even if the store were open to others.
Status give_attributes(const Place& place, const NewAttributes& attributes) {
    AttributeChange change;
    change.uid = attributes.uid;
    change.gid = attributes.gid;
    change.mode = attributes.mode;
    if (!attributes.xattrs.empty()) change.xattrs = attributes.xattrs;
    return place.directory->set_attributes(place.name, change);
}

}  // namespace

Status write_new_file(const Place& place, std::string_view content, const NewAttributes& attributes) {
    BACKOUT_TRY_ASSIGN(const auto file, place.directory->create(place.name, 0600));
    if (!content.empty()) {
        BACKOUT_TRY(file->reserve(content.size()));
        BACKOUT_TRY(file->write(content));
    }
    BACKOUT_TRY(file->close());
    return give_attributes(place, attributes);
}

Result<std::string> copy_new_file(const Place& place, InputFile& source, const NewAttributes& attributes) {
    BACKOUT_TRY_ASSIGN(const auto file, place.directory->create(place.name, 0600));
    BACKOUT_TRY(copy_content(source, *file));
    BACKOUT_TRY(file->close());
    BACKOUT_TRY(give_attributes(place, attributes));
    BACKOUT_TRY_ASSIGN(const auto written, place.directory->open_read(place.name));
    return digest_file(*written);
}

}  // namespace backout
