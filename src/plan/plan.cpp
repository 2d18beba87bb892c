#include "plan/plan.h"

#include <algorithm>

namespace backout {

namespace {

Error unknown_word(const std::string& what, const std::string& text, const char* known) {
    return Error{ErrorCode::invalid, "'" + text + "' is no " + what + ": " + known + " was expected"};
}

bool covers(const Resource& tree, const Resource& other) {
    if (!tree.tree) return false;
    if (tree.key == "/") return !other.key.empty() && other.key[0] == '/';
    return other.key.size() > tree.key.size() && other.key.compare(0, tree.key.size(), tree.key) == 0 &&
           other.key[tree.key.size()] == '/';
}

}  // namespace

const char* to_string(Reversibility value) {
    switch (value) {
        case Reversibility::reversible: return "reversible";
        case Reversibility::conditional: return "conditional";
        case Reversibility::irreversible: return "irreversible";
    }
    return "";
}

Result<Reversibility> reversibility_from(const std::string& text) {
    for (const auto value : {Reversibility::reversible, Reversibility::conditional, Reversibility::irreversible}) {
        if (text == to_string(value)) return value;
    }
    return unknown_word("reversibility", text, "reversible, conditional or irreversible");
}

const char* to_string(Effect value) {
    switch (value) {
        case Effect::none: return "none";
        case Effect::atomic: return "atomic";
        case Effect::tearable: return "tearable";
    }
    return "";
}

Result<Effect> effect_from(const std::string& text) {
    for (const auto value : {Effect::none, Effect::atomic, Effect::tearable}) {
        if (text == to_string(value)) return value;
    }
    return unknown_word("effect", text, "none, atomic or tearable");
}

bool overlaps(const Resource& a, const Resource& b) {
    if (a.type != b.type) return false;
    return a.key == b.key || covers(a, b) || covers(b, a);
}

bool Plan::has_changes() const {
    return std::any_of(steps.begin(), steps.end(), [](const PlannedStep& step) { return step.changes(); });
}

const PlannedStep* Plan::find(const std::string& step_id) const {
    const auto found =
        std::find_if(steps.begin(), steps.end(), [&step_id](const PlannedStep& step) { return step.id == step_id; });
    return found == steps.end() ? nullptr : &*found;
}

}  // namespace backout
