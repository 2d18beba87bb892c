#include "compensators/text_edit_reverse.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "compensators/text_edit_ini.h"
#include "compensators/text_edit_lines.h"

namespace backout {

namespace {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A text, its lines, and what they are in an ini file.
struct ReadText {
    explicit ReadText(const Bytes& text) : bytes(text), lines(split_lines(text)), ini(read_ini(text)) {}

    std::size_t line_at(std::size_t offset) const {
        const auto after = std::upper_bound(lines.begin(), lines.end(), offset,
                                            [](std::size_t place, const TextLine& line) { return place < line.begin; });
        return static_cast<std::size_t>(after - lines.begin()) - 1;
    }
    bool begins_line(std::size_t offset) const { return offset == 0 || bytes[offset - 1] == '\n'; }
    bool is_whole_lines(std::size_t offset, std::size_t size) const {
        return begins_line(offset) && (offset + size == bytes.size() || begins_line(offset + size));
    }
    bool has_entry(const IniLine& wanted) const {
        return std::any_of(ini.begin(), ini.end(), [&](const IniLine& line) {
            return line.section == wanted.section && line.key == wanted.key && line.header == wanted.header;
        });
    }

    const Bytes& bytes;
    std::vector<TextLine> lines;
    std::vector<IniLine> ini;
};

/// Carries places from one text to another along the lines that both surely have.
class LineMap {
  public:
    LineMap(const ReadText& from, const ReadText& to, TextSort sort)
        : from_(from), to_(to), matches_(match_surely(from.bytes, to.bytes, sort)) {}

    const std::optional<std::size_t>& match(std::size_t line) const { return matches_[line]; }

    /// Where the lines of the bytes [begin, end) stand, one after the other. One sure line is enough to find the others
    /// around it.
    std::optional<Span> find(std::size_t begin, std::size_t end) const {
        const std::size_t first = from_.line_at(begin);
        const std::size_t last = from_.line_at(end - 1);
        for (std::size_t line = first; line <= last; ++line) {
            if (!matches_[line] || *matches_[line] < line - first) continue;
            const std::size_t start = *matches_[line] - (line - first);
            if (stands_at(first, last, start)) {
                return Span{carry(first, start, begin), carry(last, start + (last - first), end)};
            }
        }
        return std::nullopt;
    }

    /// True iff what stood on both sides of `offset` stands side by side.
    bool is_seamless(std::size_t offset) const {
        if (!is_boundary(offset)) return matches_[from_.line_at(offset)].has_value();
        const std::size_t next = offset == from_.bytes.size() ? from_.lines.size() : from_.line_at(offset);
        if (next > 0 && !matches_[next - 1]) return false;
        if (next < from_.lines.size() && !matches_[next]) return false;
        const std::size_t left = next > 0 ? *matches_[next - 1] + 1 : 0;
        const std::size_t right = next < from_.lines.size() ? *matches_[next] : to_.lines.size();
        return left == right;
    }

    /// For a part of a line that was taken out: where the rest of the line has it.
    std::optional<std::size_t> place_in_line(std::size_t offset) const {
        if (from_.lines.empty()) return to_.bytes.empty() ? std::optional<std::size_t>(0) : std::nullopt;
        const std::size_t line = from_.line_at(offset);
        if (!matches_[line]) return std::nullopt;
        return carry(line, *matches_[line], offset);
    }

    /// For lines that were taken out: behind the line before, else in front of the line after, else at the text's end.
    /// With `section` only next to lines of it.
    std::optional<std::size_t> place_between(std::size_t offset, const std::string* section) const {
        const std::size_t next = offset == from_.bytes.size() ? from_.lines.size() : from_.line_at(offset);
        const auto holds = [&](std::size_t line) {
            return matches_[line] && (section == nullptr || from_.ini[line].section == *section);
        };
        if (next > 0 && holds(next - 1)) return to_.lines[*matches_[next - 1]].end;
        if (next < from_.lines.size() && holds(next)) return to_.lines[*matches_[next]].begin;
        if (section != nullptr) return behind_header(*section);
        if (next == from_.lines.size()) return to_.bytes.size();
        return next == 0 ? std::optional<std::size_t>(0) : std::nullopt;
    }

  private:
    bool stands_at(std::size_t first, std::size_t last, std::size_t start) const {
        if (start + (last - first) >= to_.lines.size()) return false;
        for (std::size_t line = first; line <= last; ++line) {
            const TextLine& there = to_.lines[start + (line - first)];
            if (from_.lines[line].text_in(from_.bytes) != there.text_in(to_.bytes)) return false;
        }
        return true;
    }

    /// Between two lines, or at an end of the text that is no unfinished line's.
    bool is_boundary(std::size_t offset) const { return from_.lines.empty() || from_.begins_line(offset); }

    std::size_t carry(std::size_t line, std::size_t place, std::size_t offset) const {
        const TextLine& from = from_.lines[line];
        const TextLine& to = to_.lines[place];
        return offset <= from.text_end ? to.begin + (offset - from.begin) : to.end;
    }

    /// The section stands there once, or nothing is sure. What stands above all headers begins the text.
    std::optional<std::size_t> behind_header(const std::string& section) const {
        std::optional<std::size_t> place;
        if (section.empty()) return 0;
        for (std::size_t line = 0; line < to_.ini.size(); ++line) {
            if (!to_.ini[line].header || to_.ini[line].section != section) continue;
            if (place) return std::nullopt;
            place = to_.lines[line].end;
        }
        return place;
    }

    const ReadText& from_;
    const ReadText& to_;
    std::vector<std::optional<std::size_t>> matches_;
};

/// Whole lines as they go in at `place` of `text`: each of theirs and ours keeps a line of its own.
Bytes fitted_lines(const ReadText& text, std::size_t place, Bytes lines) {
    const std::string end(line_end_of(text.bytes));
    const bool ended = !lines.empty() && lines.back() == '\n';
    if (!text.begins_line(place)) {
        if (ended) lines.resize(split_lines(lines).back().text_end);
        return end + lines;
    }
    return ended || place == text.bytes.size() ? lines : lines + end;
}

class Reverser {
  public:
    Reverser(const Bytes& before, const std::vector<Splice>& splices, const Bytes& current, TextSort sort)
        : splices_(splices),
          ours_(apply_splices(before, splices)),
          before_(before),
          after_(ours_),
          current_(current),
          from_before_(before_, current_, sort),
          from_after_(after_, current_, sort),
          ini_(sort == TextSort::ini) {}

    SpliceReversal run() {
        std::size_t shift = 0;  // of the text that was ours against the one before
        for (const Splice& splice : splices_) {
            reversal_.fates.push_back(splice.inserted.empty() ? put_back(splice, splice.offset + shift)
                                                              : take_out(splice, splice.offset + shift));
            shift += splice.inserted.size() - splice.removed.size();
        }
        reversal_.content = apply_splices(current_.bytes, in_order());
        return std::move(reversal_);
    }

  private:
    struct Turn {
        Splice splice;
        std::size_t index;
    };

    SpliceFate take_out(const Splice& splice, std::size_t offset) {
        std::optional<Span> span = from_after_.find(offset, offset + splice.inserted.size());
        if (!span) return is_undone(splice, offset) ? SpliceFate::undone : SpliceFate::changed;
        if (ini_ && splice.removed.empty() && is_adopted(offset, splice.inserted.size(), *span)) {
            return SpliceFate::adopted;
        }
        turn(span->begin, span->end, splice.removed);
        return SpliceFate::intact;
    }

    /// A deletion leaves nothing of its own to be found, so somebody's putting it back has to be looked for first.
    SpliceFate put_back(const Splice& splice, std::size_t offset) {
        if (is_undone(splice, offset)) return SpliceFate::undone;
        const bool whole = before_.is_whole_lines(splice.offset, splice.removed.size());
        const IniLine* entry = ini_ && whole ? entry_at(before_, splice.offset, splice.removed.size()) : nullptr;
        if (entry != nullptr && current_.has_entry(*entry)) return SpliceFate::changed;
        const auto place = whole ? from_after_.place_between(offset, entry == nullptr ? nullptr : &entry->section)
                                 : from_after_.place_in_line(offset);
        if (!place) return SpliceFate::changed;
        turn(*place, *place, whole ? fitted_lines(current_, *place, splice.removed) : splice.removed);
        return SpliceFate::intact;
    }

    bool is_undone(const Splice& splice, std::size_t offset) const {
        if (!splice.removed.empty()) {
            return from_before_.find(splice.offset, splice.offset + splice.removed.size()).has_value();
        }
        const IniLine* entry = ini_ ? entry_at(after_, offset, splice.inserted.size()) : nullptr;
        return from_before_.is_seamless(splice.offset) || (entry != nullptr && !current_.has_entry(*entry));
    }

    /// The last entry or header among the lines that these bytes hold to their end; null if there is none.
    static const IniLine* entry_at(const ReadText& text, std::size_t offset, std::size_t size) {
        const std::size_t last = text.line_at(offset + size - 1);
        if (offset + size < text.lines[last].text_end) return nullptr;
        const IniLine* found = nullptr;
        for (std::size_t line = text.line_at(offset) + (text.begins_line(offset) ? 0 : 1); line <= last; ++line) {
            if (text.ini[line].header || !text.ini[line].key.empty()) found = &text.ini[line];
        }
        return found;
    }

    /// Whether a header of ours has lines below it that aren't ours.
    bool is_adopted(std::size_t offset, std::size_t size, const Span& span) const {
        const IniLine* header = entry_at(after_, offset, size);
        if (header == nullptr || !header->header) return false;
        std::size_t ours = 0;
        for (std::size_t line = after_.line_at(offset + size - 1) + 1; line < after_.lines.size(); ++line) {
            if (after_.ini[line].header) break;
            if (from_after_.match(line) && !after_.ini[line].blank) ++ours;
        }
        std::size_t theirs = 0;
        for (std::size_t line = current_.line_at(span.end - 1) + 1; line < current_.lines.size(); ++line) {
            if (current_.ini[line].header) break;
            if (!current_.ini[line].blank) ++theirs;
        }
        return theirs > ours;
    }

    void turn(std::size_t begin, std::size_t end, const Bytes& former) {
        turns_.push_back({{begin, current_.bytes.substr(begin, end - begin), former}, reversal_.fates.size()});
    }

    /// Entries of a section may have changed places. No two turns may meet on the same bytes.
    std::vector<Splice> in_order() {
        std::stable_sort(turns_.begin(), turns_.end(),
                         [](const Turn& one, const Turn& two) { return one.splice.offset < two.splice.offset; });
        std::vector<Splice> list;
        std::size_t done = 0;
        for (Turn& turn : turns_) {
            if (turn.splice.offset < done) {
                reversal_.fates[turn.index] = SpliceFate::changed;
                continue;
            }
            done = turn.splice.offset + turn.splice.removed.size();
            list.push_back(std::move(turn.splice));
        }
        return list;
    }

    const std::vector<Splice>& splices_;
    const Bytes ours_;
    const ReadText before_;
    const ReadText after_;
    const ReadText current_;
    const LineMap from_before_;
    const LineMap from_after_;
    const bool ini_;
    SpliceReversal reversal_ = {};
    std::vector<Turn> turns_ = {};
};

}  // namespace

bool SpliceReversal::all(SpliceFate fate) const {
    return std::all_of(fates.begin(), fates.end(), [fate](SpliceFate each) { return each == fate; });
}

SpliceReversal reverse_splices(const Bytes& before, const std::vector<Splice>& splices, const Bytes& current,
                               TextSort sort) {
    return Reverser(before, splices, current, sort).run();
}

std::vector<Splice> split_insertions(const Bytes& before, const std::vector<Splice>& splices) {
    std::vector<Splice> pieces;
    for (const Splice& splice : splices) {
        const bool fresh = splice.offset == 0 || before[splice.offset - 1] == '\n';
        const std::vector<TextLine> lines = split_lines(splice.inserted);
        const std::vector<IniLine> ini = read_ini(splice.inserted);
        // Whole lines; or, behind a last line without end, that line's end and lines of which the last has none.
        const bool whole =
            splice.removed.empty() && !lines.empty() &&
            (fresh ? splice.inserted.back() == '\n' : splice.offset == before.size() && lines.front().text_end == 0);
        std::size_t begin = 0;
        for (std::size_t line = fresh ? 0 : 1; whole && line + 1 < lines.size(); ++line) {
            if (ini[line].blank) continue;
            const std::size_t end = fresh ? lines[line].end : lines[line].text_end;
            pieces.push_back({splice.offset, "", splice.inserted.substr(begin, end - begin)});
            begin = end;
        }
        pieces.push_back({splice.offset, splice.removed, splice.inserted.substr(begin)});
    }
    return pieces;
}

}  // namespace backout
