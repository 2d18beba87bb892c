#include "cli/environment.h"

#include <gtest/gtest.h>

#include <map>

#include "cli/context.h"
#include "cli/program.h"

namespace backout {
namespace {

Environment environment_with(std::map<std::string, std::string> variables, unsigned user_id = 1000) {
    Environment environment;
    environment.variable = [variables](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
    };
    environment.user_id = user_id;
    environment.home = "/home/from-passwd";
    environment.working_directory = "/work";
    return environment;
}

Arguments with(const std::map<std::string, std::string>& values) {
    Arguments arguments;
    for (const auto& [name, value] : values) arguments.set(name, {value});
    return arguments;
}

std::string state_of(const Arguments& arguments, const Environment& environment) {
    const Result<Directories> directories = directories_of(arguments, environment);
    return directories.ok() ? directories->state : "error";
}

TEST(StateDirectory, DefaultsFollowTheContract) {
    EXPECT_EQ(state_of({}, environment_with({}, 0)), "/var/lib/backout");
    EXPECT_EQ(state_of({}, environment_with({{"XDG_STATE_HOME", "/x"}})), "/x/backout");
    EXPECT_EQ(state_of({}, environment_with({{"HOME", "/home/a"}})), "/home/a/.local/state/backout");
    EXPECT_EQ(state_of({}, environment_with({{"XDG_STATE_HOME", "relative"}, {"HOME", "/home/a"}})),
              "/home/a/.local/state/backout");
    EXPECT_EQ(state_of({}, environment_with({})), "/home/from-passwd/.local/state/backout");
}

TEST(StateDirectory, TheFlagComesBeforeTheVariable) {
    const Environment environment = environment_with({{"BACKOUT_STATE_DIR", "/variable"}});
    EXPECT_EQ(state_of({}, environment), "/variable");
    EXPECT_EQ(state_of(with({{"--state-dir", "rel/../state"}}), environment), "/work/state");
}

TEST(StateDirectory, LiesInsideAGivenRoot) {
    EXPECT_EQ(state_of(with({{"--root", "/mnt/image"}}), environment_with({}, 0)), "/mnt/image/var/lib/backout");
}

TEST(Color, IsForTerminalsThatWantIt) {
    EXPECT_TRUE(wants_color({}, environment_with({}), true));
    EXPECT_FALSE(wants_color({}, environment_with({}), false));
    EXPECT_FALSE(wants_color({}, environment_with({{"NO_COLOR", "1"}}), true));
    EXPECT_FALSE(wants_color({}, environment_with({{"TERM", "dumb"}}), true));
    EXPECT_TRUE(wants_color(with({{"--color", "always"}}), environment_with({{"NO_COLOR", "1"}}), false));
    EXPECT_FALSE(wants_color(with({{"--color", "never"}}), environment_with({}), true));
}

TEST(Paths, AreMadeAbsolute) {
    EXPECT_EQ(path_from("a/./b//c/../d", "/w"), "/w/a/b/d");
    EXPECT_EQ(path_from("/", "/w"), "/");
    EXPECT_EQ(path_from("../../..", "/w"), "/");
}

TEST(Commands, HoldNoValuesOfInputs) {
    EXPECT_EQ(command_without_secrets({"apply", "m.json", "--input", "token=hunter2", "--input=pin=1234"}),
              "backout apply m.json --input 'token=…' '--input=pin=…'");
}

}  // namespace
}  // namespace backout
