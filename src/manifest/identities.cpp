#include "manifest/identities.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "manifest/action_parser.h"
#include "manifest/parse.h"
#include "manifest/reference_check.h"
#include "manifest/resolver.h"
#include "plan/template.h"

namespace backout {

namespace {

std::string default_id(const Action& action, const std::string& target) {
    return action.kind.value + ":" + target;
}

// The target with its references resolved, or as it is written if that can't be done yet.
std::string resolved_target(const Manifest& manifest, const Node& target, const ReferenceSource& references) {
    Resolver resolver(manifest.source_name, references);
    const auto resolved = resolver.resolve(target);
    if (resolved && resolved->is_string()) return resolved->get<std::string>();
    if (resolved && resolved->is_number()) return dump_canonical(*resolved);
    return target.is_text() ? target.text() : dump_canonical(target.to_json());
}

}  // namespace

void give_default_ids(Manifest& manifest) {
    for (Action& action : manifest.actions) {
        if (!action.id.empty()) continue;
        const Node* target = target_of(action.with);
        if (target == nullptr) {
            action.id = action.kind.value;
        } else if (target->is_text() && !may_have_references(target->text())) {
            action.id = default_id(action, target->text());
        } else {
            ++manifest.open_ids;
        }
    }
}

void collect_ids(Manifest& manifest, ManifestErrors& errors) {
    std::unordered_map<std::string, const Action*> seen;
    manifest.ids = ActionIds();
    seen.reserve(manifest.actions.size());
    manifest.ids.reserve(manifest.actions.size());
    for (const Action& action : manifest.actions) {
        if (action.id.empty()) continue;
        manifest.ids.add(action.id);
        const auto [first, fresh] = seen.emplace(action.id, &action);
        if (fresh) continue;
        std::string message =
            "the id " + in_quotes(action.id) + " is used twice; first at " + to_string(first->second->position);
        if (!action.id_given) message += "; it is the default of both kind and target: give one of them an \"id\"";
        errors.add(action.position, std::move(message));
    }
}

Status assign_ids(Manifest& manifest, const ReferenceSource& references) {
    if (manifest.open_ids == 0) return {};
    for (Action& action : manifest.actions) {
        if (!action.id.empty()) continue;
        const Node* target = target_of(action.with);
        BACKOUT_ASSERT(target != nullptr);
        action.id = default_id(action, resolved_target(manifest, *target, references));
    }
    manifest.open_ids = 0;
    ManifestErrors errors;
    errors.source_name = manifest.source_name;
    collect_ids(manifest, errors);
    check_names(manifest, errors);
    if (errors.empty()) return {};
    return errors.to_error();
}

}  // namespace backout
