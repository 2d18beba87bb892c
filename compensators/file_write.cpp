#include "compensators/file_write.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/file_parts.h"
#include "compensators/file_write_content.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/staged_validation.h"
#include "compensators/staging.h"
#include "compensators/text_diff.h"

namespace backout {
namespace {

constexpr std::uint32_t kDefaultMode = 0644;
constexpr const char* kCapability = "security.capability";
constexpr int kMaximumLinks = 40;

KindInfo make_info() {
    KindInfo info;
    info.name = "file.write";
    info.summary = "Gives a file a content: creates it, or replaces it in one rename";
    info.parameters = {
        path_parameter("path", "the file; a link is refused unless `follow`"),
        {"content", "string", false, "the text, word for word; references are filled in", text_schema()},
        {"content_base64", "string", false, "the bytes, in base64", text_schema()},
        {"source", "path", false, "a file to copy; read while planning, checked again when it runs", path_schema()},
        {"template", "path", false, "a text file with references like ${inputs.NAME}", path_schema()},
        mode_parameter(),
        owner_parameter(),
        group_parameter(),
        make_parents_parameter(),
        {"validate", "list of strings", false,
         "a program and its arguments, ${file} being the new file before it goes live; exit 0 accepts it",
         text_list_schema()},
        {"follow", "boolean", false, "if the path is a link, write the file that it leads to", flag_schema()},
    };
    info.one_of = "content, content_base64, source, template";
    info.detects = "type, content (SHA-256), mode, owner, group, extended attributes and flags of the file";
    info.verifies = "all of these against what was written";
    info.undo_restores =
        "the former inode itself with all it had, times and hard links too; or absence, with the "
        "directories that were made for it";
    info.undo_cannot = "what programs did meanwhile because of the new content";
    info.outputs = {"path", "digest (SHA-256; not of secrets)"};
    info.example =
        R"({ "action": "file.write", "with": { "path": "/etc/app.conf", "content": "port=8080\n", "mode": "0644" } })";
    return info;
}

Status refuse_type(const Target& target) {
    const EntryType type = target.seen.state.type;
    if (type == EntryType::absent || type == EntryType::file) return {};
    std::string remedy;
    if (type == EntryType::symlink)
        remedy = ": set \"follow\": true to write the file that it leads to, or use file.link";
    if (type == EntryType::directory) remedy = ": remove it with dir.delete first, or choose another path";
    return Error{
        ErrorCode::wrong_type,
        printable(target.path) + " is a " + to_string(type) + ", file.write writes regular files only" + remedy,
        target.path};
}

class FileWrite final : public FileKind {
  public:
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;

  private:
    const KindInfo info_ = make_info();
};

// ---- planning -------------------------------------------------------------------------------------------------------

struct Wish {
    std::string path;
    AttributeSet attributes;
    bool make_parents = false;
    bool follow = false;
    Json validate = nullptr;
    PlannedContent content;
};

Result<Wish> read_wish(PlanRequest& request) {
    Wish wish;
    ArgumentReader reader(request.with);
    reader.only({"path", "content", "content_base64", "source", "template", "template_resolved", "mode", "owner",
                 "group", "make_parents", "validate", "follow"});
    reader.require("path");
    wish.path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.attributes = read_attributes(request, reader);
    wish.make_parents = reader.flag("make_parents", false);
    wish.follow = reader.flag("follow", false);
    wish.validate = reader.texts_or_templates("validate");
    if (reader.has("validate") && dump_canonical(wish.validate).find("${file}") == std::string::npos) {
        reader.complain("validate", "has to name the new file as ${file}");
    }
    BACKOUT_TRY_ASSIGN(wish.content, plan_content(request, reader));
    BACKOUT_TRY(reader.finish());
    return wish;
}

/// The file at the end of a chain of links, each step of it looked at in the predicted world.
Result<Target> follow_links(PlanRequest& request, Target target) {
    for (int hop = 0; target.seen.state.type == EntryType::symlink; ++hop) {
        if (hop == kMaximumLinks) {
            return Error{ErrorCode::invalid, "too many links behind " + printable(target.path), target.path};
        }
        BACKOUT_TRY_ASSIGN(target, look_behind_link(request, target));
    }
    return target;
}

EntryState expected_state(Host& host, const Wish& wish, const EntryState& present) {
    EntryState after = present;
    if (!present.present()) {
        after.type = EntryType::file;
        after.mode = kDefaultMode;
        after.uid = host.user_id();
        after.gid = host.group_id();
    }
    if (!wish.content.known || after.content != wish.content.digest) {
        drop_capabilities(after.xattrs);
    }
    after.content = wish.content.secret ? "" : wish.content.digest;
    after.size = wish.content.size;
    return with_attributes(after, wish.attributes);
}

Json details_of(PlanRequest& request, const Wish& wish, const Target& target, const EntryState& before,
                const EntryState& after) {
    // What isn't known yet is no change of content to "nothing".
    EntryState sure = after;
    if (!wish.content.known) sure.content = before.content;
    if (!wish.content.known) sure.size = before.size;
    Json details = {{"changes", changes_between(request.host, before, sure)}};
    if (!wish.content.known_after.empty()) {
        details["content"] = "(known after " + join_words(wish.content.known_after) + ")";
    } else if (wish.content.secret) {
        details["content"] = "(secret)";
    } else if (!wish.content.known) {
        details["content"] = "(known when the step runs)";
    }
    if (!wish.content.known || wish.content.secret || !wish.content.bytes || before.content == after.content)
        return details;
    Bytes old_text;
    if (before.present()) {
        Result<Bytes> read =
            before.size <= kDiffLimit ? request.world.read(target.key, kDiffLimit) : Result<Bytes>(Bytes{});
        if (!read.ok() || before.size > kDiffLimit) return details;
        old_text = std::move(*read);
    }
    const std::string diff = unified_diff(target.path, old_text, *wish.content.bytes);
    if (!diff.empty()) details["diff"] = diff;
    return details;
}

UndoDeclaration undo_of(const Target& target) {
    UndoDeclaration undo;
    if (target.seen.known && !target.seen.state.present()) {
        undo.description = target.missing_parents.empty() ? "the new file goes away"
                                                          : "the new file and the directories made for it go away";
    } else {
        undo.description = "the former file itself comes back, with its content, attributes, times and other names";
    }
    return undo;
}

Json arguments_of(const Wish& wish, const Target& target) {
    Json arguments = wish.content.arguments;
    arguments["path"] = target.key;
    put_attributes(arguments, wish.attributes);
    if (wish.make_parents) arguments["make_parents"] = true;
    if (wish.content.secret) arguments["secret"] = true;
    if (!wish.validate.empty()) arguments["validate"] = wish.validate;
    return arguments;
}

void add_warnings(const Wish& wish, const Target& target, const EntryState& after, Planned& planned) {
    const EntryState& before = target.seen.state;
    const bool replaced = !wish.content.known || before.content != wish.content.digest;
    if (before.xattrs.count(kCapability) != 0 && after.xattrs.count(kCapability) == 0) {
        planned.warnings.push_back(target.path + " loses its file capabilities: they were given to the former content");
    }
    if (target.seen.link_count > 1 && replaced) {
        planned.warnings.push_back(target.path + " has " + std::to_string(target.seen.link_count) +
                                   " names (hard links): the others keep the former content");
    }
}

/// A secret's digest stays out of the plan, and so does its likely former value's.
EntryState without_secret(EntryState state, bool secret) {
    if (secret) state.content.clear();
    return state;
}

void decide(PlanRequest& request, const Wish& wish, const Target& target, Planned& planned) {
    const EntryState& before = target.seen.state;
    const EntryState after = expected_state(request.host, wish, before);
    const bool same_content = wish.content.known && before.content == wish.content.digest;
    EntryState attributes_only = after;
    attributes_only.content = before.content;
    attributes_only.size = before.size;
    const bool same_attributes = before.present() && attributes_only == before;
    if (same_content && same_attributes) {
        planned.operation = "keep";
        planned.reason = "the file is already so";
    } else if (!before.present()) {
        planned.operation = "create";
    } else {
        planned.operation = wish.content.known ? "update" : "set";
    }
    const bool secret = wish.content.secret;
    planned.before = entry_state_to_json(without_secret(before, secret));
    planned.after = entry_state_to_json(without_secret(after, secret));
    if (member(planned.after, "content") == "") planned.after["content"] = nullptr;
    planned.details = details_of(request, wish, target, without_secret(before, secret), without_secret(after, secret));
    if (planned.operation == "keep") return;
    add_warnings(wish, target, after, planned);
    Prediction prediction{target.key, wish.content.known && !secret, after, {}, wish.content.source, {}};
    if (prediction.known) prediction.content = wish.content.bytes;
    planned.predictions = parent_predictions(request.host, target);
    planned.predictions.push_back(std::move(prediction));
}

Result<Planned> FileWrite::plan(PlanRequest& request) const {
    BACKOUT_TRY_ASSIGN(const Wish wish, read_wish(request));
    BACKOUT_TRY_ASSIGN(Target target, look_up_target(request, wish.path));
    if (wish.follow && target.seen.known) {
        BACKOUT_TRY_ASSIGN(target, follow_links(request, std::move(target)));
    }
    BACKOUT_TRY(check_no_mount_point(target));
    BACKOUT_TRY(refuse_type(target));
    BACKOUT_TRY(check_parents(target, wish.make_parents));
    Planned planned;
    planned.target = wish.path;
    planned.arguments = arguments_of(wish, target);
    planned.known_after = wish.content.known_after;
    planned.undo = undo_of(target);
    planned.resources = path_resources(target, false);
    planned.space = {{target.key, wish.content.size}};
    if (target.seen.known) {
        decide(request, wish, target, planned);
    } else {
        plan_later(target, planned);
    }
    if (planned.operation == "keep") return planned;
    const EntryState& present = target.seen.state;
    if (present.present() && wish.content.known && present.content == wish.content.digest) {  // the inode stays
        BACKOUT_TRY(PermissionCheck(request).set_attributes(target, wish.attributes));
        return planned;
    }
    BACKOUT_TRY(check_changeable(request, target));
    BACKOUT_TRY(check_owner(request, target, wish.attributes));
    return planned;
}

// ---- staging --------------------------------------------------------------------------------------------------------

NewAttributes attributes_for(Host& host, const AttributeSet& wanted, const EntryState& present) {
    NewAttributes result;
    const bool there = present.present();
    result.mode = wanted.mode.value_or(there ? present.mode : kDefaultMode);
    result.uid = wanted.uid.value_or(there ? present.uid : host.user_id());
    result.gid = wanted.gid.value_or(there ? present.gid : host.group_id());
    result.xattrs = present.xattrs;
    drop_capabilities(result.xattrs);
    return result;
}

Json outputs_of(const std::string& path, const std::string& digest, bool secret) {
    Json outputs = {{"path", path}};
    if (!secret) outputs["digest"] = digest;
    return outputs;
}

Result<Staged> FileWrite::stage(StepContext& context, const PlannedStep& step) const {
    const Json& arguments = step.arguments;
    const std::string path = string_member(arguments, "path");
    const bool secret = bool_member(arguments, "secret", false);
    FileStager stager(context);
    BACKOUT_TRY(stager.expect(path, step.before));
    BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
    if (present.present() && present.type != EntryType::file) {
        return Error{ErrorCode::wrong_type,
                     printable(path) + " is a " + to_string(present.type) + " by now, not a file", path};
    }
    BACKOUT_TRY_ASSIGN(StagedContent content, stage_content(context, arguments));
    const AttributeSet wanted = attributes_from(arguments);
    stager.set_outputs(outputs_of(path, content.digest, secret));
    if (present.present() && present.content == content.digest) {  // only attributes differ: the inode stays
        BACKOUT_TRY(stager.add_attributes(path, wanted));
        return stager.finish();
    }
    BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, bool_member(arguments, "make_parents", false)));
    const NewAttributes attributes = attributes_for(context.host, wanted, present);
    CloseOptions options;
    options.secret = secret;
    options.flags = present.flags;
    options.digest = content.digest;
    if (content.bytes) {
        BACKOUT_TRY(write_new_file(place, *content.bytes, attributes));
    } else {
        BACKOUT_TRY_ASSIGN(options.digest, copy_new_file(place, *content.source, attributes));
        if (*options.digest != content.digest) {
            return Error{ErrorCode::conflict, "the source changed while it was copied; plan again", path};
        }
    }
    BACKOUT_TRY(validate_staged_file(context, member(arguments, "validate"), place.real_path));
    BACKOUT_TRY(stager.close(place, options));
    return stager.finish();
}

}  // namespace

std::unique_ptr<Compensator> make_file_write_kind() {
    return std::make_unique<FileWrite>();
}

}  // namespace backout
