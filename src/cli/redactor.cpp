#include "cli/redactor.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"

namespace backout {

namespace {

constexpr std::size_t kShortest = 3;
constexpr const char* kMask = "(secret)";

void replace_all(std::string& text, const std::string& word) {
    std::size_t at = text.find(word);
    while (at != std::string::npos) {
        text.replace(at, word.size(), kMask);
        at = text.find(word, at + std::string(kMask).size());
    }
}

std::string inside_json(const std::string& secret) {
    const std::string quoted = dump_canonical(Json(secret));
    return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

void Redactor::add(const std::string& secret) {
    if (secret.size() < kShortest) return;
    words_.insert({secret, printable(secret), inside_json(secret), to_base64(secret)});
}

std::string Redactor::redact(std::string text) const {
    // Backwards: a longer word comes before the shorter one that it begins with.
    for (auto word = words_.rbegin(); word != words_.rend(); ++word) replace_all(text, *word);
    return text;
}

}  // namespace backout
