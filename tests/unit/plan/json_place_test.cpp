#include "plan/json_place.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

const char* const kText =
    "{\n"
    "  \"a\": [1, {\"b\": \"x, ]}\\\"\", \"c/d~\": [[], {}, 7]}],\n"
    "  \"ä\": {\"e\": true}\n"
    "}\n";

TEST(JsonPlace, FindsMembersAndElementsByTheirPlaceInTheText) {
    EXPECT_EQ(line_and_column(kText, {}), "1:1");
    EXPECT_EQ(line_and_column(kText, {"a"}), "2:8");
    EXPECT_EQ(line_and_column(kText, {"a", "0"}), "2:9");
    EXPECT_EQ(line_and_column(kText, {"a", "1", "b"}), "2:18");
    EXPECT_EQ(line_and_column(kText, {"a", "1", "c/d~", "2"}), "2:46");
}

TEST(JsonPlace, CountsColumnsInCharacters) {
    EXPECT_EQ(line_and_column(kText, {"ä", "e"}), "3:14");
}

TEST(JsonPlace, NamesTheNearestValueAroundWhatIsMissing) {
    EXPECT_EQ(line_and_column(kText, {"a", "7"}), "2:8");
    EXPECT_EQ(line_and_column(kText, {"ä", "none"}), "3:8");
    EXPECT_EQ(line_and_column(kText, {"a", "0", "deeper"}), "2:9");
}

TEST(JsonPlace, WritesPointersWithEscapes) {
    const JsonPlace top;
    const JsonPlace list{&top, "a/b"};
    const JsonPlace element{&list, {}, 3, true};
    const JsonPlace last{&element, "c~"};
    EXPECT_EQ(json_pointer(last.parts()), "/a~1b/3/c~0");
    EXPECT_EQ(json_pointer(top.parts()), "");
}

}  // namespace
}  // namespace backout
