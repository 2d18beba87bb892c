#include "compensators/archive_extract_writer.h"

#include <set>

#include "compensators/tree_builder.h"

namespace backout {

namespace {

NewAttributes attributes_from_state(const EntryState& state) {
    return {state.mode, state.uid, state.gid, state.xattrs};
}

/// Writes the archive's entries into a place.
class Extractor {
  public:
    Extractor(ArchiveReader& reader, const ArchiveRules& rules, const Place& place)
        : reader_(reader), rules_(rules), builder_(place) {}

    /// `present` is the folder whose place the tree takes.
    Result<std::size_t> run(const EntryState& present) {
        const bool keeps_top = present.type == EntryType::directory;
        const EntryState top = keeps_top ? present : implied_directory(rules_);
        BACKOUT_TRY(add_directory("", top, {}));
        for (;;) {
            BACKOUT_TRY_ASSIGN(std::optional<ArchiveItem> item, reader_.next());
            if (!item) break;
            if (item->path.empty() && keeps_top) item->state = present;
            BACKOUT_TRY(add_parents(item->path));
            BACKOUT_TRY(add(*item));
            paths_.insert(item->path);
        }
        BACKOUT_TRY(builder_.finish());
        return paths_.size() - 1;
    }

  private:
    Status add_directory(const std::string& path, const EntryState& state, std::optional<UnixNanoseconds> mtime) {
        paths_.insert(path);
        return builder_.add_directory(path, attributes_from_state(state), mtime);
    }

    Status add_parents(const std::string& path) {
        for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            const std::string parent = path.substr(0, slash);
            if (paths_.count(parent) == 0) BACKOUT_TRY(add_directory(parent, implied_directory(rules_), {}));
        }
        return {};
    }

    Status add(const ArchiveItem& item) {
        if (!item.hard_link.empty()) return builder_.add_hard_link(item.path, item.hard_link);
        const NewAttributes attributes = attributes_from_state(item.state);
        if (item.state.type == EntryType::directory) return builder_.add_directory(item.path, attributes, item.mtime);
        if (item.state.type == EntryType::symlink)
            return builder_.add_symlink(item.path, item.state.link, attributes, item.mtime);
        BACKOUT_TRY_ASSIGN(const Place place, builder_.place_of(item.path));
        BACKOUT_TRY_ASSIGN(const std::unique_ptr<OutputFile> file, place.directory->create(place.name, 0600));
        BACKOUT_TRY_ASSIGN(const std::uint64_t size,
                           reader_.read_content([&](std::uint64_t offset, std::string_view bytes) {
                               return file->write_at(offset, bytes);
                           }));
        BACKOUT_TRY(file->set_size(size));
        BACKOUT_TRY(file->close());
        return builder_.set_attributes(item.path, attributes, item.mtime);
    }

    ArchiveReader& reader_;
    const ArchiveRules& rules_;
    TreeBuilder builder_;
    std::set<std::string> paths_;
};

}  // namespace

Result<std::size_t> write_archive_tree(ArchiveReader& reader, const ArchiveRules& rules, const Place& place,
                                       const EntryState& present) {
    return Extractor(reader, rules, place).run(present);
}

}  // namespace backout
