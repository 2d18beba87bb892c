#include "manifest/reference.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

// Literal text as it is, references in <>, problems after |.
std::string shape_of(const std::string& text) {
    std::vector<TextProblem> problems;
    std::string shape;
    for (const auto& piece : parse_text(text, problems)) {
        const auto* reference = std::get_if<Reference>(&piece);
        shape += reference == nullptr ? std::get<std::string>(piece) : "<" + reference->text + ">";
    }
    for (const TextProblem& problem : problems) shape += "|" + std::to_string(problem.offset) + " " + problem.message;
    return shape;
}

TEST(ReferenceText, IsTakenApart) {
    EXPECT_EQ(shape_of("plain"), "plain");
    EXPECT_EQ(shape_of(""), "");
    EXPECT_EQ(shape_of("${inputs.a}"), "<inputs.a>");
    EXPECT_EQ(shape_of("x${inputs.a}y${env.HOME}z"), "x<inputs.a>y<env.HOME>z");
    EXPECT_EQ(shape_of("${facts.py.torch.version}${backout.run}${manifest.dir}${file}"),
              "<facts.py.torch.version><backout.run><manifest.dir><file>");
}

TEST(ReferenceText, DollarsAreThemselvesButBeforeABrace) {
    EXPECT_EQ(shape_of("$5 $HOME $$ $"), "$5 $HOME $$ $");
    EXPECT_EQ(shape_of("$${HOME}"), "${HOME}");
    EXPECT_EQ(shape_of("$$${HOME}"), "$${HOME}");
    EXPECT_EQ(shape_of("a$${b}${inputs.c}$"), "a${b}<inputs.c>$");
}

TEST(ReferenceText, QuotedIdsMayHoldBraces) {
    EXPECT_EQ(shape_of("${actions.'a}b''c'.out}!"), "<actions.'a}b''c'.out>!");
    EXPECT_EQ(shape_of("${actions.file.write:/etc/it's.digest}"), "<actions.file.write:/etc/it's.digest>");
}

TEST(ReferenceText, MalformedOnesAreAllReported) {
    EXPECT_EQ(shape_of("é${input.a} ${inputs.} ${inputs.a.b} ${x"),
              "é   |2 unknown reference 'input.a' (did you mean 'inputs'?); for the characters ${ themselves write $${"
              "|13 'inputs.' is no reference: it looks like inputs.NAME"
              "|24 'inputs.a.b' is no reference: it looks like inputs.NAME"
              "|38 this '${' has no '}': for the characters themselves write '$${'");
    EXPECT_EQ(shape_of("${backout.runs}"), "|0 there is only backout.run, not 'backout.runs'");
    EXPECT_EQ(shape_of("${manifest.path}"), "|0 there is only manifest.dir, not 'manifest.path'");
    EXPECT_EQ(shape_of("${actions.a}"), "|0 a reference to an action looks like ${actions.ID.OUTPUT}");
    EXPECT_EQ(shape_of("${HOME}"),
              "|0 unknown reference 'HOME'; one begins with inputs., facts., actions., env., backout. or manifest.; "
              "for the characters ${ themselves write $${");
    EXPECT_EQ(shape_of("${facts.a..b}"), "|0 'facts.a..b' is no reference: it looks like facts.NAME.FIELD");
    EXPECT_EQ(shape_of("${a\n}"), "|0 this '${' has no '}': for the characters themselves write '$${'");
}

TEST(ActionIds, TheLongestKnownIdWins) {
    ActionIds ids;
    for (const char* id : {"a", "a.b", "file.write:/etc/app.conf", "it's"}) ids.add(id);
    EXPECT_EQ(ids.split("a.out")->id, "a");
    EXPECT_EQ(ids.split("a.b.out")->id, "a.b");
    EXPECT_EQ(ids.split("a.b.out")->output, "out");
    EXPECT_EQ(ids.split("a.c.out")->output, "c.out");
    EXPECT_EQ(ids.split("file.write:/etc/app.conf.digest")->id, "file.write:/etc/app.conf");
    EXPECT_EQ(ids.split("'a'.b.out")->id, "a");
    EXPECT_EQ(ids.split("'a'.b.out")->output, "b.out");
    EXPECT_EQ(ids.split("'it''s'.out")->id, "it's");
    for (const char* bad : {"", "b.out", "a", "a.", "'a'", "'a'.", "'b'.out", "'a", ".out"}) {
        EXPECT_FALSE(ids.split(bad).has_value()) << bad;
    }
    EXPECT_EQ(ids.suggestion("file.write:/etc/ap.conf.digest"), " (did you mean 'file.write:/etc/app.conf'?)");
}

}  // namespace
}  // namespace backout
