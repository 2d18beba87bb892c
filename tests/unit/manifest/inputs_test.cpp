#include "manifest/inputs.h"

#include <gtest/gtest.h>

#include "manifest_testing.h"

namespace backout {
namespace {

class Inputs : public testing::Test {
  protected:
    Result<InputValues> resolve(const std::string& inputs, const std::string& actions = "",
                                const std::string& members = "") {
        manifest = good_manifest(manifest_text(actions, "\"inputs\":" + inputs + "," + members));
        return resolve_inputs(
            manifest, given,
            [this](const std::string& name) -> std::optional<std::string> {
                const auto found = environment.find(name);
                return found == environment.end() ? std::nullopt : std::optional(found->second);
            },
            ask);
    }
    std::string message(const std::string& inputs, const std::string& actions = "", const std::string& members = "") {
        const auto result = resolve(inputs, actions, members);
        return result ? "" : result.error().message;
    }

    Manifest manifest;
    GivenInputs given;
    std::map<std::string, std::string> environment;
    InputAsker ask;
};

TEST_F(Inputs, SourcesHaveAnOrder) {
    const std::string spec = R"({"a": {"default": "d", "env": "A"}})";
    EXPECT_EQ(resolve(spec)->values.at("a").origin, "default");
    environment["A"] = "from env";
    EXPECT_EQ(resolve(spec)->values.at("a").value, "from env");
    EXPECT_EQ(resolve(spec)->values.at("a").origin, "$A");
    given.file_name = "in.json";
    given.from_file = Json{{"a", "from file"}};
    EXPECT_EQ(resolve(spec)->values.at("a").value, "from file");
    given.from_command_line["a"] = "from line";
    EXPECT_EQ(resolve(spec)->values.at("a").value, "from line");
    EXPECT_EQ(resolve(spec)->values.at("a").origin, "--input");
}

TEST_F(Inputs, APersonIsAskedLast) {
    std::vector<std::string> asked;
    ask = [&asked](const InputSpecification& input) -> Result<std::optional<std::string>> {
        asked.push_back(input.name);
        return std::optional<std::string>("typed");
    };
    const auto values = resolve(R"({"a": {"default": 1}, "b": {"secret": true}})");
    ASSERT_TRUE(values.ok());
    EXPECT_EQ(asked, std::vector<std::string>{"b"});
    EXPECT_EQ(values->values.at("b").value, "typed");
    EXPECT_TRUE(values->values.at("b").secret);
}

TEST_F(Inputs, TextTakesTheTypeOfTheDefault) {
    given.from_command_line = {{"flag", "true"}, {"count", "42"}, {"list", "[1,2]"}, {"text", "42"}, {"free", "true"}};
    const auto values = resolve(
        R"({"flag": {"default": false}, "count": {"default": 1}, "list": {"default": []}, "text": {"default": "x"}, "free": {}})");
    ASSERT_TRUE(values.ok()) << values.error().message;
    EXPECT_EQ(values->values.at("flag").value, true);
    EXPECT_EQ(values->values.at("count").value, 42);
    EXPECT_EQ(values->values.at("list").value, Json::array({1, 2}));
    EXPECT_EQ(values->values.at("text").value, "42");
    EXPECT_EQ(values->values.at("free").value, "true");
}

TEST_F(Inputs, TextOfTheWrongTypeIsRefused) {
    given.from_command_line = {{"flag", "yes"}, {"count", "abc"}};
    EXPECT_EQ(message(R"({"flag": {"default": false}, "count": {"default": 0}})"),
              "m.json:1:38: the input 'flag' takes true or false, like its default, not 'yes'\n"
              "m.json:1:66: the input 'count' takes a number, like its default, not 'abc'");
}

TEST_F(Inputs, MissingOnesSayHowToGiveThem) {
    EXPECT_EQ(
        message(R"({"a": {}, "b": {"env": "B"}, "c": {"secret": true, "env": "C"}})"),
        "m.json:1:38: the input 'a' has no value: give it with --input a=VALUE or a file for --inputs\n"
        "m.json:1:47: the input 'b' has no value: give it with --input b=VALUE or the environment variable B or a file "
        "for --inputs\n"
        "m.json:1:66: the input 'c' has no value: give it with the environment variable C or a file for --inputs");
}

TEST_F(Inputs, PatternsHoldAndSecretsAreNotEchoed) {
    given.from_command_line = {{"version", "2.4;rm"}, {"token", "hunter2"}};
    const std::string text =
        message(R"({"version": {"pattern": "^[0-9.]+$"}, "token": {"secret": true, "pattern": "^ghp_"}})");
    EXPECT_EQ(text,
              "m.json:1:38: the value of the input 'version' from --input doesn't match '^[0-9.]+$': '2.4;rm'\n"
              "m.json:1:75: the value of the input 'token' from --input doesn't match '^ghp_'");
}

TEST_F(Inputs, APatternsEndIsTheVeryEnd) {
    given.from_command_line = {{"version", "2.4\n"}};
    EXPECT_NE(message(R"({"version": {"pattern": "^[0-9.]+$"}})"), "");
}

TEST_F(Inputs, UnknownNamesNameTheNearestAndWhereInputsAreDeclared) {
    given.from_command_line = {{"versoin", "1"}};
    ASSERT_TRUE(read_inputs_file("{\n  \"xyz\": 1 }", "in.json", given).ok());
    EXPECT_EQ(message(R"({"version": {"default": "1"}})"),
              "m.json:1:37: there is no input 'versoin', which --input gives (did you mean 'version'?); m.json:1:37 "
              "declares 'version'\n"
              "in.json:2:3: there is no input 'xyz'; m.json:1:37 declares 'version'");
    EXPECT_EQ(message("{}"),
              "m.json:1:37: there is no input 'versoin', which --input gives; m.json:1:37 declares no inputs\n"
              "in.json:2:3: there is no input 'xyz'; m.json:1:37 declares no inputs");
}

TEST_F(Inputs, WhatAFileGivesIsRefusedAtItsPlaceInTheFile) {
    ASSERT_TRUE(read_inputs_file("{\n \"version\": \"x\", \"token\": \"hunter2\"}", "in.json", given).ok());
    EXPECT_EQ(message(R"({"version": {"pattern": "^[0-9]$"}, "token": {"secret": true, "pattern": "^ghp_"}})"),
              "in.json:2:13: the value of the input 'version' doesn't match '^[0-9]$': 'x'\n"
              "in.json:2:27: the value of the input 'token' doesn't match '^ghp_'");
}

TEST_F(Inputs, NullInAFileIsNoValue) {
    ASSERT_TRUE(read_inputs_file("{\n \"a\": null, \"b\": null, \"c\": null}", "in.json", given).ok());
    EXPECT_EQ(message(R"({"a": {}, "b": {"default": 1}, "c": {"default": null}})"),
              "in.json:2:7: the value of the input 'a' is null, which is no value: give one, or leave 'a' out\n"
              "in.json:2:18: the value of the input 'b' is null, which is no value: give one, or leave 'b' out");
}

TEST_F(Inputs, LaterFilesStandAboveEarlierOnes) {
    ASSERT_TRUE(read_inputs_file("{\"a\": 1, \"b\": 2}", "one.json", given).ok());
    ASSERT_TRUE(read_inputs_file("{\"b\": 3} // said again", "two.json", given).ok());
    const auto values = resolve(R"({"a": {}, "b": {}})");
    ASSERT_TRUE(values.ok());
    EXPECT_EQ(values->values.at("a").origin, "one.json");
    EXPECT_EQ(values->values.at("b").origin, "two.json");
    EXPECT_EQ(values->values.at("b").value, 3);
}

TEST_F(Inputs, FilesAreReadWithPlacesAndQuoteNothing) {
    const std::map<std::string, std::string> broken = {
        {"", "in.json:1:1: there is nothing in it: an object { … } was expected"},
        {"[1]", "in.json:1:1: inputs are an object, { \"NAME\": VALUE }, not a list"},
        {"{\"a\":\n hunter2}",
         "in.json:2:2: unexpected word: true, false, null, or a string in double quotes was expected"},
        {"{\"a\": 1\n ?}", "in.json:2:2: ',' or '}' was expected"},
        {"{\"a\": 1,\n \"a\": 2}", "in.json:2:2: the key 'a' is given twice; first at 1:2"}};
    for (const auto& [text, expected] : broken) {
        const Status read = read_inputs_file(text, "in.json", given);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().message, expected);
    }
}

TEST_F(Inputs, AMissingInputIsLetThroughWhereItsActionsSkip) {
    const std::string use = R"({"id":"x","action":"k","with":{"v":"${inputs.a}"})";
    EXPECT_NE(message(R"({"a": {}})", use + "}"), "");
    const auto skipped = resolve(R"({"a": {}})", use + R"(,"on_missing_input":"skip"})");
    ASSERT_TRUE(skipped.ok()) << skipped.error().message;
    EXPECT_EQ(skipped->missing.count("a"), 1U);
    EXPECT_EQ(missing_inputs_of(manifest.actions[0], *skipped), std::vector<std::string>{"a"});
    EXPECT_TRUE(resolve(R"({"a": {}})", use + "}", R"("on_missing_input":"skip",)").ok());
    EXPECT_NE(message(R"({"a": {}})", use + R"(,"on_missing_input":"fail"})", R"("on_missing_input":"fail",)"), "");
}

TEST_F(Inputs, AnActionThatAsksWithDefinedDoesWithout) {
    const std::string action = R"~({"action":"k","with":{"v":"${inputs.a}","path":"p"},"when":"defined(inputs.a)"})~";
    const auto values = resolve(R"({"a": {}})", action);
    ASSERT_TRUE(values.ok()) << values.error().message;
    EXPECT_TRUE(missing_inputs_of(manifest.actions[0], *values).empty());
    EXPECT_NE(message(R"({"a": {}})", action, R"("verify":{"tcp":"${inputs.a}"},)"), "");
}

TEST_F(Inputs, AFailedQuestionIsTold) {
    ask = [](const InputSpecification&) -> Result<std::optional<std::string>> {
        return Error{ErrorCode::canceled, "the terminal went away"};
    };
    EXPECT_EQ(message(R"({"a": {}})"), "m.json:1:38: asking for the input 'a' failed: the terminal went away");
}

}  // namespace
}  // namespace backout
