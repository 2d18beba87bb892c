#include "compensators/dir_create.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/staging.h"

namespace backout {
namespace {

constexpr std::uint32_t kDefaultMode = 0755;

KindInfo make_info() {
    KindInfo info;
    info.name = "dir.create";
    info.summary = "Sees to it that a directory is there, with these attributes";
    info.parameters = {path_parameter("path", "the directory"), mode_parameter(), owner_parameter(), group_parameter(),
                       make_parents_parameter()};
    info.detects = "type, mode, owner, group, extended attributes and flags of the directory, not what is in it";
    info.verifies = "the same; entries that others put into it are no drift";
    info.undo_restores = "absence of what was made (parents too), or the former attributes";
    info.undo_cannot =
        "remove what others put into a directory that was made: that stays, with the directories that hold "
        "it, as a conflict";
    info.outputs = {"path"};
    info.example =
        R"({ "action": "dir.create", "with": { "path": "/srv/app/releases", "mode": "0755", "make_parents": true } })";
    return info;
}

class DirCreate final : public FileKind {
  public:
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;

  private:
    const KindInfo info_ = make_info();
};

EntryState expected_state(Host& host, const AttributeSet& wanted, const EntryState& present) {
    EntryState after = present;
    if (!present.present()) {
        after = made_parent_state(host);
        after.mode = kDefaultMode;
    }
    return with_attributes(after, wanted);
}

void decide(PlanRequest& request, const Target& target, const AttributeSet& wanted, Planned& planned) {
    const EntryState& before = target.seen.state;
    const EntryState after = expected_state(request.host, wanted, before);
    planned.operation = !before.present() ? "create" : after == before ? "keep" : "update";
    if (planned.operation == "keep") planned.reason = "the directory is already so";
    planned.before = entry_state_to_json(before);
    planned.after = entry_state_to_json(after);
    planned.details = {{"changes", changes_between(request.host, before, after)}};
    if (planned.operation == "keep") return;
    planned.predictions = parent_predictions(request.host, target);
    planned.predictions.push_back({target.key, true, after, {}, "", {}});
}

Result<Planned> DirCreate::plan(PlanRequest& request) const {
    ArgumentReader reader(request.with);
    reader.only({"path", "mode", "owner", "group", "make_parents"});
    reader.require("path");
    const std::string path = absolute_path(request.manifest_directory, reader.text("path"));
    const AttributeSet wanted = read_attributes(request, reader);
    const bool make_parents = reader.flag("make_parents", false);
    BACKOUT_TRY(reader.finish());
    BACKOUT_TRY_ASSIGN(const Target target, look_up_target(request, path));
    const EntryType type = target.seen.state.type;
    if (type != EntryType::absent && type != EntryType::directory) {
        return Error{ErrorCode::wrong_type,
                     printable(path) + " is a " + to_string(type) + " already: remove it first, or choose another path",
                     path};
    }
    BACKOUT_TRY(check_parents(target, make_parents));
    Planned planned;
    planned.target = path;
    planned.arguments = {{"path", target.key}, {"make_parents", make_parents}};
    put_attributes(planned.arguments, wanted);
    planned.undo.description = type != EntryType::absent        ? "the former attributes come back"
                               : target.missing_parents.empty() ? "the directory goes away"
                                                                : "the directory and the parents made for it go away";
    planned.resources = path_resources(target, false);
    if (target.seen.known) {
        decide(request, target, wanted, planned);
    } else {
        plan_later(target, planned);
    }
    if (planned.operation == "keep") return planned;
    if (type == EntryType::directory) {
        BACKOUT_TRY(PermissionCheck(request).set_attributes(target, wanted));
        return planned;
    }
    BACKOUT_TRY(check_changeable(request, target));
    BACKOUT_TRY(check_owner(request, target, wanted));
    return planned;
}

Result<Staged> DirCreate::stage(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const AttributeSet wanted = attributes_from(step.arguments);
    FileStager stager(context);
    stager.set_outputs({{"path", path}});
    BACKOUT_TRY(check_before(context, path, step.before));
    BACKOUT_TRY_ASSIGN(const EntryType present, stager.type_at(path));
    if (present == EntryType::directory) {
        BACKOUT_TRY(stager.add_attributes(path, wanted));
        return stager.finish();
    }
    if (present != EntryType::absent) {
        return Error{ErrorCode::wrong_type, printable(path) + " is a " + to_string(present) + " by now", path};
    }
    BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, bool_member(step.arguments, "make_parents", false)));
    BACKOUT_TRY(place.directory->make_directory(place.name, 0700));
    AttributeChange change;
    change.uid = wanted.uid.value_or(context.host.user_id());
    change.gid = wanted.gid.value_or(context.host.group_id());
    change.mode = wanted.mode.value_or(kDefaultMode);
    BACKOUT_TRY(place.directory->set_attributes(place.name, change));
    BACKOUT_TRY(stager.close(place));
    return stager.finish();
}

}  // namespace

std::unique_ptr<Compensator> make_dir_create_kind() {
    return std::make_unique<DirCreate>();
}

}  // namespace backout
