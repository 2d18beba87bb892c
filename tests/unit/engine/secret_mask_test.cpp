#include "engine/secret_mask.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plan/template.h"

namespace backout {
namespace {

TEST(SecretMask, MasksWhatIsSaidAtAnyDepth) {
    SecretMask mask;
    mask.add("inputs.tok", "hunter2");
    Record record;
    record.body = {{"error", "bad hunter2"}, {"drift", {{{"found", "hunter2"}}}}, {"count", 2}};
    mask.apply(record);
    EXPECT_EQ(record.body, (Json{{"error", "bad (secret)"}, {"drift", {{{"found", "(secret)"}}}}, {"count", 2}}));
}

TEST(SecretMask, LeavesAloneWhatUndoDependsOn) {
    SecretMask mask;
    mask.add("inputs.tok", "root");
    Record record;
    record.body = {{"image", "root"}, {"expected", "root"}};
    const Json before = record.body;
    mask.apply(record);
    EXPECT_EQ(record.body, before);
}

TEST(SecretMask, NamesSecretsInOutputsSoThatTheyCanBeFilledInAgain) {
    SecretMask mask;
    mask.add("inputs.tok", "hunter2");
    mask.add("inputs.long", "hunter22");
    mask.add("inputs.pin", 4711);
    Record record;
    const Json outputs = {{"url", "https://hunter2@host/hunter22"}, {"all", {"hunter2", 4711, "none", 12}}};
    record.body = {{"outputs", outputs}};
    mask.apply(record);
    EXPECT_EQ(record.body.dump().find("hunter2"), std::string::npos);
    EXPECT_EQ(record.body.dump().find("4711"), std::string::npos);
    const auto again = expand_templates(record.body["outputs"], [](const std::string& reference) -> Result<Json> {
        if (reference == "inputs.pin") return Json(4711);
        return Json(reference == "inputs.tok" ? "hunter2" : "hunter22");
    });
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, outputs);
}

TEST(SecretMask, NamesPartsOfASecretInOutputs) {
    SecretMask mask;
    const std::string key = "BEGIN\nline-one\nline-two\nEND!\n";
    mask.add("inputs.key", key);
    Record record;
    const Json outputs = {{"trimmed", key.substr(0, key.size() - 1)}, {"line", "<line-two>"}};
    record.body = {{"outputs", outputs}};
    mask.apply(record);
    EXPECT_EQ(record.body.dump().find("line-"), std::string::npos);
    const auto again = expand_templates(record.body["outputs"], [&](const std::string&) { return Result<Json>(key); });
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, outputs);
    const auto other = expand_templates(record.body["outputs"], [](const std::string&) { return Result<Json>("x"); });
    EXPECT_FALSE(other.ok());
}

TEST(SecretMask, MasksNamesOfMembers) {
    SecretMask mask;
    mask.add("inputs.tok", "hunter2");
    Record record;
    record.body = {{"found", {{"hunter2", 1}}}};
    EXPECT_TRUE(mask.is_in_a_name(record.body));
    mask.apply(record);
    EXPECT_EQ(record.body, (Json{{"found", {{"(secret)", 1}}}}));
    EXPECT_FALSE(mask.is_in_a_name(record.body));
}

TEST(SecretMask, OutputMayComeInPieces) {
    SecretMask mask;
    mask.add("inputs.tok", "hunter2hunter2");
    EXPECT_EQ(mask.masked_piece("it is hunter2", false), "it is (secret)");
    EXPECT_EQ(mask.masked_piece("hunter2 it is\n", true), "(secret) it is\n");
    EXPECT_EQ(mask.masked_piece("hunter2 and more\n", false), "hunter2 and more\n");
}

TEST(SecretMask, ShortValuesWouldGarbleEverything) {
    SecretMask mask;
    mask.add("inputs.tok", "a");
    EXPECT_EQ(mask.masked("banana"), "banana");
}

}  // namespace
}  // namespace backout
