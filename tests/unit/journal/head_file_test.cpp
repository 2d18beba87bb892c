#include "journal/head_file.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "unit/journal/disk_journal.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

class HeadOnDisk : public ::testing::Test {
  protected:
    HeadOnDisk() { EXPECT_TRUE(HeadFile::create(path_, std::string(32, 'a')).ok()); }

    HeadFile::Content read() {
        const auto content = HeadFile::read(path_);
        if (!content.ok()) ADD_FAILURE() << content.error().text();
        return content.ok() ? *content : HeadFile::Content{};
    }
    static TableStore::Landmark landmark(std::uint64_t run) { return {run, 7, Bytes(32, 'd'), run % 2 == 0}; }

    TemporaryDirectory directory_;
    const std::string path_ = directory_ / "head";
};

TEST_F(HeadOnDisk, BeginsWithoutARun) {
    EXPECT_EQ(read().landmark.run, 0U);
    EXPECT_EQ(read().journal_id, std::string(32, 'a'));
    EXPECT_EQ(std::filesystem::file_size(path_), 1024U);
}

TEST_F(HeadOnDisk, KeepsTheLastWrite) {
    HeadFile head(path_, read());
    for (std::uint64_t run = 1; run <= 5; ++run) {
        ASSERT_TRUE(head.write(landmark(run)).ok());
        EXPECT_EQ(read().landmark.run, run);
        EXPECT_EQ(read().landmark.sequence, 7U);
        EXPECT_EQ(read().landmark.digest, Bytes(32, 'd'));
        EXPECT_EQ(read().landmark.finished, run % 2 == 0);
    }
    EXPECT_EQ(std::filesystem::file_size(path_), 1024U);
}

TEST_F(HeadOnDisk, TornWriteCostsTheNewerOneAtMost) {
    HeadFile head(path_, read());
    ASSERT_TRUE(head.write(landmark(1)).ok());
    const Bytes before = read_whole(path_);
    ASSERT_TRUE(head.write(landmark(2)).ok());
    const Bytes after = read_whole(path_);
    for (std::size_t cut = 0; cut <= before.size(); cut += 7) {
        write_whole(path_, after.substr(0, cut) + before.substr(cut));
        const auto run = read().landmark.run;
        EXPECT_TRUE(run == 1 || run == 2) << cut;
    }
}

TEST_F(HeadOnDisk, HasTheGoldenBytes) {
    HeadFile head(path_, read());
    ASSERT_TRUE(head.write({258, 3, Bytes(32, '\x11'), true}).ok());
    // Made by an independent program after FORMAT.md.
    EXPECT_EQ(to_hex(read_whole(path_).substr(0, 113)),
              "424b48454144310a0000000000000002616161616161616161616161616161616161616161616161616161616161616100000000"
              "0000010200000000000000030111111111111111111111111111111111111111111111111111111111111111110a5ec156fd1cdb"
              "25e127ac48feeb68d8");
}

TEST_F(HeadOnDisk, MissingOrUnreadableIsDamage) {
    write_whole(path_, Bytes(1024, 'x'));
    EXPECT_EQ(HeadFile::read(path_).error().code, ErrorCode::journal);
    std::filesystem::remove(path_);
    EXPECT_EQ(HeadFile::read(path_).error().code, ErrorCode::journal);
}

}  // namespace
}  // namespace backout
