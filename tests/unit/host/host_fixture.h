#pragma once
// One world to work in, real or in memory, for tests of what every Host promises.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "host/host.h"

namespace backout {

/// Fails the test with the error's text.
#define EXPECT_OK(expression)                                                  \
    do {                                                                       \
        const auto expect_ok_result = (expression);                            \
        EXPECT_TRUE(expect_ok_result.ok()) << expect_ok_result.error().text(); \
    } while (false)

/// Expects an Error with this code.
#define EXPECT_CODE(wanted, expression)                                             \
    do {                                                                            \
        const auto expect_code_result = (expression);                               \
        ASSERT_FALSE(expect_code_result.ok()) << "succeeded: " #expression;         \
        EXPECT_STREQ(to_string(wanted), to_string(expect_code_result.error().code)) \
            << expect_code_result.error().text();                                   \
    } while (false)

/// A new empty folder below the temporary folder, removed at the end (immutable flags too).
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// What `result` holds; ends the test program with the error's text if it holds none.
template <typename T>
T must(Result<T> result) {
    if (!result.ok()) {
        ADD_FAILURE() << result.error().text();
        std::abort();
    }
    return std::move(result).value();
}

/// Writes a new file.
Status write_new(Directory& directory, const std::string& name, const Bytes& content, std::uint32_t mode = 0644);
/// The content of a file, or "<error text>".
Bytes content_of(Directory& directory, const std::string& name);

}  // namespace backout
