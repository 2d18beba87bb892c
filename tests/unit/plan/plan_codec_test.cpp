#include "plan/plan_codec.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace backout {
namespace {

using testing::HasSubstr;

PlannedStep write_step() {
    PlannedStep step;
    step.step = 1;
    step.id = "conf";
    step.kind = "file.write";
    step.category = "file";
    step.operation = "create";
    step.target = "/etc/app.conf";
    step.description = "The application's configuration";
    step.details = Json{{"bytes", 10}, {"diff", "+port=8080\n"}};
    step.arguments = Json{{"path", "/etc/app.conf"}, {"content", "port=8080\n"}, {"mode", 420}};
    step.before = nullptr;
    step.after = Json{{"type", "file"}, {"mode", 420}};
    step.undo = UndoDeclaration{"the file goes away", Reversibility::reversible, {}};
    step.resources = {Resource{"path", "/etc/app.conf", false, {}}};
    step.group = "configuration";
    step.timeout = 90 * kSecond;
    step.verify = {Json{{"file", "/etc/app.conf"}}};
    return step;
}

PlannedStep run_step() {
    PlannedStep step;
    step.step = 2;
    step.id = "publish";
    step.kind = "command.run";
    step.category = "command";
    step.operation = "run";
    step.target = "publish";
    step.reason = "a command without probe runs every time";
    step.arguments = Json{{"argv", {"publish", Json{{"$template", {Json{{"ref", "inputs.token"}}}}}}}};
    step.known_after = {"conf"};
    step.undo = UndoDeclaration{"unpublish", Reversibility::conditional, "while nobody read it"};
    step.resources = {Resource{"url", "https://example.org", true, "/part"}};
    step.superseded = {"/etc/app.conf"};
    step.depends_on = {"conf"};
    step.after_ids = {"conf"};
    step.irreversible = step.pivot = step.requires_input = step.every_time = true;
    step.effect = Effect::tearable;
    step.retry = RetryPolicy{3, 1500 * kMillisecond, 30 * kSecond};
    step.origin = Origin{"r-7-abc", 4};
    return step;
}

Plan sample_plan() {
    Plan plan;
    plan.name = "site-release";
    plan.command = "backout plan manifest.json";
    plan.created = *parse_time("2026-11-20T02:11:09.123Z");
    plan.host = "web1";
    plan.state = Json{{"facts", Json::object()}, {"paths", {{"/etc/app.conf", nullptr}}}};
    plan.steps = {write_step(), run_step()};
    plan.verify = {Json{{"http", "http://127.0.0.1:8080/health"}, {"status", 200}}};
    plan.on_drift = OnDrift::stop;
    plan.manifest_directory = "/srv/release";
    plan.undoes = "r-7-abc";
    plan.warnings = {"step 2 (publish) runs every time"};
    plan.context = Json::object();
    plan.id = "p-0123456789";
    plan.digest = plan_digest(plan);
    return plan;
}

std::string golden_path() {
    return std::string(BACKOUT_GOLDEN_DIRECTORY) + "/plan/backout-plan-1.json";
}

std::string golden_text() {
    std::ifstream file(golden_path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(PlanCodec, WritesTheGoldenFile) {
    if (std::getenv("BACKOUT_WRITE_GOLDEN") != nullptr) {
        std::ofstream(golden_path(), std::ios::binary) << plan_to_text(sample_plan());
    }
    EXPECT_EQ(plan_to_text(sample_plan()), golden_text()) << "the format must not change: make a new version";
}

TEST(PlanCodec, ReadsTheGoldenFileBackWithoutLoss) {
    auto plan = plan_from_text(golden_text(), "golden.json");
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    EXPECT_EQ(plan_to_text(*plan), golden_text());
    EXPECT_EQ(plan->steps[1].retry.backoff, 1500 * kMillisecond);
    EXPECT_EQ(plan->steps[1].after_ids, std::vector<std::string>{"conf"});
    EXPECT_EQ(plan->steps[1].origin.step, 4U);
    EXPECT_EQ(plan->on_drift, OnDrift::stop);
    EXPECT_TRUE(plan_from_json(plan_to_json(*plan)).ok());
}

TEST(PlanCodec, DigestsTheCanonicalDocumentWithoutIdTimeAndDigest) {
    const Plan plan = sample_plan();
    Plan other = plan;
    other.id = "p-another";
    other.created += kSecond;
    other.digest.clear();
    EXPECT_EQ(plan_digest(other), plan.digest);
    other.steps[0].arguments["mode"] = 384;
    EXPECT_NE(plan_digest(other), plan.digest);
    EXPECT_NE(plan_digest(Plan{}), plan.digest) << "a plan without steps has one, too";
}

TEST(PlanCodec, HasEveryFieldAlwaysWithNullForNothing) {
    Plan plan;
    plan.steps.resize(1);
    const Json document = plan_to_json(plan);
    for (const char* name : {"format", "name", "command", "created", "host", "state", "actions", "warnings", "context",
                             "id", "digest", "verify", "on_drift", "root", "manifest_directory", "undoes"}) {
        EXPECT_TRUE(document.contains(name)) << name;
    }
    for (const char* name :
         {"step",           "id",          "category", "operation",   "target",     "description", "details",
          "requires_input", "depends_on",  "before",   "after",       "undo",       "resources",   "kind",
          "arguments",      "known_after", "effect",   "order_after", "group",      "pivot",       "irreversible",
          "every_time",     "retry",       "timeout",  "verify",      "superseded", "origin",      "reason"}) {
        EXPECT_TRUE(document["actions"][0].contains(name)) << name;
    }
    EXPECT_TRUE(document["actions"][0]["undo"]["condition"].is_null());
    EXPECT_TRUE(document["actions"][0]["group"].is_null());
    EXPECT_TRUE(document["undoes"].is_null());
}

std::string refusal(const Json& document) {
    auto plan = plan_from_text(document.dump(2), "p.json");
    return plan.ok() ? "accepted" : plan.error().message;
}

TEST(PlanCodec, RefusesUnknownMembersNamingTheNearest) {
    Json document = plan_to_json(sample_plan());
    document["actions"][1]["undo"]["conditoin"] = "x";
    EXPECT_THAT(refusal(document),
                HasSubstr("/actions/1/undo/conditoin: unknown member 'conditoin' (did you mean 'condition'?)"));
    document = plan_to_json(sample_plan());
    document["extra"] = 1;
    EXPECT_THAT(refusal(document), HasSubstr("unknown member 'extra'"));
}

TEST(PlanCodec, RefusesWrongTypesWithTheirPlace) {
    Json document = plan_to_json(sample_plan());
    document["actions"][0]["pivot"] = "no";
    const std::string message = refusal(document);
    EXPECT_THAT(message, testing::StartsWith("p.json:"));
    EXPECT_THAT(message, HasSubstr("/actions/0/pivot: true or false was expected"));
    EXPECT_THAT(plan_from_text("{\"format\":\n  7}", "p.json").error().message,
                testing::StartsWith("p.json:2:3: /format: a string was expected"));
}

TEST(PlanCodec, RefusesMissingMembersForeignVersionsAndUnknownWords) {
    const Json good = plan_to_json(sample_plan());
    Json document = good;
    document["actions"][0].erase("before");
    EXPECT_THAT(refusal(document), HasSubstr("/actions/0: the member 'before' is missing"));
    document = good;
    document["format"] = "backout-plan/2";
    EXPECT_THAT(refusal(document), HasSubstr("'backout-plan/2' is no format this program reads"));
    document = good;
    document["actions"][0]["effect"] = "torn";
    EXPECT_THAT(refusal(document), HasSubstr("/actions/0/effect: 'torn' is no effect"));
    document = good;
    document["on_drift"] = "shrug";
    EXPECT_THAT(refusal(document), HasSubstr("/on_drift"));
    document = good;
    document["actions"][1]["retry"]["backoff"] = "soon";
    EXPECT_THAT(refusal(document), HasSubstr("/actions/1/retry/backoff: 'soon' is no duration"));
}

TEST(PlanCodec, RefusesIdsAndNumbersThatContradictTheOrder) {
    const Json good = plan_to_json(sample_plan());
    Json document = good;
    document["actions"][1]["id"] = "conf";
    EXPECT_THAT(refusal(document), HasSubstr("the id 'conf' is given twice"));
    document = good;
    document["actions"][1]["step"] = 3;
    EXPECT_THAT(refusal(document), HasSubstr("/actions/1/step: the number 2 was expected"));
    document = good;
    document["actions"][0]["depends_on"] = {"publish"};
    EXPECT_THAT(refusal(document), HasSubstr("'publish' is no step before this one"));
}

TEST(PlanCodec, RefusesDoubledKeysAndBrokenText) {
    EXPECT_THAT(plan_from_text("{\"format\": 1,\n \"format\": 2}", "p.json").error().message,
                testing::StartsWith("p.json:2:2: the key \"format\" is given twice"));
    EXPECT_EQ(plan_from_text("{", "p.json").error().code, ErrorCode::invalid);
    EXPECT_EQ(plan_from_text("[]", "p.json").error().code, ErrorCode::invalid);
}

TEST(PlanCodec, CallsAChangedFileStale) {
    Json document = plan_to_json(sample_plan());
    document["actions"][0]["arguments"]["content"] = "port=22\n";
    auto plan = plan_from_text(document.dump(), "p.json");
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code, ErrorCode::stale);
    EXPECT_THAT(plan.error().message, HasSubstr("digest is wrong: the file was changed"));
}

}  // namespace
}  // namespace backout
