#include "compensators/text_edit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

Bytes edited(const Json& edits, const Bytes& content) {
    EXPECT_EQ(validate_text_edits(edits), std::vector<std::string>());
    const auto result = apply_text_edits(edits, content);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    if (!result.ok()) return "(error)";
    EXPECT_EQ(apply_splices(content, result->splices), result->content);
    const auto again = apply_text_edits(edits, result->content);
    EXPECT_TRUE(again.ok()) << (again.ok() ? "" : again.error().text());
    if (again.ok()) {
        EXPECT_EQ(again->content, result->content) << "doesn't converge: " << edits.dump();
    }
    return result->content;
}

Json one(const Json& edit) {
    return Json::array({edit});
}

std::string error_of(const Json& edit, const Bytes& content) {
    const auto result = apply_text_edits(one(edit), content);
    EXPECT_FALSE(result.ok());
    return result.ok() ? "" : result.error().text();
}

TEST(EditLine, addsAtTheEndUnlessItIsThere) {
    EXPECT_EQ(edited(one({{"line", "b"}}), "a\n"), "a\nb\n");
    EXPECT_EQ(edited(one({{"line", "a"}}), "a\n"), "a\n");
    EXPECT_EQ(edited(one({{"line", "a"}}), ""), "a\n");
    EXPECT_EQ(edited(one({{"line", "a"}}), "aa\n a\n"), "aa\n a\na\n");
}

TEST(EditLine, keepsLineEndsAndAMissingLastNewline) {
    EXPECT_EQ(edited(one({{"line", "b"}}), "a\r\nc\r\n"), "a\r\nc\r\nb\r\n");
    EXPECT_EQ(edited(one({{"line", "b"}}), "a"), "a\nb");
    EXPECT_EQ(edited(one({{"line", "b"}, {"after", "^a"}}), "a\r\nc"), "a\r\nb\r\nc");
}

TEST(EditLine, goesAfterTheLastOrBeforeTheFirstMatch) {
    EXPECT_EQ(edited(one({{"line", "x"}, {"after", "^a"}}), "a1\na2\nb\n"), "a1\na2\nx\nb\n");
    EXPECT_EQ(edited(one({{"line", "x"}, {"before", "^b"}}), "a\nb\nb\n"), "a\nx\nb\nb\n");
    EXPECT_NE(error_of({{"line", "x"}, {"after", "^q"}}, "a\n").find("no line matches '^q'"), std::string::npos);
}

TEST(EditLine, replacesTheOneLineThatMatches) {
    EXPECT_EQ(edited(one({{"line", "p 2"}, {"match", "^p "}}), "a\np 1\nb\n"), "a\np 2\nb\n");
    EXPECT_EQ(edited(one({{"line", "p 2"}, {"match", "^p "}}), "a\n"), "a\np 2\n");
    EXPECT_EQ(edited(one({{"line", "p 2"}, {"match", "^p "}}), "p 1\r\n"), "p 2\r\n");
    EXPECT_NE(error_of({{"line", "p 2"}, {"match", "^p "}}, "p 1\nx\np 3\n").find("lines 1 and 3"), std::string::npos);
}

TEST(EditLine, removesAllEqualOrMatchingLines) {
    EXPECT_EQ(edited(one({{"line", "a"}, {"state", "absent"}}), "a\nb\na\nab\n"), "b\nab\n");
    EXPECT_EQ(edited(one({{"match", "^a"}, {"state", "absent"}}), "a\r\nb\r\nab"), "b\r\n");
}

TEST(EditLine, leavesAllOtherBytesAlone) {
    const Bytes content(
        "\xEF\xBB\xBF"
        "a\0\xff\r\nb\nc",
        11);
    Bytes wanted = content;
    wanted.replace(content.find('b'), 1, "B");
    EXPECT_EQ(edited(one({{"line", "B"}, {"match", "^b$"}}), content), wanted);
}

TEST(EditRegex, replacesEveryMatchAndCounts) {
    EXPECT_EQ(edited(one({{"regex", "^Port .*"}, {"replace", "Port 22"}, {"count", 1}}), "x\nPort 2222\ny\n"),
              "x\nPort 22\ny\n");
    EXPECT_EQ(edited(one({{"regex", "^Port .*"}, {"replace", "Port 22"}, {"count", 1}}), "Port 22\r\n"), "Port 22\r\n");
    EXPECT_EQ(edited(one({{"regex", "(\\w)=(\\w)"}, {"replace", "\\2:\\1"}}), "a=b c=d"), "b:a d:c");
    EXPECT_NE(error_of({{"regex", "x"}, {"replace", "y"}, {"count", 2}}, "x a").find("matches 1 times, expected 2"),
              std::string::npos);
}

TEST(EditRegex, whatLooksReplacedAlreadyCounts) {
    EXPECT_EQ(edited(one({{"regex", "foo"}, {"replace", "bar"}, {"count", 2}}), "foo bar"), "bar bar");
    EXPECT_EQ(edited(one({{"regex", "foo"}, {"replace", "bar"}, {"count", 1}}), "bar"), "bar");
    EXPECT_EQ(edited(one({{"regex", "foo (\\d)"}, {"replace", "bar \\1"}, {"count", 1}}), "bar 7"), "bar 7");
    EXPECT_EQ(edited(one({{"regex", "foo"}, {"replace", ""}, {"count", 1}}), "a"), "a");
    error_of({{"regex", "foo"}, {"replace", "bar"}, {"count", 1}}, "other");
}

TEST(EditRegex, anyNumberWillDoWithoutCountAndNoneIsAWarning) {
    const auto result = apply_text_edits(one({{"regex", "foo"}, {"replace", "bar"}}), "x");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->warnings.size(), 1U);
}

TEST(EditRegex, seesTheFirstLineBehindAByteOrderMark) {
    EXPECT_EQ(edited(one({{"regex", "^a"}, {"replace", "b"}}),
                     "\xEF\xBB\xBF"
                     "a"),
              "\xEF\xBB\xBF"
              "b");
}

TEST(EditBlock, putsInChangesAndRemoves) {
    const Json block = {{"block", "one\ntwo\n"}, {"marker", "// {mark} me"}};
    const Bytes with = edited(one(block), "a\r\n");
    EXPECT_EQ(with, "a\r\n// BEGIN me\r\none\r\ntwo\r\n// END me\r\n");
    EXPECT_EQ(edited(one({{"block", "three"}, {"marker", "// {mark} me"}}), with),
              "a\r\n// BEGIN me\r\nthree\r\n// END me\r\n");
    EXPECT_EQ(edited(one({{"block", ""}, {"marker", "// {mark} me"}, {"state", "absent"}}), with), "a\r\n");
    EXPECT_EQ(edited(one({{"block", "x"}}), "a"), "a\n# BEGIN backout\nx\n# END backout");
    EXPECT_EQ(edited(one({{"block", ""}, {"before", "^b"}}), "a\nb\n"), "a\n# BEGIN backout\n# END backout\nb\n");
    error_of({{"block", "x"}}, "# BEGIN backout\n");
    error_of({{"block", "x"}}, "# END backout\n# BEGIN backout\n");
}

Json ini(const Json& what) {
    return one({{"ini", what}});
}

TEST(EditIni, changesOnlyTheValue) {
    EXPECT_EQ(edited(ini({{"section", "b"}, {"key", "k"}, {"value", "2"}}), "[a]\nk=0\n[b]\n  k\t=  1  \n"),
              "[a]\nk=0\n[b]\n  k\t=  2  \n");
    EXPECT_EQ(edited(ini({{"key", "k"}, {"value", "2"}}), "k: 1\n[s]\nk=3\n"), "k: 2\n[s]\nk=3\n");
    EXPECT_EQ(edited(ini({{"section", "b"}, {"key", "k"}, {"value", "v"}}), "[b]\nk =\n"), "[b]\nk =v\n");
    EXPECT_EQ(edited(ini({{"section", "b"}, {"key", "k"}, {"value", "2"}}), "[b] ; main\nk=1\n"), "[b] ; main\nk=2\n");
}

TEST(EditIni, addsKeysAndSectionsInTheFilesStyle) {
    EXPECT_EQ(edited(ini({{"section", "a"}, {"key", "n"}, {"value", "1"}}), "[a]\nk=0\n\n[b]\nx=1\n"),
              "[a]\nk=0\nn=1\n\n[b]\nx=1\n");
    EXPECT_EQ(edited(ini({{"section", "c"}, {"key", "n"}, {"value", "1"}}), "[a]\r\nk = 0\r\n"),
              "[a]\r\nk = 0\r\n\r\n[c]\r\nn = 1\r\n");
    EXPECT_EQ(edited(ini({{"section", "c"}, {"key", "n"}, {"value", "1"}}), ""), "[c]\nn = 1\n");
    EXPECT_EQ(edited(ini({{"section", "a"}, {"key", "n"}, {"value", "1"}}), "[a]"), "[a]\nn = 1");
    EXPECT_EQ(edited(ini({{"key", "n"}, {"value", "1"}}), "# c\n\n[a]\n"), "# c\nn = 1\n\n[a]\n");
    EXPECT_EQ(edited(ini({{"section", "s"}, {"key", "n"}, {"value", "1"}}), "[s]\n;n = 2\n#n = 3\n"),
              "[s]\n;n = 2\n#n = 3\nn = 1\n");
}

TEST(EditIni, removesKeysAndRefusesDoubledOnes) {
    EXPECT_EQ(edited(ini({{"section", "a"}, {"key", "k"}, {"state", "absent"}}), "[a]\nk=1\nl=2\nk=3\n"), "[a]\nl=2\n");
    error_of({{"ini", {{"section", "a"}, {"key", "k"}, {"value", "2"}}}}, "[a]\nk=1\nk=3\n");
}

TEST(TextEdits, followOneAnotherAsOneListOfSplices) {
    const Json edits =
        Json::array({{{"line", "b"}}, {{"regex", "b"}, {"replace", "cc"}}, {{"line", "a"}, {"state", "absent"}}});
    const auto result = apply_text_edits(edits, "a\nx\n");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->content, "x\ncc\n");
    EXPECT_EQ(result->splices, (std::vector<Splice>{{0, "a\n", ""}, {4, "", "cc\n"}}));
}

TEST(TextEdits, refuseUtf16) {
    error_of({{"line", "a"}}, Bytes("\xFF\xFE"
                                    "a\0",
                                    4));
}

TEST(ValidateTextEdits, namesEachMistake) {
    for (const char* text :
         {R"([])", R"({})", R"([{}])", R"([{"line":"a","regex":"b"}])", R"([{"line":"a\nb"}])",
          R"([{"line":"a","after":"("}])", R"([{"line":"a","after":"a","before":"b"}])", R"([{"regex":"a"}])",
          R"([{"regex":"a","replace":"b","count":-1}])", R"([{"block":"a","marker":"x"}])",
          R"([{"block":"a"},{"block":"b"}])", R"([{"ini":{"section":"s"}}])", R"([{"ini":{"key":"s"}}])",
          R"([{"lime":"a"}])", R"([{"line":"a","state":"gone"}])", R"(["line"])"}) {
        EXPECT_FALSE(validate_text_edits(Json::parse(text)).empty()) << text;
    }
}

}  // namespace
}  // namespace backout
