// What a file of --inputs says: an object of names and values, read as manifests are, with its places kept.

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "manifest/inputs.h"
#include "manifest/reader.h"

namespace backout {

Status read_inputs_file(std::string_view text, const std::string& name, GivenInputs& given) {
    ManifestErrors errors;
    errors.source_name = name;
    ReaderLimits limits;
    limits.quotes = false;
    const std::optional<Node> node = read_node(text, errors, limits);
    if (!node) return errors.to_error();
    if (!node->is_object()) {
        errors.add(node->position(),
                   std::string("inputs are an object, { \"NAME\": VALUE }, not ") + node->type_name());
        return errors.to_error();
    }
    if (!given.from_file.is_object()) given.from_file = Json::object();
    for (const NodeMember& member : node->members()) {
        given.from_file[member.key] = member.value.to_json();
        given.file_places[member.key] = InputPlace{name, member.position, member.value.position()};
    }
    return {};
}

}  // namespace backout
