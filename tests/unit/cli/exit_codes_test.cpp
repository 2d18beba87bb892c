#include "cli/exit_codes.h"

#include <gtest/gtest.h>

#include <csignal>

namespace backout {
namespace {

int code_of(ErrorCode code, int signal = 0) {
    return exit_code_of(Error{code, "x"}, signal);
}

TEST(ExitCodes, AreThoseOfTheContract) {
    EXPECT_EQ(code_of(ErrorCode::failed), 1);
    EXPECT_EQ(code_of(ErrorCode::conflict), 3);
    EXPECT_EQ(code_of(ErrorCode::in_doubt), 3);
    EXPECT_EQ(code_of(ErrorCode::unfinished), 5);
    EXPECT_EQ(code_of(ErrorCode::stale), 6);
    EXPECT_EQ(code_of(ErrorCode::usage), 64);
    EXPECT_EQ(code_of(ErrorCode::invalid), 65);
    EXPECT_EQ(code_of(ErrorCode::not_found), 65);
    EXPECT_EQ(code_of(ErrorCode::journal), 74);
    EXPECT_EQ(code_of(ErrorCode::locked), 75);
    EXPECT_EQ(code_of(ErrorCode::not_permitted), 77);
    EXPECT_EQ(code_of(ErrorCode::no_space), 1);
}

TEST(ExitCodes, WhatASignalCanceledEndsWithItsNumber) {
    EXPECT_EQ(code_of(ErrorCode::canceled, SIGINT), 130);
    EXPECT_EQ(code_of(ErrorCode::canceled, SIGTERM), 143);
    EXPECT_EQ(code_of(ErrorCode::canceled), 1);
    EXPECT_EQ(code_of(ErrorCode::stale, SIGINT), 6);
}

TEST(ExitCodes, ARunSaysItself) {
    RunOutcome outcome;
    outcome.exit_status = 3;
    EXPECT_EQ(exit_code_of(outcome), 3);
}

}  // namespace
}  // namespace backout
