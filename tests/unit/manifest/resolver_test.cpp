#include "manifest/resolver.h"

#include <gtest/gtest.h>

#include "manifest_testing.h"
#include "plan/template.h"

namespace backout {
namespace {

class ResolverOnKnownNames : public testing::Test {
  protected:
    ResolverOnKnownNames() {
        references.know("inputs.name", "web");
        references.know("inputs.port", 8080);
        references.know("inputs.list", Json::array({1, "b"}));
        references.know("inputs.none", nullptr);
        references.know("inputs.trap", Json{{"deep", Json{{"$template", Json::array()}}}});
        references.know("facts.py.cuda", "130");
        references.know("facts.py.torch", "2.9.1+cu130");
        references.know("facts.py.tag", "cp312");
        references.answers["inputs.token"] = ReferenceAnswer::without_value(ReferenceAnswer::Kind::secret, "");
        references.answers["backout.run"] = ReferenceAnswer::without_value(ReferenceAnswer::Kind::run, "");
        ReferenceAnswer deferred;
        deferred.kind = ReferenceAnswer::Kind::deferred;
        deferred.action = "file.write:/a";
        deferred.output = "digest";
        references.answers["actions.file.write:/a.digest"] = deferred;
        references.answers["env.GONE"] =
            ReferenceAnswer::without_value(ReferenceAnswer::Kind::absent, "the environment variable GONE is not set");
    }

    // The value as compact JSON, or the problems.
    std::string resolve(const std::string& text) {
        Resolver resolver("m.json", references, [this](const std::string& file) -> Result<std::string> {
            ++loads;
            const auto found = files.find(file);
            if (found != files.end()) return found->second;
            return Error{ErrorCode::not_found, "no such file"};
        });
        const auto result = resolver.resolve(node_of(text));
        return result ? dump_canonical(*result) : result.error().message;
    }

    MapReferences references;
    std::map<std::string, std::string> files;
    int loads = 0;
};

TEST_F(ResolverOnKnownNames, AWholeReferenceKeepsItsType) {
    EXPECT_EQ(resolve(R"(["${inputs.port}", "${inputs.list}", "${inputs.none}", "${inputs.name}"])"),
              R"([8080,[1,"b"],null,"web"])");
}

TEST_F(ResolverOnKnownNames, InsideTextValuesBecomeText) {
    EXPECT_EQ(resolve(R"("http://${inputs.name}:${inputs.port}/$${x}")"), R"("http://web:8080/${x}")");
    EXPECT_EQ(resolve(R"("$${inputs.name}")"), R"("${inputs.name}")");
    EXPECT_EQ(resolve(R"({"a": 1, "b": [true, null, "x"]})"), R"({"a":1,"b":[true,null,"x"]})");
}

TEST_F(ResolverOnKnownNames, WhatIsNotKnownYetBecomesATemplate) {
    EXPECT_EQ(resolve(R"("${inputs.token}")"), R"({"$template":[{"ref":"inputs.token"}]})");
    EXPECT_EQ(resolve(R"("a-${inputs.port}-${actions.file.write:/a.digest}-${backout.run}")"),
              R"({"$template":["a-8080-",{"ref":"actions.'file.write:/a'.digest"},"-",{"ref":"backout.run"}]})");
}

TEST_F(ResolverOnKnownNames, TemplatesExpandToWhatWasMeant) {
    Resolver resolver("m.json", references);
    const auto value =
        resolver.resolve(node_of(R"({"u": "x${inputs.token}y", "d": ["${actions.file.write:/a.digest}"]})"));
    ASSERT_TRUE(value.ok());
    const auto expanded = expand_templates(*value, [](const std::string& name) -> Result<Json> {
        if (name == "inputs.token") return Json("SECRET");
        return parse_template_reference(name)->name == "file.write:/a" ? Json(7) : Json(nullptr);
    });
    EXPECT_EQ(*expanded, Json::parse(R"({"u": "xSECRETy", "d": [7]})"));
}

TEST_F(ResolverOnKnownNames, ProblemsAreAllReportedAtTheirPlaces) {
    EXPECT_EQ(resolve("{\"a\": \"x\\n${inputs.list}\",\n \"b\": [\"${env.GONE}\", \"${oops}\", \"${inputs.none}!\"]}"),
              "m.json:1:11: ${inputs.list}: the value is a list, which can't stand inside a text\n"
              "m.json:2:9: the environment variable GONE is not set\n"
              "m.json:2:24: unknown reference 'oops'; one begins with inputs., facts., actions., env., backout. or "
              "manifest.; for the characters ${ themselves write $${\n"
              "m.json:2:35: ${inputs.none} is null: nothing was found there, so it can't stand inside a text; guard the "
              "action with \"when\": \"defined(inputs.none)\"");
}

TEST_F(ResolverOnKnownNames, NoTemplateIsSmuggledIn) {
    EXPECT_EQ(resolve(R"({"a": {"$template": []}})"), "m.json:1:8: the key '$template' is reserved");
    EXPECT_EQ(resolve(R"(["${inputs.trap}"])"),
              "m.json:1:3: the value of 'inputs.trap' holds the reserved key '$template'");
}

TEST_F(ResolverOnKnownNames, FileStaysInsideValidateAndStandsNowhereElse) {
    EXPECT_EQ(resolve(R"({"validate": ["nginx", "-c", "${file}"]})"), R"({"validate":["nginx","-c","${file}"]})");
    EXPECT_EQ(resolve(R"({"validate": ["x${file}.${inputs.name}"]})"), R"({"validate":["x${file}.web"]})");
    EXPECT_EQ(resolve(R"({"path": "${file}"})"), "m.json:1:11: ${file} only stands inside 'validate'");
}

TEST_F(ResolverOnKnownNames, AnObjectThatOnlyLooksLikeASelectIsData) {
    EXPECT_EQ(resolve(R"({"select": {"table": "x"}})"), R"({"select":{"table":"x"}})");
    EXPECT_EQ(resolve(R"({"select": "x"})"), R"({"select":"x"})");
    EXPECT_EQ(resolve(R"({"select": {"table": 1, "on": 2}, "more": 1})"), R"({"more":1,"select":{"on":2,"table":1}})");
}

TEST_F(ResolverOnKnownNames, SelectTakesTheFirstRowThatMatches) {
    files["wheels.json"] =
        R"([ {"cuda": "126", "url": "a"}, {"cuda": ["128", "130"], "url": "b"}, {"cuda": "130", "url": "c"} ])";
    EXPECT_EQ(
        resolve(R"({"u": {"select": {"table": "wheels.json", "on": {"cuda": "${facts.py.cuda}"}, "value": "url"}}})"),
        R"({"u":"b"})");
    EXPECT_EQ(
        resolve(
            R"({"select": {"table": [{"port": 8080, "is": [1]}], "on": {"port": "${inputs.port}"}, "value": "is"}})"),
        "[1]");
    EXPECT_EQ(
        resolve(R"({"select": {"table": {"rows": [{"a": 1, "b": "${inputs.name}"}]}, "on": {"a": 1}, "value": "b"}})"),
        R"("web")");
}

TEST_F(ResolverOnKnownNames, ATableIsReadOnce) {
    files["t"] = R"([{"a": 1, "b": 2}])";
    const std::string select = R"({"select": {"table": "t", "on": {"a": 1}, "value": "b"}})";
    EXPECT_EQ(resolve("[" + select + "," + select + "]"), "[2,2]");
    EXPECT_EQ(loads, 1);
}

TEST_F(ResolverOnKnownNames, SelectFallsBackToItsDefault) {
    EXPECT_EQ(
        resolve(
            R"({"select": {"table": [{"a": 1, "b": 2}], "on": {"a": 9}, "value": "b", "default": "${inputs.name}"}})"),
        R"("web")");
    EXPECT_EQ(resolve(R"({"select": {"table": [{"a": 1, "b": 2}], "on": {"a": 9}, "value": "b", "default": null}})"),
              "null");
}

TEST_F(ResolverOnKnownNames, WithoutADefaultTheNearestRowsAreNamed) {
    EXPECT_EQ(
        resolve(
            R"({"select": {"table": [{"a": "1", "b": "1", "v": 0}, {"a": "2", "b": ">=3", "v": 0}], "on": {"a": "2", "b": "2"}, "value": "v"}})"),
        "m.json:1:12: no row matches a = '2' and b = '2'; nearest: row 2 (wants b \">=3\"), "
        "row 1 (wants a \"1\" and b \"1\"), and there is no 'default'");
}

TEST_F(ResolverOnKnownNames, SelectProblemsHaveTheirPlaces) {
    files["bad.json"] = "[\n 1,, ]";
    const auto select = [this](const std::string& inside) { return resolve("{\"select\": {" + inside + "}}"); };
    EXPECT_EQ(select(R"("table": "gone.json", "on": {"a": 1}, "value": "v")"),
              "m.json:1:22: the table 'gone.json' can't be read: no such file");
    EXPECT_EQ(select(R"("table": "bad.json", "on": {"a": 1}, "value": "v")"),
              "m.json:1:22: in the table bad.json:2:4: unexpected ',': a value was expected");
    EXPECT_EQ(select(R"("table": [{"cuda": 1, "v": 1}], "on": {"cudaa": 1}, "value": "v")"),
              "m.json:1:22: no row of the table has the column 'cudaa' (did you mean 'cuda'?)");
    EXPECT_EQ(select(R"("table": [{"a": 1, "url": 1}], "on": {"a": 1}, "value": "urll")"),
              "m.json:1:69: the matching row has no column 'urll' (did you mean 'url'?)");
    EXPECT_EQ(select(R"("table": [], "on": {"a": "${inputs.token}"}, "value": "v")"),
              "m.json:1:38: a table can't be decided by what isn't known when the plan is made, or is secret");
    EXPECT_EQ(select(R"("table": [], "on": {"a": [1]}, "value": "v")"),
              "m.json:1:38: a wanted value is a string, a number, true, false or null");
    EXPECT_EQ(select(R"("table": [], "on": {}, "value": "v")"),
              "m.json:1:32: 'select' needs 'on': an object of columns and the values wanted");
    EXPECT_EQ(select(R"("table": [], "on": {"a": 1}, "valeu": "v")"),
              "m.json:1:12: 'select' needs 'value'\n"
              "m.json:1:42: unknown key 'valeu' in 'select' (did you mean 'value'?)");
    EXPECT_EQ(select(R"("table": 7, "on": {"a": 1}, "value": "v")"), "m.json:1:22: the table is no list of rows");
    EXPECT_EQ(select(R"("table": [{"a": ">=x"}], "on": {"a": 1}, "value": "v")"),
              "m.json:1:22: row 1: column 'a': 'x' is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130");
    EXPECT_EQ(select(R"("table": [{"a": 1}], "on": {"a": 1}, "value": "a", "compare": {"b": "equal"})"),
              "m.json:1:76: 'on' has no column 'b'");
    EXPECT_EQ(select(R"("table": [{"a": 1}], "on": {"a": 1}, "value": "a", "compare": {"a": "same"})"),
              "m.json:1:81: a comparison is one of by_cell, equal, series and at_least");
}

TEST_F(ResolverOnKnownNames, TheRowsOfATableMayLieDeeper) {
    files["t.json"] = R"({"about": "x", "wheels": [{"a": 1, "v": 2}]})";
    EXPECT_EQ(resolve(R"({"select": {"table": "t.json#/wheels", "on": {"a": 1}, "value": "v"}})"), "2");
    EXPECT_EQ(resolve(R"({"select": {"table": "t.json#/~x", "on": {"a": 1}, "value": "v"}})"),
              "m.json:1:22: '/~x' is no JSON pointer: it looks like /wheels");
    EXPECT_EQ(resolve(R"({"select": {"table": "t.json#/wheel", "on": {"a": 1}, "value": "v"}})"),
              "m.json:1:22: the table 't.json' has nothing at '/wheel'");
}

TEST_F(ResolverOnKnownNames, TheValueMayBeMadeOfSeveralColumns) {
    const std::string table = R"("table": [{"cuda": "130", "torch": "==2.9.*", "release": "v2.2", "exact": "2.9.0"}])";
    const std::string on = R"("on": {"cuda": "130", "torch": "${facts.py.torch}"})";
    EXPECT_EQ(resolve("{\"select\": {" + table + "," + on +
                      R"(, "value": "https://h/${row.release}/s+cu${row.cuda}torch${row.exact}.whl"}})"),
              R"("https://h/v2.2/s+cu130torch2.9.0.whl")");
    EXPECT_EQ(resolve("{\"select\": {" + table + "," + on + R"(, "value": "${row.relase}"}})"),
              "m.json:1:160: the row has no column 'relase' (did you mean 'release'?)");
}

// Rows in the shape in which an installer keeps its list of wheels: torch with two parts for a series and three for one
// version, Python as a floor for wheels of the stable ABI and as the one tag for the others.
TEST_F(ResolverOnKnownNames, ACompatibilityMatrixOfWheelsIsExpressed) {
    files["wheels.json"] = R"({"wheels": [
        {"sage": "2.2.0.post3", "cuda": "130", "torch": "2.9", "python": null, "abi3": true},
        {"sage": "2.2.0.post4", "cuda": "130", "torch": "2.10", "python": null, "abi3": true},
        {"sage": "2.2.0.post6", "cuda": "130", "torch": "2.13", "python": "310", "abi3": true},
        {"sage": "2.1.1", "cuda": "128", "torch": "2.8.0", "python": "313", "abi3": false},
        {"sage": "2.1.1b", "cuda": "128", "torch": "2.8.0", "python": "312", "abi3": false}]})";
    const auto sage = [this](const std::string& cuda, const std::string& torch, const std::string& python) {
        const std::string on = R"("cuda": ")" + cuda + R"(", "torch": ")" + torch + R"(", "python": ")" + python + "\"";
        return resolve(R"({"select": {"table": "wheels.json#/wheels", "value": "sage", "on": {"abi3": true, )" + on +
                       R"(}, "compare": {"torch": "series", "python": "at_least"}, "default":
                       {"select": {"table": "wheels.json#/wheels", "value": "sage", "on": {"abi3": false, )" +
                       on + R"(}, "compare": {"torch": "series", "python": "equal"}, "default": "1.0.6"}}}})");
    };
    EXPECT_EQ(sage("130", "2.9.1+cu130", "312"), R"("2.2.0.post3")");
    EXPECT_EQ(sage("130", "2.10.0+cu130", "39"), R"("2.2.0.post4")");
    EXPECT_EQ(sage("130", "2.13.0", "310"), R"("2.2.0.post6")");
    EXPECT_EQ(sage("130", "2.13.0", "314"), R"("2.2.0.post6")");
    EXPECT_EQ(sage("130", "2.13.0", "39"), R"("1.0.6")");
    EXPECT_EQ(sage("128", "2.8.0+cu128", "312"), R"("2.1.1b")");
    EXPECT_EQ(sage("128", "2.8.1", "312"), R"("1.0.6")");
    EXPECT_EQ(sage("128", "2.8.0", "311"), R"("1.0.6")");
}

TEST_F(ResolverOnKnownNames, WithoutALoaderTablesMustBeInline) {
    Resolver resolver("m.json", references);
    const auto result = resolver.resolve(node_of(R"({"select": {"table": "t", "on": {"a": 1}, "value": "v"}})"));
    EXPECT_EQ(result.error().message, "m.json:1:22: tables can't be read from files here");
}

TEST_F(ResolverOnKnownNames, AResolverForgetsFormerProblems) {
    Resolver resolver("m.json", references);
    EXPECT_FALSE(resolver.resolve(node_of(R"("${env.GONE}")")).ok());
    EXPECT_TRUE(resolver.resolve(node_of(R"("${inputs.name}")")).ok());
}

}  // namespace
}  // namespace backout
