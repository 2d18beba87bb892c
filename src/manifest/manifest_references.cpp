#include "manifest/manifest_references.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

using Kind = ReferenceAnswer::Kind;

// The member or element `field` of `value`, or nullptr.
const Json* step_into(const Json& value, const std::string& field) {
    if (value.is_object()) {
        const auto found = value.find(field);
        return found == value.end() ? nullptr : &*found;
    }
    if (!value.is_array()) return nullptr;
    std::size_t index = 0;
    const char* end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, index);
    const bool number = error == std::errc() && stop == end;
    return number && index < value.size() ? &value[index] : nullptr;
}

// `value` at `fields`, or an answer that says which field is not there.
ReferenceAnswer walk(const Json& value, const std::vector<std::string>& fields, std::string name) {
    const Json* here = &value;
    for (const std::string& field : fields) {
        const Json* next = step_into(*here, field);
        if (next == nullptr) {
            std::vector<std::string> names;
            if (here->is_object()) {
                for (const auto& entry : here->items()) names.push_back(entry.key());
            }
            return ReferenceAnswer::without_value(Kind::absent,
                                                  name + " has no " + in_quotes(field) + did_you_mean(field, names));
        }
        here = next;
        name += "." + field;
    }
    return ReferenceAnswer::known(*here);
}

}  // namespace

ManifestReferences::ManifestReferences(const Manifest& manifest, InputValues inputs, EnvironmentLookup environment)
    : manifest_(manifest), inputs_(std::move(inputs)), environment_(std::move(environment)) {}

void ManifestReferences::set_fact(const std::string& name, Json value) {
    facts_[name] = std::move(value);
}
void ManifestReferences::set_outputs(const std::string& action, Json outputs) {
    outputs_[action] = std::move(outputs);
}

ReferenceAnswer ManifestReferences::look_up_input(const Reference& reference) const {
    const auto value = inputs_.values.find(reference.name);
    if (value != inputs_.values.end()) {
        if (value->second.secret) return ReferenceAnswer::without_value(Kind::secret, "");
        return ReferenceAnswer::known(value->second.value);
    }
    const auto missing = inputs_.missing.find(reference.name);
    if (missing != inputs_.missing.end()) return ReferenceAnswer::without_value(Kind::missing_input, missing->second);
    std::vector<std::string> names;
    for (const InputSpecification& input : manifest_.inputs) names.push_back(input.name);
    return ReferenceAnswer::without_value(
        Kind::unknown, "unknown input " + in_quotes(reference.name) + did_you_mean(reference.name, names));
}

ReferenceAnswer ManifestReferences::look_up_fact(const Reference& reference) const {
    const auto fact = facts_.find(reference.name);
    if (fact != facts_.end()) return walk(fact->second, reference.fields, "facts." + reference.name);
    std::vector<std::string> names;
    for (const auto& [name, value] : facts_) names.push_back(name);
    return ReferenceAnswer::without_value(
        Kind::unknown, "unknown fact " + in_quotes(reference.name) + did_you_mean(reference.name, names));
}

ReferenceAnswer ManifestReferences::look_up_output(const Reference& reference) const {
    const auto split_reference = manifest_.ids.split(reference.rest);
    if (!split_reference) {
        return ReferenceAnswer::without_value(Kind::unknown, "no action has the id in " + in_quotes(reference.text) +
                                                                 manifest_.ids.suggestion(reference.rest));
    }
    const auto outputs = outputs_.find(split_reference->id);
    if (outputs != outputs_.end()) {
        return walk(outputs->second, split(split_reference->output, '.'), "actions." + split_reference->id);
    }
    ReferenceAnswer answer;
    answer.kind = Kind::deferred;
    answer.action = split_reference->id;
    answer.output = split_reference->output;
    return answer;
}

ReferenceAnswer ManifestReferences::look_up_environment(const Reference& reference) const {
    const auto value = environment_ ? environment_(reference.name) : std::nullopt;
    if (!value) {
        return ReferenceAnswer::without_value(Kind::absent,
                                              "the environment variable " + reference.name + " is not set");
    }
    if (is_utf8(*value)) return ReferenceAnswer::known(*value);
    return ReferenceAnswer::without_value(Kind::unknown,
                                          "the value of the environment variable " + reference.name + " is not UTF-8");
}

ReferenceAnswer ManifestReferences::look_up(const Reference& reference) const {
    switch (reference.root) {
        case Reference::Root::inputs: return look_up_input(reference);
        case Reference::Root::facts: return look_up_fact(reference);
        case Reference::Root::actions: return look_up_output(reference);
        case Reference::Root::env: return look_up_environment(reference);
        case Reference::Root::run: return ReferenceAnswer::without_value(Kind::run, "");
        case Reference::Root::directory: return ReferenceAnswer::known(manifest_.directory);
        case Reference::Root::file:
        case Reference::Root::row: break;
    }
    return ReferenceAnswer::without_value(Kind::unknown, in_quotes(reference.text) + " can't stand here");
}

}  // namespace backout
