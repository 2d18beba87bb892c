#include "manifest/reference_check.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/template.h"

namespace backout {

namespace {

using TextVisitor = std::function<void(const Node& text, const ReferenceScope& scope)>;

void visit_texts(const Node& node, const ReferenceScope& scope, const TextVisitor& visit) {
    if (node.is_text()) {
        if (may_have_references(node.text())) visit(node, scope);
    } else if (node.is_list()) {
        for (const Node& element : node.list()) visit_texts(element, scope, visit);
    } else if (node.is_object()) {
        const bool select = is_select(node);
        for (const NodeMember& member : node.members()) {
            ReferenceScope inner = scope;
            if (member.key == "validate") inner.in_validate = true;
            if (&member.value == scope.undo) inner.self = nullptr;
            if (!select) {
                visit_texts(member.value, inner, visit);
                continue;
            }
            for (const NodeMember& part : member.value.members()) {
                inner.in_select_value = part.key == "value";
                visit_texts(part.value, inner, visit);
            }
        }
    }
}

void visit_references(const Node& node, const std::function<void(const Reference&)>& visit) {
    visit_texts(node, ReferenceScope{}, [&visit](const Node& text, const ReferenceScope&) {
        std::vector<TextProblem> problems;
        for (const auto& piece : parse_text(text.text(), problems)) {
            if (const auto* reference = std::get_if<Reference>(&piece)) visit(*reference);
        }
    });
}

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

template <typename Named>
std::vector<std::string> names_of(const std::vector<Named>& things, std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < count; ++at) names.push_back(things[at].name);
    return names;
}

class NameChecker {
  public:
    NameChecker(const Manifest& manifest, ManifestErrors& errors) : manifest_(manifest), errors_(errors) {}

    void check_text(const Node& text, const ReferenceScope& scope);
    /// "" if there is nothing wrong.
    std::string fault(const Reference& reference, const ReferenceScope& scope) const;

  private:
    std::string input_fault(const Reference& reference) const;
    std::string fact_fault(const Reference& reference, const ReferenceScope& scope) const;
    std::string action_fault(const Reference& reference, const ReferenceScope& scope) const;

    const Manifest& manifest_;
    ManifestErrors& errors_;
};

std::string NameChecker::input_fault(const Reference& reference) const {
    if (manifest_.find_input(reference.name) != nullptr) return "";
    std::string remedy = did_you_mean(reference.name, names_of(manifest_.inputs, manifest_.inputs.size()));
    if (remedy.empty()) remedy = "; declare it under 'inputs'";
    return "unknown input " + in_quotes(reference.name) + remedy;
}

std::string NameChecker::fact_fault(const Reference& reference, const ReferenceScope& scope) const {
    const std::vector<std::string> known = names_of(manifest_.facts, scope.facts);
    if (std::find(known.begin(), known.end(), reference.name) != known.end()) return "";
    if (manifest_.find_fact(reference.name) != nullptr) {
        return "the fact " + in_quotes(reference.name) + " is detected later: move it before this one";
    }
    std::string remedy = did_you_mean(reference.name, known);
    if (remedy.empty()) remedy = "; declare it under 'facts'";
    return "unknown fact " + in_quotes(reference.name) + remedy;
}

std::string NameChecker::action_fault(const Reference& reference, const ReferenceScope& scope) const {
    if (!scope.actions) return "a fact is detected before any action runs: it can't use the output of one";
    const auto output = manifest_.ids.split(reference.rest);
    if (output && scope.self != nullptr && output->id == *scope.self)
        return "an action can't use its own output but in 'undo' and 'verify'";
    if (output || manifest_.open_ids != 0) return "";
    return "no action has the id in " + in_quotes(reference.text) + manifest_.ids.suggestion(reference.rest);
}

std::string NameChecker::fault(const Reference& reference, const ReferenceScope& scope) const {
    switch (reference.root) {
        case Reference::Root::inputs: return input_fault(reference);
        case Reference::Root::facts: return fact_fault(reference, scope);
        case Reference::Root::actions: return action_fault(reference, scope);
        case Reference::Root::file: return scope.in_validate ? "" : "${file} only stands inside 'validate'";
        case Reference::Root::row:
            return scope.in_select_value ? "" : "${row.COLUMN} only stands in the 'value' of a 'select'";
        case Reference::Root::env:
        case Reference::Root::run:
        case Reference::Root::directory: break;
    }
    return "";
}

void NameChecker::check_text(const Node& text, const ReferenceScope& scope) {
    std::vector<TextProblem> problems;
    for (const auto& piece : parse_text(text.text(), problems)) {
        const auto* reference = std::get_if<Reference>(&piece);
        if (reference == nullptr) continue;
        std::string message = fault(*reference, scope);
        if (!message.empty()) errors_.add(text.position_at(reference->offset), std::move(message));
    }
    for (TextProblem& problem : problems) errors_.add(text.position_at(problem.offset), std::move(problem.message));
}

void check_template_keys(const Node& node, ManifestErrors& errors) {
    if (node.is_list()) {
        for (const Node& element : node.list()) check_template_keys(element, errors);
    } else if (node.is_object()) {
        for (const NodeMember& member : node.members()) {
            if (member.key == kTemplateKey) errors.add(member.position, "the key '$template' is reserved");
            check_template_keys(member.value, errors);
        }
    }
}

void check_ids(const Manifest& manifest, const Action& action, const std::vector<SourceText>& ids,
               ManifestErrors& errors) {
    for (const SourceText& id : ids) {
        if (manifest.ids.contains(id.value)) {
            if (id.value == action.id)
                errors.add(id.position, "the action '" + printable(action.id) + "' can't come after itself");
        } else if (manifest.open_ids == 0) {
            errors.add(id.position,
                       "no action has the id " + in_quotes(id.value) + manifest.ids.suggestion(id.value + "."));
        }
    }
}

void check_action(const Manifest& manifest, const Action& action, ManifestErrors& errors) {
    ReferenceScope scope;
    scope.facts = manifest.facts.size();
    for (const Node& check : action.verify) check_references(manifest, check, scope, errors);
    scope.self = &action.id;
    scope.undo = action.with.find("undo");
    check_references(manifest, action.with, scope, errors);
    if (action.when) check_condition(manifest, *action.when, errors);
    check_ids(manifest, action, action.depends_on, errors);
    check_ids(manifest, action, action.after, errors);
}

}  // namespace

bool is_select(const Node& node) {
    if (!node.is_object() || node.members().size() != 1 || node.members()[0].key != "select") return false;
    const Node& inside = node.members()[0].value;
    int known = 0;
    for (const char* key : {"table", "on", "value"}) known += inside.find(key) != nullptr ? 1 : 0;
    return known >= 2;
}

void check_references(const Manifest& manifest, const Node& node, const ReferenceScope& scope, ManifestErrors& errors) {
    NameChecker checker(manifest, errors);
    visit_texts(node, scope,
                [&checker](const Node& text, const ReferenceScope& where) { checker.check_text(text, where); });
    check_template_keys(node, errors);
}

void check_condition(const Manifest& manifest, const When& when, ManifestErrors& errors) {
    const NameChecker checker(manifest, errors);
    ReferenceScope scope;
    scope.facts = manifest.facts.size();
    for (const Reference& reference : when.condition.references()) {
        std::string message = checker.fault(reference, scope);
        if (!message.empty()) errors.add(when.node.position_at(reference.offset), std::move(message));
    }
}

void check_names(const Manifest& manifest, ManifestErrors& errors) {
    ReferenceScope scope;
    scope.actions = false;
    for (std::size_t at = 0; at < manifest.facts.size(); ++at) {
        scope.facts = at;
        check_references(manifest, manifest.facts[at].with, scope, errors);
    }
    for (const Action& action : manifest.actions) check_action(manifest, action, errors);
    scope.actions = true;
    scope.facts = manifest.facts.size();
    for (const Node& check : manifest.verify) check_references(manifest, check, scope, errors);
}

std::vector<std::string> referenced_actions(const Action& action, const ActionIds& ids) {
    std::vector<std::string> names;
    visit_references(action.with, [&](const Reference& reference) {
        if (reference.root != Reference::Root::actions) return;
        const auto output = ids.split(reference.rest);
        if (output && output->id != action.id) add_once(names, output->id);
    });
    return names;
}

std::vector<std::string> referenced_inputs(const Node& node) {
    std::vector<std::string> names;
    visit_references(node, [&names](const Reference& reference) {
        if (reference.root == Reference::Root::inputs) add_once(names, reference.name);
    });
    return names;
}

std::vector<std::string> referenced_inputs(const Action& action) {
    std::vector<std::string> names = referenced_inputs(action.with);
    for (const Node& check : action.verify) {
        for (const std::string& name : referenced_inputs(check)) add_once(names, name);
    }
    if (!action.when) return names;
    for (const Reference& reference : action.when->condition.references()) {
        if (reference.root == Reference::Root::inputs) add_once(names, reference.name);
    }
    const auto tested = [&action](const std::string& name) { return tests_input(action, name); };
    names.erase(std::remove_if(names.begin(), names.end(), tested), names.end());
    return names;
}

bool tests_input(const Action& action, const std::string& input) {
    if (!action.when) return false;
    const auto tested = action.when->condition.tested_references();
    return std::any_of(tested.begin(), tested.end(), [&input](const Reference& reference) {
        return reference.root == Reference::Root::inputs && reference.name == input;
    });
}

}  // namespace backout
