#pragma once
// Streams the entries of an archive as states of a tree, checked: names (archive_extract_names.h), types, limits. Used
// twice with the same rules, while planning to foresee the tree and while staging to write it, so that the two can't
// differ.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compensators/archive_extract_names.h"
#include "compensators/entry_state.h"
#include "host/host.h"

namespace backout {

struct ArchiveLimits {
    std::uint64_t entries = 1'000'000;
    std::uint64_t bytes = 64ULL << 30;  ///< unpacked
    std::uint64_t ratio = 1000;         ///< unpacked to packed, beyond the first 64 MiB
};

struct ArchiveRules {
    std::size_t strip = 0;
    std::vector<std::string> setuid = {};  ///< paths below the top that keep setuid and setgid bits
    bool owners = false;                   ///< owners as in the archive, names before numbers; else user and group
    bool outside_links = false;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    ArchiveLimits limits = {};
};

struct ArchiveItem {
    std::string path;            ///< below the top
    EntryState state = {};       ///< files: size and content aren't known before they were read
    std::string hard_link = {};  ///< another name of that path
    std::optional<UnixNanoseconds> mtime = {};
};

class ArchiveReader {
  public:
    /// Requires: `file` and `host` outlive the reader. Errors: `invalid` if it is no archive of a known format.
    static Result<std::unique_ptr<ArchiveReader>> open(InputFile& file, Host& host, const ArchiveRules& rules);
    ~ArchiveReader();

    /// The next entry, or nothing after the last one (links are checked then).
    Result<std::optional<ArchiveItem>> next();
    /// The content of the file that `next` gave: stretches with data in order, holes left out. Returns its size.
    using Sink = std::function<Status(std::uint64_t offset, std::string_view bytes)>;
    Result<std::uint64_t> read_content(const Sink& sink);

    const std::vector<std::string>& warnings() const;

  private:
    class Implementation;
    explicit ArchiveReader(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

struct ArchiveTree {
    std::vector<TreeEntry> entries = {};  ///< sorted, the top first
    bool names_top = false;               ///< the archive itself says what the top is like
    std::uint64_t bytes = 0;
    std::vector<std::string> warnings = {};
    /// Of small files, by path, as long as there are not too many: for steps that change one of them.
    std::map<std::string, Bytes> contents = {};
};

/// The tree that the archive would make, contents digested.
Result<ArchiveTree> read_archive_tree(InputFile& file, Host& host, const ArchiveRules& rules);

/// The state of a folder that stands in front of names and isn't in the archive itself.
EntryState implied_directory(const ArchiveRules& rules);

}  // namespace backout
