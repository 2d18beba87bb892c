#include "base/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace backout {
namespace {

std::string all_bytes() {
    std::string bytes;
    for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
    return bytes;
}

TEST(Hex, WritesLowerCaseAndReadsBothCases) {
    EXPECT_EQ(to_hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
    EXPECT_EQ(from_hex("00FF1a").value(), std::string("\x00\xff\x1a", 3));
    EXPECT_EQ(from_hex(to_hex(all_bytes())).value(), all_bytes());
    EXPECT_EQ(from_hex("").value(), "");
}

TEST(Hex, RefusesOddLengthAndForeignCharacters) {
    EXPECT_EQ(from_hex("abc").error().code, ErrorCode::invalid);
    const auto foreign = from_hex("00g0");
    ASSERT_FALSE(foreign.ok());
    EXPECT_EQ(foreign.error().code, ErrorCode::invalid);
    EXPECT_NE(foreign.error().message.find("offset 2"), std::string::npos);
}

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(to_base64(plain), encoded);
        EXPECT_EQ(from_base64(encoded).value(), plain);
    }
}

TEST(Base64, BringsEveryRandomStringBack) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (std::size_t length = 0; length < 300; ++length) {
        std::string bytes;
        for (std::size_t index = 0; index < length; ++index) bytes += static_cast<char>(random() & 0xffU);
        ASSERT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    }
}

TEST(Base64, SkipsWhiteSpace) {
    EXPECT_EQ(from_base64(" Zm9v\r\nYmFy\t").value(), "foobar");
}

TEST(Base64, RefusesWhatIsNotBase64) {
    for (const char* text : {"Zg", "Zg=", "Zg==Zg==", "Z===", "=", "Zm9v!", "Zm9-", "Zm=v", "Zh==", "Zm9="}) {
        const auto result = from_base64(text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_EQ(result.error().code, ErrorCode::invalid) << text;
    }
}

TEST(Utf8, AcceptsWellFormedTextOfEveryLength) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("plain"));
    EXPECT_TRUE(is_utf8("\u00e4\u20ac\U0001F600"));
    EXPECT_TRUE(is_utf8("\xed\x9f\xbf\xee\x80\x80"));  // U+D7FF and U+E000, either side of the surrogates
    EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));          // U+10FFFF
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndTornSequences) {
    for (const char* text : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2", "\xff", "a\xc3"}) {
        EXPECT_FALSE(is_utf8(text)) << to_hex(text);
    }
}

TEST(Printable, LeavesReadableTextAlone) {
    EXPECT_EQ(printable("a b \u00e4\u20ac\U0001F600 \\ ~"), "a b \u00e4\u20ac\U0001F600 \\ ~");
}

TEST(Printable, EscapesControlCharactersAndInvalidBytes) {
    EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    EXPECT_EQ(printable("\x1b[31m"), "\\x1b[31m");
    EXPECT_EQ(printable(std::string_view("\0\x7f\xff", 3)), "\\x00\\x7f\\xff");
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
}

TEST(Printable, EscapesWhatWouldSteerATerminalThoughItIsWellFormed) {
    EXPECT_EQ(printable("\u009b2J"), "\\xc2\\x9b2J");
    EXPECT_EQ(printable("\u202egpj.exe"), "\\xe2\\x80\\xaegpj.exe");
    EXPECT_EQ(printable("\u2066"), "\\xe2\\x81\\xa6");
}

}  // namespace
}  // namespace backout
