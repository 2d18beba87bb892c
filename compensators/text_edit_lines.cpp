#include "compensators/text_edit_lines.h"

#include <algorithm>
#include <unordered_map>

namespace backout {

namespace {

constexpr std::size_t kMostCells = 4'000'000;  // of one table of longest common subsequences
constexpr int kDeepest = 200;

struct Range {
    std::size_t begin;
    std::size_t end;
    std::size_t size() const { return end - begin; }
    bool empty() const { return begin == end; }
};

std::vector<std::string_view> texts_of(std::string_view whole) {
    std::vector<std::string_view> texts;
    for (const TextLine& line : split_lines(whole)) texts.push_back(line.text_in(whole));
    return texts;
}

/// `Text`: what stands for a line and can be compared.
template <typename Text>
class LineMatcher {
  public:
    LineMatcher(std::vector<Text> from, std::vector<Text> to)
        : from_(std::move(from)), to_(std::move(to)), matches_(from_.size()) {}

    std::vector<std::optional<std::size_t>> run() {
        match({0, from_.size()}, {0, to_.size()}, 0);
        return std::move(matches_);
    }

  private:
    void match(Range from, Range to, int depth) {
        while (!from.empty() && !to.empty() && from_[from.begin] == to_[to.begin]) {
            matches_[from.begin++] = to.begin++;
        }
        while (!from.empty() && !to.empty() && from_[from.end - 1] == to_[to.end - 1]) {
            matches_[--from.end] = --to.end;
        }
        if (from.empty() || to.empty()) return;
        if (from.size() * to.size() <= kMostCells / 100 || depth >= kDeepest) return compare_all(from, to);
        const std::vector<std::pair<std::size_t, std::size_t>> anchors = longest_rise(unique_pairs(from, to));
        if (anchors.empty()) return compare_all(from, to);
        Range rest_from = from;
        Range rest_to = to;
        for (const auto& [at_from, at_to] : anchors) {
            match({rest_from.begin, at_from}, {rest_to.begin, at_to}, depth + 1);
            matches_[at_from] = at_to;
            rest_from.begin = at_from + 1;
            rest_to.begin = at_to + 1;
        }
        match(rest_from, rest_to, depth + 1);
    }

    /// Lines that stand once on either side, in the order of `from`.
    std::vector<std::pair<std::size_t, std::size_t>> unique_pairs(Range from, Range to) const {
        struct Count {
            std::size_t from = 0;
            std::size_t to = 0;
            std::size_t at = 0;
        };
        std::unordered_map<Text, Count> counts;
        for (std::size_t line = from.begin; line < from.end; ++line) ++counts[from_[line]].from;
        for (std::size_t line = to.begin; line < to.end; ++line) {
            Count& count = counts[to_[line]];
            ++count.to;
            count.at = line;
        }
        std::vector<std::pair<std::size_t, std::size_t>> pairs;
        for (std::size_t line = from.begin; line < from.end; ++line) {
            const Count& count = counts[from_[line]];
            if (count.from == 1 && count.to == 1) pairs.emplace_back(line, count.at);
        }
        return pairs;
    }

    /// The longest part of `pairs` in which the second numbers rise, too.
    static std::vector<std::pair<std::size_t, std::size_t>> longest_rise(
        const std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
        constexpr std::size_t kNone = static_cast<std::size_t>(-1);
        std::vector<std::size_t> tails;  // index of the pair that ends the best rise of each length
        std::vector<std::size_t> before(pairs.size(), kNone);
        for (std::size_t index = 0; index < pairs.size(); ++index) {
            const auto place =
                std::lower_bound(tails.begin(), tails.end(), pairs[index].second,
                                 [&](std::size_t tail, std::size_t to) { return pairs[tail].second < to; });
            if (place != tails.begin()) before[index] = *(place - 1);
            if (place == tails.end()) {
                tails.push_back(index);
            } else {
                *place = index;
            }
        }
        std::vector<std::pair<std::size_t, std::size_t>> rise;
        for (std::size_t at = tails.empty() ? kNone : tails.back(); at != kNone; at = before[at])
            rise.push_back(pairs[at]);
        std::reverse(rise.begin(), rise.end());
        return rise;
    }

    void compare_all(Range from, Range to) {
        const std::size_t width = to.size() + 1;
        if (from.size() >= kMostCells / width) return;
        std::vector<std::uint32_t> common((from.size() + 1) * width, 0);
        for (std::size_t row = from.size(); row-- > 0;) {
            for (std::size_t column = to.size(); column-- > 0;) {
                const std::size_t cell = row * width + column;
                common[cell] = from_[from.begin + row] == to_[to.begin + column]
                                   ? common[cell + width + 1] + 1
                                   : std::max(common[cell + width], common[cell + 1]);
            }
        }
        std::size_t row = 0;
        std::size_t column = 0;
        while (row < from.size() && column < to.size()) {
            const std::size_t cell = row * width + column;
            if (from_[from.begin + row] == to_[to.begin + column]) {
                matches_[from.begin + row++] = to.begin + column++;
            } else if (common[cell + width] >= common[cell + 1]) {
                ++row;
            } else {
                ++column;
            }
        }
    }

    std::vector<Text> from_;
    std::vector<Text> to_;
    std::vector<std::optional<std::size_t>> matches_;
};

}  // namespace

std::vector<TextLine> split_lines(std::string_view text) {
    std::vector<TextLine> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t newline = text.find('\n', begin);
        TextLine line;
        line.begin = begin;
        line.end = newline == std::string_view::npos ? text.size() : newline + 1;
        line.text_end = newline == std::string_view::npos ? text.size() : newline;
        const bool carriage = newline != std::string_view::npos && newline > begin && text[newline - 1] == '\r';
        if (carriage) --line.text_end;
        lines.push_back(line);
        begin = line.end;
    }
    return lines;
}

std::string_view line_end_of(std::string_view text) {
    const std::size_t newline = text.find('\n');
    const bool carriage = newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r';
    return carriage ? "\r\n" : "\n";
}

std::vector<std::optional<std::size_t>> match_lines(std::string_view from, std::string_view to) {
    return LineMatcher<std::string_view>(texts_of(from), texts_of(to)).run();
}

std::vector<std::optional<std::size_t>> match_numbers(const std::vector<std::size_t>& from,
                                                      const std::vector<std::size_t>& to) {
    return LineMatcher<std::size_t>(from, to).run();
}

}  // namespace backout
