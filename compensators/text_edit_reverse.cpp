#include "compensators/text_edit_reverse.h"

#include <algorithm>
#include <optional>

#include "compensators/text_edit_lines.h"

namespace backout {

namespace {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Carries places from one text to another along the lines that both have.
class LineMap {
  public:
    LineMap(const Bytes& from, const Bytes& to)
        : from_(split_lines(from)),
          to_(split_lines(to)),
          from_size_(from.size()),
          to_size_(to.size()),
          matches_(match_lines(from, to)) {}

    /// Where the bytes [begin, end) stand, if all their lines do, one after the other.
    std::optional<Span> find(std::size_t begin, std::size_t end) const {
        if (begin == end) return find_place(begin);
        const std::size_t first = line_at(begin);
        const std::size_t last = line_at(end - 1);
        for (std::size_t line = first; line <= last; ++line) {
            if (!matches_[line] || *matches_[line] != *matches_[first] + (line - first)) return std::nullopt;
        }
        return Span{carry(first, begin), carry(last, end)};
    }

    /// True iff what stood on both sides of `offset` stands side by side.
    bool is_seamless(std::size_t offset) const {
        if (!is_boundary(offset)) return matches_[line_at(offset)].has_value();
        const std::size_t next = offset == from_size_ ? from_.size() : line_at(offset);
        if (next > 0 && !matches_[next - 1]) return false;
        if (next < from_.size() && !matches_[next]) return false;
        const std::size_t left = next > 0 ? *matches_[next - 1] + 1 : 0;
        const std::size_t right = next < from_.size() ? *matches_[next] : to_.size();
        return left == right;
    }

  private:
    std::size_t line_at(std::size_t offset) const {
        const auto after = std::upper_bound(from_.begin(), from_.end(), offset,
                                            [](std::size_t place, const TextLine& line) { return place < line.begin; });
        return static_cast<std::size_t>(after - from_.begin()) - 1;
    }

    /// Between two lines, or at an end of the text that is no unfinished line's.
    bool is_boundary(std::size_t offset) const {
        if (offset == 0 || from_.empty()) return true;
        if (offset == from_size_) return from_.back().end != from_.back().text_end;
        return from_[line_at(offset)].begin == offset;
    }

    std::size_t carry(std::size_t line, std::size_t offset) const {
        const TextLine& from = from_[line];
        const TextLine& to = to_[*matches_[line]];
        return offset <= from.text_end ? to.begin + (offset - from.begin) : to.end;
    }

    /// For what was taken out: behind the line before, else in front of the line after, else at the text's end.
    std::optional<Span> find_place(std::size_t offset) const {
        if (!is_boundary(offset)) {
            const std::size_t line = line_at(offset);
            if (!matches_[line]) return std::nullopt;
            return Span{carry(line, offset), carry(line, offset)};
        }
        const std::size_t next = offset == from_size_ ? from_.size() : line_at(offset);
        if (next > 0 && matches_[next - 1]) {
            const std::size_t place = to_[*matches_[next - 1]].end;
            return Span{place, place};
        }
        if (next == from_.size()) return Span{to_size_, to_size_};
        if (matches_[next]) return Span{to_[*matches_[next]].begin, to_[*matches_[next]].begin};
        if (next == 0) return Span{0, 0};
        return std::nullopt;
    }

    std::vector<TextLine> from_;
    std::vector<TextLine> to_;
    std::size_t from_size_;
    std::size_t to_size_;
    std::vector<std::optional<std::size_t>> matches_;
};

bool is_undone(const Splice& splice, const LineMap& from_before) {
    if (splice.removed.empty()) return from_before.is_seamless(splice.offset);
    return from_before.find(splice.offset, splice.offset + splice.removed.size()).has_value();
}

}  // namespace

bool SpliceReversal::all(SpliceFate fate) const {
    return std::all_of(fates.begin(), fates.end(), [fate](SpliceFate each) { return each == fate; });
}

SpliceReversal reverse_splices(const Bytes& before, const std::vector<Splice>& splices, const Bytes& current) {
    const LineMap from_before(before, current);
    const LineMap from_after(apply_splices(before, splices), current);
    SpliceReversal reversal;
    std::vector<Splice> back;
    std::size_t shift = 0;  // of the text that was ours against the one before
    std::size_t done = 0;
    for (const Splice& splice : splices) {
        const std::size_t offset = splice.offset + shift;
        shift += splice.inserted.size() - splice.removed.size();
        // A deletion leaves nothing of its own to be found, so somebody's putting it back has to be looked for first.
        const bool put_back = splice.inserted.empty() && is_undone(splice, from_before);
        const std::optional<Span> span =
            put_back ? std::nullopt : from_after.find(offset, offset + splice.inserted.size());
        if (span && span->begin >= done) {
            back.push_back({span->begin, current.substr(span->begin, span->end - span->begin), splice.removed});
            done = span->end;
            reversal.fates.push_back(SpliceFate::intact);
        } else {
            const bool undone = put_back || is_undone(splice, from_before);
            reversal.fates.push_back(undone ? SpliceFate::undone : SpliceFate::changed);
        }
    }
    reversal.content = apply_splices(current, back);
    return reversal;
}

}  // namespace backout
