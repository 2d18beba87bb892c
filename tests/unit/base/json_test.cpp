#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

std::string message_of(const std::string& text) {
    const auto result = parse_json(text);
    if (result.ok()) return "accepted";
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
    return result.error().message;
}

TEST(ParseJson, ReadsEveryTypeOfValue) {
    const auto result = parse_json(R"({"a":[null,true,false,-1,18446744073709551615,1.5,"x\u00e4"],"b":{}})");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(dump_canonical(*result), "{\"a\":[null,true,false,-1,18446744073709551615,1.5,\"x\u00e4\"],\"b\":{}}");
    EXPECT_EQ(dump_canonical(parse_json(" 7 ").value()), "7");
}

TEST(ParseJson, KeepsNestedContainersApart) {
    const std::string text = R"([{"a":{"b":[1,[2],{"c":3}]},"d":4},[],{}])";
    EXPECT_EQ(dump_canonical(parse_json(text).value()), text);
}

TEST(ParseJson, RefusesADoubledKeyAndPointsAtTheSecond) {
    EXPECT_EQ(message_of("{\"a\": 1,\n  \"b\": 2, \"a\": 3}"), "line 2, column 11: the key \"a\" is given twice");
    EXPECT_EQ(message_of(R"({"q\"":1,"q\"":2})"), "line 1, column 10: the key \"q\"\" is given twice");
    EXPECT_EQ(message_of(R"({"x":{"a":1},"y":{"a":1}})"), "accepted");
}

TEST(ParseJson, SaysLineAndColumnInCharacters) {
    EXPECT_EQ(message_of("{\n  \"\u00e4\": x}").substr(0, 17), "line 2, column 8:");
    EXPECT_EQ(message_of("").substr(0, 17), "line 1, column 1:");
    EXPECT_EQ(message_of("[1,]").substr(0, 17), "line 1, column 4:");
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
    for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "// c\n1", "1 2", "'a'", "{a:1}", "01", "NaN", "1e999",
                             "\"\xff\"", "\"\n\"", "[1}", "tru"}) {
        EXPECT_NE(message_of(text), "accepted") << text;
    }
}

TEST(ParseJson, DoesNotRepeatTheTextInItsErrors) {
    const std::string message = message_of("{\"token\": \"s3cr3t\n\"}");
    EXPECT_EQ(message.find("s3cr3t"), std::string::npos) << message;
}

TEST(ParseJson, LimitsTheDepth) {
    EXPECT_EQ(message_of(std::string(64, '[') + std::string(64, ']')), "accepted");
    EXPECT_EQ(message_of(std::string(65, '[') + std::string(65, ']')),
              "line 1, column 65: nested deeper than 64 levels");
    EXPECT_NE(message_of(std::string(1'000'000, '[')), "accepted");
}

TEST(DumpJson, CanonicalIsOneSortedLineAndPrettyIsIndented) {
    const Json value = {{"b", 1}, {"a", Json::array({1, 2})}};
    EXPECT_EQ(dump_canonical(value), R"({"a":[1,2],"b":1})");
    EXPECT_EQ(dump_pretty(value), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": 1\n}\n");
}

TEST(DumpJson, ReplacesInvalidUtf8) {
    EXPECT_EQ(dump_canonical(Json("a\xff")), "\"a\uFFFD\"");
}

TEST(Member, GivesNullOrTheFallbackForWhatIsAbsentOrOfAnotherType) {
    const Json object = {{"text", "t"}, {"flag", true}, {"number", -5}, {"big", 18446744073709551615ULL}};
    EXPECT_EQ(member(object, "text"), Json("t"));
    EXPECT_TRUE(member(object, "none").is_null());
    EXPECT_TRUE(member(Json::array(), "text").is_null());
    EXPECT_EQ(string_member(object, "text"), "t");
    EXPECT_EQ(string_member(object, "flag", "other"), "other");
    EXPECT_TRUE(bool_member(object, "flag", false));
    EXPECT_TRUE(bool_member(object, "number", true));
    EXPECT_EQ(int_member(object, "number", 0), -5);
    EXPECT_EQ(int_member(object, "text", 7), 7);
    EXPECT_EQ(int_member(object, "big", 7), 7);
}

}  // namespace
}  // namespace backout
