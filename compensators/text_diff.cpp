#include "compensators/text_diff.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace backout {
namespace {

constexpr std::size_t kContext = 3;
constexpr int kMaximumEdits = 2000;  // beyond it the whole middle is shown as replaced: nobody reads such a diff

struct Line {
    char sign;  // ' ', '-', '+'
    std::string_view text;
};

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
        lines.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return lines;
}

using Lines = std::vector<std::string_view>;

/// Myers' greedy algorithm: the furthest x on each diagonal after d edits, all rounds kept for the way back.
std::vector<Line> edit_script(const Lines& a, const Lines& b) {
    const int n = static_cast<int>(a.size());
    const int m = static_cast<int>(b.size());
    const int limit = std::min(n + m, kMaximumEdits);
    const auto at = [&](const Lines& lines, int i) { return lines[static_cast<std::size_t>(i)]; };
    std::vector<std::vector<int>> rounds;
    std::vector<int> furthest(static_cast<std::size_t>(2 * limit + 3), 0);
    const auto slot = [&](int k) { return static_cast<std::size_t>(k + limit + 1); };
    int edits = -1;
    for (int d = 0; d <= limit && edits < 0; ++d) {
        rounds.push_back(furthest);
        for (int k = -d; k <= d; k += 2) {
            const bool down = k == -d || (k != d && furthest[slot(k - 1)] < furthest[slot(k + 1)]);
            int x = down ? furthest[slot(k + 1)] : furthest[slot(k - 1)] + 1;
            while (x < n && x - k < m && at(a, x) == at(b, x - k)) ++x;
            furthest[slot(k)] = x;
            if (x >= n && x - k >= m) edits = d;
        }
    }
    std::vector<Line> script;
    if (edits < 0) {
        for (const auto& line : a) script.push_back({'-', line});
        for (const auto& line : b) script.push_back({'+', line});
        return script;
    }
    int x = n;
    int y = m;
    for (int d = edits; d > 0; --d) {
        const std::vector<int>& before = rounds[static_cast<std::size_t>(d)];
        const int k = x - y;
        const bool down = k == -d || (k != d && before[slot(k - 1)] < before[slot(k + 1)]);
        const int from_k = down ? k + 1 : k - 1;
        const int from_x = before[slot(from_k)];
        for (; x > from_x + (down ? 0 : 1) && y > from_x - from_k + (down ? 1 : 0); --x, --y) {
            script.push_back({' ', at(a, x - 1)});
        }
        script.push_back(down ? Line{'+', at(b, y - 1)} : Line{'-', at(a, x - 1)});
        x = from_x;
        y = from_x - from_k;
    }
    for (; x > 0; --x) script.push_back({' ', at(a, x - 1)});
    std::reverse(script.begin(), script.end());
    return script;
}

void append_line(std::string& out, const Line& line) {
    out += line.sign;
    out += line.text;
    if (line.text.empty() || line.text.back() != '\n') out += "\n\\ No newline at end of file\n";
}

std::string range(std::size_t first, std::size_t count) {
    return std::to_string(count == 0 ? first : first + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

/// Groups changes that lie within twice the context into hunks.
std::string hunks(const std::vector<Line>& script) {
    std::string out;
    std::size_t old_line = 0;
    std::size_t new_line = 0;
    std::size_t i = 0;
    while (i < script.size()) {
        if (script[i].sign == ' ') {
            ++i, ++old_line, ++new_line;
            continue;
        }
        const std::size_t lead = std::min({kContext, i, old_line});
        std::size_t end = i;
        for (std::size_t look = i; look < script.size() && look <= end + 2 * kContext; ++look) {
            if (script[look].sign != ' ') end = look;
        }
        end = std::min(end + kContext + 1, script.size());
        const std::size_t begin = i - lead;
        std::size_t old_count = 0;
        std::size_t new_count = 0;
        std::string body;
        for (std::size_t j = begin; j < end; ++j) {
            old_count += script[j].sign != '+' ? 1U : 0U;
            new_count += script[j].sign != '-' ? 1U : 0U;
            append_line(body, script[j]);
        }
        out += "@@ -" + range(old_line - lead, old_count) + " +" + range(new_line - lead, new_count) + " @@\n" + body;
        old_line += old_count - lead;
        new_line += new_count - lead;
        i = end;
    }
    return out;
}

}  // namespace

bool can_diff(std::string_view before, std::string_view after) {
    const auto is_text = [](std::string_view text) {
        return text.size() <= kDiffLimit && text.find('\0') == std::string_view::npos && is_utf8(text);
    };
    return is_text(before) && is_text(after);
}

namespace {

std::string diff_with_names(const std::string& before_name, const std::string& after_name, std::string_view before,
                            std::string_view after) {
    if (before == after || !can_diff(before, after)) return "";
    return "--- " + before_name + "\n+++ " + after_name + "\n" + hunks(edit_script(lines_of(before), lines_of(after)));
}

}  // namespace

std::string unified_diff(const std::string& path, std::string_view before, std::string_view after) {
    return diff_with_names(printable(path), printable(path), before, after);
}

std::string foreign_diff(const std::string& path, const std::string& left_is, std::string_view left,
                         std::string_view now) {
    const std::string name = printable(path);
    return diff_with_names(name + " (" + left_is + ")", name + " (as it is now)", left, now);
}

}  // namespace backout
