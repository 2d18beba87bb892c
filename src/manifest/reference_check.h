#pragma once
// The references of a manifest as text: checked against the names that exist, and listed. No values.

#include <string>
#include <vector>

#include "manifest/manifest.h"

namespace backout {

/// Where a string stands decides which references it may hold.
struct ReferenceScope {
    bool actions = true;                ///< outputs of actions
    bool in_validate = false;           ///< `file`
    bool in_select_value = false;       ///< `row`
    const std::string* self = nullptr;  ///< the id of the action it stands in, which may not be referred to …
    const Node* undo = nullptr;         ///< … but in here: when it is undone, it has given out what it gives
    std::size_t facts = 0;              ///< how many of the manifest's facts may be referred to
};

/// True iff `node` is {"select": {…}} in the place of a value: a single member of that name that holds an object with
/// at least two of "table", "on" and "value". Anything else is an ordinary object that happens to have this key.
bool is_select(const Node& node);

/// Reports every malformed reference in `node`, and every one that names an input, a fact or an action that isn't there
/// or may not stand there. While some default ids are still open, unknown ids are let through: `assign_ids` asks again.
void check_references(const Manifest& manifest, const Node& node, const ReferenceScope& scope, ManifestErrors& errors);
void check_condition(const Manifest& manifest, const When& when, ManifestErrors& errors);
/// All of the above for all actions, facts and verifications, and the ids in depends_on and after.
void check_names(const Manifest& manifest, ManifestErrors& errors);

/// Ids whose outputs `action` uses in its arguments, each once, in reading order. They are dependencies.
std::vector<std::string> referenced_actions(const Action& action, const ActionIds& ids);
/// Inputs that `action` uses anywhere, each once. Those its condition asks for with defined(…) are left out: the action
/// does without.
std::vector<std::string> referenced_inputs(const Action& action);
/// True iff the condition of `action` asks with defined(…) whether `input` is given.
bool tests_input(const Action& action, const std::string& input);
/// Inputs that `node` uses, each once.
std::vector<std::string> referenced_inputs(const Node& node);

}  // namespace backout
