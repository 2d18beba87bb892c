#include "manifest/select.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace backout {
namespace {

using Comparison = SelectColumn::Comparison;

bool cell_takes(const Json& cell, const std::string& wanted, Comparison comparison = Comparison::by_cell) {
    const auto answer = select_row(Json::array({Json{{"c", cell}}}), {SelectColumn{"c", wanted, false, comparison}});
    EXPECT_TRUE(answer.ok()) << answer.error().text();
    return answer.ok() && answer->row.has_value();
}

TEST(SelectCell, IsComparedAsItSays) {
    EXPECT_TRUE(cell_takes("130", "130"));
    EXPECT_FALSE(cell_takes("13", "130"));
    EXPECT_TRUE(cell_takes(130, "130"));
    EXPECT_TRUE(cell_takes(true, "true"));
    EXPECT_TRUE(cell_takes("*", "anything"));
    EXPECT_TRUE(cell_takes(nullptr, "anything"));
    EXPECT_TRUE(cell_takes(Json::array({"a", ">=2"}), "3"));
    EXPECT_FALSE(cell_takes(Json::array({"a", ">=2"}), "1"));
    EXPECT_TRUE(cell_takes(">=2.9", "2.9.1+cu130"));
    EXPECT_FALSE(cell_takes(">=2.9", "2.8"));
    EXPECT_TRUE(cell_takes(">=2.9,<3,!=2.9.2", "2.10"));
    EXPECT_TRUE(cell_takes("==2.9.*", "2.9.1+cu130"));
    EXPECT_TRUE(cell_takes("~=2.2", "2.7"));
    EXPECT_TRUE(cell_takes("re:^2\\.[89]", "2.8.0"));
    EXPECT_FALSE(cell_takes("re:^2\\.[89]", "2.10.0"));
}

TEST(SelectCell, ASpecifierDoesNotTakeWhatIsNoVersion) {
    EXPECT_FALSE(cell_takes(">=2.9", "cpu"));
    EXPECT_FALSE(cell_takes(">=2.9", ""));
}

TEST(SelectCell, TagsAreVersionsWithTheFirstDigitAsMajor) {
    EXPECT_TRUE(cell_takes(">=cp39", "cp312"));
    EXPECT_TRUE(cell_takes(">=cp39", "3.12.4"));
    EXPECT_TRUE(cell_takes(">=cp39", "312"));
    EXPECT_FALSE(cell_takes(">=cp39", "38"));
    EXPECT_FALSE(cell_takes(">=cp310", "cp39"));
    EXPECT_TRUE(cell_takes(">=cp39,<cp313", "cp312"));
    EXPECT_FALSE(cell_takes(">=cp39,<cp313", "cp313"));
    EXPECT_TRUE(cell_takes("cp312", "cp312"));
}

TEST(SelectCell, ComparisonsMayBeLaidDown) {
    EXPECT_TRUE(cell_takes(">=1", ">=1", Comparison::equal));
    EXPECT_FALSE(cell_takes(">=1", "2", Comparison::equal));
    EXPECT_TRUE(cell_takes("2.9", "2.9.1+cu130", Comparison::series));
    EXPECT_FALSE(cell_takes("2.1", "2.10.0", Comparison::series));
    EXPECT_TRUE(cell_takes("2.8.0", "2.8.0+cu128", Comparison::series));
    EXPECT_FALSE(cell_takes("2.8.0", "2.8.1", Comparison::series));
    EXPECT_TRUE(cell_takes("2.9", "2.10", Comparison::at_least));
    EXPECT_FALSE(cell_takes("2.10", "2.9.1", Comparison::at_least));
    EXPECT_TRUE(cell_takes("0", "1.13", Comparison::at_least));
    EXPECT_TRUE(cell_takes("cp310", "3.12", Comparison::at_least));
    EXPECT_TRUE(cell_takes("310", "3.12", Comparison::at_least));
    EXPECT_FALSE(cell_takes("310", "3.9", Comparison::at_least));
}

TEST(SelectRow, NullIsOnlyTakenByCellsThatTakeAnything) {
    const SelectColumn null_wanted{"c", "null", true};
    const Json rows = Json::parse(R"([{"c": "null"}, {"c": ["a", null]}, {"c": "*"}])");
    EXPECT_EQ(select_row(rows, {null_wanted})->row, 1U);
}

TEST(SelectRow, AMissingCellTakesAnything) {
    const Json rows = Json::parse(R"([{"a": "1", "b": "2"}, {"a": "1"}])");
    EXPECT_EQ(select_row(rows, {{"a", "1"}, {"b", "9"}})->row, 1U);
}

TEST(SelectRow, NoRowsAndNoListAreTold) {
    EXPECT_EQ(select_row(Json::array(), {{"a", "1"}})->explanation, "the table has no rows");
    EXPECT_FALSE(select_row(Json::object(), {{"a", "1"}}).ok());
    EXPECT_FALSE(select_row(Json::array({1}), {{"a", "1"}}).ok());
    EXPECT_FALSE(select_row(Json::parse(R"([{"a": {}}])"), {{"a", "1"}}).ok());
    EXPECT_FALSE(select_row(Json::parse(R"([{"a": "re:("}])"), {{"a", "1"}}).ok());
}

}  // namespace
}  // namespace backout
