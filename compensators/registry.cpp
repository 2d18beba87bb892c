#include <algorithm>
#include <nlohmann/json.hpp>

#include "compensators/archive_extract.h"
#include "compensators/check.h"
#include "compensators/command_run.h"
#include "compensators/compensator.h"
#include "compensators/dir_create.h"
#include "compensators/dir_delete.h"
#include "compensators/dir_sync.h"
#include "compensators/file_attributes.h"
#include "compensators/file_delete.h"
#include "compensators/file_edit.h"
#include "compensators/file_link.h"
#include "compensators/file_move.h"
#include "compensators/file_write.h"
#include "compensators/json_merge.h"
#include "compensators/json_patch.h"

namespace backout {

const char* to_string(Where where) {
    switch (where) {
        case Where::before: return "before";
        case Where::after: return "after";
        case Where::both: return "both";
        case Where::mixed: return "mixed";
        case Where::neither: return "neither";
        case Where::unreadable: break;
    }
    return "unreadable";
}

void Registry::add(std::unique_ptr<Compensator> kind) {
    BACKOUT_ASSERT(find(kind->info().name) == nullptr);
    kinds_.push_back(std::move(kind));
}

const Compensator* Registry::find(const std::string& name) const {
    for (const auto& kind : kinds_) {
        if (kind->info().name == name) return kind.get();
    }
    return nullptr;
}

std::vector<std::string> Registry::names() const {
    std::vector<std::string> names;
    for (const auto& kind : kinds_) names.push_back(kind->info().name);
    std::sort(names.begin(), names.end());
    return names;
}

/// One line a kind, sorted by name.
Registry make_builtin_registry() {
    Registry registry;
    registry.add(make_archive_extract_kind());
    registry.add(make_check_kind());
    registry.add(make_command_run_kind());
    registry.add(make_dir_create_kind());
    registry.add(make_dir_delete_kind());
    registry.add(make_dir_sync_kind());
    registry.add(make_file_attributes_kind());
    registry.add(make_file_delete_kind());
    registry.add(make_file_edit_kind());
    registry.add(make_file_link_kind());
    registry.add(make_file_move_kind());
    registry.add(make_file_write_kind());
    registry.add(make_json_merge_kind());
    registry.add(make_json_patch_kind());
    return registry;
}

}  // namespace backout
