#pragma once
// Which names of an archive may become entries of a tree. Pure: nothing is written before a whole archive has passed.
// Refused: absolute names, "..", a name below something that is no folder (a link, above all), doubled names, hard
// links to what isn't a file of the archive, symbolic links that lead out of the tree, directly or over others.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/file_types.h"

namespace backout {

class ArchiveNames {
  public:
    explicit ArchiveNames(std::size_t strip) : strip_(strip) {}

    /// The path below the tree's top ("" is the top), or nothing if `strip` takes all of it. Errors: `invalid`.
    Result<std::optional<std::string>> clean(const std::string& name) const;
    /// Notes an entry. Errors: `invalid`.
    Status admit(const std::string& path, EntryType type, const std::string& link = "");
    Status admit_hard_link(const std::string& path, const std::string& target);
    /// After the last entry. Errors: `invalid` for links that lead out.
    Status check_links() const;

    /// Names that differ in case alone: one of them is lost on file systems that don't tell them apart.
    const std::vector<std::string>& case_clashes() const { return case_clashes_; }

  private:
    struct Known {
        EntryType type = EntryType::directory;
        std::string link = {};
        bool implied = true;  ///< a folder that only stands in front of other names
    };
    Status add_parents(const std::string& path);
    void note_case(const std::string& path);
    bool leads_out(const std::string& path, const std::string& link) const;

    std::size_t strip_;
    std::map<std::string, Known> known_;
    std::map<std::string, std::string> folded_;
    std::vector<std::string> case_clashes_;
};

}  // namespace backout
