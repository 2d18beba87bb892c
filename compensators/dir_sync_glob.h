#pragma once
// Which entries of a tree a list of globs leaves out. Pure.
//
// "*", "?" and "[…]" match within one name, "**" any number of folders. A pattern without '/' matches a name at any
// depth; one with '/' matches from the top ("/" in front is the same). With '/' at the end it matches folders only.
// What stands below a folder that matches is left out with it.

#include <string>
#include <vector>

namespace backout {

class GlobList {
  public:
    explicit GlobList(std::vector<std::string> patterns);

    /// `path` is relative, without '/' in front.
    bool excludes(const std::string& path, bool is_directory) const;
    bool empty() const { return globs_.empty(); }

  private:
    struct Glob {
        std::vector<std::string> parts;
        bool anywhere = false;
        bool directories_only = false;
    };
    bool matches_itself(const std::vector<std::string>& parts, bool is_directory) const;

    std::vector<Glob> globs_;
};

}  // namespace backout
