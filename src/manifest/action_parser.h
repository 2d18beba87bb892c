#pragma once
// One entry of `actions`, one of `facts`, and the lists of verifications, from node to struct.

#include <string>

#include "manifest/manifest.h"
#include "manifest/parse.h"

namespace backout {

/// What stands in `node` is moved out of it. Reports everything that is wrong; the action is usable for further checks.
Action parse_action(Node& node, const ParseOptions& options, ManifestErrors& errors);
FactSpecification parse_fact(NodeMember& member, const ParseOptions& options, ManifestErrors& errors);
/// A list of check objects; a single object counts as a list of one.
std::vector<Node> parse_verify(Node& node, const ParseOptions& options, ManifestErrors& errors);

/// The argument that names what the action is about, for its default id: with.path, to, from, name, … or nullptr.
const Node* target_of(const Node& with);

}  // namespace backout
