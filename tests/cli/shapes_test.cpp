// The shapes that programs rely on, member by member: what is there is always there, null for nothing, times in RFC
// 3339.

#include <regex>
#include <set>
#include <sstream>

#include "cli/backout_program.h"

namespace backout {
namespace {

using Document = nlohmann::json;
using Names = std::set<std::string>;

Names names_of(const Document& object) {
    Names names;
    for (const auto& [name, value] : object.items()) names.insert(name);
    return names;
}

Names with(Names names, const Names& more) {
    names.insert(more.begin(), more.end());
    return names;
}

const Names kRun = {"run",  "name", "state",  "started",   "finished", "steps",
                    "exit", "user", "undoes", "undone_by", "changed",  "command"};
const Names kStep = {"step",   "id",   "category", "operation", "target",    "state",    "started", "finished",
                     "verify", "undo", "reason",   "error",     "conflicts", "attempts", "notes"};
const Names kEvent = {"type", "seq", "time", "run", "step", "id"};

bool is_time(const Document& value) {
    static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
    return value.is_string() && std::regex_match(value.get<std::string>(), kTime);
}

// No empty text stands where null belongs.
void expect_no_empty_texts(const Document& value, const std::string& where) {
    EXPECT_FALSE(value.is_string() && value.get<std::string>().empty()) << where;
    if (!value.is_structured()) return;
    for (const auto& [name, inside] : value.items()) expect_no_empty_texts(inside, where + "/" + name);
}

class Shapes : public BackoutProgram {
  protected:
    void SetUp() override {
        BackoutProgram::SetUp();
        manifest("m.json", {write_action("conf", path("out"), "hello\n"), write_action("more", path("more"), "x\n")});
    }
    std::vector<Document> events(const Words& words) {
        const Ran ran = backout(words);
        std::vector<Document> lines;
        std::istringstream text(ran.output);
        for (std::string line; std::getline(text, line);) lines.push_back(Document::parse(line, nullptr, false));
        return lines;
    }
    void apply() { ASSERT_EQ(backout({"apply", path("m.json"), "--yes"}).exit, 0); }
};

TEST_F(Shapes, APlanIsItsDocument) {
    const Ran ran = backout({"plan", path("m.json"), "--json"});
    const Document plan = Document::parse(ran.output, nullptr, false);
    EXPECT_EQ(names_of(plan),
              (Names{"format", "name", "command", "created", "host", "state", "actions", "warnings", "context", "id",
                     "digest", "manifest_directory", "on_drift", "root", "undoes", "verify"}));
    EXPECT_EQ(plan["format"], "backout-plan/1");
    EXPECT_TRUE(is_time(plan["created"])) << plan["created"];
    EXPECT_EQ(plan["command"].get<std::string>().find("--json"), std::string::npos) << "no output flags";
    ASSERT_EQ(plan["actions"].size(), 2U);
    const Document& action = plan["actions"][0];
    for (const char* name : {"step", "id", "category", "operation", "target", "description", "details",
                             "requires_input", "depends_on", "before", "after", "undo", "resources"}) {
        EXPECT_TRUE(action.contains(name)) << name;
    }
    EXPECT_EQ(names_of(action["undo"]), (Names{"description", "reversibility", "condition"}));
    EXPECT_TRUE(action["description"].is_null());
    EXPECT_TRUE(action["before"].is_null());
    EXPECT_EQ(action["step"], 1);
}

TEST_F(Shapes, StatusHasEveryMember) {
    const Names members = {"unfinished", "lease", "last"};
    const Document before = Document::parse(backout({"status", "--json"}).output);
    apply();
    const Document status = Document::parse(backout({"status", "--json"}).output);
    EXPECT_EQ(names_of(before), names_of(status)) << "whether there are runs or not";
    for (const std::string& name : members) EXPECT_TRUE(status.contains(name)) << name;
    EXPECT_TRUE(status["lease"].is_null());
    ASSERT_EQ(status["last"].size(), 1U);
    EXPECT_EQ(names_of(status["last"][0]), kRun);
}

TEST_F(Shapes, HistoryIsAListOfRuns) {
    apply();
    ASSERT_EQ(backout({"rollback", "--yes"}).exit, 0);
    const Document history = Document::parse(backout({"history", "--json"}).output);
    ASSERT_EQ(history.size(), 2U);
    for (const Document& run : history) {
        EXPECT_EQ(names_of(run), kRun);
        EXPECT_TRUE(is_time(run["started"]) && is_time(run["finished"])) << run;
        EXPECT_EQ(run["steps"], 2);
        EXPECT_EQ(run["exit"], 0);
        expect_no_empty_texts(run, "history");
    }
    EXPECT_EQ(history[0]["undoes"], history[1]["run"]);
    EXPECT_EQ(history[1]["undone_by"], history[0]["run"]);
    EXPECT_EQ(history[1]["state"], "rolled_back");
    EXPECT_TRUE(history[1]["undoes"].is_null());
}

TEST_F(Shapes, ARunHasItsSteps) {
    apply();
    const Document run = Document::parse(backout({"show", newest_run(), "--json"}).output);
    for (const std::string& name : with(kRun, {"plan", "ways_out", "residue", "awaits", "abort_reason", "direction"})) {
        EXPECT_TRUE(run.contains(name)) << name;
    }
    ASSERT_EQ(run["steps"].size(), 2U);
    for (const Document& step : run["steps"]) {
        EXPECT_EQ(names_of(step), kStep);
        EXPECT_EQ(names_of(step["undo"]), (Names{"description", "reversibility", "condition"}));
        EXPECT_TRUE(is_time(step["started"]) && is_time(step["finished"])) << step;
        EXPECT_EQ(step["state"], "done");
        EXPECT_TRUE(step["error"].is_null() && step["reason"].is_null() && step["conflicts"].is_null()) << step;
    }
}

TEST_F(Shapes, EventsBeginWithAVersionAndEndWithAReport) {
    for (const Words& words : {Words{"apply", path("m.json"), "--yes", "--json"}, {"rollback", "--yes", "--json"}}) {
        const std::vector<Document> lines = events(words);
        ASSERT_GT(lines.size(), 3U);
        EXPECT_EQ(names_of(lines.front()), (Names{"type", "seq", "time", "version", "format"}));
        EXPECT_EQ(lines.front()["type"], "version");
        EXPECT_EQ(lines.back()["type"], "report");
        EXPECT_EQ(lines.back()["exit"], 0);
        std::int64_t last = 0;
        for (const Document& line : lines) {
            ASSERT_TRUE(line.is_object());
            EXPECT_TRUE(is_time(line["time"])) << line;
            ASSERT_TRUE(line["seq"].is_number_integer()) << line;
            if (line["seq"] != 0) {
                EXPECT_GE(line["seq"], last) << line;
                last = line["seq"];
            }
            if (!line.contains("run")) continue;
            for (const std::string& name : kEvent) EXPECT_TRUE(line.contains(name)) << name << " of " << line;
            for (const char* name : {"undoes", "failure"}) EXPECT_NE(line.value(name, Document("x")), "") << line;
        }
    }
}

TEST_F(Shapes, TheReportAtTheEndIsWhatShowTells) {
    const std::vector<Document> lines = events({"apply", path("m.json"), "--yes", "--json"});
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back()["report"], Document::parse(backout({"show", newest_run(), "--json"}).output));
}

TEST_F(Shapes, DocumentsEndWithOneNewline) {
    apply();
    for (const Words& words : {Words{"status"}, {"history"}, {"show", newest_run()}, {"schema"}, {"doctor"}}) {
        Words call = words;
        call.emplace_back("--json");
        const std::string text = backout(call).output;
        ASSERT_GT(text.size(), 2U);
        EXPECT_NE(text[text.size() - 2], '\n') << words[0];
        EXPECT_EQ(text.back(), '\n') << words[0];
    }
}

}  // namespace
}  // namespace backout
