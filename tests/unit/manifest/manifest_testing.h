#pragma once
// Helpers of this room's tests.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "manifest/manifest_references.h"
#include "manifest/parse.h"
#include "manifest/reader.h"
#include "manifest/resolver.h"

namespace backout {

/// The problems of `text` as a person sees them; "" for a good manifest.
inline std::string problems_of(const std::string& text, const ParseOptions& options = {}) {
    return parse_manifest(text, "m.json", options).errors.text();
}

/// {"backout": 1, "name": "test", MEMBERS, "actions": [ACTIONS]} on one line.
inline std::string manifest_text(const std::string& actions, const std::string& members = "") {
    return R"({"backout":1,"name":"test",)" + members + R"("actions":[)" + actions + "]}";
}

/// A manifest that must be good. Aborts the test program otherwise.
inline Manifest good_manifest(const std::string& text, const ParseOptions& options = {}) {
    ParsedManifest parsed = parse_manifest(text, "m.json", options);
    if (!parsed.manifest) throw std::runtime_error(parsed.errors.text());
    return std::move(*parsed.manifest);
}

inline Node node_of(const std::string& text) {
    ManifestErrors errors;
    auto node = read_node(text, errors);
    if (!node) throw std::runtime_error(errors.text());
    return std::move(*node);
}

/// Answers from a map of whole reference texts.
class MapReferences final : public ReferenceSource {
  public:
    std::map<std::string, ReferenceAnswer> answers;

    void know(const std::string& name, Json value) { answers[name] = ReferenceAnswer::known(std::move(value)); }
    ReferenceAnswer look_up(const Reference& reference) const override {
        const auto found = answers.find(reference.text);
        if (found != answers.end()) return found->second;
        return ReferenceAnswer::without_value(ReferenceAnswer::Kind::unknown, "unknown name " + reference.text);
    }
};

}  // namespace backout
