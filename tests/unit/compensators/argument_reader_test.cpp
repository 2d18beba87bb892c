#include "compensators/argument_reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

TEST(ArgumentReader, collectsEveryComplaint) {
    const Json with = {{"pathh", "/a"}, {"mode", "9"}, {"list", {1}}};
    ArgumentReader reader(with);
    reader.only({"path", "mode", "list"});
    reader.require("path");
    reader.mode("mode");
    reader.texts("list");
    const Status status = reader.finish();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::invalid);
    EXPECT_EQ(reader.problems().size(), 4U);
    EXPECT_NE(status.error().message.find("did you mean 'path'"), std::string::npos) << status.error().message;
}

TEST(ArgumentReader, letsTemplatesThroughOnlyWhereAskedFor) {
    const Json later = {{"$template", Json::array({Json{{"ref", "actions.gist.id"}}})}};
    const Json with = {{"a", later}, {"b", later}};
    ArgumentReader reader(with);
    EXPECT_EQ(reader.text_or_template("a"), later);
    EXPECT_TRUE(reader.problems().empty());
    reader.text("b");
    EXPECT_EQ(reader.problems().size(), 1U);
    EXPECT_EQ(awaited_actions(with), std::vector<std::string>{"gist"});
    EXPECT_FALSE(has_secret(with));
    EXPECT_TRUE(has_secret(Json{{"$template", Json::array({Json{{"ref", "inputs.token"}}})}}));
}

TEST(ArgumentReader, readsModesAndNumbers) {
    const Json with = {{"mode", "4755"}, {"exit", {0, 3}}, {"one", 7}, {"count", 12}};
    ArgumentReader reader(with);
    EXPECT_EQ(reader.mode("mode"), 04755U);
    EXPECT_EQ(reader.integers("exit", {}), (std::vector<std::int64_t>{0, 3}));
    EXPECT_EQ(reader.integers("one", {}), std::vector<std::int64_t>{7});
    EXPECT_EQ(reader.integer("count", 0, 10), std::nullopt);
    EXPECT_EQ(reader.problems().size(), 1U);
}

TEST(Paths, areJoinedByTextAlone) {
    EXPECT_EQ(absolute_path("/m", "a/./b//c"), "/m/a/b/c");
    EXPECT_EQ(absolute_path("/m", "/x"), "/x");
    EXPECT_EQ(absolute_path("/m", "../x"), "/m/../x");
    EXPECT_EQ(source_path("/m/n", "../x"), "/m/x");
}

}  // namespace
}  // namespace backout
