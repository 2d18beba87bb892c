#include "cli/channels.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace backout {
namespace {

class ChannelsWithMemory : public ::testing::Test {
  protected:
    void set(int verbose, int quiet, const std::vector<std::string>& shows = {}) {
        channels_.set_verbosity(*Verbosity::make(verbose, quiet, shows));
    }

    std::string output_;
    std::string errors_;
    Status write_result_;
    Channels channels_{Streams{[this](std::string_view text) {
                                   if (write_result_.ok()) output_ += text;
                                   return write_result_;
                               },
                               [this](std::string_view text) { errors_ += text; }}};
};

TEST_F(ChannelsWithMemory, DataGoesToTheOutputAndTheRestToErrors) {
    channels_.data("{}\n");
    channels_.hint("try this");
    channels_.warn("careful");
    EXPECT_EQ(output_, "{}\n");
    EXPECT_EQ(errors_, "try this\nwarning: careful\n");
}

TEST_F(ChannelsWithMemory, QuietTakesAwayLevelByLevel) {
    set(0, 1);
    channels_.hint("hint");
    channels_.data("data\n");
    EXPECT_EQ(errors_, "");
    EXPECT_EQ(output_, "data\n");
    set(0, 2);
    channels_.data("data\n");
    channels_.warn("w");
    EXPECT_EQ(output_, "data\n");
    EXPECT_EQ(errors_, "warning: w\n");
    set(0, 3);
    channels_.warn("w");
    channels_.error({ErrorCode::failed, "broken"}, 1, false);
    EXPECT_EQ(errors_, "warning: w\nbackout: broken\n");
}

TEST_F(ChannelsWithMemory, AtMinusFourNothingAtAllIsSaid) {
    set(0, 4, {"error", "result"});
    channels_.data("data\n");
    channels_.error({ErrorCode::failed, "broken"}, 1, false);
    channels_.error({ErrorCode::failed, "broken"}, 1, true);
    channels_.ask("question");
    channels_.allow_progress(true, 80);
    channels_.progress("working");
    EXPECT_EQ(output_ + errors_, "");
}

TEST_F(ChannelsWithMemory, SecretsAreReplacedEverywhere) {
    channels_.redactor().add("hunter2");
    channels_.data("password hunter2\n");
    channels_.warn("it is hunter2");
    channels_.error({ErrorCode::failed, "bad hunter2"}, 1, true);
    EXPECT_EQ((output_ + errors_).find("hunter2"), std::string::npos);
    EXPECT_EQ(output_, "password (secret)\n");
}

TEST_F(ChannelsWithMemory, SecretsAreFoundInsideJson) {
    channels_.redactor().add("pa\"ss\nword");
    channels_.data(Json({{"value", "pa\"ss\nword"}}).dump());
    EXPECT_EQ(output_, "{\"value\":\"(secret)\"}");
}

TEST_F(ChannelsWithMemory, AnErrorIsOneJsonLineWhenAskedFor) {
    channels_.error(Error{ErrorCode::locked, "held by pid 7", "/state"}, 75, true);
    EXPECT_EQ(errors_,
              "{\"error\":{\"code\":\"locked\",\"exit\":75,\"message\":\"held by pid 7\",\"path\":\"/state\"}}\n");
}

TEST_F(ChannelsWithMemory, PlacesInFilesBeginTheirLine) {
    channels_.error({ErrorCode::invalid, "site.json:3:7: unknown key\nsite.json:4:1: another"}, 65, false);
    EXPECT_EQ(errors_, "site.json:3:7: unknown key\nsite.json:4:1: another\n");
}

TEST_F(ChannelsWithMemory, ErrorsCannotSteerTheTerminal) {
    channels_.error({ErrorCode::failed, "name \x1b[2J"}, 1, false);
    EXPECT_EQ(errors_, "backout: name \\x1b[2J\n");
}

TEST_F(ChannelsWithMemory, AFullOutputIsNoticedOnce) {
    write_result_ = Error{ErrorCode::no_space, "full"};
    channels_.data("a");
    write_result_ = {};
    channels_.data("b");
    EXPECT_FALSE(channels_.output_status().ok());
    EXPECT_EQ(output_, "");  // what comes after a hole would be misread
}

TEST_F(ChannelsWithMemory, ProgressIsOverwrittenByTheNextLine) {
    channels_.allow_progress(true, 80);
    channels_.progress("1/2");
    channels_.hint("done");
    EXPECT_EQ(errors_, "\r1/2\x1b[K\r\x1b[Kdone\n");
}

}  // namespace
}  // namespace backout
