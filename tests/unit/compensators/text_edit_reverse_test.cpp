#include "compensators/text_edit_reverse.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "compensators/text_edit.h"
#include "compensators/text_edit_lines.h"

namespace backout {
namespace {

std::vector<Splice> splices_of(const Json& edits, const Bytes& before) {
    const auto result = apply_text_edits(edits, before);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    return result.ok() ? result->splices : std::vector<Splice>();
}

TEST(ReverseSplices, takesOnlyOurEditOut) {
    const Bytes before = "one\nport=1\ntwo\nthree\n";
    const std::vector<Splice> splices = splices_of(
        Json::array({{{"regex", "port=1"}, {"replace", "port=2"}}, {{"line", "new"}, {"after", "^two"}}}), before);
    const SpliceReversal reversal = reverse_splices(before, splices, "zero\none\nport=2\ntwo\nnew\nTHREE\nfour\n");
    EXPECT_TRUE(reversal.all(SpliceFate::intact));
    EXPECT_EQ(reversal.content, "zero\none\nport=1\ntwo\nTHREE\nfour\n");
}

TEST(ReverseSplices, aChangedLineOfOursIsAConflictAndStays) {
    const Bytes before = "a\nport=1\nb\n";
    const auto splices =
        splices_of(Json::array({{{"regex", "port=1"}, {"replace", "port=2"}}, {{"line", "new"}}}), before);
    const SpliceReversal reversal = reverse_splices(before, splices, "a\nport=3\nb\nnew\n");
    EXPECT_EQ(reversal.fates, (std::vector<SpliceFate>{SpliceFate::changed, SpliceFate::intact}));
    EXPECT_EQ(reversal.content, "a\nport=3\nb\n");
}

TEST(ReverseSplices, whatSomebodyTookBackIsDone) {
    const Bytes before = "a\nport=1\nb\n";
    const auto splices = splices_of(Json::array({{{"regex", "port=1"}, {"replace", "port=2"}},
                                                 {{"line", "new"}, {"before", "^b"}},
                                                 {{"line", "a"}, {"state", "absent"}}}),
                                    before);
    const SpliceReversal reversal = reverse_splices(before, splices, before + "c\n");
    EXPECT_TRUE(reversal.all(SpliceFate::undone));
    EXPECT_EQ(reversal.content, before + "c\n");
}

TEST(ReverseSplices, restoresARemovedLineInItsPlace) {
    const Bytes before = "a\nb\nc\n";
    const auto splices = splices_of(Json::array({{{"line", "b"}, {"state", "absent"}}}), before);
    EXPECT_EQ(reverse_splices(before, splices, "a\nc\n").content, before);
    EXPECT_EQ(reverse_splices(before, splices, "x\na\ny\nc\n").content, "x\na\nb\ny\nc\n");
    EXPECT_EQ(reverse_splices(before, splices, "q\nc\n").content, "q\nb\nc\n");
    const SpliceReversal lost = reverse_splices(before, splices, "q\nr\n");
    EXPECT_TRUE(lost.all(SpliceFate::changed));
    EXPECT_EQ(lost.content, "q\nr\n");
}

TEST(ReverseSplices, worksWithoutALastNewline) {
    const auto splices = splices_of(Json::array({{{"line", "b"}}}), "a");
    EXPECT_EQ(reverse_splices("a", splices, "a\nb").content, "a");
    EXPECT_EQ(reverse_splices("a", splices, "a\nb\nc\n").content, "a\nc\n");
}

TEST(MatchLines, followsUniqueLinesInLargeTexts) {
    Bytes from;
    Bytes to = "top\n";
    for (int line = 0; line < 20000; ++line) {
        from += std::to_string(line) + "\n";
        if (line % 100 != 7) to += std::to_string(line) + "\n";
    }
    const auto matches = match_lines(from, to);
    ASSERT_EQ(matches.size(), 20000U);
    std::size_t matched = 0;
    for (const auto& match : matches) matched += match.has_value() ? 1 : 0;
    EXPECT_EQ(matched, 19800U);
}

// ---- random edits --------------------------------------------------------------------------------------------------

std::uint64_t seed_of_this_run() {
    const char* given = std::getenv("BACKOUT_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    ::testing::Test::RecordProperty("seed", std::to_string(seed));
    std::cout << "seed " << seed << " (BACKOUT_TEST_SEED repeats it)\n";
    return seed;
}

class RandomTexts {
  public:
    explicit RandomTexts(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    Bytes text() {
        Bytes text;
        const std::size_t lines = below(20);
        for (std::size_t line = 0; line < lines; ++line) {
            // Each line once, so that every place is well-defined.
            text += word() + std::to_string(counter_++) + (below(4) == 0 ? "\r\n" : "\n");
        }
        if (below(4) == 0) text += "end" + std::to_string(counter_++);
        return text;
    }
    Bytes word() {
        static const char* const kWords[] = {"alpha", "beta = 1", "[gamma]", "", "# delta", "\xff\x80", "k=v"};
        return Bytes(kWords[below(7)]) + (below(9) == 0 ? Bytes(1, '\0') : "");
    }
    Json edit() {
        switch (below(5)) {
            case 0: return {{"line", "new line " + std::to_string(counter_++)}};
            case 1: return {{"regex", "alpha(\\d)"}, {"replace", "omega\\1"}};
            case 2: return {{"match", "^# delta\\d*[05]"}, {"state", "absent"}};
            case 3: return {{"block", "b1\nb2"}, {"marker", "# {mark} " + std::to_string(counter_++)}};
            default:
                return {
                    {"ini",
                     {{"section", "s" + std::to_string(below(3))}, {"key", "k"}, {"value", std::to_string(below(9))}}}};
        }
    }
    Json edits() {
        Json list = Json::array();
        for (std::size_t count = 1 + below(5); count > 0; --count) list.push_back(edit());
        return list;
    }

  private:
    std::mt19937_64 engine_;
    std::size_t counter_ = 0;
};

TEST(RandomEdits, takenBackGiveTheSameBytes) {
    RandomTexts random(seed_of_this_run());
    std::size_t changed = 0;
    for (int round = 0; round < 3000; ++round) {
        const Bytes before = random.text();
        const Json edits = random.edits();
        const auto edited = apply_text_edits(edits, before);
        ASSERT_TRUE(edited.ok()) << edited.error().text();
        ASSERT_EQ(apply_splices(before, edited->splices), edited->content) << edits.dump();
        const SpliceReversal reversal = reverse_splices(before, edited->splices, edited->content);
        ASSERT_TRUE(reversal.all(SpliceFate::intact)) << edits.dump();
        ASSERT_EQ(reversal.content, before) << edits.dump();
        changed += edited->splices.empty() ? 0 : 1;
    }
    EXPECT_GT(changed, 1000U);
}

TEST(RandomEdits, leaveForeignLinesAlone) {
    RandomTexts random(seed_of_this_run());
    std::size_t taken_back = 0;
    for (int round = 0; round < 3000; ++round) {
        Bytes before = random.text();
        if (!before.empty() && before.back() != '\n') before += "\n";
        const auto edited = apply_text_edits(random.edits(), before);
        ASSERT_TRUE(edited.ok());
        // Somebody puts lines at the top and at the bottom.
        const SpliceReversal reversal =
            reverse_splices(before, edited->splices, "top\n" + edited->content + "bottom\n");
        if (edited->content.empty() || !reversal.all(SpliceFate::intact)) continue;
        ASSERT_EQ(reversal.content, "top\n" + before + "bottom\n");
        ++taken_back;
    }
    EXPECT_GT(taken_back, 2500U);
}

}  // namespace
}  // namespace backout
