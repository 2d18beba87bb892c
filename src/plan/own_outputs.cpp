#include "plan/own_outputs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plan/template.h"

namespace backout {

bool names_outputs_of(const std::string& id, const Json& value) {
    const std::vector<TemplateReference> references = template_references(value);
    return std::any_of(references.begin(), references.end(), [&id](const TemplateReference& reference) {
        return reference.kind == TemplateReference::Kind::action_output && reference.name == id;
    });
}

Json without_own_undo(const std::string& id, Json arguments, Json& undo) {
    undo = nullptr;
    if (names_outputs_of(id, member(arguments, "undo"))) undo = std::exchange(arguments["undo"], Json());
    return arguments;
}

}  // namespace backout
