#include "planner/secret_paths.h"

#include <nlohmann/json.hpp>

#include "compensators/argument_reader.h"

namespace backout {
namespace {

bool holds_secret(const PlannedStep& step) {
    return bool_member(step.arguments, "secret", false) || has_secret(step.arguments);
}

void hide_content(Host& host, const std::string& key, Json& paths) {
    if (!paths.contains(key) || string_member(paths[key], "type") != "file") return;
    paths[key]["content"] = nullptr;
    paths[key].erase("size");
    paths[key][kFingerprint] = fingerprint_of(host, key).value_or("");
}

}  // namespace

std::optional<std::string> fingerprint_of(Host& host, const std::string& key) {
    const Result<Location> place = host.locate(key);
    if (!place.ok()) return {};
    const Result<FileStatus> status = place->directory->status(place->name);
    if (!status.ok() || status->type != EntryType::file) return {};
    return std::to_string(status->inode) + ":" + std::to_string(status->mtime) + ":" + std::to_string(status->ctime);
}

void hide_secret_contents(Host& host, const std::vector<PlannedStep>& steps, Json& paths) {
    for (const PlannedStep& step : steps) {
        if (!holds_secret(step)) continue;
        for (const Resource& resource : step.resources) {
            if (resource.type == "path") hide_content(host, resource.key, paths);
        }
    }
}

}  // namespace backout
