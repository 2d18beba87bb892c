#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

class TerminalWithAnswers : public ::testing::Test {
  protected:
    Result<bool> ask(std::vector<std::optional<std::string>> answers) {
        std::size_t next = 0;
        Terminal terminal(true, channels_, [&]() -> Result<std::optional<std::string>> {
            if (next == answers.size()) return Error{ErrorCode::canceled, "interrupted"};
            return answers[next++];
        });
        return terminal.confirm("Apply?");
    }

    std::string said_;
    Channels channels_{
        Streams{[](std::string_view) { return Status{}; }, [this](std::string_view text) { said_ += text; }}};
};

TEST(Answer, TakesYesAndNoInAnyCase) {
    for (const char* yes : {"y", "Y", "yes", "YES", " yEs "}) EXPECT_EQ(answer_of(yes), Answer::yes) << yes;
    for (const char* no : {"n", "N", "no", "NO", "", "  "}) EXPECT_EQ(answer_of(no), Answer::no) << no;
    for (const char* other : {"yep", "ja", "1", "y n"}) EXPECT_EQ(answer_of(other), Answer::unclear) << other;
}

TEST_F(TerminalWithAnswers, AsksAgainOnOtherWords) {
    const Result<bool> answer = ask({"what", "yes"});
    ASSERT_TRUE(answer.ok());
    EXPECT_TRUE(*answer);
    EXPECT_NE(said_.find("Please answer yes or no."), std::string::npos);
}

TEST_F(TerminalWithAnswers, TheDefaultIsNo) {
    const Result<bool> answer = ask({""});
    ASSERT_TRUE(answer.ok());
    EXPECT_FALSE(*answer);
    EXPECT_NE(said_.find("[y/N]"), std::string::npos);
}

TEST_F(TerminalWithAnswers, TheEndOfTheInputIsNo) {
    const Result<bool> answer = ask({std::nullopt});
    ASSERT_TRUE(answer.ok());
    EXPECT_FALSE(*answer);
}

TEST_F(TerminalWithAnswers, ASignalIsNeitherYesNorNo) {
    const Result<bool> answer = ask({});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::canceled);
}

TEST_F(TerminalWithAnswers, NobodyIsAskedForEver) {
    const Result<bool> answer = ask(std::vector<std::optional<std::string>>(1000, "perhaps"));
    ASSERT_TRUE(answer.ok());
    EXPECT_FALSE(*answer);
}

}  // namespace
}  // namespace backout
