#include "compensators/json_splice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "compensators/json_merge_text.h"
#include "compensators/json_patch_text.h"
#include "compensators/json_splice_reverse.h"

namespace backout {
namespace {

Json parsed(const char* text) {
    return Json::parse(text);
}

Bytes merged(const Bytes& content, const char* merge) {
    const auto result = merge_json_text(content, parsed(merge));
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    if (!result.ok()) return "(error)";
    const auto again = merge_json_text(*result, parsed(merge));
    EXPECT_TRUE(again.ok() && *again == *result) << "doesn't converge";
    return *result;
}

Bytes patched(const Bytes& content, const char* patch) {
    EXPECT_EQ(validate_json_patch(parsed(patch)), std::vector<std::string>());
    const auto result = patch_json_text(content, parsed(patch));
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    return result.ok() ? result->content : "(error)";
}

std::string patch_error(const Bytes& content, const char* patch) {
    const auto result = patch_json_text(content, parsed(patch));
    EXPECT_FALSE(result.ok());
    return result.ok() ? "" : result.error().text();
}

constexpr const char* kSettings =
    "// settings\r\n"
    "{\r\n"
    "\t\"a\" : 1, // one\r\n"
    "\t\"big\" : 123456789012345678901234567890.50,\r\n"
    "\t\"list\" : [1,2],\r\n"
    "\t\"inner\" : {\r\n"
    "\t\t\"x\" : true\r\n"
    "\t} /* end */\r\n"
    "}\r\n";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, what.size(), with);
}

TEST(MergeJson, rewritesOnlyTheTouchedValue) {
    EXPECT_EQ(merged(kSettings, R"({"a": 2})"), replaced(kSettings, "\"a\" : 1", "\"a\" : 2"));
    EXPECT_EQ(merged(kSettings, R"({"a": 1, "inner": {"x": true}})"), kSettings);
    EXPECT_EQ(
        merged(kSettings, R"({"inner": {"y": [1, {}]}})"),
        replaced(kSettings, "\"x\" : true\r\n", "\"x\" : true,\r\n\t\t\"y\" : [\r\n\t\t\t1,\r\n\t\t\t{}\r\n\t\t]\r\n"));
    EXPECT_EQ(merged(kSettings, R"({"a": null})"), replaced(kSettings, "\t\"a\" : 1, // one\r\n", ""));
    EXPECT_EQ(merged(kSettings, R"({"z": "é"})"),
              replaced(kSettings, "\t} /* end */\r\n", "\t}, /* end */\r\n\t\"z\" : \"é\"\r\n"));
}

TEST(MergeJson, writesInTheStyleOfTheFile) {
    EXPECT_EQ(merged("{}", R"({"a": {"b": 1}})"), "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
    EXPECT_EQ(merged("{\"a\":1}", R"({"b": {"c": [1, 2]}})"), "{\"a\":1,\"b\":{\"c\":[1,2]}}");
    EXPECT_EQ(merged("{\"a\": 1, \"b\": 2}\n", R"({"c": 3})"), "{\"a\": 1, \"b\": 2, \"c\": 3}\n");
    EXPECT_EQ(merged("{\n    \"a\": 1,\n}\n", R"({"b": 2})"), "{\n    \"a\": 1,\n    \"b\": 2,\n}\n");
    EXPECT_EQ(merged("{\n  \"a\": {},\n  \"b\": 1\n}", R"({"a": {"c": 1}})"),
              "{\n  \"a\": {\n    \"c\": 1\n  },\n  \"b\": 1\n}");
    EXPECT_EQ(merged("\xEF\xBB\xBF{ \"a\": 1 }", R"({"a": 2})"), "\xEF\xBB\xBF{ \"a\": 2 }");
}

TEST(MergeJson, removesMembersWithTheirCommas) {
    EXPECT_EQ(merged(R"({"a": 1, "b": 2})", R"({"a": null})"), R"({"b": 2})");
    EXPECT_EQ(merged(R"({"a": 1, "b": 2})", R"({"b": null})"), R"({"a": 1})");
    EXPECT_EQ(merged(R"({"a": 1})", R"({"a": null})"), "{}");
    EXPECT_EQ(merged("{\n  \"a\": 1\n}\n", R"({"a": null})"), "{}\n");
    EXPECT_EQ(merged("{\n  \"a\": 1,\n  \"b\": 2\n}\n", R"({"b": null})"), "{\n  \"a\": 1\n}\n");
    EXPECT_EQ(merged("{\n  \"a\": 1,\n  \"b\": 2, // gone\n  // stays\n  \"c\": 3\n}\n", R"({"b": null})"),
              "{\n  \"a\": 1,\n  // stays\n  \"c\": 3\n}\n");
    EXPECT_EQ(merged("{\n  // alone\n  \"a\": 1\n}\n", R"({"a": null})"), "{\n  // alone\n}\n");
    EXPECT_EQ(merged("{}", R"({"a": null, "b": {"c": null}})"), "{\n  \"b\": {}\n}");
}

TEST(MergeJson, followsTheExamplesOfTheRfc) {
    const char* const cases[][3] = {
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", R"({})"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    };
    for (const auto& [target, merge, result] : cases) {
        EXPECT_EQ(Json::parse(merged(target, merge)), Json::parse(result)) << target << " " << merge;
    }
}

TEST(MergeJson, refusesWhatItCannotDo) {
    EXPECT_FALSE(merge_json_text("[1]", parsed(R"({"a":1})")).ok());
    EXPECT_FALSE(merge_json_text(R"({"a":1,"a":2})", parsed(R"({"a":3})")).ok());
    EXPECT_TRUE(merge_json_text(R"({"a":1,"a":2,"b":1})", parsed(R"({"b":3})")).ok());
    for (const char* text :
         {"", "{", "{\"a\":}", "{\"a\" 1}", "{a:1}", "[1 2]", "{} x", "{\"a\":01}", "\"\\q\"", "/* {}"}) {
        const auto result = merge_json_text(text, parsed(R"({"a":1})"));
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_NE(result.error().message.find("line 1, column"), std::string::npos) << result.error().message;
    }
    EXPECT_FALSE(JsonText::parse(std::string(100000, '[')).ok());
}

TEST(PatchJson, knowsAllSixOperations) {
    EXPECT_EQ(patched(R"({"a":{"b":1}})", R"([{"op":"add","path":"/a/c","value":[2]}])"), R"({"a":{"b":1,"c":[2]}})");
    EXPECT_EQ(patched(R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])"), R"({"a":[1,2,3]})");
    EXPECT_EQ(patched(R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])"), R"({"a":[1,2]})");
    EXPECT_EQ(patched(R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])"), R"({"b":2})");
    EXPECT_EQ(patched(R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/1"}])"), R"({"a":[1,3]})");
    EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"b":2}}])"), R"({"a":{"b":2}})");
    EXPECT_EQ(patched(R"({"a":{"x":1.50},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])"),
              R"({"a":{},"b":{"y":1.50}})");
    EXPECT_EQ(patched(R"({"a":[1],"b":0})", R"([{"op":"copy","from":"/a","path":"/b"}])"), R"({"a":[1],"b":[1]})");
    EXPECT_EQ(patched(R"({"a/b":{"~":1}})", R"([{"op":"replace","path":"/a~1b/~0","value":2}])"), R"({"a/b":{"~":2}})");
    EXPECT_EQ(patched("[1]", R"([{"op":"replace","path":"","value":{}}])"), "{}");
    EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0},{"op":"add","path":"/b","value":null}])"),
              R"({"a":1,"b":null})");
    EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":1}])"), R"({"a":1})");
}

TEST(PatchJson, whatIsThereAlreadyIsDone) {
    for (const auto& [before, patch] : std::vector<std::pair<const char*, const char*>>{
             {R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"replace","path":"/a","value":2}])"},
             {R"({"a":[]})", R"([{"op":"add","path":"/a/-","value":"x"}])"},
             {R"({"a":[1,2]})", R"([{"op":"add","path":"/a/1","value":"x"}])"},
             {R"({"a":1})", R"([{"op":"remove","path":"/a"}])"},
             {R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])"},
             {R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])"}}) {
        const Bytes once = patched(before, patch);
        EXPECT_NE(once, before) << patch;
        EXPECT_EQ(patched(once, patch), once) << patch;
    }
    const auto repeating = patch_json_text("[1,2]", parsed(R"([{"op":"remove","path":"/0"}])"));
    ASSERT_TRUE(repeating.ok());
    EXPECT_TRUE(repeating->repeats);
}

TEST(PatchJson, namesTheOperationThatCannotBeDone) {
    EXPECT_NE(patch_error(R"({"a":1})", R"([{"op":"add","path":"/b","value":1},{"op":"test","path":"/a","value":2}])")
                  .find("patch[1]: test failed: at '/a' stands 1, expected 2"),
              std::string::npos);
    EXPECT_NE(patch_error(R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}])")
                  .find("patch[1]: test failed: at '/a' stands 1, expected 2"),
              std::string::npos);
    patch_error(R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])");
    patch_error(R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])");
    patch_error(R"({"a":1})", R"([{"op":"add","path":"/b/c","value":1}])");
    patch_error("[1]", R"([{"op":"add","path":"/3","value":1}])");
    patch_error("[1]", R"([{"op":"remove","path":"/1"}])");
    patch_error(R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])");
    patch_error(R"({"a":1})", R"([{"op":"copy","from":"/x","path":"/b"}])");
}

TEST(PatchJson, validatesEachOperation) {
    for (const char* text :
         {"[]", "{}", R"([{"op":"ad","path":"/a","value":1}])", R"([{"op":"add","path":"/a"}])",
          R"([{"op":"add","path":"a","value":1}])", R"([{"op":"move","path":"/a"}])",
          R"([{"op":"remove","path":"/a","value":1}])", R"([{"op":"test","value":1}])", R"(["x"])"}) {
        EXPECT_FALSE(validate_json_patch(parsed(text)).empty()) << text;
    }
}

// ---- taking back ---------------------------------------------------------------------------------------------------

JsonReversal reversed(const Bytes& before, const Bytes& after, const Bytes& current) {
    auto result = reverse_json_text(before, after, current);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    return result.ok() ? std::move(result).value() : JsonReversal();
}

TEST(ReverseJson, leavesOthersEntriesAlone) {
    const Bytes before = "{\n  \"a\": 1,\n  \"o\": {}\n}\n";
    const Bytes after = merged(before, R"({"a": 2, "n": {"x": 1}, "o": {"y": 5}})");
    const Bytes current = R"({"other":[1],"o":{"y":5,"theirs":true},"n":{"x":1,"more":2},"a":2})";
    const JsonReversal result = reversed(before, after, current);
    EXPECT_EQ(result.content, R"({"other":[1],"o":{"theirs":true},"n":{"more":2},"a":1})");
    EXPECT_TRUE(result.conflicts.empty());
    EXPECT_EQ(result.intact, 3U);
}

TEST(ReverseJson, aChangedEntryOfOursIsAConflict) {
    const JsonReversal result = reversed(R"({"a":1,"b":1})", R"({"a":2,"b":2})", R"({"a":3,"b":2})");
    ASSERT_EQ(result.conflicts.size(), 1U);
    EXPECT_EQ(result.conflicts[0].pointer, "/a");
    EXPECT_EQ(result.conflicts[0].expected, "2");
    EXPECT_EQ(result.conflicts[0].found, "3");
    EXPECT_EQ(result.content, R"({"a":3,"b":1})");
}

TEST(ReverseJson, whatSomebodyTookBackIsDone) {
    const JsonReversal result = reversed(R"({"a":1})", R"({"a":2,"b":2})", R"({"a":1,"c":0})");
    EXPECT_EQ(result.undone, 2U);
    EXPECT_EQ(result.content, R"({"a":1,"c":0})");
}

TEST(ReverseJson, putsRemovedMembersBackAsTheyWereWritten) {
    const Bytes before = "{\n  \"a\": 1,\n  \"b\": 1.50,\n  \"c\": 3\n}\n";
    const Bytes after = merged(before, R"({"b": null})");
    EXPECT_EQ(reversed(before, after, after).content, before);
    EXPECT_EQ(reversed(before, after, replaced(after, "3", "4")).content, replaced(before, "3", "4"));
}

TEST(ReverseJson, findsElementsOfArraysByTheirNeighbours) {
    EXPECT_EQ(reversed("[1,2]", "[1,9,2]", "[0,1,9,2,3]").content, "[0,1,2,3]");
    EXPECT_EQ(reversed("[1,2,3]", "[1,3]", "[1,3,4]").content, "[1,2,3,4]");
    EXPECT_EQ(reversed(R"({"a":[{"x":1.0}]})", R"({"a":[{"x":2}]})", R"({"a":[{"x":2},5]})").content,
              R"({"a":[{"x":1.0},5]})");
    EXPECT_EQ(reversed("[1]", "[2]", "[3,4]").conflicts.size(), 1U);
}

TEST(ReverseJson, whatOnlyWeMadeBecomesEmpty) {
    EXPECT_TRUE(reversed("{}", R"({"a":1})", "{\n\"a\": 1\n}").empty);
    EXPECT_FALSE(reverse_json_text("{}", R"({"a":1})", "no json").ok());
}

// ---- random texts --------------------------------------------------------------------------------------------------

class RandomJson {
  public:
    RandomJson() {
        const char* given = std::getenv("BACKOUT_TEST_SEED");
        seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
        engine_.seed(seed_);
        std::cout << "seed " << seed_ << " (BACKOUT_TEST_SEED repeats it)\n";
    }
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    Json scalar() {
        const Json all = {1, -2.5, "text", "ü\n\"", true, nullptr, "", 18446744073709551615ULL};
        return all[below(all.size())];
    }
    Json value(int depth) {
        if (depth > 2 || below(3) == 0) return scalar();
        if (below(3) == 0) {
            Json list = Json::array();
            for (std::size_t count = below(4); count > 0; --count) list.push_back(value(depth + 1));
            return list;
        }
        return object(depth);
    }
    Json object(int depth) {
        Json made = Json::object();
        for (std::size_t count = below(5); count > 0; --count) made["k" + std::to_string(below(8))] = value(depth + 1);
        return made;
    }
    /// The text of a value with random white space and comments.
    Bytes text(const Json& value) {
        if (!value.is_structured()) return value.dump();
        Bytes text = value.is_object() ? "{" : "[";
        bool first = true;
        for (const auto& [key, element] : value.items()) {
            if (!first) text += ",";
            first = false;
            text += space() + (value.is_object() ? Json(key).dump() + space() + ":" + space() : "") +
                    this->text(element) + space();
        }
        return text + space() + (value.is_object() ? "}" : "]");
    }

  private:
    Bytes space() {
        const char* const all[] = {"", "", " ", "\n", "\n  ", "\t", "/* c, } */", "// c \" \n", "\r\n"};
        return all[below(9)];
    }
    std::mt19937_64 engine_;
    std::uint64_t seed_ = 0;
};

Json merge_by_the_book(Json target, const Json& merge) {
    if (!merge.is_object()) return merge;
    if (!target.is_object()) target = Json::object();
    target.merge_patch(merge);
    return target;
}

Json meaning(const Bytes& text) {
    const auto document = JsonText::parse(text);
    EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().text()) << "\n" << text;
    return document.ok() ? document->value(document->root()) : Json();
}

TEST(RandomJsonTexts, mergeMeansWhatTheRfcSaysAndGoesBack) {
    RandomJson random;
    for (int round = 0; round < 800; ++round) {
        const Bytes before = random.text(random.object(0));
        const Json merge = random.object(0);
        const auto after = merge_json_text(before, merge);
        ASSERT_TRUE(after.ok()) << after.error().text() << "\n" << before;
        ASSERT_EQ(meaning(*after), merge_by_the_book(meaning(before), merge)) << before << "\n" << merge.dump();
        const JsonReversal back = reversed(before, *after, *after);
        ASSERT_TRUE(back.conflicts.empty());
        ASSERT_EQ(meaning(back.content), meaning(before)) << before << "\n" << merge.dump();
    }
}

TEST(RandomJsonTexts, foreignEntriesSurvive) {
    RandomJson random;
    for (int round = 0; round < 800; ++round) {
        const Bytes before = random.text(random.object(0));
        const auto after = merge_json_text(before, random.object(0));
        ASSERT_TRUE(after.ok());
        Json theirs = meaning(*after);
        theirs["foreign"] = random.value(0);
        for (auto& [key, value] : theirs.items()) {
            if (value.is_object()) value["foreign"] = 1;
        }
        const JsonReversal back = reversed(before, *after, theirs.dump());
        Json wanted = meaning(before);
        const Json result = meaning(back.content);
        ASSERT_EQ(result["foreign"], theirs["foreign"]);
        for (const auto& [key, value] : wanted.items()) {
            if (value.is_structured()) continue;
            const bool conflict =
                std::any_of(back.conflicts.begin(), back.conflicts.end(),
                            [&key = key](const JsonConflict& each) { return each.pointer == "/" + key; });
            if (!conflict) {
                ASSERT_EQ(result.value(key, Json("absent")), value) << before << "\n"
                                                                    << *after << "\n"
                                                                    << theirs.dump();
            }
        }
    }
}

}  // namespace
}  // namespace backout
