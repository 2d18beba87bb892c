#include "compensators/dir_sync.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/dir_sync_changes.h"
#include "compensators/file_kind.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/predicted_tree.h"
#include "compensators/staging.h"
#include "compensators/tree.h"
#include "compensators/tree_builder.h"
#include "compensators/tree_listing.h"

namespace backout {

namespace {

constexpr std::size_t kMostPredictions = 10'000;  // of single files, for steps that read one

KindInfo make_info() {
    KindInfo info;
    info.name = "dir.sync";
    info.summary = "Makes what is in a folder like what is in another one";
    info.parameters = {
        {"source", "path", true, "the folder to copy from", path_schema()},
        path_parameter("path", "the folder to make alike; its own attributes are kept if it is there"),
        {"delete", "boolean", false, "remove what the source doesn't have; default false", flag_schema()},
        {"exclude", "list of strings", false,
         "globs of entries that are neither copied nor removed: \"*.log\" at any depth, \"/cache\" at the top, \"**\" "
         "for any "
         "number of folders, \"tmp/\" folders only",
         text_list_schema()},
        make_parents_parameter(),
    };
    info.detects =
        "every entry of both trees: type, content (SHA-256), mode, link text, extended attributes, for root owners";
    info.verifies = "every entry that was changed";
    info.undo_restores =
        "exactly what was made, replaced and removed; each replaced file itself comes back, with its times";
    info.undo_cannot =
        "entries that somebody changed since: each is left and reported as a conflict; what others put beside "
        "them stays";
    info.outputs = {"path", "changed (number of entries)"};
    info.example =
        R"({ "action": "dir.sync", "with": { "source": "release/", "path": "/srv/app", "delete": true, "exclude": ["*.log"] } })";
    return info;
}

struct Wish {
    std::string source;
    std::string path;
    SyncRules rules;
    bool make_parents = false;
};

Result<Wish> read_wish(PlanRequest& request) {
    ArgumentReader reader(request.with);
    reader.only({"source", "path", "delete", "exclude", "make_parents"});
    reader.require("source");
    reader.require("path");
    Wish wish;
    wish.source = source_path(request.manifest_directory, reader.text("source"));
    if (wish.source.size() > 1 && wish.source.back() == '/') wish.source.pop_back();
    wish.path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.rules.remove_others = reader.flag("delete", false);
    wish.rules.exclude = reader.texts("exclude");
    wish.rules.user = request.host.user_id();
    wish.rules.group = request.host.group_id();
    wish.rules.keep_owners = wish.rules.user == 0;
    wish.make_parents = reader.flag("make_parents", false);
    BACKOUT_TRY(reader.finish());
    return wish;
}

bool is_within(const std::string& path, const std::string& top) {
    return path == top ||
           (path.size() > top.size() && path.compare(0, top.size(), top) == 0 && path[top.size()] == '/');
}

Status check_source(const std::string& source, const EntryState& state) {
    if (!state.present())
        return Error{ErrorCode::not_found, "the source " + printable(source) + " does not exist", source};
    if (state.type == EntryType::directory) return {};
    return Error{ErrorCode::wrong_type,
                 "the source " + printable(source) + " is a " + to_string(state.type) +
                     ", not a directory; for one file use file.write",
                 source};
}

Status check_target(const Target& target) {
    const EntryType type = target.seen.state.type;
    if (type == EntryType::absent || type == EntryType::directory) return {};
    return Error{ErrorCode::wrong_type, printable(target.path) + " is a " + to_string(type) + ", not a directory",
                 target.path};
}

/// What a single entry becomes; of a tree that comes as a whole, its top.
Json changes_of_entry(Host& host, const SyncChange& change) {
    const bool put = change.action == SyncAction::put && !change.after.empty();
    const EntryState after = put ? change.after.front().state : with_attributes(change.before, change.attributes);
    return changes_between(host, change.before, after);
}

std::string preview_of(Host& host, const SyncComparison& comparison) {
    std::map<std::string, const SyncChange*> by_path;
    for (const SyncChange& change : comparison.changes) by_path[change.path] = &change;
    TreePreview preview;
    for (const std::string& name : comparison.created) preview.create(name);
    for (const auto* names : {&comparison.updated, &comparison.retouched}) {
        for (const std::string& name : *names) {
            const auto change = by_path.find(name.back() == '/' ? name.substr(0, name.size() - 1) : name);
            preview.update(name, change == by_path.end() ? Json::array() : changes_of_entry(host, *change->second));
        }
    }
    for (const std::string& name : comparison.deleted) preview.remove(name);
    return preview.text();
}

Json details_of(const SyncComparison& comparison) {
    Json counts = {{"create", comparison.created.size()},
                   {"update", comparison.updated.size()},
                   {"delete", comparison.deleted.size()},
                   {"attributes", comparison.retouched.size()}};
    return Json{{"create", names_in_details(comparison.created)},
                {"update", names_in_details(comparison.updated)},
                {"delete", names_in_details(comparison.deleted)},
                {"attributes", names_in_details(comparison.retouched)},
                {"counts", std::move(counts)},
                {"bytes", comparison.bytes}};
}

std::string join_paths(const std::string& top, const std::string& below) {
    return below.empty() ? top : top + "/" + below;
}

/// Single files can be read by later steps: their bytes are those of the source.
void predict_files(const Wish& wish, const Target& target, const SyncComparison& comparison, Planned& planned) {
    std::size_t count = 0;
    for (const SyncChange& change : comparison.changes) {
        for (const TreeEntry& entry : change.after) {
            if (entry.state.type != EntryType::file || ++count > kMostPredictions) continue;
            const std::string place = change.path.empty() ? entry.path : join_paths(change.path, entry.path);
            planned.predictions.push_back(
                Prediction{join_paths(target.key, place), true, entry.state, {}, join_paths(wish.source, place), {}});
        }
    }
}

/// Files that only change their attributes keep the bytes that they have.
Status predict_retouched(PlanRequest& request, const Target& target, const SyncComparison& comparison,
                         Planned& planned) {
    for (const SyncChange& change : comparison.changes) {
        const bool retouched = change.action == SyncAction::attributes && change.before.type == EntryType::file;
        if (!retouched || planned.predictions.size() > kMostPredictions) continue;
        const std::string key = join_paths(target.key, change.path);
        BACKOUT_TRY_ASSIGN(const Seen seen, request.world.look_at_attributes(key));
        planned.predictions.push_back(
            predict_with_content(request, key, seen, key, with_attributes(change.before, change.attributes)));
    }
    return {};
}

Json changes_to_json(const std::vector<SyncChange>& changes) {
    Json list = Json::array();
    for (const SyncChange& change : changes) list.push_back(sync_change_to_json(change));
    return list;
}

/// What is there stays, and so do rights on its parent: what counts are the places of the single changes.
Status check_permissions(PlanRequest& request, const Target& target, const SyncComparison& comparison) {
    PermissionCheck permissions(request);
    for (const SyncChange& change : comparison.changes) {
        Target place = target;
        place.path = join_paths(target.path, change.path);
        place.key = join_paths(target.key, change.path);
        place.seen.state = change.before;
        if (change.action == SyncAction::attributes) {
            BACKOUT_TRY(permissions.set_attributes(place, change.attributes));
        } else {
            BACKOUT_TRY(permissions.change(place));
        }
    }
    return {};
}

Status decide(PlanRequest& request, const Wish& wish, const Target& target, const SyncComparison& comparison,
              Planned& planned) {
    const bool present = target.seen.state.present();
    const EntryState after = summarize_tree(comparison.result);
    planned.operation = comparison.changes.empty() ? "keep" : (present ? "update" : "create");
    planned.before = entry_state_to_json(target.seen.state);
    planned.after = entry_state_to_json(after);
    planned.details = details_of(comparison);
    if (!comparison.changes.empty()) planned.details["diff"] = preview_of(request.host, comparison);
    planned.space = {{target.key, comparison.bytes}};
    if (comparison.changes.empty()) {
        planned.reason = "it is alike";
        planned.arguments["expected"] = tree_to_json(comparison.expected);
        return {};
    }
    planned.arguments["changes"] = changes_to_json(comparison.changes);
    planned.predictions = parent_predictions(request.host, target);
    planned.predictions.push_back(Prediction{target.key, true, after, {}, "", comparison.result});
    predict_files(wish, target, comparison, planned);
    return predict_retouched(request, target, comparison, planned);
}

// ---- staging -------------------------------------------------------------------------------------------------------

Error changed_source(const std::string& path) {
    return Error{ErrorCode::stale,
                 "the source " + printable(path) + " changed since the plan was made; make a new plan", path};
}

/// Copies one put change into its place, entry by entry, each compared with what the plan saw of it.
class SyncCopier {
  public:
    SyncCopier(Host& host, const std::string& source, const Place& place)
        : host_(host), source_(source), builder_(place) {}

    Status run(const std::vector<TreeEntry>& entries) {
        for (const TreeEntry& entry : entries) BACKOUT_TRY(copy(entry));
        return builder_.finish();
    }

  private:
    Status copy(const TreeEntry& entry) {
        const std::string path = join_paths(source_, entry.path);
        const auto from = host_.locate(path);
        if (!from) return changed_source(path);
        BACKOUT_TRY_ASSIGN(const FileStatus status, from->directory->status(from->name));
        if (status.type != entry.state.type) return changed_source(path);
        const NewAttributes attributes{entry.state.mode, entry.state.uid, entry.state.gid, entry.state.xattrs};
        switch (status.type) {
            case EntryType::directory: return builder_.add_directory(entry.path, attributes, status.mtime);
            case EntryType::symlink: return copy_link(*from, entry, path, attributes, status.mtime);
            case EntryType::fifo: return builder_.add_fifo(entry.path, attributes, status.mtime);
            default: return copy_file(*from, entry, path, attributes, status.mtime);
        }
    }

    Status copy_link(const Location& from, const TreeEntry& entry, const std::string& path,
                     const NewAttributes& attributes, UnixNanoseconds mtime) {
        BACKOUT_TRY_ASSIGN(const std::string target, from.directory->read_link(from.name));
        if (target != entry.state.link) return changed_source(path);
        return builder_.add_symlink(entry.path, target, attributes, mtime);
    }

    Status copy_file(const Location& from, const TreeEntry& entry, const std::string& path,
                     const NewAttributes& attributes, UnixNanoseconds mtime) {
        BACKOUT_TRY_ASSIGN(const auto file, from.directory->open_read(from.name));
        BACKOUT_TRY_ASSIGN(const Place place, builder_.place_of(entry.path));
        BACKOUT_TRY_ASSIGN(const std::string digest, copy_new_file(place, *file, attributes));
        if (digest != entry.state.content) return changed_source(path);
        return builder_.set_time(entry.path, mtime);
    }

    Host& host_;
    std::string source_;
    TreeBuilder builder_;
};

class DirSync final : public FileKind {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

    Result<Planned> plan(PlanRequest& request) const override {
        BACKOUT_TRY_ASSIGN(const Wish wish, read_wish(request));
        BACKOUT_TRY_ASSIGN(const Target target, look_up_target(request, wish.path, LookFor::tree));
        BACKOUT_TRY_ASSIGN(const std::string source, request.world.key_of(wish.source));
        if (is_within(source, target.key) || is_within(target.key, source)) {
            return Error{ErrorCode::invalid,
                         "source and path lie in one another: " + printable(wish.source) + ", " + printable(wish.path)};
        }
        BACKOUT_TRY(check_target(target));
        BACKOUT_TRY(check_parents(target, wish.make_parents));
        BACKOUT_TRY_ASSIGN(const PredictedTree from, look_at_tree(request, source));
        BACKOUT_TRY_ASSIGN(const PredictedTree to, look_at_tree(request, target.key));
        Planned planned;
        planned.target = wish.path;
        planned.arguments = {{"path", target.key},
                             {"source", source},
                             {"delete", wish.rules.remove_others},
                             {"exclude", wish.rules.exclude}};
        if (wish.make_parents) planned.arguments["make_parents"] = true;
        planned.undo.description =
            target.seen.known && !target.seen.state.present()
                ? "the new tree goes away; what others put into it stays"
                : "every entry that was made, replaced or removed is as before; others' entries stay";
        planned.resources = path_resources(target, true);
        if (!from.known || !to.known) {
            Target open = target;
            open.seen.known = false;
            open.seen.known_after = from.known ? to.known_after : from.known_after;
            plan_later(open, planned);
            return planned;
        }
        BACKOUT_TRY(check_source(wish.source, from.state));
        BACKOUT_TRY_ASSIGN(const SyncComparison comparison, compare_for_sync(from.entries, to.entries, wish.rules));
        Wish real = wish;
        real.source = source;
        BACKOUT_TRY(decide(request, real, target, comparison, planned));
        BACKOUT_TRY(check_permissions(request, target, comparison));
        return planned;
    }

    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        const std::string path = string_member(step.arguments, "path");
        const std::string source = string_member(step.arguments, "source");
        BACKOUT_TRY_ASSIGN(const std::vector<SyncChange> changes, changes_of(context, step.arguments));
        FileStager stager(context);
        for (const SyncChange& change : changes) {
            const std::string place = join_paths(path, change.path);
            BACKOUT_TRY(stager.expect(place, entry_state_to_json(change.before)));
            if (change.action == SyncAction::remove) {
                BACKOUT_TRY(stager.add_removal(place));
            } else if (change.action == SyncAction::attributes) {
                BACKOUT_TRY(stager.add_attributes(place, change.attributes));
            } else {
                BACKOUT_TRY(stage_put(context, stager, step.arguments, source, change));
            }
        }
        stager.set_outputs(Json{{"path", path}, {"changed", changes.size()}});
        return stager.finish();
    }

    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override {
        const std::string path = string_member(step.arguments, "path");
        BACKOUT_TRY_ASSIGN(std::vector<TreeEntry> expected, tree_from_json(member(step.arguments, "expected")));
        BACKOUT_TRY_ASSIGN(std::vector<TreeEntry> found, real_tree(context.host, path));
        if (found.empty()) return std::vector<Difference>{{path, "presence", "a directory", "absent"}};
        drop_superseded(context, path, expected);
        expected.insert(expected.begin(), TreeEntry{"", found.front().state});
        const GlobList exclude(member(step.arguments, "exclude").get<std::vector<std::string>>());
        found.erase(std::remove_if(found.begin(), found.end(),
                                   [&](const TreeEntry& entry) {
                                       return !entry.path.empty() &&
                                              exclude.excludes(entry.path, entry.state.type == EntryType::directory);
                                   }),
                    found.end());
        drop_superseded(context, path, found);
        return compare_trees(path, expected, found, !bool_member(step.arguments, "delete", false));
    }

    Result<Json> outputs_of_kept(StepContext& /*context*/, const PlannedStep& step) const override {
        return Json{{"path", string_member(step.arguments, "path")}, {"changed", 0}};
    }

  private:
    /// The plan's changes; where it couldn't know them, those that follow from what is there by now.
    static Result<std::vector<SyncChange>> changes_of(StepContext& context, const Json& arguments) {
        std::vector<SyncChange> changes;
        if (arguments.contains("changes")) {
            for (const Json& change : arguments["changes"]) {
                BACKOUT_TRY_ASSIGN(SyncChange read, sync_change_from_json(change));
                changes.push_back(std::move(read));
            }
            return changes;
        }
        SyncRules rules;
        rules.remove_others = bool_member(arguments, "delete", false);
        rules.exclude = member(arguments, "exclude").get<std::vector<std::string>>();
        rules.user = context.host.user_id();
        rules.group = context.host.group_id();
        rules.keep_owners = rules.user == 0;
        const std::string source = string_member(arguments, "source");
        BACKOUT_TRY_ASSIGN(const std::vector<TreeEntry> from, real_tree(context.host, source));
        BACKOUT_TRY_ASSIGN(const std::vector<TreeEntry> to, real_tree(context.host, string_member(arguments, "path")));
        BACKOUT_TRY(check_source(source, from.empty() ? EntryState{} : from.front().state));
        BACKOUT_TRY_ASSIGN(SyncComparison comparison, compare_for_sync(from, to, rules));
        return std::move(comparison.changes);
    }

    static Status stage_put(StepContext& context, FileStager& stager, const Json& arguments, const std::string& source,
                            const SyncChange& change) {
        const std::string path = join_paths(string_member(arguments, "path"), change.path);
        const bool make_parents = change.path.empty() && bool_member(arguments, "make_parents", false);
        BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, make_parents));
        BACKOUT_TRY(SyncCopier(context.host, join_paths(source, change.path), place).run(change.after));
        CloseOptions options;
        if (change.after.front().state.type == EntryType::file) options.digest = change.after.front().state.content;
        return stager.close(place, options);
    }
};

}  // namespace

std::unique_ptr<Compensator> make_dir_sync_kind() {
    return std::make_unique<DirSync>();
}

}  // namespace backout
