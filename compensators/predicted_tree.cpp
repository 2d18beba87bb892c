#include "compensators/predicted_tree.h"

#include <algorithm>

#include "base/bytes.h"
#include "compensators/tree.h"

namespace backout {

namespace {

Status collect(PlanRequest& request, const std::string& top, const std::string& below, PredictedTree& tree) {
    const std::string path = below.empty() ? top : top + "/" + below;
    BACKOUT_TRY_ASSIGN(Seen seen, request.world.look(path));
    if (!seen.known) {
        tree.known = false;
        tree.known_after = seen.known_after;
    }
    if (!tree.known || !seen.state.present()) return {};
    tree.entries.push_back({below, seen.state});
    if (tree.entries.size() > kMaximumTreeEntries) {
        return Error{ErrorCode::invalid, printable(top) + " has more than 2,000,000 entries, which is the limit", top};
    }
    if (seen.state.type != EntryType::directory) return {};
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> names, request.world.list(path));
    for (const std::string& name : names)
        BACKOUT_TRY(collect(request, top, below.empty() ? name : below + "/" + name, tree));
    return {};
}

}  // namespace

Result<std::vector<TreeEntry>> real_tree(Host& host, const std::string& path) {
    auto place = host.locate(path);
    if (!place && place.error().code == ErrorCode::not_found) return std::vector<TreeEntry>();
    if (!place) return std::move(place).error();
    return capture_tree(*place->directory, place->name);
}

Result<PredictedTree> look_at_tree(PlanRequest& request, const std::string& path) {
    PredictedTree tree;
    BACKOUT_TRY_ASSIGN(Seen seen, request.world.look_tree(path));
    tree.known = seen.known;
    tree.known_after = seen.known_after;
    tree.state = seen.state;
    if (!seen.known || !seen.state.present()) return tree;
    auto real = real_tree(request.host, path);
    if (real && summarize_tree(*real) == seen.state) {
        tree.entries = std::move(real).value();
        return tree;
    }
    BACKOUT_TRY(collect(request, path, "", tree));
    std::sort(tree.entries.begin(), tree.entries.end(),
              [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
    return tree;
}

}  // namespace backout
