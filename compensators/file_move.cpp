#include "compensators/file_move.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/file_parts.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/retraceable.h"
#include "compensators/staging.h"

namespace backout {
namespace {

KindInfo make_info() {
    KindInfo info;
    info.name = "file.move";
    info.summary = "Moves a file or a whole directory; done when `from` is absent and `to` is there";
    info.parameters = {path_parameter("from", "what to move"), path_parameter("to", "its new path; must not exist"),
                       make_parents_parameter()};
    info.detects = "what stands at both paths";
    info.verifies = "that `from` is absent and `to` holds what was moved";
    info.undo_restores = "the former name; between file systems, the former inode (a copy was moved)";
    info.undo_cannot =
        "move back what others changed since, or put it over something new at `from`: these are conflicts";
    info.outputs = {"path"};
    info.example = R"({ "action": "file.move", "with": { "from": "/etc/app.conf", "to": "/etc/app/main.conf" } })";
    return info;
}

class FileMove final : public FileKind, public Retraceable {
  public:
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Retraced> retrace(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;

  private:
    const KindInfo info_ = make_info();
};

Error both_exist(const Target& from, const Target& to) {
    return Error{ErrorCode::exists,
                 "both " + printable(from.path) + " and " + printable(to.path) +
                     " exist: remove one of them first; file.move replaces nothing",
                 to.path};
}

Status refuse(const Target& from, const Target& to) {
    if (!from.seen.state.present() && !to.seen.state.present()) {
        return Error{
            ErrorCode::not_found,
            "neither " + printable(from.path) + " nor " + printable(to.path) + " exists: there is nothing to move",
            from.path};
    }
    const bool inside = to.key.size() > from.key.size() && to.key.compare(0, from.key.size() + 1, from.key + "/") == 0;
    if (!inside) return {};
    return Error{ErrorCode::invalid, printable(to.path) + " lies inside " + printable(from.path), to.path};
}

/// The entries of a directory in the predicted world, for the steps after this one.
Status list_tree(WorldView& world, const std::string& top, const std::string& inside, std::vector<TreeEntry>& entries) {
    const std::string path = inside.empty() ? top : top + "/" + inside;
    BACKOUT_TRY_ASSIGN(const Seen seen, world.look(path));
    entries.push_back({inside, seen.state});
    if (seen.state.type != EntryType::directory) return {};
    BACKOUT_TRY_ASSIGN(const auto names, world.list(path));
    for (const std::string& name : names) {
        BACKOUT_TRY(list_tree(world, top, inside.empty() ? name : inside + "/" + name, entries));
    }
    return {};
}

/// What stands at `from`, at `to`.
Result<Prediction> predict_moved(PlanRequest& request, const Target& from, const Target& to) {
    Prediction there = predict_with_content(request, from.key, from.seen, to.key, from.seen.state);
    if (from.seen.state.type == EntryType::directory) {
        BACKOUT_TRY(list_tree(request.world, from.key, "", there.tree));
    }
    return there;
}

Status predict(PlanRequest& request, const Target& from, const Target& to, Planned& planned) {
    planned.predictions = parent_predictions(request.host, to);
    planned.predictions.push_back({from.key, true, EntryState{}, {}, "", {}});
    // Both are there: allowed only if this was moved before, and steps around it bring `from` back. If an earlier step
    // of this plan makes `from`, then `to` has to be what it makes; if a later one does, `to` is what it is.
    const bool made_by_earlier_step = from.seen.link_count == 0;
    if (to.seen.state.present() && !made_by_earlier_step) return {};
    BACKOUT_TRY_ASSIGN(Prediction there, predict_moved(request, from, to));
    planned.predictions.push_back(std::move(there));
    return {};
}

struct Ends {
    Target from;
    Target to;
    bool make_parents = false;
};

Result<Ends> look_up_ends(PlanRequest& request) {
    ArgumentReader reader(request.with);
    reader.only({"from", "to", "make_parents"});
    reader.require("from");
    reader.require("to");
    const std::string from_path = absolute_path(request.manifest_directory, reader.text("from"));
    const std::string to_path = absolute_path(request.manifest_directory, reader.text("to"));
    Ends ends;
    ends.make_parents = reader.flag("make_parents", false);
    BACKOUT_TRY(reader.finish());
    BACKOUT_TRY_ASSIGN(ends.from, look_up_target(request, from_path));
    BACKOUT_TRY_ASSIGN(ends.to, look_up_target(request, to_path));
    return ends;
}

Result<Planned> FileMove::plan(PlanRequest& request) const {
    BACKOUT_TRY_ASSIGN(Ends ends, look_up_ends(request));
    Target& from = ends.from;
    const Target& to = ends.to;
    const bool make_parents = ends.make_parents;
    from.missing_parents.clear();
    const bool known = from.seen.known && to.seen.known;
    if (known) BACKOUT_TRY(refuse(from, to));
    BACKOUT_TRY(check_no_mount_point(from));
    BACKOUT_TRY(check_parents(to, make_parents));
    if (known && from.seen.state.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(from.seen, request.world.look_tree(from.key));
    }
    const bool tree =
        from.seen.state.type == EntryType::directory || to.seen.state.type == EntryType::directory || !known;
    Planned planned;
    planned.target = to.path;
    planned.arguments = {{"path", to.key}, {"from", from.key}, {"make_parents", make_parents}};
    planned.undo.description = "it goes back to " + printable(from.path);
    planned.resources = path_resources(to, tree);
    planned.resources.push_back({"path", from.key, tree, ""});
    planned.details = {{"from", from.path}, {"to", to.path}};
    if (!known) {
        plan_later(from.seen.known ? to : from, planned);
        planned.operation = "move";
        planned.predictions = {{from.key, false, {}, {}, "", {}}, {to.key, false, {}, {}, "", {}}};
        return planned;
    }
    planned.before = entry_state_to_json(from.seen.state);
    planned.after = entry_state_to_json(from.seen.state.present() ? from.seen.state : to.seen.state);
    planned.operation = from.seen.state.present() ? "move" : "keep";
    if (planned.operation == "keep") {
        planned.reason = "it is already there";
        planned.before = nullptr;
        return planned;
    }
    if (to.seen.state.present()) planned.unless_kept = both_exist(from, to);
    const bool same_parent = from.key.rfind('/') == to.key.rfind('/') &&
                             from.key.compare(0, from.key.rfind('/'), to.key, 0, to.key.rfind('/')) == 0;
    PermissionCheck permissions(request);
    BACKOUT_TRY(permissions.change(from, !same_parent));
    BACKOUT_TRY(permissions.change(to, false));
    BACKOUT_TRY(predict(request, from, to, planned));
    return planned;
}

Result<Retraced> FileMove::retrace(PlanRequest& request) const {
    BACKOUT_TRY_ASSIGN(Ends ends, look_up_ends(request));
    Target& to = ends.to;
    Retraced retraced;
    if (!ends.from.seen.known || !to.seen.known) return retraced;
    retraced.outstanding = ends.from.seen.state.present() && !to.seen.state.present();
    if (!to.seen.state.present()) return retraced;
    if (to.seen.state.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(to.seen, request.world.look_tree(to.key));
    }
    retraced.before = parent_predictions(request.host, ends.from);
    BACKOUT_TRY_ASSIGN(Prediction there, predict_moved(request, to, ends.from));
    if (to.seen.link_count != 0) there.content_path = to.key;  // really there, a directory with all that is in it
    retraced.before.push_back(std::move(there));
    retraced.before.push_back({to.key, true, EntryState{}, {}, "", {}});
    return retraced;
}

Result<Staged> FileMove::stage(StepContext& context, const PlannedStep& step) const {
    const std::string from = string_member(step.arguments, "from");
    const std::string to = string_member(step.arguments, "path");
    FileStager stager(context);
    stager.set_outputs({{"path", to}});
    BACKOUT_TRY(stager.expect(from, step.before));
    BACKOUT_TRY_ASSIGN(const EntryType from_type, stager.type_at(from));
    BACKOUT_TRY_ASSIGN(const EntryType to_type, stager.type_at(to));
    if (from_type == EntryType::absent && to_type != EntryType::absent)
        return stager.finish();  // it turned out to be done
    if (to_type != EntryType::absent) {
        return conflict_error({{to, "presence", "absent", std::string("a ") + to_string(to_type)}});
    }
    BACKOUT_TRY(stager.add_move(from, to, bool_member(step.arguments, "make_parents", false)));
    return stager.finish();
}

Result<std::vector<Difference>> FileMove::verify_kept(StepContext& context, const PlannedStep& step) const {
    BACKOUT_TRY_ASSIGN(std::vector<Difference> differences, FileKind::verify_kept(context, step));
    FileStager looker(context);
    const std::string from = string_member(step.arguments, "from");
    BACKOUT_TRY_ASSIGN(const EntryType type, looker.type_at(from));
    if (type != EntryType::absent && !is_superseded(from, context.superseded)) {
        differences.push_back({from, "presence", "absent", std::string("a ") + to_string(type)});
    }
    return differences;
}

}  // namespace

std::unique_ptr<Compensator> make_file_move_kind() {
    return std::make_unique<FileMove>();
}

}  // namespace backout
