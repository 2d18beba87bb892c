#include "host/bounded_capture.h"

#include <gtest/gtest.h>

#include <random>

namespace backout {
namespace {

TEST(BoundedCapture, keeps_all_up_to_the_limit) {
    BoundedCapture capture(5);
    capture.add("123");
    capture.add("45");
    EXPECT_FALSE(capture.truncated());
    EXPECT_EQ("12345", capture.take());
}

TEST(BoundedCapture, keeps_beginning_and_end_and_says_how_much_is_missing) {
    BoundedCapture capture(6);
    for (const char* part : {"abcd", "e", "", "fghijklm", "nopqrstuvwxy", "z"}) capture.add(part);
    EXPECT_TRUE(capture.truncated());
    EXPECT_EQ("abc\n[... 20 bytes left out ...]\nxyz", capture.take());
}

TEST(BoundedCapture, a_limit_of_nothing_keeps_nothing) {
    BoundedCapture capture(0);
    capture.add("x");
    EXPECT_TRUE(capture.truncated());
    EXPECT_EQ("\n[... 1 bytes left out ...]\n", capture.take());
}

TEST(BoundedCapture, the_size_of_the_parts_makes_no_difference) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Bytes all;
    for (int i = 0; i < 5000; ++i) all += static_cast<char>('a' + i % 26);
    for (int round = 0; round < 200; ++round) {
        const std::size_t limit = random() % 600;
        const std::size_t size = random() % all.size();
        BoundedCapture whole(limit);
        BoundedCapture parts(limit);
        whole.add(std::string_view(all).substr(0, size));
        for (std::size_t begin = 0; begin < size;) {
            const std::size_t length = std::min<std::size_t>(1 + random() % 300, size - begin);
            parts.add(std::string_view(all).substr(begin, length));
            begin += length;
        }
        ASSERT_EQ(whole.take(), parts.take()) << "limit " << limit << ", size " << size;
    }
}

}  // namespace
}  // namespace backout
