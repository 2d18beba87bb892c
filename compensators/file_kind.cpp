#include "compensators/file_kind.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/file_parts.h"
#include "compensators/tree.h"

namespace backout {
namespace {

/// As much of it as `expected` speaks of.
Result<EntryState> look_at(Host& host, const std::string& path, const EntryState& expected) {
    BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(host, path));
    if (!entry.directory || !entry.status.present()) return EntryState{};
    if (expected.type == EntryType::file && expected.content.empty())
        return capture_attributes(*entry.directory, entry.name, entry.status);
    if (!expected.tree) return capture_state(*entry.directory, entry.name);
    BACKOUT_TRY_ASSIGN(const auto entries, capture_tree(*entry.directory, entry.name));
    return summarize_tree(entries);
}

Result<std::vector<Difference>> differences_from(Host& host, const std::string& path, const Json& expected) {
    if (is_unknown_state(expected)) return std::vector<Difference>{};
    BACKOUT_TRY_ASSIGN(const EntryState state, entry_state_from_json(expected));
    BACKOUT_TRY_ASSIGN(const EntryState found, look_at(host, path, state));
    return compare_states(path, state, found);
}

}  // namespace

Result<Staged> FileKind::invert(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(image));
    BACKOUT_TRY_ASSIGN(InvertedImage inverted, invert_file_image(context, parsed));
    return Staged{file_image_to_json(inverted.image), std::move(inverted.sync), inverted.image.conflicts};
}

Result<Applied> FileKind::apply(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(image));
    return apply_file_image(context, parsed);
}

Result<Observation> FileKind::observe(StepContext& context, const Json& image, bool deep) const {
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(image));
    return observe_file_image(context, parsed, deep);
}

Result<std::vector<Difference>> FileKind::verify_kept(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    const auto& superseded = context.superseded;
    if (path.empty() || std::find(superseded.begin(), superseded.end(), path) != superseded.end()) {
        return std::vector<Difference>{};
    }
    return differences_from(context.host, path, step.after);
}

Result<std::vector<SyncRequest>> FileKind::sync_of(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(image));
    return sync_of_file_image(context, parsed);
}

Status FileKind::release(StepContext& context, const Json& image) const {
    BACKOUT_TRY_ASSIGN(const FileImage parsed, file_image_from_json(image));
    return release_file_image(context, parsed);
}

Result<Json> FileKind::outputs_of_kept(StepContext& context, const PlannedStep& step) const {
    const std::string path = string_member(step.arguments, "path");
    if (path.empty()) return Json(nullptr);
    BACKOUT_TRY_ASSIGN(const EntryState state, look_at(context.host, path, EntryState{}));
    Json outputs = {{"path", path}};
    const bool secret = bool_member(step.arguments, "secret", false);
    if (state.type == EntryType::file && !secret) outputs["digest"] = state.content;
    return outputs;
}

bool changed_inside(const StepContext& context, const std::string& path) {
    return std::any_of(context.superseded.begin(), context.superseded.end(),
                       [&](const std::string& key) { return key.compare(0, path.size() + 1, path + "/") == 0; });
}

void drop_superseded(const StepContext& context, const std::string& path, std::vector<TreeEntry>& entries) {
    const auto gone = [&](const TreeEntry& entry) {
        return !entry.path.empty() && is_superseded(path + "/" + entry.path, context.superseded);
    };
    entries.erase(std::remove_if(entries.begin(), entries.end(), gone), entries.end());
}

void drop_capabilities(ExtendedAttributes& xattrs) {
    xattrs.erase("security.capability");
}

const Json& chain_end_of(const PlannedStep& step) {
    return member(step.arguments, kChainEnd);
}

Result<std::vector<Difference>> compare_with_chain_end(Host& host, const Json& end) {
    std::vector<Difference> all;
    for (const auto& [path, state] : end.items()) {
        BACKOUT_TRY_ASSIGN(std::vector<Difference> found, differences_from(host, path, state));
        all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }
    return all;
}

Status check_before(StepContext& context, const std::string& path, const Json& before) {
    BACKOUT_TRY_ASSIGN(const auto differences, differences_from(context.host, path, before));
    return differences.empty() ? Status{} : conflict_error(differences);
}

Error conflict_error(const std::vector<Difference>& differences) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < differences.size() && i < 5; ++i) {
        const Difference& difference = differences[i];
        parts.push_back(printable(difference.path) + ": " + difference.attribute + " was " + difference.expected +
                        ", is now " + difference.found);
    }
    if (differences.size() > parts.size()) {
        parts.push_back("and " + std::to_string(differences.size() - parts.size()) + " more");
    }
    const std::string path = differences.empty() ? "" : differences.front().path;
    return Error{ErrorCode::conflict, "changed since the plan was made: " + join(parts, "; "), path};
}

}  // namespace backout
