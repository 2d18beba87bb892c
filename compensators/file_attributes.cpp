#include "compensators/file_attributes.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/file_kind.h"
#include "compensators/file_parts.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/staging.h"
#include "compensators/tree.h"
#include "compensators/tree_listing.h"

namespace backout {
namespace {

constexpr std::size_t kListedEntries = 100;  // details name so many entries; all are changed

KindInfo make_info() {
    KindInfo info;
    info.name = "file.attributes";
    info.summary = "Sets mode, owner and group of an entry in place, or of everything in a tree";
    info.parameters = {path_parameter("path", "a file or directory; a link only with owner or group, for itself"),
                       mode_parameter(),
                       owner_parameter(),
                       group_parameter(),
                       {"recurse", "boolean", false, "all entries below a directory, too", flag_schema()},
                       {"directory_mode", "mode", false,
                        "with recurse: the mode of directories, `mode` is for the rest", mode_schema()}};
    info.detects = "the named attributes of each entry";
    info.verifies = "the same";
    info.undo_restores = "each entry's former attributes; a mix of former and new ones counts as ours";
    info.undo_cannot = "change back an attribute that others changed since: that is a conflict";
    info.outputs = {"path"};
    info.example =
        R"({ "action": "file.attributes", "with": { "path": "/srv/app", "owner": "www-data", "mode": "0640", )"
        R"("directory_mode": "0750", "recurse": true } })";
    return info;
}

struct Wish {
    AttributeSet attributes;
    std::optional<std::uint32_t> directory_mode;
    bool recurse = false;
};

/// What one entry is to get. Links have no mode.
AttributeSet wanted_of(const Wish& wish, EntryType type) {
    AttributeSet wanted = wish.attributes;
    if (type == EntryType::directory && wish.directory_mode) wanted.mode = wish.directory_mode;
    if (type == EntryType::symlink) wanted.mode.reset();
    return wanted;
}

Wish wish_from(const Json& arguments) {
    Wish wish;
    wish.attributes = attributes_from(arguments);
    wish.recurse = bool_member(arguments, "recurse", false);
    if (arguments.contains("directory_mode")) {
        wish.directory_mode = attributes_from({{"mode", arguments.at("directory_mode")}}).mode;
    }
    return wish;
}

/// Calls `visit` with path and state of the entry and, if asked, of all below, in the predicted world. What is mounted
/// below is left alone, and named in `mounts`.
Status for_each_entry(WorldView& world, const std::string& path, const Seen& seen, bool recurse,
                      const std::function<void(const std::string&, const Seen&)>& visit,
                      std::vector<std::string>& mounts) {
    std::vector<std::pair<std::string, Seen>> pending = {{path, seen}};
    std::size_t count = 0;
    while (!pending.empty()) {
        auto [at, found] = std::move(pending.back());
        pending.pop_back();
        visit(at, found);
        if (!recurse || !found.known || found.state.type != EntryType::directory) continue;
        BACKOUT_TRY_ASSIGN(const auto names, world.list(at));
        for (auto name = names.rbegin(); name != names.rend(); ++name) {
            const std::string below = at + "/" + *name;
            BACKOUT_TRY_ASSIGN(Seen state, world.look_at_attributes(below));
            if (state.mount_point) mounts.push_back(below);
            if (state.mount_point) continue;
            if (++count > kMaximumTreeEntries) {
                return Error{ErrorCode::invalid, "the tree has more than 2,000,000 entries, which is the limit", path};
            }
            pending.emplace_back(below, std::move(state));
        }
    }
    return {};
}

/// What is mounted in the tree: the plan has said so.
void leave_alone(const std::string& /*mount*/) {}

class FileAttributes final : public FileKind {
  public:
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;

  private:
    const KindInfo info_ = make_info();
};

Result<Wish> read_wish(PlanRequest& request, std::string& path) {
    Wish wish;
    ArgumentReader reader(request.with);
    reader.only({"path", "mode", "owner", "group", "recurse", "directory_mode"});
    reader.require("path");
    path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.attributes = read_attributes(request, reader);
    wish.recurse = reader.flag("recurse", false);
    wish.directory_mode = reader.mode("directory_mode");
    if (wish.attributes.empty() && !wish.directory_mode) {
        reader.complain("mode", "is missing: name at least one of mode, owner, group, directory_mode");
    }
    BACKOUT_TRY(reader.finish());
    return wish;
}

/// Collects what changes, entry by entry.
struct Survey {
    explicit Survey(PlanRequest& request) : permissions(request) {}
    Json changes = Json::array();
    TreePreview preview = {};
    std::size_t changed = 0;
    std::size_t others = 0;
    std::vector<std::string> linked = {};
    std::vector<std::string> mounts = {};
    std::vector<Prediction> predictions = {};
    bool unknown = false;
    PermissionCheck permissions;
    Status permitted = {};
};

void survey_entry(PlanRequest& request, const Wish& wish, const std::string& path, const Seen& seen, Survey& survey) {
    if (!seen.known) {
        survey.unknown = true;
        return;
    }
    const AttributeSet wanted = wanted_of(wish, seen.state.type);
    const EntryState after = with_attributes(seen.state, wanted);
    if (after == seen.state) return;
    if (survey.permitted.ok()) survey.permitted = survey.permissions.set_attributes(Target{path, path, seen}, wanted);
    ++survey.changed;
    if (seen.link_count > 1 && seen.state.type != EntryType::directory) survey.linked.push_back(path);
    survey.predictions.push_back(predict_with_content(request, path, seen, path, after));
    Json changes = changes_between(request.host, seen.state, after);
    survey.preview.update(path, changes);
    if (survey.changed > kListedEntries) return;
    for (Json& change : changes) {
        if (wish.recurse) change["path"] = path;
        survey.changes.push_back(std::move(change));
    }
}

Status check_target(const Target& target, const Wish& wish) {
    if (!target.seen.known) return {};
    const EntryType type = target.seen.state.type;
    if (type == EntryType::absent) {
        return Error{ErrorCode::not_found,
                     printable(target.path) +
                         " does not exist: file.attributes changes what is there; make it first with "
                         "file.write or dir.create",
                     target.path};
    }
    if (type == EntryType::symlink && wish.attributes.mode && !wish.recurse) {
        return Error{ErrorCode::wrong_type,
                     printable(target.path) + " is a link, which has no mode: name the file that it leads to",
                     target.path};
    }
    return {};
}

Result<Planned> FileAttributes::plan(PlanRequest& request) const {
    std::string path;
    BACKOUT_TRY_ASSIGN(const Wish wish, read_wish(request, path));
    BACKOUT_TRY_ASSIGN(const Target target, look_up_target(request, path, LookFor::attributes));
    BACKOUT_TRY(check_target(target, wish));
    Planned planned;
    planned.target = path;
    planned.arguments = {{"path", target.key}, {"recurse", wish.recurse}};
    put_attributes(planned.arguments, wish.attributes);
    if (wish.directory_mode) planned.arguments["directory_mode"] = mode_text(*wish.directory_mode);
    planned.undo.description = "the former attributes of each entry come back";
    planned.resources = path_resources(target, wish.recurse);
    Survey survey(request);
    BACKOUT_TRY(for_each_entry(
        request.world, target.key, target.seen, wish.recurse,
        [&](const std::string& at, const Seen& seen) { survey_entry(request, wish, at, seen, survey); },
        survey.mounts));
    BACKOUT_TRY(std::move(survey.permitted));
    if (survey.unknown && !target.seen.known) {
        plan_later(target, planned);
        return planned;
    }
    planned.operation = survey.changed != 0 ? "update" : survey.unknown ? "set" : "keep";
    if (planned.operation == "keep") planned.reason = "the attributes are already so";
    planned.before = entry_state_to_json(target.seen.state);
    planned.after = entry_state_to_json(with_attributes(target.seen.state, wanted_of(wish, target.seen.state.type)));
    planned.details = {{"changes", survey.changes}};
    if (wish.recurse) planned.details["entries"] = survey.changed;
    if (wish.recurse && survey.changed != 0) planned.details["diff"] = survey.preview.text();
    planned.predictions = std::move(survey.predictions);
    for (const std::string& name : survey.mounts) {
        planned.warnings.push_back(printable(name) + " is a mount point: what is mounted there is left as it is");
    }
    for (const std::string& name : survey.linked) {
        planned.warnings.push_back(name + " has other names (hard links): their attributes change, too");
    }
    return planned;
}

Result<Staged> FileAttributes::stage(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const Wish wish = wish_from(step.arguments);
    FileStager stager(context);
    stager.set_outputs({{"path", path}});
    BACKOUT_TRY(check_before(context, path, step.before));
    BACKOUT_TRY_ASSIGN(const Entry top, find_entry(context.host, path));
    if (!top.status.present()) return Error{ErrorCode::not_found, printable(path) + " does not exist", path};
    if (!wish.recurse) {
        BACKOUT_TRY(stager.add_attributes(path, wanted_of(wish, top.status.type)));
        return stager.finish();
    }
    std::vector<std::pair<std::string, EntryType>> entries;
    BACKOUT_TRY(walk_tree(
        *top.directory, top.name,
        [&](const TreeStep& at) -> Status {
            entries.emplace_back(at.path.empty() ? path : path + "/" + at.path, at.status.type);
            return {};
        },
        leave_alone));
    for (const auto& [entry, type] : entries) BACKOUT_TRY(stager.add_attributes(entry, wanted_of(wish, type)));
    return stager.finish();
}

Result<std::vector<Difference>> FileAttributes::verify_kept(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const Wish wish = wish_from(step.arguments);
    BACKOUT_TRY_ASSIGN(const Entry top, find_entry(context.host, path));
    std::vector<Difference> result;
    if (!top.status.present()) {
        result.push_back({path, "presence", "present", "absent"});
        return result;
    }
    BACKOUT_TRY(walk_tree(
        *top.directory, top.name,
        [&](const TreeStep& at) -> Status {
            if (!wish.recurse && !at.path.empty()) return {};
            EntryState found;
            found.type = at.status.type;
            found.mode = at.status.mode;
            found.uid = at.status.uid;
            found.gid = at.status.gid;
            EntryState expected = found;
            const AttributeSet wanted = wanted_of(wish, found.type);
            expected.mode = wanted.mode.value_or(found.mode);
            expected.uid = wanted.uid.value_or(found.uid);
            expected.gid = wanted.gid.value_or(found.gid);
            for (Difference& difference :
                 compare_states(at.path.empty() ? path : path + "/" + at.path, expected, found)) {
                result.push_back(std::move(difference));
            }
            return {};
        },
        leave_alone));
    return result;
}

}  // namespace

std::unique_ptr<Compensator> make_file_attributes_kind() {
    return std::make_unique<FileAttributes>();
}

}  // namespace backout
