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

TEST(CommandLine, AnUnknownVerbIsNoneWithHelpEither) {
    for (const char* verb : {"rehearse", "report", "completion", "confirm", "aply", ""}) {
        for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--help"}, {"x"}, {"--foo", "x"}}) {
            std::vector<std::string> words = {verb};
            words.insert(words.end(), more.begin(), more.end());
            EXPECT_EQ(refused(words).rfind("there is no verb '" + std::string(verb) + "'", 0), 0U) << refused(words);
        }
    }
    EXPECT_NE(refused({"--help", "aply"}).find("did you mean 'apply'"), std::string::npos);
    EXPECT_NE(refused({"frobnicate"}).find("there are plan, show, "), std::string::npos) << "nothing is near: all";
}

TEST(CommandLine, AnUnknownFlagIsNamedWhateverFollowsIt) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"plan", "m", "--dif", "bar"},
                                                  {"plan", "--dif", "bar", "m"},
                                                  {"plan", "--dif=bar"}}) {
        EXPECT_EQ(refused(words).rfind("backout plan has no flag '--dif' (did you mean '--diff'?)", 0), 0U)
            << refused(words);
    }
    EXPECT_EQ(refused({"plan", "m", "--inptu=token=hunter2"}).find("hunter2"), std::string::npos);
}

TEST(CommandLine, AFlagWithoutItsValueIsNamed) {
    EXPECT_EQ(refused({"history", "--limit"}).rfind("--limit takes a value: --limit N", 0), 0U);
    EXPECT_EQ(refused({"plan", "m", "-o", "--json"}).rfind("-o takes a value: -o FILE", 0), 0U);
    EXPECT_EQ(refused({"--state-dir", "-v", "status"}).rfind("--state-dir takes a value", 0), 0U);
    EXPECT_EQ(refused({"plan", "m", "--json=1"}).rfind("--json takes no value", 0), 0U);
    EXPECT_EQ(refused({"apply", "m", "--yes=no"}).rfind("--yes takes no value", 0), 0U);
    EXPECT_EQ(refused({"history", "--limit", "1", "--limit=2"}).rfind("--limit is given twice", 0), 0U);
}

TEST(CommandLine, EveryFlagOfEveryVerbIsTaken) {
    for (const VerbSpec& verb : all_verbs()) {
        std::vector<std::string> words = {verb.name};
        for (const WordSpec& word : verb.words) words.push_back(word.name);
        std::vector<FlagSpec> flags = global_flags();
        flags.insert(flags.end(), verb.flags.begin(), verb.flags.end());
        for (const FlagSpec& flag : flags) {
            std::vector<std::string> with = words;
            with.push_back(flag.name());
            if (!flag.value.empty()) with.push_back(flag.choices.empty() ? "a=b" : flag.choices.front());
            EXPECT_TRUE(parsed(with).has(flag.name())) << verb.name << " " << flag.name();
        }
    }
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
    EXPECT_EQ(refused({"status", "--color", "nevr"})
                  .rfind("--color: 'nevr' is none of auto, always and never (did you mean 'never'?)", 0),
              0U);
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
