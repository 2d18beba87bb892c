#include "base/text.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

using Words = std::vector<std::string>;

TEST(Nearest, FindsTheWordThatWasMeant) {
    const Words keys = {"depends_on", "description", "when", "with", "action"};
    EXPECT_EQ(nearest("depend_on", keys), "depends_on");
    EXPECT_EQ(nearest("decsription", keys), "description");
    EXPECT_EQ(nearest("wiht", keys), "with");
    EXPECT_EQ(nearest("when", keys), "when");
}

TEST(Nearest, CountsASwapAsOneEdit) {
    EXPECT_EQ(nearest("ab", {"ba"}), "ba");
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
    EXPECT_EQ(nearest("colour", {"action", "with"}), "");
    EXPECT_EQ(nearest("x", {"y"}), "");
    EXPECT_EQ(nearest("", {"y"}), "");
    EXPECT_EQ(nearest("word", {}), "");
}

TEST(Nearest, PrefersTheFirstOfEquallyNearWords) {
    EXPECT_EQ(nearest("patx", {"path", "pate"}), "path");
}

TEST(DidYouMean, IsAClauseOrNothing) {
    EXPECT_EQ(did_you_mean("paht", {"path"}), " (did you mean 'path'?)");
    EXPECT_EQ(did_you_mean("zzz", {"path"}), "");
}

TEST(JoinWords, ReadsLikeASentence) {
    EXPECT_EQ(join_words({}), "");
    EXPECT_EQ(join_words({"a"}), "a");
    EXPECT_EQ(join_words({"a", "b"}), "a and b");
    EXPECT_EQ(join_words({"a", "b", "c"}), "a, b and c");
}

TEST(Split, KeepsEmptyPartsAndIsTheInverseOfJoin) {
    EXPECT_EQ(split("a//b", '/'), (Words{"a", "", "b"}));
    EXPECT_EQ(split("", '/'), (Words{""}));
    EXPECT_EQ(split("/", '/'), (Words{"", ""}));
    EXPECT_EQ(join(split("/usr//lib/", '/'), "/"), "/usr//lib/");
    EXPECT_EQ(join({}, ", "), "");
}

TEST(HumanBytes, PicksTheUnitThatReadsBest) {
    EXPECT_EQ(human_bytes(0), "0 bytes");
    EXPECT_EQ(human_bytes(1), "1 byte");
    EXPECT_EQ(human_bytes(1023), "1023 bytes");
    EXPECT_EQ(human_bytes(1234), "1.2 KiB");
    EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
    EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

}  // namespace
}  // namespace backout
