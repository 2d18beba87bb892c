#include "cli/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/plan_source.h"

namespace backout {
namespace {

class FilesOnDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "backout-files-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    void put(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

    std::string directory_;
};

TEST(LooksLikePlan, GoesByTheFormatAtTheTop) {
    EXPECT_TRUE(looks_like_plan(R"({"actions": [{"format": 1}], "format": "backout-plan/1"})"));
    EXPECT_TRUE(looks_like_plan(R"({"format": "backout-plan/2"})"));
    EXPECT_FALSE(looks_like_plan(R"({"backout": 1, "actions": [{"format": "backout-plan/1"}]})"));
    EXPECT_FALSE(looks_like_plan(R"({"backout": 1, "description": "backout-plan/1"})"));
    EXPECT_FALSE(looks_like_plan("// a comment\n{\"backout\": 1}"));
    EXPECT_FALSE(looks_like_plan("not json"));
    EXPECT_FALSE(looks_like_plan(""));
    EXPECT_FALSE(looks_like_plan("[\"format\", \"backout-plan/1\"]"));
}

TEST_F(FilesOnDisk, ReadsAFileAndKnowsItsFolder) {
    put("m.json", "{}");
    const Result<InputText> input = read_input(path("m.json"), "/");
    ASSERT_TRUE(input.ok());
    EXPECT_EQ(input->text, "{}");
    EXPECT_EQ(input->directory, directory_);
}

TEST_F(FilesOnDisk, AMissingFileIsAMalformedInput) {
    const Result<InputText> input = read_input(path("absent"), "/");
    ASSERT_FALSE(input.ok());
    EXPECT_EQ(input.error().code, ErrorCode::invalid);
    EXPECT_NE(input.error().message.find("absent"), std::string::npos);
    EXPECT_FALSE(read_input(directory_, "/").ok());
}

TEST_F(FilesOnDisk, WritesPrivatelyAndLeavesNothingElse) {
    ASSERT_TRUE(write_output(path("out"), "text").ok());
    struct stat status {};
    ASSERT_EQ(::stat(path("out").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    ASSERT_TRUE(write_output(path("out"), "newer").ok());
    std::size_t entries = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) entries += entry.exists() ? 1U : 0U;
    EXPECT_EQ(entries, 1U);
    EXPECT_EQ(read_input(path("out"), "/")->text, "newer");
}

TEST_F(FilesOnDisk, RefusesToReplaceFoldersAndLinks) {
    put("target", "precious");
    ASSERT_EQ(::symlink(path("target").c_str(), path("link").c_str()), 0);
    EXPECT_EQ(write_output(path("link"), "x").error().code, ErrorCode::usage);
    EXPECT_EQ(write_output(directory_, "x").error().code, ErrorCode::usage);
    EXPECT_EQ(read_input(path("target"), "/")->text, "precious");
}

TEST_F(FilesOnDisk, RunsAreNamesThatNoFileHas) {
    EXPECT_TRUE(names_run("r-12-k3f9"));
    EXPECT_TRUE(names_run("r-12"));
    EXPECT_TRUE(names_run("12"));
    EXPECT_FALSE(names_run("site.json"));
    EXPECT_FALSE(names_run("./r-12"));
    EXPECT_FALSE(names_run("-"));
    put("12", "{}");
    EXPECT_FALSE(names_run(path("12")));
}

}  // namespace
}  // namespace backout
