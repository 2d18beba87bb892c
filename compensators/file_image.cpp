#include "compensators/file_image.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "base/mutation.h"
#include "compensators/file_parts.h"

namespace backout {
namespace {

Result<PartResult> apply_part(StepContext& context, const FilePart& part, bool inverse) {
    switch (part.kind) {
        case PartKind::swap: return apply_swap(context, part, inverse);
        case PartKind::move: return apply_move(context, part);
        case PartKind::attributes: break;
    }
    return apply_attributes(context, part);
}

Result<PartView> observe_part(StepContext& context, const FilePart& part, bool inverse, bool deep) {
    switch (part.kind) {
        case PartKind::swap: return observe_swap(context, part, inverse, deep);
        case PartKind::move: return observe_move(context, part, deep);
        case PartKind::attributes: break;
    }
    return observe_attributes(context, part);
}

bool is_left_out(const StepContext& context, const FilePart& part) {
    return is_superseded(part.path, context.superseded) ||
           (!part.to.empty() && is_superseded(part.to, context.superseded));
}

/// Collects barrier requests, each once.
class Requests {
  public:
    void names(const std::shared_ptr<Directory>& directory) { add(SyncRequest::What::names, directory, ""); }
    void file(const std::shared_ptr<Directory>& directory, const std::string& name) {
        add(SyncRequest::What::file, directory, name);
    }
    std::vector<SyncRequest> take() { return std::move(requests_); }

  private:
    void add(SyncRequest::What what, const std::shared_ptr<Directory>& directory, const std::string& name) {
        if (directory && known_.emplace(what, directory->path(), name).second)
            requests_.push_back({what, directory, name});
    }

    std::set<std::tuple<SyncRequest::What, std::string, std::string>> known_;
    std::vector<SyncRequest> requests_;
};

Status sync_part(StepContext& context, const FilePart& part, Requests& requests) {
    BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context.host, part.path));
    const bool plain = entry.status.type == EntryType::file || entry.status.type == EntryType::directory;
    const bool attributes = part.kind == PartKind::attributes || part.before.flags != 0 || part.after.flags != 0;
    if (part.kind != PartKind::attributes && !left_out("kinds.names_at_target")) requests.names(entry.directory);
    if (attributes && plain && !left_out("kinds.attributes_at_target")) requests.file(entry.directory, entry.name);
    if (part.kind == PartKind::swap) {
        BACKOUT_TRY_ASSIGN(const Entry slot, find_slot(context.images, part.store, part.slot));
        if (!left_out("kinds.names_in_store")) requests.names(slot.directory);
    }
    if (part.kind == PartKind::move) {
        BACKOUT_TRY_ASSIGN(const Entry to, find_entry(context.host, part.to));
        if (!left_out("kinds.names_moved_to")) requests.names(to.directory);
        if (attributes && to.status.present()) requests.file(to.directory, to.name);
    }
    return {};
}

Status sync_now(StepContext& context, const FilePart& part) {
    Requests requests;
    BACKOUT_TRY(sync_part(context, part, requests));
    return context.host.sync(requests.take());
}

/// What several parts make together.
Where combine(const std::vector<Where>& parts) {
    const auto all = [&](auto... wanted) {
        return std::all_of(parts.begin(), parts.end(), [&](Where where) { return ((where == wanted) || ...); });
    };
    if (std::find(parts.begin(), parts.end(), Where::unreadable) != parts.end()) return Where::unreadable;
    if (all(Where::both)) return Where::both;
    if (all(Where::before, Where::both)) return Where::before;
    if (all(Where::after, Where::both)) return Where::after;
    if (all(Where::neither)) return Where::neither;
    return Where::mixed;
}

}  // namespace

Result<Applied> apply_file_image(StepContext& context, const FileImage& image) {
    Applied applied;
    applied.was_already = true;
    applied.outputs = image.outputs;
    applied.conflicts = image.conflicts;
    for (const FilePart& part : image.parts) {
        Result<PartResult> result = apply_part(context, part, image.inverse);
        if (!result.ok()) return std::move(result).error().in("changing " + printable(part.path));
        applied.was_already = applied.was_already && result->was_already && result->conflicts.empty();
        const bool conflict = !result->conflicts.empty();
        std::move(result->conflicts.begin(), result->conflicts.end(), std::back_inserter(applied.conflicts));
        // Forward, the run goes back anyway; backwards, what can be taken back is.
        if (conflict && &part == &image.parts.front() && result->was_already) applied.untouched = true;
        if (conflict && (!image.inverse || image.chained)) break;
        // Nothing orders two renames but a barrier: after a power cut the second may be there without the first, and a
        // file that was moved into a directory of ours would lie in the store with it.
        if (image.chained && &part != &image.parts.back()) BACKOUT_TRY(sync_now(context, part));
    }
    // With several parts, or going back, a later part may have been changed.
    applied.untouched = applied.untouched && !image.inverse;
    if (!image.notes.empty()) applied.result = {{"notes", image.notes}};
    BACKOUT_TRY_ASSIGN(applied.sync, sync_of_file_image(context, image));
    return applied;
}

namespace {

/// What the image itself moved into a directory that it made: nobody else put it there.
void add_moved_in(const FileImage& image, std::vector<std::string>& own) {
    for (const FilePart& part : image.parts) {
        if (part.kind == PartKind::move) own.push_back(part.to);
    }
}

}  // namespace

Result<Observation> observe_file_image(StepContext& context, const FileImage& image, bool deep) {
    Observation observation;
    std::vector<Where> places;
    for (const FilePart& part : image.parts) {
        if (is_left_out(context, part)) continue;
        const std::size_t others = context.superseded.size();
        if (context.going_back && part.kind == PartKind::swap) add_moved_in(image, context.superseded);
        Result<PartView> view = observe_part(context, part, image.inverse, deep);
        context.superseded.resize(others);
        if (!view.ok()) {
            observation.note = view.error().text();
            places.push_back(Where::unreadable);
            continue;
        }
        places.push_back(view->where);
        std::move(view->differences.begin(), view->differences.end(), std::back_inserter(observation.differences));
    }
    observation.where = combine(places);
    if (image.parts.empty() && !image.conflicts.empty()) {
        return Observation{Where::neither, image.conflicts, "all of it is left to others"};
    }
    if (places.empty() && !image.parts.empty()) observation.where = Where::after;
    if (observation.where == Where::after || observation.where == Where::both) observation.differences.clear();
    return observation;
}

Result<std::vector<SyncRequest>> sync_of_file_image(StepContext& context, const FileImage& image) {
    Requests requests;
    for (const FilePart& part : image.parts) BACKOUT_TRY(sync_part(context, part, requests));
    return requests.take();
}

Result<std::vector<Difference>> kept_damage_of_file_image(StepContext& context, const FileImage& image) {
    std::vector<Difference> all;
    for (const FilePart& part : image.parts) {
        if (part.kind != PartKind::swap || !part.present) continue;
        BACKOUT_TRY_ASSIGN(const Entry slot, find_slot(context.images, part.store, part.slot));
        BACKOUT_TRY_ASSIGN(std::vector<Difference> damage, kept_damage(part, slot));
        std::move(damage.begin(), damage.end(), std::back_inserter(all));
    }
    return all;
}

Result<std::vector<Difference>> kept_damage_of_image(StepContext& context, const Json& image) {
    const Json& files = image.is_object() && image.contains("files") ? image["files"] : image;
    if (!files.is_object() || !files.contains("parts")) return std::vector<Difference>();
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(files));
    return kept_damage_of_file_image(context, parsed);
}

Status release_file_image(StepContext& context, const FileImage& image) {
    for (const FilePart& part : image.parts) {
        if (part.store.empty()) continue;
        for (const std::string& name : {part.slot, second_slot(part.slot), time_note(part.slot)}) {
            BACKOUT_TRY_ASSIGN(const Entry slot, find_slot(context.images, part.store, name));
            if (slot.directory) BACKOUT_TRY(remove_tree(*slot.directory, name));
        }
    }
    return {};
}

}  // namespace backout
