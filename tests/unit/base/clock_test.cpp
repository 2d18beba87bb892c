#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace backout {
namespace {

TEST(FormatTime, WritesRfc3339InUtcWithMilliseconds) {
    EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_time(1'795'140'669'123'999'999), "2026-11-20T02:11:09.123Z");
    EXPECT_EQ(format_time(951'782'400 * kSecond), "2000-02-29T00:00:00.000Z");
    EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999Z");
}

TEST(ParseTime, ReadsWhatFormatTimeWrites) {
    for (const std::int64_t seconds : {0L, 951'782'400L, 1'795'140'669L, -86'401L, 4'102'444'799L}) {
        const UnixNanoseconds time = seconds * kSecond + 123 * kMillisecond;
        EXPECT_EQ(parse_time(format_time(time)).value(), time);
    }
}

TEST(ParseTime, ReadsOffsetsAndFractions) {
    EXPECT_EQ(parse_time("1970-01-01T01:00:00+01:00").value(), 0);
    EXPECT_EQ(parse_time("1969-12-31T19:00:00.5-05:00").value(), kSecond / 2);
    EXPECT_EQ(parse_time("1970-01-01t00:00:00.000000001z").value(), 1);
    EXPECT_EQ(parse_time("2016-12-31T23:59:60Z").value(), parse_time("2017-01-01T00:00:00Z").value());
}

TEST(ParseTime, RefusesWhatIsNoTime) {
    for (const char* text : {"", "2026", "2026-11-20", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
                             "2026-11-20T24:00:00Z", "2026-11-20T00:60:00Z", "2026-11-20T00:00:61Z",
                             "2026-11-20T00:00:00", "2026-11-20T00:00:00.Z", "2026-11-20T00:00:00.1234567890Z",
                             "2026-11-20T00:00:00Zx", "2026-11-20T00:00:00+1", "9999-01-01T00:00:00Z", "yesterday"}) {
        const auto result = parse_time(text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_EQ(result.error().code, ErrorCode::invalid);
    }
}

TEST(ParseDuration, ReadsUnitsFractionsAndSums) {
    EXPECT_EQ(parse_duration("90s").value(), 90 * kSecond);
    EXPECT_EQ(parse_duration("2m30s").value(), 150 * kSecond);
    EXPECT_EQ(parse_duration("500ms").value(), kSecond / 2);
    EXPECT_EQ(parse_duration("1h").value(), 3600 * kSecond);
    EXPECT_EQ(parse_duration("3d").value(), 3 * 86'400 * kSecond);
    EXPECT_EQ(parse_duration("1d2h3m4s5ms").value(), 93'784 * kSecond + 5 * kMillisecond);
    EXPECT_EQ(parse_duration("1.5s").value(), 1500 * kMillisecond);
    EXPECT_EQ(parse_duration("0.25m").value(), 15 * kSecond);
    EXPECT_EQ(parse_duration("0s").value(), 0);
}

TEST(ParseDuration, RefusesBareNumbersAndSaysWhatIsAccepted) {
    const auto result = parse_duration("90");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
    EXPECT_NE(result.error().message.find("2m30s"), std::string::npos);
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
    for (const char* text : {"", "s", "-1s", "+1s", "1 s", "1w", "1S", "1.s", "1.2345s", "30s2m", "1s1s", "1m 2s",
                             "9223372037s", "106752d", "99999999999999999999s", "1e3s"}) {
        EXPECT_FALSE(parse_duration(text).ok()) << text;
    }
}

TEST(FormatDuration, IsShortAndRoundsIntoTheNextUnit) {
    EXPECT_EQ(format_duration(0), "0s");
    EXPECT_EQ(format_duration(1), "<1ms");
    EXPECT_EQ(format_duration(350 * kMillisecond), "350ms");
    EXPECT_EQ(format_duration(kSecond - 1), "1s");
    EXPECT_EQ(format_duration(1500 * kMillisecond), "1.5s");
    EXPECT_EQ(format_duration(59'960 * kMillisecond), "1m");
    EXPECT_EQ(format_duration(150 * kSecond), "2m30s");
    EXPECT_EQ(format_duration(3600 * kSecond - 1), "1h");
    EXPECT_EQ(format_duration(3900 * kSecond), "1h5m");
    EXPECT_EQ(format_duration(100 * 3600 * kSecond), "4d4h");
    EXPECT_EQ(format_duration(-90 * kSecond), "-1m30s");
    EXPECT_EQ(format_duration(INT64_MIN)[0], '-');
}

TEST(SystemClock, MonotonicTimeNeverGoesBackAndSleepPassesIt) {
    SystemClock clock;
    const Nanoseconds before = clock.monotonic();
    clock.sleep(kMillisecond);
    EXPECT_GE(clock.monotonic(), before + kMillisecond);
    clock.sleep(0);
    clock.sleep(-1);
    EXPECT_GT(clock.now(), parse_time("2020-01-01T00:00:00Z").value());
}

TEST(SystemIdSource, GivesFreshNamesOfLowerCaseLettersAndDigits) {
    SystemIdSource ids;
    std::set<std::string> names;
    std::set<char> letters;
    for (int count = 0; count < 200; ++count) {
        const std::string name = ids.random_name(20);
        EXPECT_EQ(name.size(), 20U);
        letters.insert(name.begin(), name.end());
        names.insert(name);
    }
    EXPECT_EQ(names.size(), 200U);
    EXPECT_EQ(letters.size(), 36U);  // 4000 draws from 36 letters: each appears but once in 10^47
    EXPECT_EQ(std::string(letters.begin(), letters.end()), "0123456789abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(ids.random_name(0), "");
    EXPECT_NE(ids.random_number(), ids.random_number());
}

}  // namespace
}  // namespace backout
