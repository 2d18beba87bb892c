#include "journal/lmdb_pages.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "journal/ledger_access.h"

namespace backout {

namespace {

constexpr std::size_t kPageHeader = 16;
constexpr std::size_t kNodeHeader = 8;
constexpr std::size_t kTreeSize = 48;
constexpr std::size_t kMetaSize = 136;
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr int kDeepest = 32;  // LMDB's own limit of a cursor
constexpr std::size_t kLongestKey = 511;

constexpr unsigned kBranch = 0x01;
constexpr unsigned kLeaf = 0x02;
constexpr unsigned kOverflow = 0x04;
constexpr unsigned kMetaPage = 0x08;
constexpr unsigned kBigData = 0x01;
constexpr unsigned kSubTree = 0x02;

/// The machine's own integers: LMDB's file belongs to one kind of machine. Requires: within bounds.
template <typename T>
T number_at(std::string_view bytes, std::size_t at) {
    BACKOUT_ASSERT(at <= bytes.size() && bytes.size() - at >= sizeof(T));
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

LmdbTree tree_at(std::string_view bytes, std::size_t at) {
    LmdbTree tree;
    tree.flags = number_at<std::uint16_t>(bytes, at + 4);
    tree.depth = number_at<std::uint16_t>(bytes, at + 6);
    tree.branch_pages = number_at<std::uint64_t>(bytes, at + 8);
    tree.leaf_pages = number_at<std::uint64_t>(bytes, at + 16);
    tree.overflow_pages = number_at<std::uint64_t>(bytes, at + 24);
    tree.entries = number_at<std::uint64_t>(bytes, at + 32);
    tree.root = number_at<std::uint64_t>(bytes, at + 40);
    return tree;
}

Error damaged(const std::string& what) {
    return journal_damage("data.mdb: " + what);
}

Error at_page(std::uint64_t page, const std::string& what) {
    return damaged("page " + std::to_string(page) + " " + what);
}

Result<LmdbMeta> read_meta(std::string_view beginning, std::size_t at, std::uint64_t place) {
    const std::string name = "meta page " + std::to_string(place);
    if (beginning.size() < at + kPageHeader + kMetaSize) return damaged("it is too short for its meta pages");
    const std::size_t body = at + kPageHeader;
    if (number_at<std::uint64_t>(beginning, at) != place || number_at<std::uint16_t>(beginning, at + 10) != kMetaPage ||
        number_at<std::uint32_t>(beginning, body) != kMagic) {
        return damaged(name + " doesn't look like one");
    }
    if (number_at<std::uint32_t>(beginning, body + 4) != kDataVersion) {
        return damaged(name + " has another version of LMDB's format");
    }
    LmdbMeta meta;
    meta.map_size = number_at<std::uint64_t>(beginning, body + 16);
    meta.page_size = number_at<std::uint32_t>(beginning, body + 24);
    meta.free_list = tree_at(beginning, body + 24);
    meta.main = tree_at(beginning, body + 24 + kTreeSize);
    meta.last_page = number_at<std::uint64_t>(beginning, body + 120);
    meta.transaction = number_at<std::uint64_t>(beginning, body + 128);
    const std::uint64_t size = meta.page_size;
    if (size < 512 || size > 65536 || (size & (size - 1)) != 0) return damaged(name + " has an impossible page size");
    if (meta.last_page < 1 || meta.last_page > (std::uint64_t{1} << 48) / size) {
        return damaged(name + " has an impossible last page");
    }
    return meta;
}

std::string_view key_of(std::string_view node) {
    return node.substr(kNodeHeader, number_at<std::uint16_t>(node, 6));
}

/// One walk over everything that a commit can reach.
class Walk {
  public:
    Walk(std::string_view pages, const LmdbMeta& meta)
        : pages_(pages), meta_(meta), seen_(static_cast<std::size_t>(meta.last_page) + 1, false) {
        seen_[0] = seen_[1] = true;
    }

    Status run() {
        in_free_list_ = true;
        BACKOUT_TRY(tree(meta_.free_list, true));
        in_free_list_ = false;
        return tree(meta_.main, true);
    }

  private:
    struct Counts {
        std::uint64_t branch = 0;
        std::uint64_t leaf = 0;
        std::uint64_t overflow = 0;
        std::uint64_t entries = 0;
        std::optional<Bytes> last_key = {};
        bool top = false;
    };

    Status claim(std::uint64_t page, std::uint64_t count, const char* as) {
        if (page < 2 || page > meta_.last_page || count > meta_.last_page - page + 1) {
            return at_page(page, std::string("is outside the file, used as ") + as);
        }
        for (std::uint64_t i = page; i < page + count; ++i) {
            if (seen_[static_cast<std::size_t>(i)]) return at_page(i, std::string("is used twice, now as ") + as);
            seen_[static_cast<std::size_t>(i)] = true;
        }
        return {};
    }

    std::string_view page_at(std::uint64_t page) const {
        return pages_.substr(static_cast<std::size_t>(page * meta_.page_size),
                             static_cast<std::size_t>(meta_.page_size));
    }

    Status tree(const LmdbTree& expected, bool top) {
        Counts counts;
        counts.top = top;
        if (expected.root != kNoPage) {
            BACKOUT_TRY(page(expected.root, expected.depth, counts));
        } else if (expected.depth != 0) {
            return damaged("a tree has a depth and no root");
        }
        if (counts.branch != expected.branch_pages || counts.leaf != expected.leaf_pages ||
            counts.overflow != expected.overflow_pages || counts.entries != expected.entries) {
            return damaged("the counts of a tree don't agree with its pages");
        }
        return {};
    }

    Status page(std::uint64_t number, int depth, Counts& counts) {
        if (depth < 1 || depth > kDeepest) return at_page(number, "is deeper than its tree");
        BACKOUT_TRY(claim(number, 1, "a page of a tree"));
        const auto bytes = page_at(number);
        if (number_at<std::uint64_t>(bytes, 0) != number) return at_page(number, "says it is another page");
        const unsigned flags = number_at<std::uint16_t>(bytes, 10);
        if (flags != (depth == 1 ? kLeaf : kBranch)) return at_page(number, "is of the wrong kind");
        const std::size_t lower = number_at<std::uint16_t>(bytes, 12);
        const std::size_t upper = number_at<std::uint16_t>(bytes, 14);
        if (lower < kPageHeader || lower % 2 != 0 || lower > upper || upper > bytes.size()) {
            return at_page(number, "has impossible bounds");
        }
        depth == 1 ? ++counts.leaf : ++counts.branch;
        const std::size_t nodes = (lower - kPageHeader) / 2;
        if (nodes == 0) return at_page(number, "is empty");
        std::size_t filled = 0;
        for (std::size_t i = 0; i < nodes; ++i) {
            const std::size_t at = number_at<std::uint16_t>(bytes, kPageHeader + 2 * i);
            if (at < upper || at % 2 != 0 || at + kNodeHeader > bytes.size()) {
                return at_page(number, "has a node outside its bounds");
            }
            const auto node = bytes.substr(at);
            if (kNodeHeader + number_at<std::uint16_t>(node, 6) > node.size()) {
                return at_page(number, "has a key outside its bounds");
            }
            BACKOUT_TRY(depth == 1 ? leaf_node(number, node, counts, filled)
                                   : branch_node(number, node, i == 0, depth, counts, filled));
        }
        if (filled != bytes.size() - upper) return at_page(number, "has nodes that overlap");
        return {};
    }

    /// Keys rise within a tree; the first key of a branch page stands for everything below and may be empty.
    Status rising(std::uint64_t number, std::string_view key, Counts& counts) {
        if (key.size() > kLongestKey) return at_page(number, "has too long a key");
        if (in_free_list_ && key.size() != 8) return at_page(number, "has a wrong key in the list of free pages");
        if (counts.last_key && !less(*counts.last_key, key)) return at_page(number, "has keys out of order");
        counts.last_key = Bytes(key);
        return {};
    }

    bool less(std::string_view a, std::string_view b) const {
        if (in_free_list_) return number_at<std::uint64_t>(a, 0) < number_at<std::uint64_t>(b, 0);
        return a < b;
    }

    Status branch_node(std::uint64_t number, std::string_view node, bool first, int depth, Counts& counts,
                       std::size_t& filled) {
        const std::uint64_t child = number_at<std::uint16_t>(node, 0) |
                                    (std::uint64_t{number_at<std::uint16_t>(node, 2)} << 16U) |
                                    (std::uint64_t{number_at<std::uint16_t>(node, 4)} << 32U);
        const Bytes key(key_of(node));
        filled += even(kNodeHeader + key.size());
        if (!first && in_free_list_ && key.size() != 8) {
            return at_page(number, "has a wrong key in the list of free pages");
        }
        // What is below must be at or above the separator, and below the next one: the keys seen last and next tell.
        if (!first && counts.last_key && !less(*counts.last_key, key)) {
            return at_page(number, "has a separator out of order");
        }
        const std::uint64_t before = counts.entries;
        if (!first) {
            counts.last_key.reset();
            floor_ = key;
        }
        BACKOUT_TRY(page(child, depth - 1, counts));
        return counts.entries == before ? at_page(child, "is empty") : Status{};
    }

    Status leaf_node(std::uint64_t number, std::string_view node, Counts& counts, std::size_t& filled) {
        const auto key = key_of(node);
        if (floor_) {
            const bool below = key.size() < (in_free_list_ ? 8U : 0U) || less(key, *floor_);
            floor_.reset();
            if (below) return at_page(number, "has a key below its separator");
        }
        BACKOUT_TRY(rising(number, key, counts));
        ++counts.entries;
        const std::size_t size =
            number_at<std::uint16_t>(node, 0) | (std::size_t{number_at<std::uint16_t>(node, 2)} << 16U);
        const unsigned flags = number_at<std::uint16_t>(node, 4);
        const std::size_t at = kNodeHeader + key.size();
        const std::size_t inline_size = (flags & kBigData) != 0 ? 8 : size;
        if (inline_size > node.size() - at) return at_page(number, "has a value outside its bounds");
        filled += even(at + inline_size);
        const auto value = node.substr(at, inline_size);
        if (flags == kBigData) return overflow(number, value, size, counts);
        if (flags == kSubTree) return sub_tree(number, value, counts);
        if (flags != 0) return at_page(number, "has a node of an unknown kind");
        return in_free_list_ ? free_pages(number, value) : Status{};
    }

    Status overflow(std::uint64_t from, std::string_view value, std::size_t size, Counts& counts) {
        const auto first = number_at<std::uint64_t>(value, 0);
        const std::uint64_t count = (kPageHeader - 1 + size) / meta_.page_size + 1;
        BACKOUT_TRY(claim(first, count, "a long value"));
        const auto head = page_at(first);
        if (number_at<std::uint64_t>(head, 0) != first || number_at<std::uint16_t>(head, 10) != kOverflow ||
            number_at<std::uint32_t>(head, 12) != count) {
            return at_page(first, "is no long value of page " + std::to_string(from));
        }
        counts.overflow += count;
        const std::size_t at = static_cast<std::size_t>(first * meta_.page_size) + kPageHeader;
        return in_free_list_ ? free_pages(from, pages_.substr(at, size)) : Status{};
    }

    Status sub_tree(std::uint64_t number, std::string_view value, const Counts& counts) {
        if (!counts.top || in_free_list_ || value.size() != kTreeSize) {
            return at_page(number, "has a tree where none can be");
        }
        const auto outer = std::exchange(floor_, std::nullopt);
        BACKOUT_TRY(tree(tree_at(value, 0), false));
        floor_ = outer;
        return {};
    }

    /// A count, then at least that many pages: LMDB reserves more than it fills.
    Status free_pages(std::uint64_t number, std::string_view list) {
        if (list.size() < 8 || list.size() % 8 != 0 || number_at<std::uint64_t>(list, 0) > list.size() / 8 - 1) {
            return at_page(number, "has a list of free pages of a wrong length");
        }
        const auto count = static_cast<std::size_t>(number_at<std::uint64_t>(list, 0));
        for (std::size_t i = 1; i <= count; ++i) {
            BACKOUT_TRY(claim(number_at<std::uint64_t>(list, 8 * i), 1, "a free page"));
        }
        return {};
    }

    static std::size_t even(std::size_t size) { return size + (size & 1U); }

    std::string_view pages_;
    const LmdbMeta& meta_;
    std::vector<bool> seen_;
    bool in_free_list_ = false;
    std::optional<Bytes> floor_;  ///< separator that the next leaf's first key must not be below
};

}  // namespace

Result<LmdbMeta> read_metas(std::string_view beginning, std::uint64_t file_size) {
    BACKOUT_TRY_ASSIGN(const LmdbMeta first, read_meta(beginning, 0, 0));
    BACKOUT_TRY_ASSIGN(const LmdbMeta second, read_meta(beginning, static_cast<std::size_t>(first.page_size), 1));
    if (first.page_size != second.page_size) return damaged("its meta pages differ in their page size");
    if (first.transaction % 2 != 0 || second.transaction % 2 != 1) {
        return damaged("its meta pages have the wrong transactions");
    }
    const bool second_newer = second.transaction > first.transaction;
    const std::uint64_t apart =
        second_newer ? second.transaction - first.transaction : first.transaction - second.transaction;
    if (apart != 1) return damaged("its meta pages are not of successive transactions");
    const LmdbMeta newer = second_newer ? second : first;
    // The file is allocated before the map is enlarged, and so never smaller than what a commit says of the map.
    if (newer.used_bytes() > file_size || newer.map_size > file_size) {
        return damaged("it is shorter than it should be: it was cut to " + std::to_string(file_size) + " of " +
                       std::to_string(std::max(newer.map_size, newer.used_bytes())) + " bytes");
    }
    return newer;
}

Status check_pages(std::string_view pages, const LmdbMeta& meta) {
    BACKOUT_ASSERT(pages.size() >= meta.used_bytes());
    return Walk(pages, meta).run();
}

}  // namespace backout
