#pragma once
// A private directory that goes away with the test.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace backout {

class TemporaryDirectory {
  public:
    TemporaryDirectory() : TemporaryDirectory(default_place()) {}
    explicit TemporaryDirectory(const std::string& place) {
        std::string pattern = place + "/backout-journal-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << pattern;
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    /// In memory where there is such a place: hundreds of commits are no work for a disk that others use, too.
    static std::string default_place() {
        const bool memory = std::filesystem::is_directory("/dev/shm") && ::access("/dev/shm", W_OK) == 0;
        return memory ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    }

    std::string path_;
};

}  // namespace backout
