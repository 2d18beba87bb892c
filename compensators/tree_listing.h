#pragma once
// What a plan's details say about many entries of one tree: names for programs, and a preview for people, shown where
// they would see a diff. Both are bounded; what a step does isn't.

#include <string>
#include <vector>

#include "base/json.h"

namespace backout {

/// The first 1000 names, then how many more there are.
Json names_in_details(const std::vector<std::string>& names);

/// "+ sub/new", "- gone", "~ conf: mode 0644 → 0600": one line an entry, twenty of them, then how many more.
class TreePreview {
  public:
    void create(const std::string& path) { add("+", path, ""); }
    void remove(const std::string& path) { add("-", path, ""); }
    /// `changes` as in changes_between (path_argument.h).
    void update(const std::string& path, const Json& changes);
    std::string text() const;

  private:
    void add(const char* sign, const std::string& path, const std::string& words);

    std::string lines_;
    std::size_t count_ = 0;
};

}  // namespace backout
