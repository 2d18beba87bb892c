#include "compensators/text_edit_match.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "compensators/text_edit_ini.h"
#include "compensators/text_edit_lines.h"

namespace backout {

namespace {

constexpr std::size_t kMostCells = 4'000'000;

using Matches = std::vector<std::optional<std::size_t>>;
using Numbers = std::vector<std::size_t>;  ///< of each line its text in its section, as a number

/// Numbers for what is compared: equal texts in equal sections have equal ones.
class Numbering {
  public:
    Numbers of(std::string_view text, bool sections) {
        const std::vector<IniLine> ini = sections ? read_ini(text) : std::vector<IniLine>();
        Numbers numbers;
        const std::vector<TextLine> lines = split_lines(text);
        for (std::size_t line = 0; line < lines.size(); ++line) {
            std::string key = sections ? ini[line].section : "";
            key += '\n';
            key += lines[line].text_in(text);
            numbers.push_back(known_.emplace(std::move(key), known_.size()).first->second);
        }
        return numbers;
    }
    std::size_t size() const { return known_.size(); }

  private:
    std::unordered_map<std::string, std::size_t> known_;
};

/// How often each number stands in either text.
struct Counts {
    std::vector<std::size_t> from;
    std::vector<std::size_t> to;
    bool once(std::size_t number) const { return from[number] == 1 && to[number] == 1; }
};

Counts count(const Numbers& from, const Numbers& to, std::size_t size) {
    Counts counts{std::vector<std::size_t>(size, 0), std::vector<std::size_t>(size, 0)};
    for (const std::size_t number : from) ++counts.from[number];
    for (const std::size_t number : to) ++counts.to[number];
    return counts;
}

/// Of all ways to lay the texts on each other with the most common lines: a line is sure if it lies on the same line in
/// every one of them.
class CommonLines {
  public:
    CommonLines(const Numbers& from, const Numbers& to)
        : from_(from),
          to_(to),
          width_(to.size() + 1),
          behind_((from.size() + 1) * width_, 0),
          ahead_(width_, 0),
          next_(width_, 0) {
        for (std::size_t row = from_.size(); row-- > 0;) {
            for (std::size_t column = to_.size(); column-- > 0;) {
                behind_[row * width_ + column] = from_[row] == to_[column]
                                                     ? behind(row + 1, column + 1) + 1
                                                     : std::max(behind(row + 1, column), behind(row, column + 1));
            }
        }
    }

    Matches run() {
        Matches matches;
        for (std::size_t row = 0; row < from_.size(); ++row) {
            matches.push_back(only_place(row));
            advance(row);
        }
        return matches;
    }

  private:
    std::uint32_t behind(std::size_t row, std::size_t column) const { return behind_[row * width_ + column]; }

    std::optional<std::size_t> only_place(std::size_t row) const {
        const std::uint32_t most = behind(0, 0);
        std::optional<std::size_t> place;
        for (std::size_t column = 0; column <= to_.size(); ++column) {
            if (ahead_[column] + behind(row + 1, column) == most) return std::nullopt;  // it can be left out
            if (column == to_.size() || from_[row] != to_[column]) continue;
            if (ahead_[column] + 1 + behind(row + 1, column + 1) != most) continue;
            if (place) return std::nullopt;
            place = column;
        }
        return place;
    }

    /// `ahead_`: the most common lines of the first lines of either text, up to the row at hand.
    void advance(std::size_t row) {
        for (std::size_t column = 0; column < to_.size(); ++column) {
            next_[column + 1] =
                from_[row] == to_[column] ? ahead_[column] + 1 : std::max(next_[column], ahead_[column + 1]);
        }
        std::swap(ahead_, next_);
    }

    const Numbers& from_;
    const Numbers& to_;
    std::size_t width_;
    std::vector<std::uint32_t> behind_;
    std::vector<std::uint32_t> ahead_;
    std::vector<std::uint32_t> next_;
};

/// For texts too large for the table: a line is sure if it stands once in either, or in one stretch with such a one.
Matches match_by_unique_lines(Matches likely, const Numbers& from, const Counts& counts) {
    const auto follows = [&](std::size_t line) {
        return likely[line] && likely[line - 1] && *likely[line] == *likely[line - 1] + 1;
    };
    for (std::size_t begin = 0; begin < likely.size();) {
        std::size_t end = begin + 1;
        while (end < likely.size() && follows(end)) ++end;
        bool sure = false;
        for (std::size_t line = begin; line < end; ++line) sure = sure || (likely[line] && counts.once(from[line]));
        for (std::size_t line = begin; line < end && !sure; ++line) likely[line].reset();
        begin = end;
    }
    return likely;
}

void match_entries(Matches& matches, const Numbers& from, const Numbers& to, const Counts& counts,
                   const std::vector<IniLine>& ini) {
    std::vector<std::size_t> places(counts.to.size(), 0);
    for (std::size_t line = 0; line < to.size(); ++line) places[to[line]] = line;
    for (std::size_t line = 0; line < from.size(); ++line) {
        if (!ini[line].key.empty() && counts.once(from[line])) matches[line] = places[from[line]];
    }
}

Matches match_numbered(std::string_view from, std::string_view to, bool sections, bool entries_may_move) {
    Numbering numbering;
    const Numbers from_numbers = numbering.of(from, sections);
    const Numbers to_numbers = numbering.of(to, sections);
    const Counts counts = count(from_numbers, to_numbers, numbering.size());
    const bool small = from_numbers.size() + 1 < kMostCells / (to_numbers.size() + 1);
    Matches matches = small ? CommonLines(from_numbers, to_numbers).run()
                            : match_by_unique_lines(match_numbers(from_numbers, to_numbers), from_numbers, counts);
    if (entries_may_move) match_entries(matches, from_numbers, to_numbers, counts, read_ini(from));
    return matches;
}

}  // namespace

Matches match_surely(std::string_view from, std::string_view to, TextSort sort) {
    if (sort == TextSort::ini) return match_numbered(from, to, true, true);
    Matches matches = match_numbered(from, to, false, false);
    if (sort == TextSort::lines) return matches;
    // Somebody may have put a header above a line of ours: then a copy of it stands where it stood.
    const Matches in_sections = match_numbered(from, to, true, false);
    for (std::size_t line = 0; line < matches.size(); ++line) {
        if (matches[line] != in_sections[line]) matches[line].reset();
    }
    return matches;
}

}  // namespace backout
