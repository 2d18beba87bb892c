#include "cli/verbosity.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

Verbosity verbosity(int verbose, int quiet, const std::vector<std::string>& shows = {}) {
    Result<Verbosity> made = Verbosity::make(verbose, quiet, shows);
    EXPECT_TRUE(made.ok());
    return made.ok() ? *made : Verbosity();
}

TEST(Verbosity, ShowsALevelIffItIsNotAboveTheDifferenceOfFlags) {
    for (int verbose = 0; verbose <= 4; ++verbose) {
        for (int quiet = 0; quiet <= 5; ++quiet) {
            const Verbosity flags = verbosity(verbose, quiet);
            for (int level = -3; level <= 3; ++level) {
                const bool expected = verbose - quiet > -4 && level <= verbose - quiet;
                EXPECT_EQ(flags.shows("action", level), expected) << verbose << " " << quiet << " " << level;
            }
        }
    }
}

TEST(Verbosity, MinusFourIsAWallThatNoChannelPasses) {
    const Verbosity flags = verbosity(0, 4, {"error", "result:3", "trace"});
    for (const std::string& channel : channel_names()) EXPECT_FALSE(flags.shows(channel, kLevelErrors)) << channel;
    EXPECT_TRUE(flags.silent());
}

TEST(Verbosity, AChannelCanBeRaisedAlone) {
    const Verbosity flags = verbosity(0, 0, {"api:2"});
    EXPECT_TRUE(flags.shows("api", 2));
    EXPECT_FALSE(flags.shows("api", 3));
    EXPECT_FALSE(flags.shows("exec", 1));
}

TEST(Verbosity, AChannelCanBeLoweredAlone) {
    const Verbosity flags = verbosity(2, 0, {"hint:-1"});
    EXPECT_FALSE(flags.shows("hint", 0));
    EXPECT_TRUE(flags.shows("action", 2));
}

TEST(Verbosity, AChannelWithoutLevelShowsEverything) {
    EXPECT_TRUE(verbosity(0, 3, {"trace"}).shows("trace", 3));
}

TEST(Verbosity, AnUnknownChannelIsAnErrorThatNamesTheNearestAndAll) {
    const Result<Verbosity> made = Verbosity::make(0, 0, {"jurnal"});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, ErrorCode::usage);
    EXPECT_NE(made.error().message.find("did you mean 'journal'"), std::string::npos);
    EXPECT_NE(made.error().message.find("warning"), std::string::npos);
}

TEST(Verbosity, ALevelOutOfRangeIsAnError) {
    for (const char* show : {"api:4", "api:-5", "api:x", "api:", "api:12"}) {
        EXPECT_FALSE(Verbosity::make(0, 0, {show}).ok()) << show;
    }
}

}  // namespace
}  // namespace backout
