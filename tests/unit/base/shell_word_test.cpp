#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

TEST(ShellWords, AreQuotedWhereNeeded) {
    EXPECT_EQ(shell_word("/a/b.json"), "/a/b.json");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace backout
