#include "compensators/pattern.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

Pattern compiled(const std::string& text) {
    auto pattern = Pattern::compile(text);
    EXPECT_TRUE(pattern.ok()) << text;
    return std::move(pattern).value();
}

TEST(Pattern, anchorsStandAtLinesAndLeaveCarriageReturnsAlone) {
    const std::string text = "Host a\r\nPort 22 \r\nEnd";
    const auto match = compiled("^Port .*$").find(text);
    ASSERT_TRUE(match.ok() && *match);
    EXPECT_EQ(text.substr((*match)->begin, (*match)->end - (*match)->begin), "Port 22 ");
}

TEST(Pattern, matchesWholeCharactersInUtf8AndBytesElsewhere) {
    const auto in_utf8 = compiled("^caf.$").matches("caf\xc3\xa9");
    ASSERT_TRUE(in_utf8.ok());
    EXPECT_TRUE(*in_utf8);
    const auto in_latin = compiled("^caf.$").matches("caf\xe9");
    ASSERT_TRUE(in_latin.ok());
    EXPECT_TRUE(*in_latin);
}

TEST(Pattern, findsAllMatchesAlsoEmptyOnes) {
    const auto matches = compiled("x*").find_all("ax\xc3\xa9");
    ASSERT_TRUE(matches.ok());
    EXPECT_EQ(matches->size(), 4U);  // before a, x, before é, at the end
}

TEST(Pattern, saysWhatIsWrongAndWhere) {
    const auto pattern = Pattern::compile("a(b");
    ASSERT_FALSE(pattern.ok());
    EXPECT_EQ(pattern.error().code, ErrorCode::invalid);
    EXPECT_NE(pattern.error().message.find("a(b"), std::string::npos);
}

TEST(Pattern, endsSearchesWithoutEnd) {
    const auto found = compiled("^(a+)+$").matches(std::string(5000, 'a') + "b");
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, ErrorCode::invalid);
}

TEST(Pattern, expandsGroupsInReplacements) {
    const std::string text = "key=value";
    const auto match = compiled("(\\w+)=(\\w+)").find(text);
    ASSERT_TRUE(match.ok() && *match);
    EXPECT_EQ(*expand_replacement("\\2=\\1 \\\\ \\0", text, **match), "value=key \\ key=value");
    EXPECT_FALSE(expand_replacement("\\7", text, **match).ok());
    EXPECT_FALSE(expand_replacement("\\q", text, **match).ok());
}

}  // namespace
}  // namespace backout
