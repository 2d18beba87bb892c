#include "host/host.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "host/paths.h"

namespace backout {
namespace {

constexpr std::size_t kChunk = 1U << 20;

}  // namespace

std::string Location::key() const {
    BACKOUT_ASSERT(directory != nullptr);
    return join_path(directory->path(), name);
}

Result<Bytes> read_all(InputFile& file, std::uint64_t limit) {
    Bytes content;
    for (;;) {
        // One byte more than allowed is asked for: a file may grow, so its size proves nothing.
        const std::uint64_t left = limit - content.size();
        const std::size_t wanted = left < kChunk ? static_cast<std::size_t>(left) + 1 : kChunk;
        BACKOUT_TRY_ASSIGN(const Bytes part, file.read(content.size(), wanted));
        if (part.empty()) return content;
        content += part;
        if (content.size() > limit) {
            return Error{ErrorCode::invalid,
                         "the file is larger than " + human_bytes(limit) + ", which is the limit here"};
        }
    }
}

Result<Bytes> read_file(Host& host, const std::string& path, std::uint64_t limit) {
    BACKOUT_TRY_ASSIGN(const Location location, host.locate(path));
    BACKOUT_TRY_ASSIGN(const auto file, location.directory->open_read(location.name));
    Result<Bytes> content = read_all(*file, limit);
    if (content.ok()) return content;
    Error error = content.error();
    error.path = path;
    return std::move(error).in("reading " + printable(path));
}

Result<std::string> digest_file(InputFile& file) {
    Sha256 digest;
    for (std::uint64_t offset = 0;;) {
        BACKOUT_TRY_ASSIGN(const Bytes part, file.read(offset, kChunk));
        if (part.empty()) return digest.finish_hex();
        digest.update(part);
        offset += part.size();
    }
}

Status copy_content(InputFile& from, OutputFile& to) {
    std::uint64_t offset = 0;
    for (;;) {
        BACKOUT_TRY_ASSIGN(const auto stretch, from.next_data(offset));
        const auto [begin, end] = stretch;
        if (begin >= end) return to.set_size(end);  // what is left is a hole, or nothing
        for (offset = begin; offset < end;) {
            const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, kChunk));
            BACKOUT_TRY_ASSIGN(const Bytes part, from.read(offset, wanted));
            if (part.empty()) return to.set_size(offset);  // it shrank meanwhile
            BACKOUT_TRY(to.write_at(offset, part));
            offset += part.size();
        }
    }
}

}  // namespace backout
