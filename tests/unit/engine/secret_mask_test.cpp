#include "engine/secret_mask.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

TEST(SecretMask, MasksWhatIsSaidAtAnyDepth) {
    SecretMask mask;
    mask.add("hunter2");
    Record record;
    record.body = {{"error", "bad hunter2"}, {"drift", {{{"found", "hunter2"}}}}, {"count", 2}};
    mask.apply(record);
    EXPECT_EQ(record.body, (Json{{"error", "bad (secret)"}, {"drift", {{{"found", "(secret)"}}}}, {"count", 2}}));
}

TEST(SecretMask, LeavesAloneWhatLaterStepsDependOn) {
    SecretMask mask;
    mask.add("root");
    Record record;
    record.body = {{"image", "root"}, {"expected", "root"}, {"outputs", {{"user", "root"}}}};
    const Json before = record.body;
    mask.apply(record);
    EXPECT_EQ(record.body, before);
}

TEST(SecretMask, ShortValuesWouldGarbleEverything) {
    SecretMask mask;
    mask.add("a");
    EXPECT_EQ(mask.masked("banana"), "banana");
}

}  // namespace
}  // namespace backout
