#include "journal/summary_codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

StoredSummary sample() {
    StoredSummary stored;
    RunSummary& run = stored.summary;
    run.number = 12;
    run.run = "r-12-k3f9";
    run.name = "site-release";
    run.phase = RunPhase::rolling_back;
    run.direction = Direction::back;
    run.started = 1;
    run.finished = -2;
    run.steps = 3;
    run.exit_status = 3;
    run.changed = true;
    run.undoes = "r-11-a";
    run.undone_by = "r-13-b";
    run.awaits = "a person";
    run.plan_id = "p";
    run.command = "backout \xff";
    run.user = "root";
    stored.last_sequence = ~std::uint64_t{0};
    stored.last_digest = Bytes(32, '\xab');
    stored.plan_bytes = 1ULL << 40;
    stored.plan_digest = "d";
    stored.content_digest = "c";
    return stored;
}

TEST(SummaryCodec, KeepsEveryMember) {
    const auto back = decode_summary(encode_summary(sample()));
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_EQ(back->summary.number, 12U);
    EXPECT_EQ(back->summary.phase, RunPhase::rolling_back);
    EXPECT_EQ(back->summary.direction, Direction::back);
    EXPECT_EQ(back->summary.finished, -2);
    EXPECT_EQ(back->last_sequence, ~std::uint64_t{0});
    EXPECT_EQ(back->last_digest, Bytes(32, '\xab'));
    EXPECT_EQ(back->plan_bytes, 1ULL << 40);
    StoredSummary printable = sample();
    printable.summary.command = back->summary.command;  // what isn't UTF-8 was replaced
    EXPECT_EQ(encode_summary(*back), encode_summary(printable));
}

TEST(SummaryCodec, WritesTheGoldenText) {
    StoredSummary stored = sample();
    stored.summary.command = "backout apply";
    EXPECT_EQ(
        encode_summary(stored),
        R"({"awaits":"a person","changed":true,"command":"backout apply","content_digest":"c","direction":"back",)"
        R"("exit":3,"finished":-2,"last_digest":")" +
            to_hex(Bytes(32, '\xab')) +
            R"(","last_sequence":18446744073709551615,"name":"site-release","number":12,"phase":"rolling_back",)"
            R"("plan_bytes":1099511627776,"plan_digest":"d","plan_id":"p","run":"r-12-k3f9","started":1,"steps":3,)"
            R"("undoes":"r-11-a","undone_by":"r-13-b","user":"root"})");
}

TEST(SummaryCodec, RefusesWhatIsNone) {
    for (const char* text : {"", "[]", "{}", "null", R"({"phase":"running","last_digest":"x"})", R"({"phase":1})"}) {
        EXPECT_FALSE(decode_summary(text).ok()) << text;
    }
}

TEST(Account, GoesBothWays) {
    const auto back = decode_account(encode_account({1, 2, 3, 1ULL << 60}));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->last_run, 1U);
    EXPECT_EQ(back->newest_run, 2U);
    EXPECT_EQ(back->runs, 3U);
    EXPECT_EQ(back->used, 1ULL << 60);
    EXPECT_FALSE(decode_account("short").ok());
}

TEST(Seal, FitsOneTableKeyAndValue) {
    const Bytes sealed = seal(Table::runs, "key", "value");
    EXPECT_EQ(to_hex(sealed), "76616c7565237fa1b4821565d1988d9007933f7c01");
    EXPECT_EQ(*unseal(Table::runs, "key", sealed), "value");
    EXPECT_FALSE(unseal(Table::names, "key", sealed).ok());
    EXPECT_FALSE(unseal(Table::runs, "kez", sealed).ok());
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes bad = sealed;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(unseal(Table::runs, "key", bad).ok()) << bit;
    }
    EXPECT_FALSE(unseal(Table::runs, "key", "short").ok());
    EXPECT_EQ(*unseal(Table::meta, "", seal(Table::meta, "", "")), "");
}

TEST(Keys, SortAsTheirNumbers) {
    EXPECT_LT(run_key(255), run_key(256));
    EXPECT_LT(record_key(1, ~std::uint64_t{0}), record_key(2, 1));
    EXPECT_EQ(plan_id_key(std::string(5000, 'x')).size(), 32U);
}

}  // namespace
}  // namespace backout
