#pragma once
// LMDB's file as bytes, read without LMDB: it has no checksums, and a damaged file crashes its reader or silently shows
// an older commit. Here every number is checked before it is used, so that any bytes give an answer. Layout: LMDB 0.9,
// 64 bits, little endian (FORMAT.md, "Pages").

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backout {

struct LmdbTree {
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t branch_pages = 0;
    std::uint64_t leaf_pages = 0;
    std::uint64_t overflow_pages = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = 0;
};

struct LmdbMeta {
    std::uint64_t page_size = 0;
    std::uint64_t map_size = 0;
    std::uint64_t last_page = 0;
    std::uint64_t transaction = 0;
    LmdbTree free_list;
    LmdbTree main;

    std::uint64_t used_bytes() const { return (last_page + 1) * page_size; }
};

/// Enough bytes from the beginning of the file for `read_metas`, whatever its page size.
inline constexpr std::size_t kMetaBytes = 2 * 65536;

/// Both meta pages: magic, version, page size, page numbers; their transactions differ by one and match their place,
/// for one flipped bit there would show an older commit. Returns the newer. `file_size` must cover what it speaks of.
/// Errors: `journal`.
Result<LmdbMeta> read_metas(std::string_view beginning, std::uint64_t file_size);

/// The whole structure under `meta`: each page is where it says, is used once, not free at the same time; keys are in
/// order; counts agree. `pages` is the file from its beginning, at least `meta.used_bytes()`. Errors: `journal`.
Status check_pages(std::string_view pages, const LmdbMeta& meta);

}  // namespace backout
