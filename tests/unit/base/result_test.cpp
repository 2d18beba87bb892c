#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace backout {
namespace {

Error broken() {
    Error error;
    error.message = "broken";
    return error;
}

Result<std::unique_ptr<int>> make(bool succeed) {
    if (!succeed) return broken();
    return std::make_unique<int>(7);
}

Status check(bool succeed) {
    if (!succeed) return broken();
    return {};
}

Result<int> add_up(bool first, bool second) {
    BACKOUT_TRY(check(first));
    BACKOUT_TRY_ASSIGN(const auto seven, make(second));
    BACKOUT_TRY_ASSIGN(const auto again, make(second));
    return *seven + *again;
}

TEST(Result, HoldsAValueOrAnError) {
    EXPECT_TRUE(make(true).ok());
    EXPECT_EQ(**make(true), 7);
    EXPECT_FALSE(make(false));
    EXPECT_EQ(make(false).error().message, "broken");
    EXPECT_EQ(Result<int>(broken()).value_or(3), 3);
    EXPECT_EQ(Result<std::string>(std::string("abc"))->size(), 3U);
}

TEST(Result, StatusIsSuccessUnlessGivenAnError) {
    EXPECT_TRUE(Status().ok());
    EXPECT_EQ(check(false).error().text(), "broken");
}

TEST(Result, TryHandsTheErrorUpAndTheValueOn) {
    EXPECT_EQ(add_up(true, true).value(), 14);
    EXPECT_EQ(add_up(false, true).error().message, "broken");
    EXPECT_EQ(add_up(true, false).error().message, "broken");
}

TEST(ResultDeathTest, StopsWhenTheWrongSideIsRead) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Result<int> failed = broken();
    EXPECT_DEATH(static_cast<void>(failed.value()), "internal error");
    Result<int> fine = 1;
    EXPECT_DEATH(static_cast<void>(fine.error()), "internal error");
}

}  // namespace
}  // namespace backout
