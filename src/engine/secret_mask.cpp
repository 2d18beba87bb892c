#include "engine/secret_mask.h"

#include <nlohmann/json.hpp>

#include "plan/template.h"

namespace backout {
namespace {

bool is_depended_on(const std::string& member) {
    return member == "image" || member == "expected";
}

}  // namespace

void SecretMask::add(const std::string& reference, const Json& value) {
    const std::string text = value.is_string() ? value.get<std::string>() : dump_canonical(value);
    words_.add(text);
    for (const SecretPiece& piece : pieces_of_secret(text)) {
        Json part = {{"ref", reference}};
        if (piece.bytes < text.size()) {
            part["from"] = piece.from;
            part["bytes"] = piece.bytes;
        }
        // A secret of its own is named as such, whatever else has it as a line.
        Json& known = references_[text.substr(piece.from, piece.bytes)];
        if (known.is_null() || piece.bytes == text.size()) known = std::move(part);
    }
}

std::string SecretMask::masked_piece(std::string text, bool goes_on) const {
    const std::string cut = "...";
    const bool ends_within = !text.empty() && text.back() != '\n';
    text = masked((goes_on ? cut : "") + text + (ends_within ? cut : ""));
    if (goes_on) text.erase(0, cut.size());
    if (ends_within) text.resize(text.size() - cut.size());
    return text;
}

bool SecretMask::is_in_a_name(const Json& value) const {
    if (!value.is_structured()) return false;
    for (const auto& [name, inner] : value.items()) {
        if (value.is_object() && masked(name) != name) return true;
        if (is_in_a_name(inner)) return true;
    }
    return false;
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
    if (value.is_object()) mask_names(value);
    for (Json& inner : value) apply(inner);
}

void SecretMask::mask_names(Json& object) const {
    Json masked_object = Json::object();
    bool found = false;
    for (auto& [name, inner] : object.items()) {
        std::string shown = masked(name);
        found = found || shown != name;
        masked_object[std::move(shown)] = inner;
    }
    if (found) object = std::move(masked_object);
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
        const std::pair<const std::string, Json>* here = nullptr;
        for (const auto& one : references_) {
            const bool longer = here == nullptr || one.first.size() > here->first.size();
            if (longer && text.compare(at, one.first.size(), one.first) == 0) here = &one;
        }
        if (here == nullptr) {
            plain += text[at++];
            continue;
        }
        if (!plain.empty()) parts.push_back(std::exchange(plain, {}));
        parts.push_back(here->second);
        at += here->first.size();
        found = true;
    }
    if (!found) return text;
    if (!plain.empty()) parts.push_back(plain);
    return {{kTemplateKey, parts}};
}

}  // namespace backout
