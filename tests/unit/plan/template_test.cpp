#include "plan/template.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

namespace backout {
namespace {

Json template_of(Json parts) {
    return Json{{"$template", std::move(parts)}};
}
Json reference(const std::string& text) {
    return Json{{"ref", text}};
}

Result<Json> look_up_in(const std::map<std::string, Json>& values, const std::string& name) {
    const auto found = values.find(name);
    if (found != values.end()) return found->second;
    return Error{ErrorCode::not_found, "nothing is known of " + name};
}

std::function<Result<Json>(const std::string&)> looking_in(std::map<std::string, Json> values) {
    return [values = std::move(values)](const std::string& name) { return look_up_in(values, name); };
}

TEST(Template, IsFoundAtAnyDepthAndNowhereElse) {
    EXPECT_FALSE(has_template(Json::parse(R"({"a": [1, {"b": "$template"}], "ref": "x"})")));
    EXPECT_TRUE(has_template(Json{{"a", Json::array({1, template_of(Json::array({"x"}))})}}));
    EXPECT_FALSE(has_template(nullptr));
}

TEST(Template, ActionReferencesAreQuotedWhenTheirIdNeedsIt) {
    EXPECT_EQ(action_reference_text("gist-1", "id"), "actions.gist-1.id");
    EXPECT_EQ(action_reference_text("file.write:/etc/it's", "digest"), "actions.'file.write:/etc/it''s'.digest");
}

TEST(Template, EveryIdSurvivesWritingAndReading) {
    for (const std::string id : {"a", "a.b", "it's", "''", "file.write:/x.y'", "space in it", "a'.b", "}{$"}) {
        const auto parsed = parse_template_reference(action_reference_text(id, "out.put"));
        ASSERT_TRUE(parsed.has_value()) << id;
        EXPECT_EQ(parsed->kind, TemplateReference::Kind::action_output);
        EXPECT_EQ(parsed->name, id);
        EXPECT_EQ(parsed->field, "out.put");
    }
}

TEST(Template, ReferencesThatAreNoneAreRefused) {
    for (const std::string text : {"", "actions.", "actions.a", "actions.a.", "actions.'a", "actions.'a'",
                                   "actions.''.x", "inputs.", "backout.runs", "env.HOME"}) {
        EXPECT_FALSE(parse_template_reference(text).has_value()) << text;
    }
    EXPECT_EQ(parse_template_reference("inputs.token")->kind, TemplateReference::Kind::secret_input);
    EXPECT_EQ(parse_template_reference("inputs.token")->name, "token");
    EXPECT_EQ(parse_template_reference("backout.run")->kind, TemplateReference::Kind::run);
}

TEST(Template, ReferencesAreListedInReadingOrder) {
    const Json value = Json::array({template_of(Json::array({"a", reference("actions.x.y"), reference("inputs.s")})),
                                    Json{{"deep", template_of(Json::array({reference("backout.run")}))}}});
    const auto found = template_references(value);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].name, "x");
    EXPECT_EQ(found[1].text, "inputs.s");
    EXPECT_EQ(found[2].text, "backout.run");
}

TEST(Template, ASingleReferenceTakesTheTypeOfItsValue) {
    const Json value{{"n", template_of(Json::array({reference("actions.x.y")}))}, {"plain", 1}};
    const auto expanded = expand_templates(value, looking_in({{"actions.x.y", Json::array({1, 2})}}));
    ASSERT_TRUE(expanded.ok()) << expanded.error().text();
    EXPECT_EQ(*expanded, Json::parse(R"({"n": [1, 2], "plain": 1})"));
}

TEST(Template, PartsAreJoinedToText) {
    const Json value = template_of(Json::array({"v", reference("actions.x.y"), "-", reference("backout.run")}));
    const auto expanded = expand_templates(value, looking_in({{"actions.x.y", 7}, {"backout.run", "r-1"}}));
    ASSERT_TRUE(expanded.ok());
    EXPECT_EQ(*expanded, "v7-r-1");
    EXPECT_EQ(*expand_templates(template_of(Json::array()), looking_in({})), "");
}

TEST(Template, ValuesThatLookLikeTemplatesAreNotExpandedAgain) {
    const Json trap = template_of(Json::array({reference("inputs.secret")}));
    const auto expanded = expand_templates(Json::array({template_of(Json::array({reference("actions.x.y")}))}),
                                           looking_in({{"actions.x.y", trap}}));
    ASSERT_TRUE(expanded.ok());
    EXPECT_EQ((*expanded)[0], trap);
}

TEST(Template, FailuresAreTold) {
    const Json unknown = template_of(Json::array({reference("actions.x.y")}));
    EXPECT_EQ(expand_templates(unknown, looking_in({})).error().code, ErrorCode::not_found);
    const Json in_text = template_of(Json::array({"a", reference("actions.x.y")}));
    const auto listed = expand_templates(in_text, looking_in({{"actions.x.y", Json::array()}}));
    ASSERT_FALSE(listed.ok());
    EXPECT_EQ(listed.error().text(), "${actions.x.y}: the value is a list, which can't stand inside a text");
    for (const Json& parts : {Json("text"), Json::array({1}), Json::array({Json{{"reff", "x"}}, "a"})}) {
        EXPECT_EQ(expand_templates(template_of(parts), looking_in({})).error().code, ErrorCode::invalid);
    }
}

TEST(Template, IsDescribedWithoutValues) {
    EXPECT_EQ(describe_template(template_of(Json::array({"release-", reference("actions.gist.id")}))),
              "release-(known after gist)");
    EXPECT_EQ(describe_template(template_of(Json::array({reference("inputs.token")}))), "(secret token)");
    EXPECT_EQ(describe_template("plain"), "plain");
    EXPECT_EQ(describe_template(Json::array({1})), "[1]");
}

}  // namespace
}  // namespace backout
