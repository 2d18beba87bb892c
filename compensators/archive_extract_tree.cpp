// The tree that an archive would make. See archive_extract_reader.h.

#include <algorithm>

#include "base/digest.h"
#include "compensators/archive_extract_reader.h"

namespace backout {

namespace {

constexpr std::size_t kMostKeptOfFile = 1U << 20;
constexpr std::size_t kMostKept = 16U << 20;

/// SHA-256 of a file with holes. `kept` gets the content if it is small.
Status digest_content(ArchiveReader& reader, EntryState& state, Bytes& kept) {
    static const Bytes kZeros(64U << 10, '\0');
    Sha256 digest;
    std::uint64_t at = 0;
    const auto take = [&](std::string_view bytes) {
        digest.update(bytes);
        if (kept.size() <= kMostKeptOfFile) kept.append(bytes);
        at += bytes.size();
    };
    const auto fill = [&](std::uint64_t until) {
        while (at < until) {
            const std::uint64_t step = std::min<std::uint64_t>(until - at, kZeros.size());
            take(std::string_view(kZeros).substr(0, step));
        }
    };
    BACKOUT_TRY_ASSIGN(state.size, reader.read_content([&](std::uint64_t offset, std::string_view bytes) -> Status {
        fill(offset);
        take(bytes);
        return {};
    }));
    fill(state.size);
    state.content = digest.finish_hex();
    return {};
}

void add_parents(std::map<std::string, EntryState>& states, const std::string& path, const EntryState& implied) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        states.emplace(path.substr(0, slash), implied);
    }
}

}  // namespace

Result<ArchiveTree> read_archive_tree(InputFile& file, Host& host, const ArchiveRules& rules) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<ArchiveReader> reader, ArchiveReader::open(file, host, rules));
    const EntryState implied = implied_directory(rules);
    std::map<std::string, EntryState> states = {{"", implied}};
    ArchiveTree tree;
    std::size_t kept_bytes = 0;
    for (;;) {
        BACKOUT_TRY_ASSIGN(std::optional<ArchiveItem> item, reader->next());
        if (!item) break;
        tree.names_top = tree.names_top || item->path.empty();
        add_parents(states, item->path, implied);
        if (!item->hard_link.empty()) {
            states[item->path] = states[item->hard_link];
            const auto content = tree.contents.find(item->hard_link);
            if (content != tree.contents.end()) tree.contents[item->path] = content->second;
            continue;
        }
        if (item->state.type == EntryType::file) {
            Bytes content;
            BACKOUT_TRY(digest_content(*reader, item->state, content));
            tree.bytes += item->state.size;
            const bool keep = content.size() <= kMostKeptOfFile && kept_bytes + content.size() <= kMostKept;
            if (keep) kept_bytes += content.size();
            if (keep) tree.contents[item->path] = std::move(content);
        }
        if (item->state.type == EntryType::symlink) item->state.size = 0;
        states[item->path] = std::move(item->state);
    }
    tree.warnings = reader->warnings();
    for (auto& [path, state] : states) tree.entries.push_back({path, std::move(state)});
    if (tree.entries.size() == 1 && !tree.names_top && rules.strip > 0) {
        return Error{ErrorCode::invalid, "strip takes every name of the archive: nothing would be extracted"};
    }
    return tree;
}

}  // namespace backout
