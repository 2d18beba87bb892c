#include "compensators/archive_extract.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/archive_extract_reader.h"
#include "compensators/archive_extract_writer.h"
#include "compensators/file_kind.h"
#include "compensators/parameter_schema.h"
#include "compensators/path_argument.h"
#include "compensators/permission_check.h"
#include "compensators/predicted_tree.h"
#include "compensators/staging.h"
#include "compensators/tree_listing.h"

namespace backout {

namespace {

constexpr std::size_t kMostPredictions = 10'000;           // of single files, for steps that change one
constexpr std::uint64_t kMostPredictedBytes = 256U << 20;  // of an archive that an earlier step will have written

Json limits_schema() {
    const Json number = {{"type", "integer"}, {"minimum", 1}};
    Json schema = object_schema();
    schema["properties"] = Json{{"entries", number}, {"bytes", number}, {"ratio", number}};
    schema["additionalProperties"] = false;
    return schema;
}

KindInfo make_info() {
    KindInfo info;
    info.name = "archive.extract";
    info.summary = "Puts the tree of an archive in a folder's place, by one rename";
    info.parameters = {
        {"source", "path", true, "the archive: tar (plain, gz, xz, zst, bz2) or zip", path_schema()},
        path_parameter("path", "the folder; what is there is replaced as a whole, its own mode and owner are kept"),
        {"sha256", "hex", false, "SHA-256 that the archive must have", text_schema()},
        {"strip", "number", false, "leading parts of each name to leave out; default 0",
         Json{{"type", "integer"}, {"minimum", 0}}},
        {"owners", "boolean", false, "owners as in the archive (root only); default: the running user", flag_schema()},
        {"setuid", "list of strings", false,
         "paths below the folder that keep setuid and setgid bits; all others lose them", text_list_schema()},
        {"outside_links", "boolean", false, "allow symbolic links that lead out of the tree; default false",
         flag_schema()},
        {"limits", "object", false,
         "entries (1,000,000), bytes unpacked (64 GiB), ratio of unpacked to packed (1000): beyond them the archive is "
         "refused",
         limits_schema()},
        make_parents_parameter(),
    };
    info.detects =
        "the archive's SHA-256 and every entry in it, and every entry that stands in the folder. Refused are absolute "
        "names, '..', names below a link, doubled names, hard links outside, devices; extended attributes are not "
        "taken from archives";
    info.verifies = "every entry of the tree";
    info.undo_restores = "the former tree itself, or absence";
    info.undo_cannot = "what others changed in the tree since: then it is left as it is and reported as a conflict";
    info.outputs = {"path", "entries"};
    info.example =
        R"({ "action": "archive.extract", "with": { "source": "app.tar.gz", "path": "/srv/app", "strip": 1 } })";
    return info;
}

// ---- arguments -----------------------------------------------------------------------------------------------------

struct Wish {
    std::string source;
    std::string path;
    std::string sha256;
    ArchiveRules rules;
    bool make_parents = false;
};

void read_limits(ArgumentReader& reader, ArchiveLimits& limits) {
    const Json given = reader.object("limits");
    if (given.is_null()) return;
    ArgumentReader inner(given, "limits.");
    inner.only({"entries", "bytes", "ratio"});
    constexpr std::int64_t kMost = 1LL << 50;
    limits.entries = static_cast<std::uint64_t>(
        inner.integer("entries", 1, 2'000'000).value_or(static_cast<std::int64_t>(limits.entries)));
    limits.bytes =
        static_cast<std::uint64_t>(inner.integer("bytes", 1, kMost).value_or(static_cast<std::int64_t>(limits.bytes)));
    limits.ratio =
        static_cast<std::uint64_t>(inner.integer("ratio", 1, kMost).value_or(static_cast<std::int64_t>(limits.ratio)));
    reader.take_problems_of(inner);
}

Result<Wish> read_wish(PlanRequest& request) {
    ArgumentReader reader(request.with);
    reader.only({"source", "path", "sha256", "strip", "owners", "setuid", "outside_links", "limits", "make_parents"});
    reader.require("source");
    reader.require("path");
    Wish wish;
    wish.source = source_path(request.manifest_directory, reader.text("source"));
    wish.path = absolute_path(request.manifest_directory, reader.text("path"));
    wish.sha256 = reader.text("sha256");
    std::transform(wish.sha256.begin(), wish.sha256.end(), wish.sha256.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'F' ? static_cast<char>(letter + 32) : letter;
    });
    if (reader.has("sha256") && from_hex(wish.sha256).value_or("").size() != 32) {
        reader.complain("sha256", "64 hexadecimal digits are expected");
    }
    wish.rules.strip = static_cast<std::size_t>(reader.integer("strip", 0, 100).value_or(0));
    wish.rules.owners = reader.flag("owners", false);
    wish.rules.setuid = reader.texts("setuid");
    wish.rules.outside_links = reader.flag("outside_links", false);
    wish.rules.user = request.host.user_id();
    wish.rules.group = request.host.group_id();
    if (wish.rules.owners && wish.rules.user != 0) reader.complain("owners", "only root can give files away");
    read_limits(reader, wish.rules.limits);
    wish.make_parents = reader.flag("make_parents", false);
    BACKOUT_TRY(reader.finish());
    return wish;
}

Json arguments_of(const Wish& wish, const Target& target) {
    Json arguments = {{"path", target.key}, {"source", wish.source}, {"strip", wish.rules.strip}};
    arguments["limits"] = Json{
        {"entries", wish.rules.limits.entries}, {"bytes", wish.rules.limits.bytes}, {"ratio", wish.rules.limits.ratio}};
    if (!wish.sha256.empty()) arguments["sha256"] = wish.sha256;
    if (wish.rules.owners) arguments["owners"] = true;
    if (wish.rules.outside_links) arguments["outside_links"] = true;
    if (!wish.rules.setuid.empty()) arguments["setuid"] = wish.rules.setuid;
    if (wish.make_parents) arguments["make_parents"] = true;
    return arguments;
}

ArchiveRules rules_of(Host& host, const Json& arguments) {
    ArchiveRules rules;
    rules.strip = static_cast<std::size_t>(int_member(arguments, "strip", 0));
    rules.owners = bool_member(arguments, "owners", false);
    rules.outside_links = bool_member(arguments, "outside_links", false);
    if (arguments.contains("setuid")) rules.setuid = arguments["setuid"].get<std::vector<std::string>>();
    rules.user = host.user_id();
    rules.group = host.group_id();
    const Json& limits = member(arguments, "limits");
    rules.limits.entries = static_cast<std::uint64_t>(int_member(limits, "entries", 1'000'000));
    rules.limits.bytes = static_cast<std::uint64_t>(int_member(limits, "bytes", 64LL << 30));
    rules.limits.ratio = static_cast<std::uint64_t>(int_member(limits, "ratio", 1000));
    return rules;
}

// ---- planning ------------------------------------------------------------------------------------------------------

/// An archive that only a prediction holds.
class BytesFile final : public InputFile {
  public:
    explicit BytesFile(Bytes bytes) : bytes_(std::move(bytes)) {}
    Result<Bytes> read(std::uint64_t offset, std::size_t limit) override {
        return offset >= bytes_.size() ? Bytes() : bytes_.substr(static_cast<std::size_t>(offset), limit);
    }
    Result<FileStatus> status() override {
        FileStatus status;
        status.type = EntryType::file;
        status.size = bytes_.size();
        return status;
    }
    Result<std::pair<std::uint64_t, std::uint64_t>> next_data(std::uint64_t offset) override {
        return std::pair<std::uint64_t, std::uint64_t>(std::min<std::uint64_t>(offset, bytes_.size()), bytes_.size());
    }

  private:
    Bytes bytes_;
};

Error wrong_digest(const std::string& source, const std::string& found, const std::string& wanted) {
    return Error{ErrorCode::invalid,
                 "the archive " + printable(source) + " has sha256 " + found + ", expected " + wanted +
                     ": it is not the one that was meant",
                 source};
}

Status check_archive(const Wish& wish, const EntryState& state) {
    const std::string& source = wish.source;
    if (!state.present())
        return Error{ErrorCode::not_found, "the archive " + printable(source) + " does not exist", source};
    if (state.type != EntryType::file) {
        return Error{ErrorCode::wrong_type,
                     "the archive " + printable(source) + " is a " + to_string(state.type) + ", not a file", source};
    }
    if (!wish.sha256.empty() && !state.content.empty() && wish.sha256 != state.content) {
        return wrong_digest(source, state.content, wish.sha256);
    }
    return {};
}

/// Opens the archive with the content that the plan sees.
Result<std::unique_ptr<InputFile>> open_archive(PlanRequest& request, const std::string& path,
                                                const EntryState& state) {
    const auto place = request.host.locate(path);
    if (place) {
        auto file = place->directory->open_read(place->name);
        if (file) {
            BACKOUT_TRY_ASSIGN(const std::string digest, digest_file(**file));
            if (digest == state.content) return file;
        }
    }
    BACKOUT_TRY_ASSIGN(Bytes bytes, request.world.read(path, kMostPredictedBytes));
    return std::unique_ptr<InputFile>(std::make_unique<BytesFile>(std::move(bytes)));
}

std::string shown(const TreeEntry& entry) {
    return printable(entry.path) + (entry.state.type == EntryType::directory ? "/" : "");
}

/// What comes, changes and goes.
Json details_of(Host& host, const std::vector<TreeEntry>& before, const ArchiveTree& tree) {
    std::map<std::string, const TreeEntry*> former;
    for (const TreeEntry& entry : before) former[entry.path] = &entry;
    std::vector<std::string> created;
    std::vector<std::string> updated;
    TreePreview preview;
    for (const TreeEntry& entry : tree.entries) {
        const auto found = former.find(entry.path);
        if (entry.path.empty()) {
            former.erase(entry.path);
        } else if (found == former.end()) {
            created.push_back(shown(entry));
            preview.create(created.back());
        } else {
            if (!(found->second->state == entry.state)) {
                updated.push_back(shown(entry));
                preview.update(updated.back(), changes_between(host, found->second->state, entry.state));
            }
            former.erase(found);
        }
    }
    std::vector<std::string> removed;
    for (const auto& [path, entry] : former) {
        removed.push_back(shown(*entry));
        preview.remove(removed.back());
    }
    Json counts = {{"create", created.size()}, {"update", updated.size()}, {"removed", removed.size()}};
    Json details = {{"create", names_in_details(created)},  {"update", names_in_details(updated)},
                    {"removed", names_in_details(removed)}, {"counts", std::move(counts)},
                    {"entries", tree.entries.size()},       {"bytes", tree.bytes}};
    if (!preview.text().empty()) details["diff"] = preview.text();
    return details;
}

/// A folder that is there keeps what is its own; a new one is as the archive says.
void keep_top(const EntryState& present, ArchiveTree& tree) {
    if (present.type != EntryType::directory) return;
    EntryState& top = tree.entries.front().state;
    top = present;
    top.tree.reset();
    top.tree_entries = 0;
}

void decide(PlanRequest& request, const Target& target, const PredictedTree& present, ArchiveTree tree,
            Planned& planned) {
    keep_top(present.state, tree);
    const EntryState after = summarize_tree(tree.entries);
    const bool same = after == present.state;
    planned.operation = same ? "keep" : (present.state.present() ? "update" : "create");
    if (same) planned.reason = "the tree is already so";
    planned.before = entry_state_to_json(present.state);
    planned.after = entry_state_to_json(after);
    planned.details = details_of(request.host, present.entries, tree);
    planned.space = {{target.key, tree.bytes}};
    planned.warnings = tree.warnings;
    const std::size_t removed = planned.details["counts"]["removed"].get<std::size_t>();
    if (removed > 0)
        planned.warnings.push_back(std::to_string(removed) + " entries of " + target.path +
                                   " are not in the archive and go");
    if (same) return;
    planned.predictions = parent_predictions(request.host, target);
    const std::vector<TreeEntry> entries = tree.entries;
    planned.predictions.push_back(Prediction{target.key, true, after, {}, "", std::move(tree.entries)});
    for (const TreeEntry& entry : entries) {
        const auto content = tree.contents.find(entry.path);
        if (content == tree.contents.end() || planned.predictions.size() > kMostPredictions) continue;
        Prediction file{target.key + "/" + entry.path, true, entry.state, {}, "", {}};
        file.content = std::move(content->second);
        planned.predictions.push_back(std::move(file));
    }
}

Status check_target(const Target& target) {
    const EntryType type = target.seen.state.type;
    if (type == EntryType::absent || type == EntryType::directory) return {};
    return Error{ErrorCode::wrong_type,
                 printable(target.path) + " is a " + to_string(type) +
                     ", not a directory: remove it first, or choose another path",
                 target.path};
}

class ArchiveExtract final : public FileKind {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

    Result<Planned> plan(PlanRequest& request) const override {
        BACKOUT_TRY_ASSIGN(Wish wish, read_wish(request));
        BACKOUT_TRY_ASSIGN(const Target target, look_up_target(request, wish.path, LookFor::tree));
        BACKOUT_TRY(check_target(target));
        BACKOUT_TRY(check_no_mount_point(target));
        BACKOUT_TRY(check_parents(target, wish.make_parents));
        BACKOUT_TRY_ASSIGN(wish.source, request.world.key_of(wish.source));
        Planned planned;
        planned.target = wish.path;
        planned.arguments = arguments_of(wish, target);
        planned.resources = path_resources(target, true);
        planned.undo.description = target.seen.known && !target.seen.state.present()
                                       ? "the new tree goes away"
                                       : "the former tree itself comes back";
        BACKOUT_TRY_ASSIGN(const Seen archive, request.world.look(wish.source));
        if (archive.known) BACKOUT_TRY(check_archive(wish, archive.state));
        if (!archive.known || archive.state.content.empty() || !target.seen.known) {
            plan_unknown(archive, target, planned);
            return planned;
        }
        planned.arguments["sha256"] = archive.state.content;
        BACKOUT_TRY_ASSIGN(const PredictedTree present, look_at_tree(request, target.key));
        BACKOUT_TRY_ASSIGN(const std::unique_ptr<InputFile> file, open_archive(request, wish.source, archive.state));
        auto tree = read_archive_tree(*file, request.host, wish.rules);
        if (!tree) return std::move(tree).error().in(printable(wish.source));
        decide(request, target, present, std::move(tree).value(), planned);
        if (planned.operation != "keep") BACKOUT_TRY(check_changeable(request, target));
        return planned;
    }

    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        const std::string path = string_member(step.arguments, "path");
        const std::string source = string_member(step.arguments, "source");
        FileStager stager(context);
        BACKOUT_TRY(stager.expect(path, step.before));
        BACKOUT_TRY_ASSIGN(const EntryState present, stager.present_at(path));
        if (present.present() && present.type != EntryType::directory) {
            return Error{ErrorCode::wrong_type,
                         printable(path) + " is a " + to_string(present.type) + " by now, not a directory", path};
        }
        BACKOUT_TRY_ASSIGN(const Location from, context.host.locate(source));
        BACKOUT_TRY_ASSIGN(const std::unique_ptr<InputFile> file, from.directory->open_read(from.name));
        BACKOUT_TRY_ASSIGN(const std::string digest, digest_file(*file));
        const std::string wanted = string_member(step.arguments, "sha256", digest);
        if (digest != wanted) {
            return Error{ErrorCode::stale,
                         "the archive " + printable(source) + " changed since the plan was made: its sha256 is " +
                             digest + ", expected " + wanted,
                         source};
        }
        const ArchiveRules rules = rules_of(context.host, step.arguments);
        BACKOUT_TRY_ASSIGN(const std::unique_ptr<ArchiveReader> reader,
                           ArchiveReader::open(*file, context.host, rules));
        BACKOUT_TRY_ASSIGN(const Place place, stager.open(path, bool_member(step.arguments, "make_parents", false)));
        auto entries = write_archive_tree(*reader, rules, place, present);
        if (!entries) return std::move(entries).error().in(printable(source));
        BACKOUT_TRY(stager.close(place));
        stager.set_outputs(Json{{"path", path}, {"entries", *entries}});
        return stager.finish();
    }

    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override {
        const std::string path = string_member(step.arguments, "path");
        BACKOUT_TRY_ASSIGN(const std::vector<TreeEntry> entries, real_tree(context.host, path));
        return Json{{"path", path}, {"entries", entries.empty() ? 0 : entries.size() - 1}};
    }

  private:
    static void plan_unknown(const Seen& archive, const Target& target, Planned& planned) {
        Target open = target;
        const Seen& decides = archive.known ? target.seen : archive;
        open.seen.known_after = decides.known_after;
        plan_later(open, planned);
        if (target.seen.known) planned.before = entry_state_to_json(target.seen.state);
    }
};

}  // namespace

std::unique_ptr<Compensator> make_archive_extract_kind() {
    return std::make_unique<ArchiveExtract>();
}

}  // namespace backout
