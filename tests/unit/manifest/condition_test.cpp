#include "manifest/condition.h"

#include <gtest/gtest.h>

#include "manifest_testing.h"

namespace backout {
namespace {

class ConditionOnKnownNames : public testing::Test {
  protected:
    ConditionOnKnownNames() {
        references.know("inputs.force", true);
        references.know("inputs.count", 3);
        references.know("inputs.ratio", 0.5);
        references.know("inputs.mode", "fast");
        references.know("facts.py.version", "3.12.1");
        references.know("facts.py.torch", "2.9.1+cu130");
        references.know("facts.py.nothing", nullptr);
        references.know("facts.py.packages", Json{{"torch", "2.9.1"}});
        references.know("facts.py.tags", Json::array({"cp312", "abi3"}));
        references.know("facts.big", Json(std::uint64_t{18446744073709551615U}));
        references.know("env.HOME", "/root");
        references.know("manifest.dir", "/srv");
        references.answers["facts.py.triton"] =
            ReferenceAnswer::without_value(ReferenceAnswer::Kind::absent, "facts.py has no 'triton'");
        references.answers["inputs.token"] = ReferenceAnswer::without_value(ReferenceAnswer::Kind::secret, "");
        references.answers["inputs.gone"] =
            ReferenceAnswer::without_value(ReferenceAnswer::Kind::missing_input, "the input 'gone' has no value");
    }

    // "true", "false", or "COLUMN: message" with the byte counted from 1.
    std::string result_of(const std::string& text) {
        TextProblem problem;
        const auto condition = Condition::parse(text, problem);
        if (!condition) return std::to_string(problem.offset + 1) + ": " + problem.message;
        const auto outcome = condition->evaluate(references, problem);
        if (!outcome) return std::to_string(problem.offset + 1) + ": " + problem.message;
        return outcome->value ? "true" : "false";
    }

    MapReferences references;
};

TEST_F(ConditionOnKnownNames, TrueOnes) {
    for (const std::string text : {"true",
                                   "inputs.force",
                                   "not false",
                                   "not not true",
                                   "(true)",
                                   "inputs.count == 3",
                                   "inputs.count == 3.0",
                                   "inputs.count >= 3 and inputs.count < 4",
                                   "-1 < 0",
                                   "1e3 == 1000",
                                   "inputs.ratio < 1",
                                   "facts.big > 18446744073709551614",
                                   "facts.big != 18446744073709551614",
                                   "inputs.mode == 'fast'",
                                   "inputs.mode == \"fast\"",
                                   "'a' < 'b'",
                                   "'10' < '9'",
                                   "version(facts.py.version) >= version('3.10')",
                                   "version(\"2.9.1+cu130\") >= version(\"2.9\")",
                                   "version('1.0.dev1') < version('1.0a1')",
                                   "version('1!0') > version('9')",
                                   "version('1.0') == version('1.0.0')",
                                   "version(facts.py.version) in [version('3.11'), version('3.12.1')]",
                                   "inputs.mode in ['slow', 'fast']",
                                   "inputs.mode not in ['slow']",
                                   "'torch' in facts.py.packages",
                                   "'abi3' in facts.py.tags",
                                   "'as' in inputs.mode",
                                   "not 'x' in inputs.mode",
                                   "3 in [1, 2, 3]",
                                   "1 not in []",
                                   "inputs.mode matches '^f.*t$'",
                                   "facts.py.version matches '^3\\.\\d+'",
                                   "'a\"b' == \"a\\\"b\"",
                                   "'it\\'s' == \"it's\"",
                                   "'a\\\\d' == 'a\\\\d'",
                                   "facts.py.nothing == null",
                                   "inputs.mode != null",
                                   "true == inputs.force",
                                   "defined(facts.py.torch)",
                                   "not defined(facts.py.triton)",
                                   "not defined(facts.py.nothing)",
                                   "defined(inputs.token)",
                                   "not defined(inputs.gone)",
                                   "defined(facts.py.triton) and facts.py.triton == 'x' or true",
                                   "true or facts.py.triton == 'x'",
                                   "not (false and facts.unheard)",
                                   "env.HOME == '/root' and manifest.dir == '/srv'",
                                   "[1, 2] == [1, 2]",
                                   "(inputs.count > 2) == true",
                                   "false or true and true",
                                   "not false and true",
                                   "null in [null]"}) {
        EXPECT_EQ(result_of(text), "true") << text;
    }
}

TEST_F(ConditionOnKnownNames, FalseOnes) {
    for (const std::string text :
         {"false", "not inputs.force", "inputs.count != 3", "inputs.mode == null", "null != null", "true and false",
          "false or false", "not true or false", "inputs.mode matches '^x'", "version('2.9') > version('2.9.0')",
          "'x' in inputs.mode", "4 in [1, 2]", "1 in []", "false and 1 == 'mismatch'", "inputs.force == false"}) {
        EXPECT_EQ(result_of(text), "false") << text;
    }
}

struct Refused {
    const char* text;
    const char* problem;
};

TEST_F(ConditionOnKnownNames, MalformedOnesAreRefusedAtTheirColumn) {
    const std::vector<Refused> cases = {
        {"", "1: the condition is empty"},
        {"  ", "1: the condition is empty"},
        {"inputs.count =", "14: write '==' instead of '='"},
        {"true && false", "6: write 'and' instead of '&&'"},
        {"true || false", "6: write 'or' instead of '||'"},
        {"!true", "1: write 'not' instead of '!'"},
        {"${inputs.mode} == 'a'", "1: names stand bare in a condition, without '${' and '}'"},
        {"1 < 2 < 3", "7: comparisons can't be chained: join them with 'and'"},
        {"inputs.mode == fast",
         "16: unknown name 'fast': a string stands in quotes, a name begins with inputs., facts. or env."},
        {"input.mode == 'a'",
         "1: unknown reference 'input.mode' (did you mean 'inputs'?); for the characters ${ themselves write $${"},
        {"inputs.mode == 'fast", "16: this string has no closing quote"},
        {"inputs.count == 3x", "17: '3x' is not a number; a version stands in version('…')"},
        {"version(facts.py.version) >= 3.10.1", "30: '3.10.1' is not a number; a version stands in version('…')"},
        {"version(3.10) > version('3')",
         "9: version(…) takes a string: put the version in quotes, for the number 3.10 is 3.1"},
        {"version('x')", "9: 'x' is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130"},
        {"version('1'", "12: the condition ends here, but ')' was expected"},
        {"versoin('1') == 1",
         "1: unknown function 'versoin' (did you mean 'version'?); there are version(…) and defined(…)"},
        {"defined('x')", "9: defined(…) takes a name such as facts.py.torch"},
        {"actions.a.b == 1",
         "1: the output of an action can't decide a condition: it isn't known when the plan is made"},
        {"backout.run == 'a'", "1: 'backout.run' can't stand in a condition"},
        {"(true", "6: the condition ends here, but ')' was expected"},
        {"true)", "5: unexpected ')': 'and', 'or', a comparison or the end was expected"},
        {"true false", "6: unexpected 'false': 'and', 'or', a comparison or the end was expected"},
        {"1 in [1,]", "9: unexpected ']': a value was expected"},
        {"1 in [1 2]", "9: unexpected '2': ',' or ']' was expected"},
        {"and true", "1: a value was expected before 'and'"},
        {"true and", "9: the condition ends here, but a value was expected"},
        {"1 not 2", "7: unexpected '2': 'in' after 'not' was expected"},
        {"'a' matches 3", "13: 'matches' takes a pattern in quotes"},
        {"inputs.count == é",
         "17: unknown name 'é': a string stands in quotes, a name begins with inputs., facts. or env."},
        {"1 ; 2", "3: unexpected ';'"},
    };
    for (const Refused& each : cases) EXPECT_EQ(result_of(each.text), each.problem) << each.text;
}

TEST_F(ConditionOnKnownNames, MismatchedTypesAreAnErrorAndNotFalse) {
    const std::vector<Refused> cases = {
        {"inputs.count == '3'", "14: a number can't be compared with a string"},
        {"inputs.force == 1", "14: true or false can't be compared with a number"},
        {"version(facts.py.version) >= '3.10'",
         "27: a version can't be compared with a string: write version(…) on both sides"},
        {"version(facts.py.version) >= 3", "27: a version can't be compared with a number"},
        {"facts.py.nothing < 1",
         "1: facts.py.nothing is null: nothing was found there; ask first, with defined(facts.py.nothing) and …"},
        {"1 < facts.py.nothing",
         "5: facts.py.nothing is null: nothing was found there; ask first, with defined(facts.py.nothing) and …"},
        {"version(facts.py.nothing) >= version('3')",
         "9: facts.py.nothing is null: nothing was found there; ask first, with defined(facts.py.nothing) and …"},
        {"facts.py.nothing matches 'x'",
         "1: facts.py.nothing is null: nothing was found there; ask first, with defined(facts.py.nothing) and …"},
        {"true < false", "6: only numbers, strings and versions have an order, not true or false"},
        {"null < null", "6: only numbers, strings and versions have an order, not null"},
        {"3 in ['1', '2']", "3: a number can't be compared with a string"},
        {"1 in 2", "6: 'in' takes a list, a string or an object, not a number"},
        {"1 in 'abc'", "3: a number can't be compared with a string"},
        {"inputs.count matches '3'", "14: 'matches' looks into a string, not into a number"},
        {"inputs.mode matches inputs.count", "21: a pattern is a string, not a number"},
        {"inputs.mode",
         "1: true or false was expected here, but this is a string: compare it with something, or ask defined(…)"},
        {"inputs.mode and true",
         "1: true or false was expected here, but this is a string: compare it with something, or ask defined(…)"},
        {"version(inputs.count) == version('3')", "9: version(…) takes a string, but inputs.count is a number"},
        {"version(inputs.mode) == version('3')",
         "9: inputs.mode: 'fast' is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130"},
    };
    for (const Refused& each : cases) EXPECT_EQ(result_of(each.text), each.problem) << each.text;
}

TEST_F(ConditionOnKnownNames, NamesWithoutAValueAreAnErrorUnlessAskedFor) {
    EXPECT_EQ(result_of("facts.py.triton == 'x'"),
              "1: facts.py has no 'triton'; ask first with defined(facts.py.triton)");
    EXPECT_EQ(result_of("inputs.gone == 'x'"), "1: the input 'gone' has no value; ask first with defined(inputs.gone)");
    EXPECT_EQ(result_of("inputs.token == 'x'"),
              "1: 'inputs.token' is secret and can't decide a condition; defined(…) may ask whether it is given");
    EXPECT_EQ(result_of("true and defined(facts.unheard)"), "18: unknown name facts.unheard");
}

TEST_F(ConditionOnKnownNames, PatternsAreBounded) {
    references.know("inputs.mode", std::string(40, 'a') + "!");
    const std::string result = result_of("inputs.mode matches '^(a+)+$'");
    EXPECT_NE(result.find("takes too long"), std::string::npos) << result;
    EXPECT_NE(result_of("inputs.mode matches '('").find("22: the pattern '(' can't be read"), 0U);
    EXPECT_NE(result_of("inputs.mode matches '('").find("21: the pattern '(' can't be read"), std::string::npos);
}

TEST_F(ConditionOnKnownNames, DepthAndLengthAreBounded) {
    EXPECT_EQ(result_of(std::string(60, '(') + "true" + std::string(60, ')')), "true");
    EXPECT_EQ(result_of(std::string(100'000, '(')), "1: the condition is longer than 65536 bytes");
    EXPECT_NE(result_of(std::string(60'000, '(')).find("nested too deeply"), std::string::npos);
    std::string negations;
    for (int count = 0; count < 10'000; ++count) negations += "not ";
    EXPECT_NE(result_of(negations + "true").find("nested too deeply"), std::string::npos);
    std::string wide = "true";
    for (int count = 0; count < 9'000; ++count) wide += " or 1==2";
    EXPECT_EQ(result_of(wide.substr(0, 65'000 - 65'000 % 8 + 4)), "true");
}

TEST_F(ConditionOnKnownNames, TheReasonNamesTheValuesLookedAt) {
    TextProblem problem;
    const auto condition =
        Condition::parse("version(facts.py.version) >= version('4') or defined(facts.py.triton)", problem);
    const auto outcome = condition->evaluate(references, problem);
    EXPECT_EQ(outcome->reason,
              "version(facts.py.version) >= version('4') or defined(facts.py.triton) is false: "
              "facts.py.version is \"3.12.1\", facts.py.triton is null");
    EXPECT_EQ(Condition::constant(false).evaluate(references, problem)->reason, "false is false");
}

TEST_F(ConditionOnKnownNames, ReferencesAreListedWithTheirPlaces) {
    TextProblem problem;
    const auto condition = Condition::parse("inputs.a == 1 and (defined(facts.f.x) or env.E in [env.F])", problem);
    const auto found = condition->references();
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].text, "inputs.a");
    EXPECT_EQ(found[1].offset, 27U);
    EXPECT_EQ(found[3].text, "env.F");
    ASSERT_EQ(condition->tested_references().size(), 1U);
    EXPECT_EQ(condition->tested_references()[0].name, "f");
}

}  // namespace
}  // namespace backout
