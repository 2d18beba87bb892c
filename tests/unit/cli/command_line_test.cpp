#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/verbs.h"

namespace backout {
namespace {

Arguments parsed(const std::vector<std::string>& words) {
    Result<Arguments> arguments = parse_command_line(words, all_verbs());
    EXPECT_TRUE(arguments.ok()) << (arguments.ok() ? "" : arguments.error().text());
    return arguments.ok() ? *arguments : Arguments();
}

std::string refused(const std::vector<std::string>& words) {
    const Result<Arguments> arguments = parse_command_line(words, all_verbs());
    EXPECT_FALSE(arguments.ok());
    if (arguments.ok()) return "";
    EXPECT_EQ(arguments.error().code, ErrorCode::usage);
    return arguments.error().message;
}

TEST(CommandLine, ReadsVerbWordsAndFlags) {
    const Arguments arguments = parsed({"plan", "site.json", "-o", "site.plan", "--diff"});
    EXPECT_EQ(arguments.verb, "plan");
    EXPECT_EQ(arguments.text("MANIFEST"), "site.json");
    EXPECT_EQ(arguments.text("--output"), "site.plan");
    EXPECT_TRUE(arguments.has("--diff"));
    EXPECT_FALSE(arguments.has("--undo"));
}

TEST(CommandLine, GlobalFlagsStandBeforeAndAfterTheVerb) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--json", "--state-dir", "/s", "status"},
                                                  {"status", "--json", "--state-dir", "/s"}}) {
        const Arguments arguments = parsed(words);
        EXPECT_TRUE(arguments.has("--json"));
        EXPECT_EQ(arguments.text("--state-dir"), "/s");
    }
}

TEST(CommandLine, VerbosityIsRepeatableAndComposable) {
    const Arguments arguments = parsed({"-v", "status", "-vv", "-QQ", "-vQ"});
    EXPECT_EQ(arguments.count("--verbose"), 4);
    EXPECT_EQ(arguments.count("--quiet"), 3);
}

TEST(CommandLine, RepeatedFlagsAddUp) {
    const Arguments arguments = parsed(
        {"apply", "m", "--input", "a=1", "--input", "b=-2", "--allow-irreversible", "x", "--allow-irreversible", "y"});
    EXPECT_EQ(arguments.list("--input"), (std::vector<std::string>{"a=1", "b=-2"}));
    EXPECT_EQ(arguments.list("--allow-irreversible"), (std::vector<std::string>{"x", "y"}));
}

TEST(CommandLine, AValueDoesNotSwallowTheNextWord) {
    const Arguments arguments = parsed({"plan", "--input", "a=1", "site.json"});
    EXPECT_EQ(arguments.text("MANIFEST"), "site.json");
}

TEST(CommandLine, AFileMayBeCalledLikeAVerb) {
    EXPECT_EQ(parsed({"apply", "plan"}).text("MANIFEST|PLAN"), "plan");
    EXPECT_EQ(parsed({"verify", "status"}).text("RUN|PLAN|MANIFEST"), "status");
}

TEST(CommandLine, WordsGoToTheirPlaces) {
    const Arguments arguments = parsed({"resolve", "r-1", "conf", "--as", "done", "--reason", "seen"});
    EXPECT_EQ(arguments.text("RUN"), "r-1");
    EXPECT_EQ(arguments.text("STEP"), "conf");
}

TEST(CommandLine, StandardInputIsADash) {
    EXPECT_EQ(parsed({"plan", "-"}).text("MANIFEST"), "-");
}

TEST(CommandLine, AnUnknownVerbNamesTheNearest) {
    EXPECT_NE(refused({"aply", "m"}).find("did you mean 'apply'"), std::string::npos);
}

TEST(CommandLine, AnUnknownFlagNamesTheNearest) {
    EXPECT_NE(refused({"plan", "m", "--dif"}).find("did you mean '--diff'"), std::string::npos);
    EXPECT_NE(refused({"status", "--jsn"}).find("did you mean '--json'"), std::string::npos);
}

TEST(CommandLine, FlagsOfAnotherVerbAreUnknown) {
    refused({"status", "--yes"});
}

TEST(CommandLine, MissingAndSuperfluousWordsAreErrors) {
    refused({"plan"});
    refused({"plan", "a", "b"});
    refused({});
    refused({"resolve", "r-1"});
}

TEST(CommandLine, ChoicesAreChecked) {
    refused({"status", "--color", "sometimes"});
    refused({"graph", "m", "--format", "png"});
    refused({"apply", "m", "--on-drift", "ignore"});
}

TEST(CommandLine, EveryVerbHasHelpWithExamples) {
    for (const VerbSpec& verb : all_verbs()) {
        const Arguments arguments = parsed({verb.name, "--help"});
        EXPECT_TRUE(arguments.help) << verb.name;
        EXPECT_NE(arguments.help_text.find("Examples:"), std::string::npos) << verb.name;
        EXPECT_NE(arguments.help_text.find("backout " + verb.name), std::string::npos) << verb.name;
    }
}

TEST(CommandLine, HelpListsWhatIsThereAndNothingElse) {
    const std::string help = parsed({"--help"}).help_text;
    for (const VerbSpec& verb : all_verbs()) EXPECT_NE(help.find("\n  " + verb.name), std::string::npos) << verb.name;
    for (const char* absent : {"rehearse", "confirm", "completion", "--force", "--no-lock", "--no-journal"}) {
        EXPECT_EQ(help.find(absent), std::string::npos) << absent;
    }
}

}  // namespace
}  // namespace backout
