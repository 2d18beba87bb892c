#include "base/number.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

TEST(ParseUnsigned, TakesTheWholeTextOrNothing) {
    EXPECT_EQ(parse_unsigned("0"), 0U);
    EXPECT_EQ(parse_unsigned("0644", 8), 0644U);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615U);
    for (const char* wrong : {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616", "99999999999999999999999"}) {
        EXPECT_EQ(parse_unsigned(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(parse_unsigned("8", 8), std::nullopt);
}

}  // namespace
}  // namespace backout
