#include "compensators/shared_file_kind.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/file_parts.h"
#include "compensators/staged_validation.h"
#include "compensators/staging.h"
#include "compensators/text_diff.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr std::uint32_t kDefaultMode = 0644;

// ---- images --------------------------------------------------------------------------------------------------------

struct EditImage {
    FileImage files;
    Json edit;  ///< templates unexpanded
    bool forward = true;
    bool secret = false;
};

Result<EditImage> read_image(const Json& image) {
    EditImage read;
    BACKOUT_TRY_ASSIGN(read.files, file_image_from_json(member(image, "files")));
    read.edit = member(image, "edit");
    read.forward = bool_member(image, "forward", true);
    read.secret = has_secret(read.edit);
    return read;
}

Json write_image(Json files, const Json& edit, bool forward) {
    return Json{{"files", std::move(files)}, {"edit", edit}, {"forward", forward}};
}

Result<Json> expanded(StepContext& context, const Json& value) {
    return context.expand && has_template(value) ? context.expand(value) : Result<Json>(value);
}

/// The content of a regular file that is there.
Result<Bytes> content_of(const Entry& entry) {
    BACKOUT_TRY_ASSIGN(const auto file, entry.directory->open_read(entry.name));
    return read_all(*file, kSharedFileLimit);
}

/// What waits in the slot and stands at the path, once others have changed the file: enough to look for our edit.
struct Texts {
    bool swapped = false;  ///< false: our swap was not made (or is not to be recognized)
    Bytes before;          ///< what the image's edit was applied to (or the other way round)
    Bytes current;
};

/// Nothing if the world isn't such that contents can be compared.
Result<std::optional<Texts>> read_texts(StepContext& context, const FilePart& part, const Bytes& new_content) {
    BACKOUT_TRY_ASSIGN(const Entry path, find_entry(context.host, part.path));
    BACKOUT_TRY_ASSIGN(const Entry slot, find_slot(context.images, part.store, part.slot));
    if (path.status.type != EntryType::file) return std::optional<Texts>();
    Texts texts;
    if (part.present) {
        texts.swapped = part.present->same_inode(slot.status) && slot.status.type == EntryType::file;
    } else {
        texts.swapped = slot.directory && !slot.status.present();
    }
    if (!texts.swapped) return std::optional<Texts>(texts);
    texts.before = new_content;
    if (part.present) {
        BACKOUT_TRY_ASSIGN(texts.before, content_of(slot));
    }
    BACKOUT_TRY_ASSIGN(texts.current, content_of(path));
    return std::optional<Texts>(std::move(texts));
}

bool is_plain_swap(const FileImage& files) {
    return files.parts.size() == 1 && files.parts[0].kind == PartKind::swap && files.parts[0].staged &&
           files.parts[0].staged->type == EntryType::file;
}

NewAttributes attributes_like(Host& host, const EntryState& present) {
    NewAttributes attributes;
    attributes.mode = kDefaultMode;
    attributes.uid = host.user_id();
    attributes.gid = host.group_id();
    if (!present.present()) return attributes;
    attributes.mode = present.mode;
    attributes.uid = present.uid;
    attributes.gid = present.gid;
    attributes.xattrs = present.xattrs;
    drop_capabilities(attributes.xattrs);
    return attributes;
}

/// Stages `content` as the file's next one.
Status stage_content_at(StepContext& context, FileStager& stager, const std::string& path, const Bytes& content,
                        bool secret, const Json& validation) {
    BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
    BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, false));
    BACKOUT_TRY(write_new_file(place, content, attributes_like(context.host, present)));
    BACKOUT_TRY(validate_staged_file(context, validation, place.real_path));
    CloseOptions options;
    options.secret = secret;
    options.flags = present.flags;
    options.digest = sha256_hex(content);
    return stager.close(place, options);
}

void fill_differences(std::vector<Difference>& differences, const std::string& path, const std::string& diff) {
    for (Difference& difference : differences) {
        difference.path = path;
        if (difference.diff.empty()) difference.diff = diff;
    }
}

void hide_contents(std::vector<Difference>& differences) {
    for (Difference& difference : differences) {
        difference.expected = "(secret)";
        difference.found = "(secret)";
        difference.diff.clear();
    }
}

}  // namespace

Result<Staged> SharedFileKind::stage(StepContext& context, const PlannedStep& step) const {
    const Json& planned = context.planned_arguments != nullptr ? *context.planned_arguments : step.arguments;
    const std::string path = string_member(step.arguments, "path");
    FileStager stager(context);
    BACKOUT_TRY(stager.expect(path, step.before));
    BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
    if (present.present() && present.type != EntryType::file) {
        return Error{ErrorCode::wrong_type,
                     printable(path) + " is a " + to_string(present.type) + " by now, not a file", path};
    }
    Bytes content = new_content();
    if (present.present()) {
        BACKOUT_TRY_ASSIGN(content, read_file(context.host, path, kSharedFileLimit));
    }
    auto edited = apply_edit(member(step.arguments, edit_name()), content);
    if (!edited) return std::move(edited).error().in(printable(path));
    const bool secret = bool_member(step.arguments, "secret", false);
    Json outputs = {{"path", path}};
    if (!secret) outputs["digest"] = sha256_hex(edited->content);
    stager.set_outputs(std::move(outputs));
    if (!present.present() || edited->content != content) {
        BACKOUT_TRY(
            stage_content_at(context, stager, path, edited->content, secret, member(step.arguments, "validate")));
    }
    BACKOUT_TRY_ASSIGN(Staged staged, stager.finish());
    staged.image = write_image(std::move(staged.image), member(planned, edit_name()), true);
    return staged;
}

// ---- going back ----------------------------------------------------------------------------------------------------

namespace {

/// The image for a file that others changed: `result` as its next content, or nothing but conflicts.
struct Rebuilt {
    Bytes content;
    bool remove = false;
    std::vector<Difference> conflicts = {};
};

Result<Staged> stage_rebuilt(StepContext& context, const EditImage& image, const Rebuilt& rebuilt,
                             const Bytes& current) {
    const std::string& path = image.files.parts[0].path;
    FileStager stager(context);
    BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
    if (present.content != sha256_hex(current)) {
        return Error{ErrorCode::conflict, printable(path) + " is being changed by somebody at this moment", path};
    }
    if (rebuilt.remove) {
        BACKOUT_TRY(stager.add_removal(path));
    } else if (rebuilt.content != current) {
        BACKOUT_TRY(stage_content_at(context, stager, path, rebuilt.content, image.secret, Json()));
        stager.add_note(printable(path) + ": others changed the file since; only our edit was turned back");
    }
    BACKOUT_TRY_ASSIGN(Staged staged, stager.finish());
    BACKOUT_TRY_ASSIGN(FileImage files, file_image_from_json(staged.image));
    files.inverse = !image.files.inverse;
    files.conflicts = rebuilt.conflicts;
    staged.conflicts = rebuilt.conflicts;
    staged.image = write_image(file_image_to_json(files), image.edit, !image.forward);
    return staged;
}

}  // namespace

Result<ReverseResult> SharedFileKind::reverse_recorded(const Json& edit, const FilePart& part, const Bytes& before,
                                                       const Bytes& current) const {
    BACKOUT_TRY_ASSIGN(const EditResult edited, apply_edit(edit, before));
    const std::string& recorded = part.after.content;
    if (!recorded.empty() && recorded != sha256_hex(edited.content)) {
        return Error{ErrorCode::conflict, "the edit can't be told from others' changes any more", part.path};
    }
    return reverse_edit(edit, before, current);
}

std::string SharedFileKind::foreign_change(const Json& edit, const std::string& path, const Bytes& before,
                                           const Bytes& current) const {
    const auto left = apply_edit(edit, before);
    return left.ok() ? foreign_diff(path, "as the run left it", left->content, current) : "";
}

Result<Staged> SharedFileKind::invert(StepContext& context, const Json& json) const {
    BACKOUT_TRY_ASSIGN(const EditImage image, read_image(json));
    std::optional<Texts> texts;
    if (is_plain_swap(image.files) && !context.overwrite_conflicts) {
        BACKOUT_TRY_ASSIGN(const Observation seen, observe_file_image(context, image.files, true));
        if (seen.where == Where::neither) {
            BACKOUT_TRY_ASSIGN(texts, read_texts(context, image.files.parts[0], new_content()));
        }
    }
    if (!texts || !texts->swapped) {
        BACKOUT_TRY_ASSIGN(InvertedImage inverted, invert_file_image(context, image.files));
        return Staged{write_image(file_image_to_json(inverted.image), image.edit, !image.forward),
                      std::move(inverted.sync), inverted.image.conflicts};
    }
    BACKOUT_TRY_ASSIGN(const Json edit, expanded(context, image.edit));
    const std::string& path = image.files.parts[0].path;
    Rebuilt rebuilt;
    if (image.forward) {
        auto reversed = reverse_recorded(edit, image.files.parts[0], texts->before, texts->current);
        if (!reversed) {
            rebuilt.content = texts->current;
            rebuilt.conflicts = {
                Difference{path, "content", "a file to take the edit out of", reversed.error().text()}};
        } else {
            rebuilt = {reversed->content, reversed->empty && !image.files.parts[0].present, reversed->conflicts};
            fill_differences(rebuilt.conflicts, path, foreign_change(edit, path, texts->before, texts->current));
        }
    } else {
        // Doing again what was taken back: the edit itself, on what the file is now.
        auto edited = apply_edit(edit, texts->current);
        rebuilt.content = edited ? edited->content : texts->current;
        if (!edited) rebuilt.conflicts = {Difference{path, "content", "a file to edit", edited.error().text()}};
    }
    if (image.secret) hide_contents(rebuilt.conflicts);
    return stage_rebuilt(context, image, rebuilt, texts->current);
}

Result<Applied> SharedFileKind::apply(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const EditImage read, read_image(image));
    return apply_file_image(context, read.files);
}

Result<Observation> SharedFileKind::observe(StepContext& context, const Json& json, bool deep) const {
    BACKOUT_TRY_ASSIGN(const EditImage image, read_image(json));
    BACKOUT_TRY_ASSIGN(Observation seen, observe_file_image(context, image.files, deep));
    if (image.files.parts.empty() && !image.files.conflicts.empty()) {
        return Observation{Where::neither, image.files.conflicts, "our edit was changed by somebody"};
    }
    if (seen.where != Where::neither || !is_plain_swap(image.files)) return seen;
    BACKOUT_TRY_ASSIGN(const std::optional<Texts> texts, read_texts(context, image.files.parts[0], new_content()));
    if (!texts) return seen;
    if (!texts->swapped) {
        BACKOUT_TRY_ASSIGN(const Entry slot,
                           find_slot(context.images, image.files.parts[0].store, image.files.parts[0].slot));
        if (!image.files.parts[0].staged->same_inode(slot.status)) return seen;
        seen.where = Where::before;
        seen.note = "others changed the file, and our change is not made yet";
        return seen;
    }
    BACKOUT_TRY_ASSIGN(const Json edit, expanded(context, image.edit));
    seen.note = "others changed the file, too";
    if (!image.forward) {
        const auto edited = apply_edit(edit, texts->current);
        seen.where = edited && edited->content == texts->current ? Where::before : Where::after;
        seen.differences.clear();
        return seen;
    }
    const auto reversed = reverse_recorded(edit, image.files.parts[0], texts->before, texts->current);
    if (!reversed) return seen;
    if (reversed->conflicts.empty() && (reversed->intact == 0 || reversed->undone == 0)) {
        seen.where = reversed->undone > 0 ? Where::before : Where::after;
        seen.differences.clear();
    } else if (!reversed->conflicts.empty()) {
        seen.differences = reversed->conflicts;
        const std::string& path = image.files.parts[0].path;
        fill_differences(seen.differences, path, foreign_change(edit, path, texts->before, texts->current));
        if (image.secret) hide_contents(seen.differences);
    }
    return seen;
}

Result<std::vector<Difference>> SharedFileKind::verify_kept(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const std::vector<std::string>& superseded = context.superseded;
    if (std::find(superseded.begin(), superseded.end(), path) != superseded.end()) return std::vector<Difference>();
    BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(context.host, path));
    if (entry.status.type != EntryType::file) {
        return std::vector<Difference>{{path, "type", "file", to_string(entry.status.type)}};
    }
    BACKOUT_TRY_ASSIGN(const Bytes content, content_of(entry));
    BACKOUT_TRY_ASSIGN(const Json edit, expanded(context, member(step.arguments, edit_name())));
    const auto edited = apply_edit(edit, content);
    if (edited && edited->content == content) return std::vector<Difference>();
    Difference difference{path, "content", "with the edit", edited ? "without it" : edited.error().text()};
    if (edited && !bool_member(step.arguments, "secret", false))
        difference.diff = unified_diff(path, edited->content, content);
    return std::vector<Difference>{difference};
}

Result<std::vector<SyncRequest>> SharedFileKind::sync_of(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const EditImage read, read_image(image));
    return sync_of_file_image(context, read.files);
}

Status SharedFileKind::release(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const EditImage read, read_image(image));
    return release_file_image(context, read.files);
}

Result<Json> SharedFileKind::outputs_of_kept(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    Json outputs = {{"path", path}};
    if (bool_member(step.arguments, "secret", false)) return outputs;
    const auto content = read_file(context.host, path, kSharedFileLimit);
    if (!content.ok() && content.error().code == ErrorCode::not_found) return outputs;  // a later step moved it away
    if (!content.ok()) return content.error();
    outputs["digest"] = sha256_hex(*content);
    return outputs;
}

}  // namespace backout
