#include "compensators/dir_sync_glob.h"

#include <fnmatch.h>

#include "base/text.h"

namespace backout {

namespace {

using Parts = std::vector<std::string>;

/// Matches the parts of a pattern from `p` on with those of a path from `n` on. The table of answers keeps patterns
/// with many "**" from taking time without end.
class PartMatcher {
  public:
    PartMatcher(const Parts& pattern, const Parts& path)
        : pattern_(pattern), path_(path), known_((pattern.size() + 1) * (path.size() + 1), -1) {}

    bool run(std::size_t p, std::size_t n) {
        signed char& known = known_[p * (path_.size() + 1) + n];
        if (known < 0) known = compare(p, n) ? 1 : 0;
        return known == 1;
    }

  private:
    bool compare(std::size_t p, std::size_t n) {
        if (p == pattern_.size()) return n == path_.size();
        if (pattern_[p] == "**") return run(p + 1, n) || (n < path_.size() && run(p, n + 1));
        if (n == path_.size()) return false;
        return ::fnmatch(pattern_[p].c_str(), path_[n].c_str(), 0) == 0 && run(p + 1, n + 1);
    }

    const Parts& pattern_;
    const Parts& path_;
    std::vector<signed char> known_;
};

Parts parts_of(const std::string& path) {
    Parts parts;
    for (const std::string& part : split(path, '/')) {
        if (!part.empty() && part != ".") parts.push_back(part);
    }
    return parts;
}

}  // namespace

GlobList::GlobList(std::vector<std::string> patterns) {
    for (const std::string& pattern : patterns) {
        Glob glob;
        glob.parts = parts_of(pattern);
        if (glob.parts.empty()) continue;
        glob.directories_only = pattern.back() == '/';
        const std::size_t slash = pattern.find('/');
        glob.anywhere = slash == std::string::npos || slash + 1 == pattern.size();
        globs_.push_back(std::move(glob));
    }
}

bool GlobList::matches_itself(const Parts& parts, bool is_directory) const {
    for (const Glob& glob : globs_) {
        if (glob.directories_only && !is_directory) continue;
        const std::size_t first = glob.anywhere ? parts.size() - 1 : 0;
        if (PartMatcher(glob.parts, parts).run(0, first)) return true;
    }
    return false;
}

bool GlobList::excludes(const std::string& path, bool is_directory) const {
    if (globs_.empty()) return false;
    const Parts all = parts_of(path);
    Parts parts;
    for (const std::string& part : all) {
        parts.push_back(part);
        if (matches_itself(parts, is_directory || parts.size() < all.size())) return true;
    }
    return false;
}

}  // namespace backout
