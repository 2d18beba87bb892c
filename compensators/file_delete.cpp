// file.delete and dir.delete: one rename into the store.

#include "compensators/file_delete.h"

#include <nlohmann/json.hpp>

#include "compensators/dir_delete.h"
#include "compensators/file_kind.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/staging.h"

namespace backout {
namespace {

KindInfo file_info() {
    KindInfo info;
    info.name = "file.delete";
    info.summary = "Removes a file, link, fifo, socket or device file";
    info.parameters = {path_parameter("path", "what to remove; a link goes itself, not what it leads to")};
    info.detects = "whether it is there, and its state";
    info.verifies = "that it is absent";
    info.undo_restores = "the former inode itself, with content, attributes, times and other names";
    info.undo_cannot = "put it back over something that others created there meanwhile: that is a conflict";
    info.outputs = {"path"};
    info.example = R"({ "action": "file.delete", "with": { "path": "/etc/cron.d/old" } })";
    return info;
}

KindInfo directory_info() {
    KindInfo info;
    info.name = "dir.delete";
    info.summary = "Removes a directory with everything in it, by one rename";
    info.parameters = {path_parameter("path", "the directory")};
    info.detects = "whether it is there, and the state of everything in it";
    info.verifies = "that it is absent";
    info.undo_restores = "the former tree, inode for inode";
    info.undo_cannot = "put it back over something that others created there meanwhile: that is a conflict";
    info.outputs = {"path"};
    info.example = R"({ "action": "dir.delete", "with": { "path": "/srv/app/releases/1.0.0" } })";
    return info;
}

class Delete final : public FileKind {
  public:
    Delete(KindInfo info, bool directories) : info_(std::move(info)), directories_(directories) {}

    const KindInfo& info() const override { return info_; }

    Result<Planned> plan(PlanRequest& request) const override {
        ArgumentReader reader(request.with);
        reader.only({"path"});
        reader.require("path");
        const std::string path = absolute_path(request.manifest_directory, reader.text("path"));
        BACKOUT_TRY(reader.finish());
        BACKOUT_TRY_ASSIGN(Target target, look_up_target(request, path));
        BACKOUT_TRY(check_no_mount_point(target));
        if (directories_ && target.seen.known && target.seen.state.present()) {
            BACKOUT_TRY_ASSIGN(target.seen, request.world.look_tree(target.key));
        }
        target.missing_parents.clear();  // what isn't there needs no parents
        Planned planned;
        planned.target = path;
        // What a later step of the plan makes there may stand there by now.
        if (const Status fit = check_type(target); !fit.ok()) planned.unless_kept = fit.error();
        planned.arguments = {{"path", target.key}};
        planned.undo.description =
            directories_ ? "the former tree itself comes back" : "the former file itself comes back";
        planned.resources = path_resources(target, directories_);
        if (!target.seen.known) {
            plan_later(target, planned);
            planned.operation = "delete";
            planned.after = nullptr;
        } else {
            decide(request, target, planned);
        }
        if (planned.operation == "delete") BACKOUT_TRY(check_changeable(request, target));
        return planned;
    }

    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        const std::string path = string_member(step.arguments, "path");
        FileStager stager(context);
        stager.set_outputs({{"path", path}});
        BACKOUT_TRY(stager.expect(path, step.before));
        BACKOUT_TRY_ASSIGN(const EntryType type, stager.type_at(path));
        if (type != EntryType::absent && (type == EntryType::directory) != directories_) {
            return Error{ErrorCode::wrong_type, printable(path) + " is a " + to_string(type) + " by now", path};
        }
        BACKOUT_TRY(stager.add_removal(path));
        return stager.finish();
    }

  private:
    void decide(PlanRequest& request, const Target& target, Planned& planned) const {
        const EntryState& before = target.seen.state;
        planned.operation = before.present() ? "delete" : "keep";
        if (!before.present()) planned.reason = "it is not there";
        planned.before = entry_state_to_json(before);
        planned.details = {{"changes", changes_between(request.host, before, EntryState{})}};
        if (before.tree) planned.details["entries"] = before.tree_entries;
        if (before.present()) planned.predictions = {{target.key, true, EntryState{}, {}, "", {}}};
    }

    Status check_type(const Target& target) const {
        const EntryType type = target.seen.state.type;
        if (type == EntryType::absent || (type == EntryType::directory) == directories_) return {};
        const std::string remedy = directories_ ? "remove it with file.delete" : "remove it with dir.delete";
        return Error{ErrorCode::wrong_type, printable(target.path) + " is a " + to_string(type) + ": " + remedy,
                     target.path};
    }

    const KindInfo info_;
    const bool directories_;
};

}  // namespace

std::unique_ptr<Compensator> make_file_delete_kind() {
    return std::make_unique<Delete>(file_info(), false);
}
std::unique_ptr<Compensator> make_dir_delete_kind() {
    return std::make_unique<Delete>(directory_info(), true);
}

}  // namespace backout
