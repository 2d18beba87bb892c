#include "manifest/schema.h"

#include <gtest/gtest.h>

#include "manifest_testing.h"

namespace backout {
namespace {

std::vector<KindDoc> kinds() {
    KindDoc write{"file.write", "Writes a file"};
    write.parameters = {{"path", true, "Where", Json{{"type", "string"}}}, {"content"}};
    return {write};
}

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& entry : object.items()) keys.push_back(entry.key());
    return keys;
}

TEST(ManifestSchema, IsOfTheDraftThatItNames) {
    const Json schema = manifest_schema(kinds());
    EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    EXPECT_EQ(schema["required"], Json::array({"backout", "name", "actions"}));
    EXPECT_EQ(schema["additionalProperties"], false);
}

TEST(ManifestSchema, EveryReferenceInItHasADefinition) {
    const Json schema = manifest_schema(kinds(), {KindDoc{"python"}});
    std::vector<const Json*> open = {&schema};
    int found = 0;
    while (!open.empty()) {
        const Json& value = *open.back();
        open.pop_back();
        if (value.is_object() && value.contains("$ref")) {
            ++found;
            EXPECT_TRUE(schema.contains(Json::json_pointer(value["$ref"].get<std::string>().substr(1))))
                << value.dump();
        }
        if (!value.is_structured()) continue;
        for (const Json& element : value) open.push_back(&element);
    }
    EXPECT_GT(found, 5);
}

// The schema and the parser must know the same keys; a key that only one of them knows shows here.
TEST(ManifestSchema, KnowsTheKeysOfTheParser) {
    const Json schema = manifest_schema(kinds());
    for (const std::string& key : keys_of(schema["properties"])) {
        EXPECT_EQ(problems_of("{\"" + key + "\": null}").find("unknown key"), std::string::npos) << key;
    }
    for (const std::string& key : keys_of(schema["$defs"]["action"]["properties"])) {
        EXPECT_EQ(problems_of(manifest_text("{\"" + key + "\": null}")).find("unknown key"), std::string::npos) << key;
    }
    for (const std::string& key : keys_of(schema["$defs"]["input"]["properties"])) {
        EXPECT_EQ(problems_of(manifest_text("", "\"inputs\":{\"a\":{\"" + key + "\": null}},")).find("unknown key"),
                  std::string::npos)
            << key;
    }
}

TEST(ManifestSchema, KindsBringTheSchemaOfTheirArguments) {
    const Json action = manifest_schema(kinds())["$defs"]["action"];
    EXPECT_EQ(action["properties"]["action"]["enum"], Json::array({"file.write"}));
    const Json with = action["allOf"][0]["then"]["properties"]["with"];
    EXPECT_EQ(with["required"], Json::array({"path"}));
    EXPECT_EQ(with["properties"]["path"]["anyOf"][0], (Json{{"type", "string"}}));
    EXPECT_EQ(with["additionalProperties"], false);
}

TEST(ManifestSchema, PluginKindsKeepTheListOpen) {
    KindDoc plugin{"acme.*"};
    const Json action = manifest_schema({plugin})["$defs"]["action"];
    EXPECT_FALSE(action["properties"]["action"].contains("enum"));
}

}  // namespace
}  // namespace backout
