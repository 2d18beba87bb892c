#include "manifest/reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "manifest/cursor.h"
#include "manifest_testing.h"

namespace backout {
namespace {

std::string problem_of(const std::string& text, const ReaderLimits& limits = {}) {
    ManifestErrors errors;
    errors.source_name = "f";
    const auto node = read_node(text, errors, limits);
    EXPECT_EQ(node.has_value(), errors.empty());
    return errors.text();
}

TEST(Reader, ReadsEveryTypeOfValue) {
    const Json expected = Json::parse(
        R"({"n":null,"t":true,"f":false,"i":-7,"u":18446744073709551615,"r":-1.5e3,"s":"a\"\\\/\b\f\n\r\té€😀","l":[],"o":{}})");
    const Node node = node_of(
        R"({"n":null,"t":true,"f":false,"i":-7,"u":18446744073709551615,"r":-1.5e3,"s":"a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00","l":[],"o":{}})");
    EXPECT_EQ(node.to_json(), expected);
}

TEST(Reader, SkipsCommentsBlanksAndAByteOrderMark) {
    const Node node = node_of(
        "\xEF\xBB\xBF// first\r\n { /* a * b / c */ \"a\" // one\n : /**/ [ 1, //x\n 2 ] } /* end */ // no line break");
    EXPECT_EQ(node.to_json(), Json::parse(R"({"a":[1,2]})"));
    EXPECT_EQ(node.position(), (Position{2, 2}));
}

TEST(Reader, CommentSignsInStringsAreText) {
    EXPECT_EQ(node_of(R"(["http://a/*b*/"])").to_json(), Json::array({"http://a/*b*/"}));
}

TEST(Reader, KeepsTheOrderAndPlacesOfMembers) {
    const Node node = node_of("{\n  \"zeta\": 1,\n  \"alpha\": {\"é\": \"x\"}\n}");
    ASSERT_EQ(node.members().size(), 2U);
    EXPECT_EQ(node.members()[0].key, "zeta");
    EXPECT_EQ(node.members()[0].position, (Position{2, 3}));
    EXPECT_EQ(node.members()[1].value.members()[0].value.position(), (Position{3, 18}));
}

TEST(Reader, CountsColumnsInCharacters) {
    EXPECT_EQ(problem_of("{\"é€😀\": ?}"), "f:1:9: unexpected '?': a value was expected\n");
}

TEST(Reader, FindsTheWayBackThroughEscapes) {
    const Node node = node_of(R"(  "a\n\u00e9\ud83d\ude00xé$")");
    const std::size_t dollar = node.text().find('$');
    EXPECT_EQ(node.position(), (Position{1, 3}));
    EXPECT_EQ(node.position_at(0), (Position{1, 4}));
    EXPECT_EQ(node.position_at(1), (Position{1, 5}));
    EXPECT_EQ(node.position_at(2), (Position{1, 7}));
    EXPECT_EQ(node.position_at(dollar), (Position{1, 27}));
    EXPECT_EQ(node.position_at(99999), (Position{1, 28}));
}

struct BadText {
    const char* text;
    const char* problem;
};

class ReaderOnBadText : public testing::TestWithParam<BadText> {};

TEST_P(ReaderOnBadText, SaysWhereAndHowToMendIt) {
    EXPECT_EQ(problem_of(GetParam().text), std::string("f:") + GetParam().problem + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, ReaderOnBadText,
    testing::Values(
        BadText{"", "1:1: there is nothing in it: an object { … } was expected"},
        BadText{" // only this", "1:14: there is nothing in it: an object { … } was expected"},
        BadText{"{\"a\": 1,}", "1:8: a comma before the closing '}': take it away"},
        BadText{"[1,\n2,\n]", "2:2: a comma before the closing ']': take it away"},
        BadText{"{\"a\": 1 \"b\": 2}", "1:9: unexpected '\"': ',' or '}' was expected"},
        BadText{"{\"a\" 1}", "1:6: unexpected '1': ':' after the key was expected"},
        BadText{"{a: 1}", "1:2: keys stand in double quotes: \"key\""},
        BadText{"{'a': 1}", "1:2: keys stand in double quotes: \"key\""},
        BadText{"['a']", "1:2: strings stand in double quotes"},
        BadText{"[1", "1:3: the text ends here, but ',' or ']' was expected"},
        BadText{"[", "1:2: the text ends here, but a value was expected"},
        BadText{"{", "1:2: the text ends here, but a key in double quotes or '}' was expected"},
        BadText{"[\"a", "1:4: the text ends inside a string: its closing quote is missing"},
        BadText{"[\"a\nb\"]", "1:4: the string has no closing quote on this line; a line break in it is written \\n"},
        BadText{"[\"a\tb\"]", "1:4: a tab in a string is written \\t"},
        BadText{"[\"\x01\"]", "1:3: the control character 0x01 in a string is written \\u0001"},
        BadText{"[\"a\\x\"]", "1:4: unknown escape: a backslash itself is written \\\\"},
        BadText{"[\"\\u12g4\"]", "1:3: four hex digits were expected after \\u"},
        BadText{"[\"x\\ud83d\"]",
                "1:4: a lone high surrogate: its second half, \\uDC00 to \\uDFFF, was expected after it"},
        BadText{"[\"\\ud83d\\u0041\"]",
                "1:3: a lone high surrogate: its second half, \\uDC00 to \\uDFFF, was expected after it"},
        BadText{"[\"\\ude00\"]", "1:3: a lone low surrogate: no character"},
        BadText{"[\"a\xFF\"]",
                "1:4: the byte 0xff in this string is not UTF-8: contents that aren't text go in as content_base64"},
        BadText{"[\"\xC0\xAF\"]",
                "1:3: the byte 0xc0 in this string is not UTF-8: contents that aren't text go in as content_base64"},
        BadText{"[\"\xED\xA0\x80\"]",
                "1:3: the byte 0xed in this string is not UTF-8: contents that aren't text go in as content_base64"},
        BadText{"// \xFF\n1", "1:4: the byte 0xff in this comment is not UTF-8"},
        BadText{"\xFF\xFE{", "1:1: this is UTF-16: save it as UTF-8"},
        BadText{"[\x80]", "1:2: the byte 0x80 is not UTF-8"}, BadText{"[NaN]", "1:2: NaN is no value of JSON"},
        BadText{"[-Infinity]", "1:2: infinity and NaN are no numbers of JSON"},
        BadText{"[True]", "1:2: unexpected word 'True': true, false, null, or a string in double quotes was expected"},
        BadText{"[0644]", "1:2: numbers have no leading zeros; a file mode is a string: \"0644\""},
        BadText{"[+1]", "1:2: numbers have no leading '+'"}, BadText{"[.5]", "1:2: a number begins with a digit"},
        BadText{"[1.]", "1:2: a digit was expected after the point"},
        BadText{"[1e]", "1:2: a digit was expected in the exponent"},
        BadText{"[0x10]", "1:2: this is not a number of JSON"},
        BadText{"[18446744073709551616]", "1:2: this number doesn't fit into 64 bits: write it as a string"},
        BadText{"[-9223372036854775809]", "1:2: this number doesn't fit into 64 bits: write it as a string"},
        BadText{"[1e999]", "1:2: this number is out of range"},
        BadText{"{} {}", "1:4: unexpected '{': the end of the text was expected"},
        BadText{"{ /* no end", "1:3: this comment has no end: close it with */"},
        BadText{"# comment\n{}", "1:1: comments begin with //, not with #"},
        BadText{"[/]", "1:2: unexpected '/': a value was expected"}));

TEST(Reader, ReportsEveryDoubledKeyWithItsFirstPlace) {
    EXPECT_EQ(problem_of("{\"a\": 1, \"b\": {\"c\": 1,\n \"c\": 2}, \"a\": 3, \"\\u0061\": 4}"),
              "f:2:2: the key 'c' is given twice; first at 1:16\n"
              "f:2:11: the key 'a' is given twice; first at 1:2\n"
              "f:2:19: the key 'a' is given twice; first at 1:2\n");
}

TEST(Reader, BoundsDepthBytesAndValues) {
    ReaderLimits limits;
    limits.depth = 3;
    EXPECT_EQ(problem_of("[[{}]]", limits), "");
    EXPECT_EQ(problem_of("[[{\"a\":[]}]]", limits), "f:1:8: nested too deeply: at most 3 levels\n");
    limits = ReaderLimits{};
    limits.bytes = 4;
    EXPECT_EQ(problem_of("[1,2]", limits), "f: is too long: 5 bytes, at most 4 are read\n");
    limits = ReaderLimits{};
    limits.values = 3;
    EXPECT_EQ(problem_of("[1,2,3]", limits), "f:1:6: too many values: at most 3\n");
}

TEST(Reader, SixtyFourLevelsAreReadAndOneMoreIsRefused) {
    EXPECT_EQ(problem_of(std::string(64, '[') + std::string(64, ']')), "");
    EXPECT_EQ(problem_of(std::string(100'000, '[')), "f:1:65: nested too deeply: at most 64 levels\n");
}

TEST(Reader, AZeroByteIsNoEnd) {
    EXPECT_EQ(problem_of(std::string("[1\0]", 4)), "f:1:3: unexpected '\\x00': ',' or ']' was expected\n");
}

TEST(Utf8Length, FollowsTheStandard) {
    EXPECT_EQ(utf8_length("a"), 1U);
    EXPECT_EQ(utf8_length("\xC3\xA9"), 2U);
    EXPECT_EQ(utf8_length("\xE2\x82\xAC"), 3U);
    EXPECT_EQ(utf8_length("\xF0\x9F\x98\x80"), 4U);
    for (const char* bad : {"", "\x80", "\xC3", "\xC1\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xE2\x82"}) {
        EXPECT_EQ(utf8_length(bad), 0U) << bad;
    }
}

TEST(ManifestErrors, AreSortedByPlaceAndBounded) {
    ManifestErrors errors;
    errors.source_name = "f";
    errors.add({9, 1}, "last");
    errors.add({1, 20}, "second");
    errors.add({1, 3}, "first");
    EXPECT_EQ(errors.text(), "f:1:3: first\nf:1:20: second\nf:9:1: last\n");
    for (int count = 0; count < 200; ++count) errors.add({10, 1}, "more");
    EXPECT_EQ(errors.problems.size(), ManifestErrors::kMaximum);
    EXPECT_NE(errors.text().find("f: and 103 more\n"), std::string::npos);
}

TEST(InQuotes, IsPrintableAndShort) {
    EXPECT_EQ(in_quotes("a\x1b[31m"), "'a\\x1b[31m'");
    const std::string cut = in_quotes(std::string(79, 'a') + "é");
    EXPECT_EQ(cut, "'" + std::string(79, 'a') + "…'");
}

}  // namespace
}  // namespace backout
