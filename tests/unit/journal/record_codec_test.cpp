#include "journal/record_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/digest.h"
#include "unit/journal/sample.h"

namespace backout {
namespace {

using ::testing::HasSubstr;

Bytes previous() {
    return run_identity_digest("0123456789abcdef0123456789abcdef", "r-7-abcd");
}

Record sample() {
    Record record =
        make_record(RecordType::step_intended, 2, Json{{"image", {{"slot", "r7-s2-0"}}}, {"expected", {{"size", 3}}}},
                    1'700'000'000'123'456'789);
    record.sequence = 5;
    return record;
}

/// The same bytes with the digest made anew, as a newer program would write them.
Bytes with_byte(Bytes bytes, std::size_t at, char value) {
    bytes[at] = value;
    bytes.resize(bytes.size() - kDigestSize);
    return bytes + sha256_raw(bytes);
}

TEST(RecordCodec, WritesTheGoldenBytes) {
    // Made by an independent program after FORMAT.md. These bytes never change: journals out there consist of them.
    EXPECT_EQ(to_hex(previous()), "edd9c21ef9f2c1be3b3681b7bffd697012ae7e2391d8433e3951fca60776208b");
    EXPECT_EQ(to_hex(*encode_record(sample(), previous())),
              "5201040000000002000000000000000517979cfe3d85cd150000003200000000edd9c21ef9f2c1be3b3681b7bffd6970"
              "12ae7e2391d8433e3951fca60776208b7b226578706563746564223a7b2273697a65223a337d2c22696d616765223a7b"
              "22736c6f74223a2272372d73322d30227d7df56e62578d004a1646495db0c77d93a781d31680d70eaed4734251aef022"
              "7e08");
}

TEST(RecordCodec, ReadsWhatItWrote) {
    const auto decoded = decode_record(*encode_record(sample(), previous()));
    ASSERT_TRUE(decoded.ok()) << decoded.error().text();
    EXPECT_EQ(decoded->record.type, RecordType::step_intended);
    EXPECT_EQ(decoded->record.step, 2U);
    EXPECT_EQ(decoded->record.sequence, 5U);
    EXPECT_EQ(decoded->record.time, 1'700'000'000'123'456'789);
    EXPECT_EQ(decoded->record.body, sample().body);
    EXPECT_EQ(decoded->previous, previous());
    EXPECT_EQ(decoded->digest, digest_of(*encode_record(sample(), previous())));
}

TEST(RecordCodec, KeepsTheExtremes) {
    Record record = sample();
    record.time = std::numeric_limits<UnixNanoseconds>::min();
    record.step = 0xFFFFFFFF;
    record.sequence = ~std::uint64_t{0};
    record.body =
        Json{{"big", 18446744073709551615U}, {"small", std::numeric_limits<std::int64_t>::min()}, {"text", "\u0000é"}};
    const auto decoded = decode_record(*encode_record(record, previous()));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->record.time, record.time);
    EXPECT_EQ(decoded->record.step, record.step);
    EXPECT_EQ(decoded->record.sequence, record.sequence);
    EXPECT_EQ(decoded->record.body, record.body);
}

TEST(RecordCodec, FindsEveryFlippedBit) {
    const Bytes good = *encode_record(sample(), previous());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        const auto decoded = decode_record(bad);
        ASSERT_FALSE(decoded.ok()) << "bit " << bit;
        ASSERT_EQ(decoded.error().code, ErrorCode::journal);
    }
}

TEST(RecordCodec, FindsEveryTruncationAndAnExtraByte) {
    const Bytes good = *encode_record(sample(), previous());
    for (std::size_t size = 0; size < good.size(); ++size) {
        ASSERT_FALSE(decode_record(std::string_view(good).substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(decode_record(good + "x").ok());
}

TEST(RecordCodec, TellsANewerProgramFromDamage) {
    const Bytes good = *encode_record(sample(), previous());
    for (const auto& [at, value] : {std::pair<std::size_t, char>{1, 2}, {2, 21}, {2, '\xff'}, {3, 1}}) {
        const auto decoded = decode_record(with_byte(good, at, value));
        ASSERT_FALSE(decoded.ok());
        EXPECT_EQ(decoded.error().code, ErrorCode::journal);
        EXPECT_THAT(decoded.error().message, HasSubstr("newer than this program")) << at;
    }
    EXPECT_THAT(decode_record(with_byte(good, 2, 0)).error().message, HasSubstr("damaged"));
    EXPECT_THAT(decode_record(with_byte(good, 0, 'S')).error().message, HasSubstr("damaged"));
    EXPECT_THAT(decode_record(with_byte(good, 27, 'S')).error().message, HasSubstr("length"));
    EXPECT_THAT(decode_record(with_byte(good, 28, 1)).error().message, HasSubstr("reserved"));
    EXPECT_THAT(decode_record(with_byte(good, 64, '[')).error().message, HasSubstr("no JSON object"));
}

TEST(RecordCodec, RefusesToWriteWhatItWouldNotRead) {
    Record record = sample();
    record.body = Json::array();
    EXPECT_EQ(encode_record(record, previous()).error().code, ErrorCode::invalid);
    Json deep = 1;
    for (int i = 0; i < 63; ++i) deep = Json::array({deep});
    record.body = Json{{"deep", deep}};
    ASSERT_TRUE(encode_record(record, previous()).ok());
    EXPECT_TRUE(decode_record(*encode_record(record, previous())).ok());
    record.body = Json{{"deep", Json::array({deep})}};
    EXPECT_EQ(encode_record(record, previous()).error().code, ErrorCode::invalid);
}

TEST(RecordCodec, SurvivesAnyBytes) {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    const Bytes good = *encode_record(sample(), previous());
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes = good.substr(0, random() % (good.size() + 1));
        for (std::size_t i = random() % 8; i > 0 && !bytes.empty(); --i) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        // With a right digest behind it, what is inside is looked at, too.
        if (round % 2 == 0) bytes += sha256_raw(bytes);
        const auto decoded = decode_record(bytes);
        ASSERT_TRUE(!decoded.ok() || decoded->record.body.is_object()) << "seed " << seed;
    }
}

TEST(RecordCodec, ChainsDifferByRunAndJournal) {
    EXPECT_NE(run_identity_digest("a", "r-1-x"), run_identity_digest("b", "r-1-x"));
    EXPECT_NE(run_identity_digest("a", "r-1-x"), run_identity_digest("a", "r-1-y"));
    EXPECT_NE(run_identity_digest("ab", "c"), run_identity_digest("a", "bc"));
}

TEST(RecordCodec, NamesEveryType) {
    for (int type = 1; type <= 20; ++type) {
        EXPECT_STRNE(to_string(static_cast<RecordType>(type)), "unknown") << type;
    }
}

}  // namespace
}  // namespace backout
