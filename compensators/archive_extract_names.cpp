#include "compensators/archive_extract_names.h"

#include <algorithm>
#include <deque>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

constexpr int kMostLinks = 40;
constexpr std::size_t kMostClashes = 20;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestPath = 4000;

Error refused(const std::string& name, const std::string& why) {
    return Error{ErrorCode::invalid, "the archive holds '" + printable(name) + "', " + why + "; nothing is extracted"};
}

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (const std::string& part : split(path, '/')) {
        if (!part.empty() && part != ".") parts.push_back(part);
    }
    return parts;
}

}  // namespace

Result<std::optional<std::string>> ArchiveNames::clean(const std::string& name) const {
    if (!name.empty() && name[0] == '/') return refused(name, "an absolute name");
    if (name.size() > kLongestPath) return refused(name.substr(0, 100), "a name that is too long");
    std::vector<std::string> parts = parts_of(name);
    for (const std::string& part : parts) {
        if (part == "..") return refused(name, "a name with '..'");
        if (part.size() > kLongestName) return refused(name.substr(0, 100), "a name that is too long");
    }
    if (parts.size() < strip_) return std::optional<std::string>();
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(strip_));
    return std::optional<std::string>(join(parts, "/"));
}

void ArchiveNames::note_case(const std::string& path) {
    std::string folded = path;
    std::transform(folded.begin(), folded.end(), folded.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    const auto [at, fresh] = folded_.emplace(std::move(folded), path);
    if (!fresh && at->second != path && case_clashes_.size() < kMostClashes) {
        case_clashes_.push_back(printable(at->second) + " and " + printable(path));
    }
}

Status ArchiveNames::add_parents(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string parent = path.substr(0, slash);
        const auto [at, fresh] = known_.emplace(parent, Known{});
        if (fresh) note_case(parent);
        if (at->second.type != EntryType::directory) {
            return refused(path, std::string("which lies below a ") + to_string(at->second.type));
        }
    }
    return {};
}

Status ArchiveNames::admit(const std::string& path, EntryType type, const std::string& link) {
    if (path.empty() && type != EntryType::directory) return refused(path, "a top that is no directory");
    BACKOUT_TRY(add_parents(path));
    const auto [at, fresh] = known_.emplace(path, Known{type, link, false});
    if (fresh) {
        note_case(path);
        return {};
    }
    if (type != EntryType::directory || at->second.type != EntryType::directory)
        return refused(path, "a name that is there twice");
    at->second.implied = false;
    return {};
}

Status ArchiveNames::admit_hard_link(const std::string& path, const std::string& target) {
    const auto known = known_.find(target);
    if (known == known_.end() || known->second.type != EntryType::file) {
        return refused(path, "a hard link to '" + printable(target) + "', which is no file of the archive before it");
    }
    return admit(path, EntryType::file);
}

/// Walks as a kernel would, over the archive's own links.
bool ArchiveNames::leads_out(const std::string& path, const std::string& link) const {
    if (!link.empty() && link[0] == '/') return true;
    std::vector<std::string> at = parts_of(path);
    at.pop_back();
    const std::vector<std::string> first = parts_of(link);
    std::deque<std::string> rest(first.begin(), first.end());
    int links = 0;
    while (!rest.empty()) {
        const std::string part = rest.front();
        rest.pop_front();
        if (part == "..") {
            if (at.empty()) return true;
            at.pop_back();
            continue;
        }
        at.push_back(part);
        const auto known = known_.find(join(at, "/"));
        if (known == known_.end() || known->second.type != EntryType::symlink) continue;
        if (++links > kMostLinks) return false;  // a circle leads nowhere
        if (!known->second.link.empty() && known->second.link[0] == '/') return true;
        at.pop_back();
        const std::vector<std::string> further = parts_of(known->second.link);
        rest.insert(rest.begin(), further.begin(), further.end());
    }
    return false;
}

Status ArchiveNames::check_links() const {
    for (const auto& [path, known] : known_) {
        if (known.type == EntryType::symlink && leads_out(path, known.link)) {
            return refused(path, "a link to '" + printable(known.link) +
                                     "', which leads out of the tree (\"outside_links\": true allows it)");
        }
    }
    return {};
}

}  // namespace backout
