#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace backout {

namespace {

// Damerau-Levenshtein (restricted: a transposed pair isn't edited again), three rows at a time.
std::size_t edit_distance(std::string_view left, std::string_view right) {
    const std::size_t width = right.size() + 1;
    std::vector<std::size_t> before_last(width);
    std::vector<std::size_t> last(width);
    std::vector<std::size_t> row(width);
    for (std::size_t column = 0; column < width; ++column) last[column] = column;
    for (std::size_t line = 1; line <= left.size(); ++line) {
        row[0] = line;
        for (std::size_t column = 1; column < width; ++column) {
            const std::size_t replace = last[column - 1] + (left[line - 1] == right[column - 1] ? 0 : 1);
            row[column] = std::min({row[column - 1] + 1, last[column] + 1, replace});
            const bool swapped =
                line > 1 && column > 1 && left[line - 1] == right[column - 2] && left[line - 2] == right[column - 1];
            if (swapped) row[column] = std::min(row[column], before_last[column - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[right.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t best_distance = 0;
    for (const std::string& candidate : candidates) {
        const std::size_t longer = std::max(word.size(), candidate.size());
        const std::size_t allowed = std::max<std::size_t>(1, longer / 3);
        const std::size_t distance = edit_distance(word, candidate);
        // Nothing in common isn't near, however short the words are.
        if (distance > allowed || (distance == longer && longer > 0)) continue;
        if (best.empty() || distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string candidate = nearest(word, candidates);
    return candidate.empty() ? "" : " (did you mean '" + candidate + "'?)";
}

std::string join_words(const std::vector<std::string>& words) {
    if (words.empty()) return "";
    if (words.size() == 1) return words.front();
    const std::vector<std::string> all_but_last(words.begin(), words.end() - 1);
    return join(all_but_last, ", ") + " and " + words.back();
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string joined;
    for (std::size_t index = 0; index < parts.size(); ++index) {
        if (index > 0) joined += separator;
        joined += parts[index];
    }
    return joined;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string human_bytes(std::uint64_t bytes) {
    static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes == 1) return "1 byte";
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    double amount = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    // 1023.95 would be printed as 1024.0.
    while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.1f %s", amount, kUnits[unit]);
    return buffer.data();
}

}  // namespace backout
