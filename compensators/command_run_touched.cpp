// What a command says that it touches: as it was before, the proof of an undo that no probe can give; and what of it
// must be durable.

#include <nlohmann/json.hpp>

#include "compensators/command_run_state.h"
#include "compensators/file_parts.h"
#include "compensators/tree.h"

namespace backout {
namespace {

// Read before each run of the command: more than this would make the proof dearer than most commands.
constexpr std::size_t kMostEntries = 4096;
constexpr std::uint64_t kMostBytes = 64U << 20;

struct Budget {
    std::size_t entries = kMostEntries;
    std::uint64_t bytes = kMostBytes;
};

/// Error `invalid`: there is more than the budget allows.
Status spend(Budget& budget, const FileStatus& status) {
    const std::uint64_t bytes = status.type == EntryType::file ? status.size : 0;
    if (budget.entries == 0 || budget.bytes < bytes) return Error{ErrorCode::invalid, "too much to compare"};
    --budget.entries;
    budget.bytes -= bytes;
    return {};
}

Result<std::vector<TreeEntry>> read_within(const Entry& entry, Budget& budget) {
    if (!entry.status.present()) return std::vector<TreeEntry>();
    BACKOUT_TRY(walk_tree(*entry.directory, entry.name,
                          [&budget](const TreeStep& step) { return spend(budget, step.status); }));
    return capture_tree(*entry.directory, entry.name);
}

}  // namespace

Json touched_content(Host& host, const Json& arguments) {
    Json content = nullptr;
    Budget budget;
    for (const Json& path : member(arguments, "touches")) {
        if (!path.is_string()) return nullptr;
        const Result<Entry> entry = find_entry(host, path.get<std::string>());
        if (!entry.ok()) return nullptr;
        const auto tree = read_within(*entry, budget);
        if (!tree.ok()) return nullptr;
        content[path.get<std::string>()] = tree_to_json(*tree);
    }
    return content;
}

Result<std::vector<Difference>> compare_touched_content(Host& host, const Json& content) {
    std::vector<Difference> differences;
    for (const auto& [path, recorded] : content.items()) {
        BACKOUT_TRY_ASSIGN(const std::vector<TreeEntry> before, tree_from_json(recorded));
        BACKOUT_TRY_ASSIGN(const Entry entry, find_entry(host, path));
        std::vector<TreeEntry> now;
        if (entry.status.present()) {
            BACKOUT_TRY_ASSIGN(now, capture_tree(*entry.directory, entry.name));
        }
        const auto found = compare_trees(path, before, now, false);
        differences.insert(differences.end(), found.begin(), found.end());
    }
    return differences;
}

// ---- what must be durable ------------------------------------------------------------------------------------------

namespace {

/// A touched path may be gone, or its parent: then the nearest folder that is there keeps the absence.
Result<SyncRequest> sync_of_path(Host& host, const std::string& path) {
    auto place = host.locate(path);
    if (!place && place.error().code != ErrorCode::not_found) return std::move(place).error();
    if (place) {
        BACKOUT_TRY_ASSIGN(const FileStatus status, place->directory->status(place->name));
        const auto what = status.present() ? SyncRequest::What::tree : SyncRequest::What::names;
        return SyncRequest{what, place->directory, status.present() ? place->name : ""};
    }
    std::string parent = path;
    while (parent.size() > 1) {
        parent = parent.substr(0, parent.rfind('/'));
        if (parent.empty()) parent = "/";
        auto directory = host.open_directory(parent);
        if (directory) return SyncRequest{SyncRequest::What::names, *directory, ""};
    }
    return std::move(place).error();
}

}  // namespace

Result<std::vector<SyncRequest>> sync_requests(Host& host, const Json& arguments) {
    std::vector<SyncRequest> requests;
    const Json& touches = member(arguments, "touches");
    if (touches.empty()) {
        requests.push_back(SyncRequest{SyncRequest::What::everything, nullptr, ""});
        return requests;
    }
    std::vector<std::string> paths = touches.get<std::vector<std::string>>();
    for (const char* name : {"creates", "removes"}) {
        if (member(arguments, name).is_string()) paths.push_back(arguments[name].get<std::string>());
    }
    for (const std::string& path : paths) {
        BACKOUT_TRY_ASSIGN(SyncRequest request, sync_of_path(host, path));
        requests.push_back(request);
        // The name itself, too: a tree is synced from its top downwards.
        if (request.what == SyncRequest::What::tree) {
            requests.push_back(SyncRequest{SyncRequest::What::names, request.directory, ""});
        }
    }
    return requests;
}

}  // namespace backout
