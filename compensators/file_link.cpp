#include "compensators/file_link.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/staging.h"

namespace backout {
namespace {

KindInfo make_info() {
    KindInfo info;
    info.name = "file.link";
    info.summary = "Sees to it that a symbolic link leads where it should; switched by one rename";
    info.parameters = {
        path_parameter("path", "the link"),
        {"to", "string", true, "where it leads, word for word; relative to the link's directory", text_schema()},
        owner_parameter(),
        group_parameter(),
        make_parents_parameter(),
        {"replace", "boolean", false, "replace something that is no link (never a directory)", flag_schema()}};
    info.detects = "the link's text and owner";
    info.verifies = "the same";
    info.undo_restores = "the former link or file itself, or absence";
    info.undo_cannot = "nothing is left over; what the link leads to is not touched";
    info.outputs = {"path"};
    info.example = R"({ "action": "file.link", "with": { "path": "/srv/current", "to": "releases/2.4.1" } })";
    return info;
}

class FileLink final : public FileKind {
  public:
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;

  private:
    const KindInfo info_ = make_info();
};

struct Wish {
    std::string path;
    std::string to;
    bool to_known = true;
    Json to_argument = nullptr;
    AttributeSet attributes;
    bool make_parents = false;
    bool replace = false;
};

Result<Wish> read_wish(PlanRequest& request) {
    Wish wish;
    ArgumentReader reader(request.with);
    reader.only({"path", "to", "owner", "group", "make_parents", "replace"});
    reader.require("path");
    reader.require("to");
    wish.path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.to_argument = reader.text_or_template("to");
    wish.to_known = wish.to_argument.is_string();
    if (wish.to_known) wish.to = wish.to_argument.get<std::string>();
    if (wish.to_known && (wish.to.empty() || wish.to.size() > 4095))
        reader.complain("to", "has to have 1 to 4095 bytes");
    if (has_secret(wish.to_argument)) reader.complain("to", "can't hold a secret: links can be read by everybody");
    wish.attributes = read_attributes(request, reader);
    wish.make_parents = reader.flag("make_parents", false);
    wish.replace = reader.flag("replace", false);
    BACKOUT_TRY(reader.finish());
    return wish;
}

Status refuse_type(const Target& target, bool replace) {
    const EntryType type = target.seen.state.type;
    if (type == EntryType::absent || type == EntryType::symlink) return {};
    if (replace && type != EntryType::directory) return {};
    const std::string remedy =
        type == EntryType::directory
            ? ": remove it with dir.delete first"
            : ": set \"replace\": true to put the link in its place (the file is kept for the undo)";
    return Error{ErrorCode::wrong_type, printable(target.path) + " is a " + to_string(type) + ", not a link" + remedy,
                 target.path};
}

EntryState expected_state(Host& host, const Wish& wish, const EntryState& present) {
    EntryState after;
    after.type = EntryType::symlink;
    after.link = wish.to;
    const bool link = present.type == EntryType::symlink;
    after.uid = wish.attributes.uid.value_or(link ? present.uid : host.user_id());
    after.gid = wish.attributes.gid.value_or(link ? present.gid : host.group_id());
    if (link) after.xattrs = present.xattrs;
    return after;
}

void decide(PlanRequest& request, const Wish& wish, const Target& target, Planned& planned) {
    const EntryState& before = target.seen.state;
    const EntryState after = expected_state(request.host, wish, before);
    planned.operation = !before.present() ? "create" : !wish.to_known ? "set" : before == after ? "keep" : "update";
    if (planned.operation == "keep") planned.reason = "the link already leads there";
    planned.before = entry_state_to_json(before);
    planned.after = wish.to_known ? entry_state_to_json(after) : unknown_state_json();
    planned.details = {{"changes", Json::array()}};
    if (wish.to_known) planned.details["changes"] = changes_between(request.host, before, after);
    planned.details["to"] = wish.to_known ? wish.to : "(known after " + join_words(planned.known_after) + ")";
    if (planned.operation == "keep") return;
    planned.predictions = parent_predictions(request.host, target);
    planned.predictions.push_back({target.key, wish.to_known, after, {}, "", {}});
}

Result<Planned> FileLink::plan(PlanRequest& request) const {
    BACKOUT_TRY_ASSIGN(const Wish wish, read_wish(request));
    BACKOUT_TRY_ASSIGN(const Target target, look_up_target(request, wish.path));
    BACKOUT_TRY(check_no_mount_point(target));
    BACKOUT_TRY(refuse_type(target, wish.replace));
    BACKOUT_TRY(check_parents(target, wish.make_parents));
    Planned planned;
    planned.target = wish.path;
    planned.arguments = {
        {"path", target.key}, {"to", wish.to_argument}, {"make_parents", wish.make_parents}, {"replace", wish.replace}};
    put_attributes(planned.arguments, wish.attributes);
    planned.known_after = awaited_actions(wish.to_argument);
    planned.undo.description =
        target.seen.state.present() ? "the former entry itself comes back" : "the link goes away";
    planned.resources = path_resources(target, false);
    if (target.seen.known) {
        decide(request, wish, target, planned);
    } else {
        plan_later(target, planned);
    }
    if (planned.operation == "keep") return planned;
    BACKOUT_TRY(check_changeable(request, target));
    BACKOUT_TRY(check_owner(request, target, wish.attributes));
    return planned;
}

Result<Staged> FileLink::stage(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const std::string to = string_member(step.arguments, "to");
    FileStager stager(context);
    stager.set_outputs({{"path", path}});
    BACKOUT_TRY(stager.expect(path, step.before));
    BACKOUT_TRY_ASSIGN(const EntryType type, stager.type_at(path));
    const bool replace = bool_member(step.arguments, "replace", false);
    if (type == EntryType::directory || (type != EntryType::absent && type != EntryType::symlink && !replace)) {
        return Error{ErrorCode::wrong_type, printable(path) + " is a " + to_string(type) + " by now, not a link", path};
    }
    BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
    Wish wish;
    wish.to = to;
    wish.attributes = attributes_from(step.arguments);
    const EntryState wanted = expected_state(context.host, wish, present);
    if (present == wanted) return stager.finish();
    BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, bool_member(step.arguments, "make_parents", false)));
    BACKOUT_TRY(place.directory->make_symlink(place.name, to));
    AttributeChange change;
    change.uid = wanted.uid;
    change.gid = wanted.gid;
    if (!wanted.xattrs.empty()) change.xattrs = wanted.xattrs;
    BACKOUT_TRY(place.directory->set_attributes(place.name, change));
    BACKOUT_TRY(stager.close(place));
    return stager.finish();
}

}  // namespace

std::unique_ptr<Compensator> make_file_link_kind() {
    return std::make_unique<FileLink>();
}

}  // namespace backout
