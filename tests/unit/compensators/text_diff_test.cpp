#include "compensators/text_diff.h"

#include <gtest/gtest.h>

#include <random>

namespace backout {
namespace {

/// Applies a diff as patch does; the other half of the truth.
std::string patched(const std::string& before, const std::string& diff) {
    std::string rest = before;
    std::string result;
    std::size_t consumed = 0;
    const auto take_line = [&] {
        const std::size_t end = rest.find('\n');
        std::string line = rest.substr(0, end == std::string::npos ? end : end + 1);
        rest.erase(0, line.size());
        ++consumed;
        return line;
    };
    std::size_t at = diff.find("@@");
    while (at < diff.size()) {
        std::size_t end = diff.find('\n', at);
        std::string line = diff.substr(at, end == std::string::npos ? end : end + 1 - at);
        at += line.size();
        if (line.rfind("@@", 0) == 0) {
            std::size_t first = std::stoul(line.substr(4));
            const std::size_t comma = line.find(',');
            if (comma < line.find('+') && line.substr(comma + 1, 2) == "0 ") ++first;
            while (consumed + 1 < first) result += take_line();
            continue;
        }
        if (line[0] == '\\') {
            if (!result.empty() && result.back() == '\n') result.pop_back();
            continue;
        }
        if (line[0] != '+') take_line();
        if (line[0] != '-') result += line.substr(1);
    }
    return result + rest;
}

TEST(TextDiff, shows_changes_with_three_lines_of_context) {
    EXPECT_EQ(unified_diff("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
              "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    EXPECT_EQ(unified_diff("/f", "", "a\n"), "--- /f\n+++ /f\n@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(unified_diff("/f", "a", "b\n"), "--- /f\n+++ /f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n");
}

TEST(TextDiff, is_empty_for_equal_and_binary_texts) {
    EXPECT_EQ(unified_diff("/f", "a\n", "a\n"), "");
    EXPECT_EQ(unified_diff("/f", std::string("a\0b", 3), "a\n"), "");
    EXPECT_EQ(unified_diff("/f", "\xff", "a\n"), "");
    EXPECT_FALSE(can_diff(std::string(kDiffLimit + 1, 'x'), ""));
}

TEST(TextDiff, gives_the_new_text_when_it_is_applied_to_the_old_one) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        const auto text = [&] {
            std::string lines;
            for (auto i = random() % 20; i > 0; --i)
                lines += std::string(1, static_cast<char>('a' + random() % 3)) + "\n";
            return lines;
        };
        const std::string before = text();
        const std::string after = text();
        if (before == after) continue;
        ASSERT_EQ(patched(before, unified_diff("/f", before, after)), after)
            << before << "→\n"
            << after << unified_diff("/f", before, after);
    }
}

TEST(TextDiff, WhatSomebodyElseDidSaysFromWhatToWhat) {
    EXPECT_EQ(foreign_diff("/f", "as the run left it", "a\n", "b\n"),
              "--- /f (as the run left it)\n+++ /f (as it is now)\n@@ -1 +1 @@\n-a\n+b\n");
    EXPECT_EQ(foreign_diff("/f", "as the run left it", "a\n", "a\n"), "");
}

}  // namespace
}  // namespace backout
