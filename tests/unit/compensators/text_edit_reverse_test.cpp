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

// ---- copies of our own text ----------------------------------------------------------------------------------------

Json ini_edit(const std::string& section, const std::string& key, const std::string& value) {
    return Json::array({{{"ini", {{"section", section}, {"key", key}, {"value", value}}}}});
}

Json ini_removal(const std::string& section, const std::string& key) {
    return Json::array({{{"ini", {{"section", section}, {"key", key}, {"state", "absent"}}}}});
}

SpliceReversal reverse_ini(const Bytes& before, const Json& edits, const Bytes& current) {
    return reverse_splices(before, split_insertions(before, splices_of(edits, before)), current, TextSort::ini);
}

TEST(ReverseIni, looksForTheKeyInItsSection) {
    const SpliceReversal reversal =
        reverse_ini("[s]\nk=1\n", ini_edit("s", "k", "2"), "[s]\nj=0\nk=2\nl=3\n[t]\nk=2\n");
    EXPECT_TRUE(reversal.all(SpliceFate::intact));
    EXPECT_EQ(reversal.content, "[s]\nj=0\nk=1\nl=3\n[t]\nk=2\n");
}

TEST(ReverseIni, anotherSectionsKeyIsNotOurs) {
    const Bytes current = "[s]\nx=1\n[t]\nk=2\n";
    const SpliceReversal reversal = reverse_ini("[s]\nk=1\n", ini_edit("s", "k", "2"), current);
    EXPECT_TRUE(reversal.all(SpliceFate::changed));
    EXPECT_EQ(reversal.content, current);
}

TEST(ReverseIni, findsAKeyThatMovedInItsSection) {
    const SpliceReversal reversal =
        reverse_ini("[s]\nk=1\nj=0\n", ini_edit("s", "k", "2"), "[t]\nk=2\n[s]\nj=0\nk=2\n");
    EXPECT_EQ(reversal.content, "[t]\nk=2\n[s]\nj=0\nk=1\n");
}

TEST(ReverseIni, putsARemovedKeyBackIntoItsSection) {
    const Json edits = ini_removal("s", "k");
    const Bytes before = "[s]\na=1\nk=2\n[t]\nx=1\n";
    EXPECT_EQ(reverse_ini(before, edits, "[s]\n[u]\nz=1\n[t]\nx=1\n").content, "[s]\nk=2\n[u]\nz=1\n[t]\nx=1\n");
    // It is there again with another value: not ours to double.
    const Bytes other = "[s]\na=1\nb=1\nk=9\n[t]\nx=1\n";
    EXPECT_TRUE(reverse_ini(before, edits, other).all(SpliceFate::changed));
    EXPECT_EQ(reverse_ini(before, edits, other).content, other);
    // Its section is gone.
    EXPECT_TRUE(reverse_ini(before, edits, "[t]\nx=1\n").all(SpliceFate::changed));
}

TEST(ReverseIni, aHeaderThatOthersWroteBelowStays) {
    for (const Bytes& before : {Bytes("a=1\n"), Bytes("a=1"), Bytes()}) {
        const Json edits = ini_edit("s", "k", "v");
        const auto edited = apply_text_edits(edits, before);
        ASSERT_TRUE(edited.ok());
        const Bytes end = !before.empty() && before.back() != '\n' ? "\n" : "";
        const SpliceReversal reversal = reverse_ini(before, edits, edited->content + end + "other=1\n");
        EXPECT_EQ(reversal.fates, (std::vector<SpliceFate>{SpliceFate::adopted, SpliceFate::intact})) << before;
        EXPECT_EQ(reversal.content.substr(reversal.content.find('[')), "[s]\nother=1\n") << before;
        EXPECT_EQ(reverse_ini(before, edits, edited->content + end + "[t]\nk=1\n").content,
                  before + end + "[t]\nk=1\n");
    }
}

TEST(ReverseIni, aKeyOfOursThatSomebodyRemovedIsUndone) {
    EXPECT_TRUE(reverse_ini("[s]\na=1\n", ini_edit("s", "k", "2"), "[s]\na=1\nb=1\n").all(SpliceFate::undone));
}

TEST(ReverseSplices, aCopyOfOurLineMakesItsPlaceAConflict) {
    const Json edits = Json::array({{{"regex", "^Port .*"}, {"replace", "Port 22"}, {"count", 1}}});
    const Bytes before = "a\nPort 80\n";
    for (const Bytes& current : {Bytes("a\nx\nPort 22\ny\nMatch\nPort 22\n"), Bytes("a\nPort 22\nPort 22\n")}) {
        const SpliceReversal reversal = reverse_splices(before, splices_of(edits, before), current);
        EXPECT_TRUE(reversal.all(SpliceFate::changed)) << current;
        EXPECT_EQ(reversal.content, current);
    }
    // The lines around it tell which one is ours.
    const Bytes around = "a\nPort 80\nb\n";
    EXPECT_EQ(reverse_splices(around, splices_of(edits, around), "a\nPort 22\nb\nMatch\nPort 22\n").content,
              "a\nPort 80\nb\nMatch\nPort 22\n");
    // Ours is gone or moved; the other may be somebody's own.
    EXPECT_TRUE(reverse_splices(around, splices_of(edits, around), "a\nb\nMatch\nPort 22\n").all(SpliceFate::changed));
}

TEST(ReverseSplices, aCopyOfTheLinesAroundARemovalMakesItsPlaceAConflict) {
    const Bytes before = "a\nb\nc\n";
    const auto splices = splices_of(Json::array({{{"line", "b"}, {"state", "absent"}}}), before);
    EXPECT_TRUE(reverse_splices(before, splices, "a\nc\nx\na\nc\n").all(SpliceFate::changed));
}

TEST(ReverseSplices, aPartOfALineComesBackIntoThatLine) {
    const auto splices = splices_of(Json::array({{{"regex", "^foo"}, {"replace", ""}}}), "a\nfoobar\n");
    EXPECT_EQ(reverse_splices("a\nfoobar\n", splices, "a\nx\nbar\n").content, "a\nx\nfoobar\n");
}

TEST(ReverseSplices, aLineThatComesBackKeepsALineOfItsOwn) {
    const Json edits = Json::array({{{"line", "b"}, {"state", "absent"}}});
    EXPECT_EQ(reverse_splices("a\nb\n", splices_of(edits, "a\nb\n"), "a").content, "a\nb");
    EXPECT_EQ(reverse_splices("a\nb", splices_of(edits, "a\nb"), "a\nc\n").content, "a\nb\nc\n");
}

TEST(ReverseSplices, largeTextsGoByTheLinesThatStandOnce) {
    Bytes before = "[top]\nPort 80\n";
    for (int line = 0; line < 3000; ++line) before += std::to_string(line) + "\n";
    const auto splices = splices_of(Json::array({{{"regex", "^Port .*"}, {"replace", "Port 22"}}}), before);
    const Bytes ours = apply_splices(before, splices);
    EXPECT_EQ(reverse_splices(before, splices, "x\n" + ours + "Port 22\n").content, "x\n" + before + "Port 22\n");
    const Bytes doubled = "x\n[top]\nnew\nPort 22\nnew\nPort 22\nnew\n" + ours.substr(14);
    EXPECT_TRUE(reverse_splices(before, splices, doubled).all(SpliceFate::changed));
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

/// Lines, and for each the splice that wrote it (or kNobody).
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
struct OwnedLine {
    Bytes text;
    std::size_t owner = kNobody;
};

std::vector<OwnedLine> owned_lines(const TextEdited& edited) {
    std::vector<OwnedLine> lines;
    for (const TextLine& line : split_lines(edited.content)) {
        OwnedLine owned{edited.content.substr(line.begin, line.end - line.begin)};
        std::size_t shift = 0;
        for (std::size_t index = 0; index < edited.splices.size(); ++index) {
            const Splice& splice = edited.splices[index];
            const std::size_t begin = splice.offset + shift;
            if (begin < line.end && begin + splice.inserted.size() > line.begin) owned.owner = index;
            shift += splice.inserted.size() - splice.removed.size();
        }
        lines.push_back(std::move(owned));
    }
    return lines;
}

Bytes joined(const std::vector<OwnedLine>& lines) {
    Bytes text;
    for (const OwnedLine& line : lines) text += line.text;
    return text;
}

/// Whole lines of few words become others: every splice is whole lines, so what is whose can be reckoned.
Json line_edits(RandomTexts& random) {
    Json list = Json::array();
    const Bytes word = Bytes(1, static_cast<char>('a' + random.below(4)));
    list.push_back({{"regex", "^" + word + "$"}, {"replace", "new"}});
    if (random.below(2) == 0) list.push_back({{"line", "added"}});
    return list;
}

Bytes few_words(RandomTexts& random) {
    static const char* const kWords[] = {"a", "b", "c", "d", "[s]", "[t]", "e=1", "f=2"};
    Bytes text;
    for (std::size_t count = 1 + random.below(7); count > 0; --count) text += Bytes(kWords[random.below(8)]) + "\n";
    return text;
}

/// Others copy lines of the text, ours among them, to anywhere else.
void copy_lines(std::vector<OwnedLine>& lines, RandomTexts& random) {
    for (std::size_t count = random.below(4); count > 0; --count) {
        const OwnedLine copy{random.below(3) == 0 ? "x\n" : lines[random.below(lines.size())].text};
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(random.below(lines.size() + 1)), copy);
    }
}

/// What taking back the splices that were found must make of the lines.
Bytes without_found(const std::vector<OwnedLine>& lines, const TextEdited& edited, const SpliceReversal& reversal) {
    Bytes text;
    std::vector<bool> replaced(edited.splices.size(), false);
    for (const OwnedLine& line : lines) {
        if (line.owner == kNobody || reversal.fates[line.owner] != SpliceFate::intact) {
            text += line.text;
        } else if (!replaced[line.owner]) {
            replaced[line.owner] = true;
            const Bytes& removed = edited.splices[line.owner].removed;
            text += removed;
            if (!removed.empty() && removed.back() != '\n') text += "\n";
        }
    }
    return text;
}

TEST(RandomEdits, foreignCopiesOfOurTextAreNeverTakenForOurs) {
    RandomTexts random(seed_of_this_run());
    std::size_t taken_back = 0;
    std::size_t conflicts = 0;
    for (int round = 0; round < 5000; ++round) {
        const Bytes before = few_words(random);
        const Json edits = line_edits(random);
        const auto edited = apply_text_edits(edits, before);
        ASSERT_TRUE(edited.ok()) << edited.error().text();
        if (edited->splices.empty()) continue;
        std::vector<OwnedLine> lines = owned_lines(*edited);
        copy_lines(lines, random);
        const Bytes current = joined(lines);
        const SpliceReversal reversal = reverse_splices(before, edited->splices, current);
        ASSERT_EQ(reversal.content, without_found(lines, *edited, reversal)) << "before:\n"
                                                                             << before << "current:\n"
                                                                             << current << edits.dump();
        for (const SpliceFate fate : reversal.fates) {
            taken_back += fate == SpliceFate::intact ? 1 : 0;
            conflicts += fate == SpliceFate::changed ? 1 : 0;
        }
    }
    EXPECT_GT(taken_back, 1500U);
    EXPECT_GT(conflicts, 200U);
}

}  // namespace
}  // namespace backout
