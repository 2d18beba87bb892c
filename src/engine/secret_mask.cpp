#include "engine/secret_mask.h"

#include <nlohmann/json.hpp>

#include "plan/template.h"

namespace backout {
namespace {

constexpr std::size_t kShortest = 3;
constexpr const char* kMask = "(secret)";

bool is_depended_on(const std::string& member) {
    return member == "image" || member == "expected";
}

}  // namespace

void SecretMask::add(const std::string& reference, const Json& value) {
    const std::string text = value.is_string() ? value.get<std::string>() : dump_canonical(value);
    if (text.size() >= kShortest) references_[text] = reference;
}

std::string SecretMask::masked(std::string text) const {
    for (const auto& [value, reference] : references_) {
        std::size_t at = text.find(value);
        while (at != std::string::npos) {
            text.replace(at, value.size(), kMask);
            at = text.find(value, at + std::string(kMask).size());
        }
    }
    return text;
}

void SecretMask::apply(Record& record) const {
    if (references_.empty() || !record.body.is_object()) return;
    for (auto& [name, value] : record.body.items()) {
        if (name == "outputs") {
            name_secrets(value);
        } else if (!is_depended_on(name)) {
            apply(value);
        }
    }
}

void SecretMask::apply(Json& value) const {
    if (value.is_string()) value = masked(value.get<std::string>());
    if (!value.is_structured()) return;
    for (Json& inner : value) apply(inner);
}

void SecretMask::name_secrets(Json& value) const {
    if (value.is_string()) {
        value = named(value.get<std::string>());
    } else if (value.is_number()) {
        const Json as_text = named(dump_canonical(value));
        if (!as_text.is_string()) value = as_text;
    } else if (value.is_structured()) {
        for (Json& inner : value) name_secrets(inner);
    }
}

/// The text itself, or a template with every secret in it by its name; of two that begin at one place the longer.
Json SecretMask::named(const std::string& text) const {
    Json parts = Json::array();
    std::string plain;
    bool found = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::pair<const std::string, std::string>* here = nullptr;
        for (const auto& one : references_) {
            const bool longer = here == nullptr || one.first.size() > here->first.size();
            if (longer && text.compare(at, one.first.size(), one.first) == 0) here = &one;
        }
        if (here == nullptr) {
            plain += text[at++];
            continue;
        }
        if (!plain.empty()) parts.push_back(std::exchange(plain, {}));
        parts.push_back({{"ref", here->second}});
        at += here->first.size();
        found = true;
    }
    if (!found) return text;
    if (!plain.empty()) parts.push_back(plain);
    return {{kTemplateKey, parts}};
}

}  // namespace backout
