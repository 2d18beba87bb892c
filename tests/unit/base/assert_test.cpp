#include "base/assert.h"

#include <gtest/gtest.h>

namespace {

TEST(Assert, LetsATrueConditionPassAndEvaluatesItOnce) {
    int evaluated = 0;
    BACKOUT_ASSERT(++evaluated == 1);
    EXPECT_EQ(evaluated, 1);
}

TEST(AssertDeathTest, StopsTheProcessAndNamesConditionAndPlace) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(BACKOUT_ASSERT(2 + 2 == 5), "internal error: 2 \\+ 2 == 5 does not hold .*assert_test\\.cpp:");
}

}  // namespace
