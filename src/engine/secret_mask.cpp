#include "engine/secret_mask.h"

#include <nlohmann/json.hpp>

namespace backout {
namespace {

constexpr std::size_t kShortest = 3;
constexpr const char* kMask = "(secret)";

bool is_depended_on(const std::string& member) {
    return member == "image" || member == "expected" || member == "outputs";
}

}  // namespace

void SecretMask::add(const Json& value) {
    const std::string text = value.is_string() ? value.get<std::string>() : dump_canonical(value);
    if (text.size() >= kShortest) values_.insert(text);
}

std::string SecretMask::masked(std::string text) const {
    for (const std::string& value : values_) {
        std::size_t at = text.find(value);
        while (at != std::string::npos) {
            text.replace(at, value.size(), kMask);
            at = text.find(value, at + std::string(kMask).size());
        }
    }
    return text;
}

void SecretMask::apply(Record& record) const {
    if (values_.empty() || !record.body.is_object()) return;
    for (auto& [name, value] : record.body.items()) {
        if (!is_depended_on(name)) apply(value);
    }
}

void SecretMask::apply(Json& value) const {
    if (value.is_string()) value = masked(value.get<std::string>());
    if (!value.is_structured()) return;
    for (Json& inner : value) apply(inner);
}

}  // namespace backout
