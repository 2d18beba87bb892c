// The planning half of SharedFileKind.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/shared_file_kind.h"
#include "compensators/text_diff.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr std::uint32_t kDefaultMode = 0644;
constexpr const char* kCapability = "security.capability";

struct Wish {
    std::string path;
    Json edit;
    Json validate;
    bool create = false;
    bool follow = false;
};

Result<Wish> read_wish(PlanRequest& request, const std::string& edit_name) {
    Wish wish;
    ArgumentReader reader(request.with);
    reader.only({"path", edit_name, "create", "follow", "validate"});
    reader.require("path");
    reader.require(edit_name);
    wish.path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.edit = member(request.with, edit_name);
    wish.create = reader.flag("create", false);
    wish.follow = reader.flag("follow", false);
    wish.validate = reader.texts_or_templates("validate");
    if (reader.has("validate") && dump_canonical(wish.validate).find("${file}") == std::string::npos) {
        reader.complain("validate", "has to name the new file as ${file}");
    }
    BACKOUT_TRY(reader.finish());
    return wish;
}

Result<Target> find_target(PlanRequest& request, const Wish& wish) {
    BACKOUT_TRY_ASSIGN(Target target, look_up_target(request, wish.path));
    for (int links = 0; wish.follow && target.seen.known && target.seen.state.type == EntryType::symlink; ++links) {
        if (links == 40) return Error{ErrorCode::invalid, "too many links behind " + printable(wish.path), wish.path};
        BACKOUT_TRY_ASSIGN(target, look_behind_link(request, target));
    }
    return target;
}

Status check_type(const std::string& kind, const Wish& wish, const Target& target) {
    const EntryType type = target.seen.state.type;
    const std::string shown = printable(target.path);
    if (type == EntryType::file) return {};
    if (type == EntryType::absent && wish.create) return check_parents(target, false);
    if (type == EntryType::absent) {
        return Error{
            ErrorCode::not_found,
            shown + " does not exist: set \"create\": true to begin a new file, or write it before with file.write",
            target.path};
    }
    const std::string remedy =
        type == EntryType::symlink ? ": set \"follow\": true to edit the file that it leads to" : "";
    return Error{ErrorCode::wrong_type,
                 shown + " is a " + to_string(type) + ", " + kind + " changes regular files only" + remedy,
                 target.path};
}

UndoDeclaration undo_of(const Target& target) {
    UndoDeclaration undo;
    undo.description = target.seen.known && !target.seen.state.present() ? "the new file goes away"
                                                                         : "the former file itself comes back";
    undo.description += "; if others changed it since, only this edit is taken back";
    return undo;
}

void add_warnings(const Target& target, const EditResult& edited, Planned& planned) {
    planned.warnings = edited.warnings;
    if (edited.repeats)
        planned.warnings.push_back(target.path + " will be changed again by every run: this edit doesn't converge");
    if (planned.operation == "keep") return;
    if (target.seen.state.xattrs.count(kCapability) != 0) {
        planned.warnings.push_back(target.path + " loses its file capabilities: they were given to the former content");
    }
    if (target.seen.link_count > 1) {
        planned.warnings.push_back(target.path + " has " + std::to_string(target.seen.link_count) +
                                   " names (hard links): the others keep the former content");
    }
}

EntryState state_after(Host& host, const EntryState& before, const Bytes& content) {
    EntryState after = before;
    if (!before.present()) {
        after.type = EntryType::file;
        after.mode = kDefaultMode;
        after.uid = host.user_id();
        after.gid = host.group_id();
    }
    after.size = content.size();
    after.content = sha256_hex(content);
    return after;
}

/// Fills in what follows from the edit's result.
void decide(PlanRequest& request, const Target& target, const Bytes& content, const EditResult& edited, bool secret,
            Planned& planned) {
    EntryState before = target.seen.state;
    EntryState after = state_after(request.host, before, edited.content);
    const bool same = before.present() && edited.content == content;
    planned.operation = same ? "keep" : (before.present() ? "update" : "create");
    if (same) planned.reason = "the file already has it";
    if (!same) drop_capabilities(after.xattrs);
    if (secret) {
        before.content.clear();
        after.content.clear();
    }
    planned.before = entry_state_to_json(before);
    planned.after = entry_state_to_json(after);
    planned.details["changes"] = changes_between(request.host, before, after);
    planned.space = {{target.key, edited.content.size()}};
    planned.every_time = edited.repeats;
    add_warnings(target, edited, planned);
    if (same) return;
    const std::string diff = secret ? "" : unified_diff(target.path, before.present() ? content : "", edited.content);
    if (!diff.empty()) planned.details["diff"] = diff;
    Prediction prediction{target.key, !secret, after, {}, "", {}};
    if (!secret) prediction.content = edited.content;
    planned.predictions.push_back(std::move(prediction));
}

/// Nothing: an earlier step makes the file, out of what isn't at hand.
Result<std::optional<Bytes>> content_of(PlanRequest& request, const Target& target, Bytes new_content) {
    if (!target.seen.state.present()) return std::optional<Bytes>(std::move(new_content));
    auto read = request.world.read(target.key, kSharedFileLimit);
    if (!read && read.error().code == ErrorCode::in_doubt) return std::optional<Bytes>();
    if (!read) return std::move(read).error();
    return std::optional<Bytes>(std::move(*read));
}

/// The edit waits for an earlier step, or for a secret that isn't at hand.
void decide_later(const Target& target, Planned& planned) {
    planned.operation = target.seen.state.present() ? "update" : "create";
    planned.before = entry_state_to_json(target.seen.state);
    planned.after = unknown_state_json();
    planned.details["content"] = planned.known_after.empty() ? "(known when the step runs)"
                                                             : "(known after " + join_words(planned.known_after) + ")";
    planned.predictions.push_back(Prediction{target.key, false, {}, {}, "", {}});
}

}  // namespace

std::vector<KindParameter> SharedFileKind::shared_parameters(KindParameter edit) {
    return {path_parameter("path", "the file; a link is refused unless `follow`"),
            std::move(edit),
            {"create", "boolean", false, "begin a new file (0644) if there is none", flag_schema()},
            {"follow", "boolean", false, "if the path is a link, change the file that it leads to", flag_schema()},
            {"validate", "list of strings", false,
             "a program and its arguments, ${file} being the new file before it goes live; exit 0 accepts it",
             text_list_schema()}};
}

Result<Planned> SharedFileKind::plan(PlanRequest& request) const {
    BACKOUT_TRY_ASSIGN(const Wish wish, read_wish(request, edit_name()));
    const std::vector<std::string> problems = validate_edit(wish.edit);
    if (!problems.empty()) return Error{ErrorCode::invalid, join(problems, "; ")};
    BACKOUT_TRY_ASSIGN(const Target target, find_target(request, wish));
    const bool secret = has_secret(wish.edit);
    Planned planned;
    planned.target = wish.path;
    planned.arguments = Json{{"path", target.key}, {edit_name(), wish.edit}};
    if (!wish.validate.empty()) planned.arguments["validate"] = wish.validate;
    if (secret) planned.arguments["secret"] = true;
    planned.known_after = awaited_actions(wish.edit);
    planned.undo = undo_of(target);
    planned.resources = path_resources(target, false);
    if (!target.seen.known) {
        plan_later(target, planned);
        planned.details["edits"] = describe_edit(wish.edit);
        return planned;
    }
    planned.details = Json{{"edits", describe_edit(wish.edit)}};
    BACKOUT_TRY(check_no_mount_point(target));
    BACKOUT_TRY(check_type(info().name, wish, target));
    Json edit = wish.edit;
    if (has_template(edit) && planned.known_after.empty() && request.expand) {
        BACKOUT_TRY_ASSIGN(edit, request.expand(edit));
    }
    BACKOUT_TRY_ASSIGN(const std::optional<Bytes> content, content_of(request, target, new_content()));
    if (has_template(edit) || !content) {
        decide_later(target, planned);
    } else {
        auto edited = apply_edit(edit, *content);
        if (!edited) return std::move(edited).error().in(printable(target.path));
        decide(request, target, *content, *edited, secret, planned);
    }
    if (planned.operation == "keep") return planned;
    BACKOUT_TRY(check_changeable(request, target));
    BACKOUT_TRY(check_owner(request, target, {}));
    return planned;
}

}  // namespace backout
