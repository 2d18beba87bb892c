#include "base/secret_words.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace backout {
namespace {

constexpr const char* kKey = "-----BEGIN-----\nMIIsecretline1\n  MIIsecret\tline2\r\n-----END-----\n";

SecretWords words_of(const std::string& secret) {
    SecretWords words;
    words.add(secret);
    return words;
}

TEST(SecretWords, AreMaskedWholeAndLineByLine) {
    const SecretWords words = words_of(kKey);
    EXPECT_EQ(words.masked(kKey), "(secret)");
    EXPECT_EQ(words.masked("a MIIsecretline1 b"), "a (secret) b");
    EXPECT_EQ(words.masked("MIIsecret\tline2"), "(secret)");
}

TEST(SecretWords, AreMaskedInTheFormsThatTextsAreBroughtInto) {
    const SecretWords words = words_of(kKey);
    EXPECT_EQ(words.masked("-----BEGIN----- | MIIsecretline1 | MIIsecret\\tline2 | -----END-----"), "(secret)");
    EXPECT_EQ(words.masked("{\"a\":\"-----BEGIN-----\\nMIIsecretline1\\n\"}"), "{\"a\":\"(secret)\\n(secret)\\n\"}");
    EXPECT_EQ(words.masked("MIIsecret\\tline2"), "(secret)");
    EXPECT_EQ(words.masked(to_base64(kKey)), "(secret)");
}

TEST(SecretWords, AreMaskedWhereATextWasCutOff) {
    const SecretWords words = words_of("a-long-secret-of-one-line");
    EXPECT_EQ(words.masked("said: ...of-one-line"), "said: ...(secret)");
    EXPECT_EQ(words.masked("said: a-long-se..."), "said: (secret)...");
    EXPECT_EQ(words.masked("and so on... a-long-time"), "and so on... a-long-time");
}

TEST(SecretWords, OfWhichOneHoldsTheOtherLeaveNothingBehind) {
    SecretWords words = words_of("inner");
    words.add("outer-inner-outer");
    words.add("inner-overlap");
    EXPECT_EQ(words.masked("outer-inner-outer inner outer-inner-overlap"), "(secret) (secret) outer-(secret)");
}

TEST(SecretWords, TooShortOnesWouldGarbleEverything) {
    EXPECT_TRUE(words_of("ab").empty());
    EXPECT_EQ(words_of("{\n}\nlong-enough\n").masked("{}"), "{}");
    EXPECT_EQ(words_of(" \n \n").masked("x | y"), "x | y");
}

}  // namespace
}  // namespace backout
