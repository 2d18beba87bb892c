#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace backout {
namespace {

TEST(Error, NamesOfCodesAreDistinctLowerCaseWords) {
    std::set<std::string> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::canceled); ++code) {
        const std::string name = to_string(static_cast<ErrorCode>(code));
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
        names.insert(name);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::canceled) + 1);
    EXPECT_STREQ(to_string(ErrorCode::not_permitted), "not_permitted");
}

TEST(Error, TextPutsTheOutermostContextFirst) {
    Error error;
    error.message = "no such key";
    EXPECT_EQ(error.text(), "no such key");
    const Error outer = std::move(error).in("reading the manifest").in("planning");
    EXPECT_EQ(outer.text(), "planning: reading the manifest: no such key");
}

TEST(Error, AddingContextToAConstantErrorLeavesItAlone) {
    Error error;
    error.message = "broken";
    const Error& constant = error;
    EXPECT_EQ(constant.in("here").text(), "here: broken");
    EXPECT_EQ(error.text(), "broken");
}

TEST(SystemError, SaysCallPathAndReason) {
    const Error error = system_error(ENOENT, "open", "/etc/none");
    EXPECT_EQ(error.message, "open /etc/none: No such file or directory");
    EXPECT_EQ(error.path, "/etc/none");
    EXPECT_EQ(error.system_errno, ENOENT);
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(system_error(EIO, "fork", "").message, "fork: Input/output error");
}

TEST(SystemError, SortsErrnoIntoClasses) {
    const std::pair<int, ErrorCode> expectations[] = {{EEXIST, ErrorCode::exists},
                                                      {ENOTEMPTY, ErrorCode::exists},
                                                      {ENOTDIR, ErrorCode::wrong_type},
                                                      {EISDIR, ErrorCode::wrong_type},
                                                      {ELOOP, ErrorCode::wrong_type},
                                                      {EACCES, ErrorCode::not_permitted},
                                                      {EPERM, ErrorCode::not_permitted},
                                                      {EROFS, ErrorCode::not_permitted},
                                                      {EXDEV, ErrorCode::cross_device},
                                                      {ENOSYS, ErrorCode::unsupported},
                                                      {ENOTSUP, ErrorCode::unsupported},
                                                      {ENOSPC, ErrorCode::no_space},
                                                      {EDQUOT, ErrorCode::no_space},
                                                      {ETIMEDOUT, ErrorCode::timeout},
                                                      {ECANCELED, ErrorCode::canceled},
                                                      {EIO, ErrorCode::io},
                                                      {EMFILE, ErrorCode::io}};
    for (const auto& [number, code] : expectations) {
        EXPECT_EQ(system_error(number, "call", "").code, code) << number;
    }
}

}  // namespace
}  // namespace backout
