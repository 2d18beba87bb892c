#include "compensators/tree_listing.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

constexpr std::size_t kMostNames = 1000;
constexpr std::size_t kMostLines = 20;

}  // namespace

Json names_in_details(const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names) {
        if (list.size() == kMostNames) {
            list.push_back("and " + std::to_string(names.size() - kMostNames) + " more");
            break;
        }
        list.push_back(name);
    }
    return list;
}

void TreePreview::update(const std::string& path, const Json& changes) {
    std::vector<std::string> words;
    for (const Json& change : changes) {
        const std::string attribute = string_member(change, "attribute");
        const bool content = attribute == "content";
        words.push_back(content ? attribute
                                : attribute + " " + printable(string_member(change, "from")) + " → " +
                                      printable(string_member(change, "to")));
    }
    add("~", path, join(words, ", "));
}

std::string TreePreview::text() const {
    if (count_ <= kMostLines) return lines_;
    return lines_ + "and " + std::to_string(count_ - kMostLines) + " more\n";
}

void TreePreview::add(const char* sign, const std::string& path, const std::string& words) {
    if (++count_ > kMostLines) return;
    lines_ += std::string(sign) + " " + printable(path) + (words.empty() ? "" : ": " + words) + "\n";
}

}  // namespace backout
