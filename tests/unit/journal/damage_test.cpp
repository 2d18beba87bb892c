// A damaged journal gives errors or right answers, never wrong ones, and never ends its reader.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "journal/lmdb_journal.h"
#include "journal/lmdb_pages.h"
#include "unit/journal/disk_journal.h"
#include "unit/journal/in_child.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DamagedJournal : public ::testing::Test {
  protected:
    DamagedJournal() {
        {
            const auto journal = open_or_fail(state_);
            fill_journal(*journal);
        }
        right_ = answers(**open_journal_for_reading({state_}));
        data_ = read_whole(state_ + "/data.mdb");
        used_ = static_cast<std::size_t>(read_metas(data_, data_.size())->used_bytes());
    }

    /// "" or what was wrong.
    std::string judge() {
        const auto reading = open_journal_for_reading({state_});
        if (!reading.ok()) {
            return reading.error().code == ErrorCode::journal ? "" : "open: " + reading.error().text();
        }
        ++read_through_;
        const auto lines = answers(**reading);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (lines[i] != right_[i] && lines[i].rfind("error ", 0) != 0)
                return "silently wrong: " + lines[i].substr(0, 200);
        }
        return "";
    }
    void put(const std::string& name, std::size_t at, const Bytes& bytes) {
        const int fd = ::open((state_ + "/" + name).c_str(), O_WRONLY | O_CLOEXEC);
        ASSERT_EQ(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)), static_cast<ssize_t>(bytes.size()));
        ::close(fd);
    }
    std::vector<std::string> findings() {
        const auto found = check_journal({state_});
        if (!found.ok()) return {"error " + found.error().text()};
        return *found;
    }
    Error open_error() {
        SystemIdSource ids;
        const auto opened = open_journal({state_}, ids);
        return opened.ok() ? Error{ErrorCode::failed, "opened"} : opened.error();
    }

    TemporaryDirectory directory_;
    const std::string state_ = directory_ / "state";
    std::vector<std::string> right_;
    Bytes data_;
    std::size_t used_ = 0;
    int read_through_ = 0;
};

TEST_F(DamagedJournal, SoundOneHasNoFindings) {
    EXPECT_THAT(findings(), IsEmpty());
    EXPECT_EQ(judge(), "");
}

/// The pages in use are whole: only the map's size tells that something is missing.
TEST_F(DamagedJournal, AFileCutBehindItsPagesIsDamaged) {
    ASSERT_GT(data_.size(), used_ + 4096);
    for (const std::size_t size : {used_, used_ + 4096, data_.size() - 1}) {
        ASSERT_EQ(::truncate((state_ + "/data.mdb").c_str(), static_cast<off_t>(size)), 0);
        EXPECT_EQ(open_error().code, ErrorCode::journal) << size;
        EXPECT_THAT(open_error().message, HasSubstr("it was cut")) << size;
        EXPECT_FALSE(open_journal_for_reading({state_}).ok()) << size;
        EXPECT_FALSE(findings().empty()) << size;
    }
}

/// Cut off between the file's growth and that of the map: nothing is missing.
TEST_F(DamagedJournal, AFileThatGrewBeforeItsMapIsSound) {
    ASSERT_EQ(::truncate((state_ + "/data.mdb").c_str(), static_cast<off_t>(data_.size() + (1U << 20))), 0);
    EXPECT_THAT(findings(), IsEmpty());
    EXPECT_EQ(open_error().message, "opened");
    EXPECT_EQ(judge(), "");
}

/// One bit of every so many bytes; of every byte with BACKOUT_TEST_FULL set.
TEST_F(DamagedJournal, FlippedBitNeverGivesAWrongAnswer) {
    const unsigned seed = std::random_device{}();
    const std::size_t stride = std::getenv("BACKOUT_TEST_FULL") != nullptr ? 1 : 211;
    ASSERT_GT(used_, 10U * 4096U);
    const std::string verdict = answer_of_child([&] {
        std::mt19937 random(seed);
        std::size_t tried = 0;
        for (std::size_t at = random() % stride; at < used_; at += stride, ++tried) {
            put("data.mdb", at, Bytes(1, static_cast<char>(data_[at] ^ static_cast<char>(1U << (random() % 8)))));
            const std::string wrong = judge();
            if (!wrong.empty()) return "byte " + std::to_string(at) + ": " + wrong;
            put("data.mdb", at, data_.substr(at, 1));
        }
        return "tried " + std::to_string(tried > used_ / stride - 2 ? 1 : 0) + ", some readable " +
               std::to_string(read_through_ > 0 ? 1 : 0);
    });
    EXPECT_EQ(verdict, "tried 1, some readable 1") << "seed " << seed;
}

/// Opens what stands there for writing, appends, and reads again.
std::string append_and_read(const std::string& state) {
    SystemIdSource ids;
    auto opened = open_journal({state, 256U << 10}, ids);
    if (!opened.ok()) return "refused";
    std::vector<Record> records = {make_record(RecordType::step_applied, 2)};
    if (!(*opened)->append(4, records).ok()) return "refused";
    opened->reset();
    const auto reading = open_journal_for_reading({state});
    if (!reading.ok()) return reading.error().text();
    const auto read = (*reading)->records(4);
    if (!read.ok()) return read.error().text();
    return read->size() == 5 ? "kept" : "lost";
}

/// What was damaged and then written to: either refused, or what was acknowledged is there afterwards.
TEST_F(DamagedJournal, FlippedBitIsNotWrittenOver) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    for (int round = 0; round < 40; ++round) {
        write_whole(state_ + "/data.mdb", data_);
        const std::size_t at = random() % used_;
        put("data.mdb", at, Bytes(1, static_cast<char>(data_[at] ^ static_cast<char>(1U << (random() % 8)))));
        const std::string verdict = answer_of_child([&] { return append_and_read(state_); });
        EXPECT_TRUE(verdict == "refused" || verdict == "kept") << verdict << " byte " << at << " seed " << seed;
    }
}

TEST_F(DamagedJournal, DamagedAccountOfTheRunIsRefusedBeforeItIsAppendedTo) {
    EXPECT_EQ(answer_of_child([&] { return append_and_read(state_); }), "kept");
    Bytes damaged = data_;
    for (std::size_t at = 0; (at = damaged.find("last_sequence", at)) != Bytes::npos;) damaged[at] = 'L';
    ASSERT_NE(damaged, data_);
    write_whole(state_ + "/data.mdb", damaged);
    EXPECT_EQ(answer_of_child([&] { return append_and_read(state_); }), "refused");
}

/// What an opening answers where following the damage may end the process.
std::string code_of_opening(const JournalOptions& options, bool for_reading) {
    return answer_of_child([&]() -> std::string {
        SystemIdSource ids;
        const auto opened = for_reading ? open_journal_for_reading(options) : open_journal(options, ids);
        return opened.ok() ? "opened" : to_string(opened.error().code);
    });
}

/// Too large for a copy: nothing is followed before it was looked at, all the same.
TEST_F(DamagedJournal, NodesOutsideTheirPageAreSeenInPlace) {
    int refused = 0;
    ASSERT_EQ(code_of_opening({state_, 0, 4096}, true), "opened");
    for (std::size_t page = 2 * 4096; page < used_; page += 4096) {
        if (data_.substr(page + 10, 2) != Bytes("\2\0", 2)) continue;  // no leaf
        put("data.mdb", page + 16, "\xff\xff");
        const std::string on_a_copy = code_of_opening({state_}, true);
        EXPECT_EQ(code_of_opening({state_, 0, 4096}, true), on_a_copy) << "page " << page / 4096;
        refused += on_a_copy == "journal" ? 1 : 0;
        put("data.mdb", page, data_.substr(page, 4096));
    }
    EXPECT_GT(refused, 3);
}

TEST_F(DamagedJournal, WritersLookAtLargeOnesToo) {
    {
        const auto journal = open_or_fail(state_);
        NewRun large = sample_run("large");
        large.plan.append(9U << 20, 'p');
        large.expected_bytes = 12U << 20;
        ASSERT_TRUE(append_one(*journal, 4, make_record(RecordType::step_applied, 2)).ok());
        ASSERT_TRUE(append_one(*journal, 4, finished("committed")).ok());
        const auto begun = journal->begin_run(large);
        ASSERT_TRUE(begun.ok()) << begun.error().text();
        ASSERT_TRUE(append_one(*journal, begun->number, finished("committed")).ok());
    }
    const Bytes data = read_whole(state_ + "/data.mdb");
    ASSERT_GT(read_metas(data, data.size())->used_bytes(), 9U << 20);
    ASSERT_EQ(code_of_opening({state_}, false), "opened");
    int refused = 0;
    for (std::size_t page = 2 * 4096; page < used_; page += 4096) {
        if (data.substr(page + 10, 2) != Bytes("\2\0", 2)) continue;
        put("data.mdb", page + 16, "\xff\xff");
        const std::string reading = code_of_opening({state_}, true);
        EXPECT_EQ(code_of_opening({state_}, false), reading) << "page " << page / 4096;
        refused += reading == "journal" ? 1 : 0;
        put("data.mdb", page, data.substr(page, 4096));
    }
    EXPECT_GT(refused, 1);
}

/// A run that isn't found is only believed not to be there where none is missing.
TEST_F(DamagedJournal, AHiddenRunIsNotDenied) {
    Bytes damaged = data_;
    // The key of run 2 in the table of runs, before its summary: it becomes 3, which is still in order.
    const Bytes key("\0\0\0\0\0\0\0\2{\"awaits\"", 17);
    ASSERT_NE(damaged.find(key), Bytes::npos);
    for (std::size_t at = 0; (at = damaged.find(key, at)) != Bytes::npos;) damaged[at + 7] = '\3';
    write_whole(state_ + "/data.mdb", damaged);
    const auto reading = open_journal_for_reading({state_});
    ASSERT_TRUE(reading.ok()) << reading.error().text();
    EXPECT_EQ((*reading)->records(2).error().code, ErrorCode::journal);
    EXPECT_EQ((*reading)->plan(2).error().code, ErrorCode::journal);
    EXPECT_EQ((*reading)->run(2).error().code, ErrorCode::journal);
}

TEST_F(DamagedJournal, TruncatedAtEveryPageIsRefused) {
    for (std::size_t size = 0; size < used_; size += 4096) {
        write_whole(state_ + "/data.mdb", data_.substr(0, size));
        EXPECT_EQ(answer_of_child([&] { return judge() + std::to_string(read_through_); }), "0") << size;
        EXPECT_EQ(open_error().code, ErrorCode::journal) << size;
        EXPECT_FALSE(findings().empty());
    }
}

TEST_F(DamagedJournal, EmptyFileIsNotANewJournal) {
    write_whole(state_ + "/data.mdb", {});
    const Error error = open_error();
    EXPECT_EQ(error.code, ErrorCode::journal);
    EXPECT_THAT(error.message, HasSubstr("backout doctor"));
    EXPECT_EQ(open_journal_for_reading({state_}).error().code, ErrorCode::journal);
    EXPECT_EQ(read_whole(state_ + "/data.mdb"), "");
}

TEST_F(DamagedJournal, MarkerWithoutDataStopsEverything) {
    ASSERT_TRUE(std::filesystem::remove(state_ + "/data.mdb"));
    EXPECT_EQ(journal_presence(state_).error().code, ErrorCode::journal);
    EXPECT_EQ(open_error().code, ErrorCode::journal);
    EXPECT_EQ(open_journal_for_reading({state_}).error().code, ErrorCode::journal);
    EXPECT_FALSE(findings().empty());
    EXPECT_FALSE(std::filesystem::exists(state_ + "/data.mdb"));
}

TEST_F(DamagedJournal, OlderCopyPutBackIsNoticed) {
    {
        const auto journal = open_or_fail(state_);
        std::vector<Record> records = {make_record(RecordType::step_applied, 2), finished("committed")};
        ASSERT_TRUE(journal->append(4, records).ok());
    }
    write_whole(state_ + "/data.mdb", data_);
    EXPECT_THAT(open_error().message, HasSubstr("older copy"));
    EXPECT_THAT(open_journal_for_reading({state_}).error().message, HasSubstr("older copy"));
}

TEST_F(DamagedJournal, AnotherJournalPutInItsPlaceIsNoticed) {
    const std::string other = directory_ / "other";
    fill_journal(*open_or_fail(other));
    write_whole(state_ + "/data.mdb", read_whole(other + "/data.mdb"));
    EXPECT_EQ(open_error().code, ErrorCode::journal);
    EXPECT_EQ(open_journal_for_reading({state_}).error().code, ErrorCode::journal);
    write_whole(state_ + "/head", read_whole(other + "/head"));
    EXPECT_THAT(open_error().message, HasSubstr("marker"));
}

TEST_F(DamagedJournal, HeadAndMarkerAreLookedAt) {
    const Bytes head = read_whole(state_ + "/head");
    for (std::size_t at = 0; at < head.size(); at += 31) {
        Bytes bad = head;
        bad[at] = static_cast<char>(bad[at] ^ 4);
        bad[(at + 512) % 1024] = static_cast<char>(bad[(at + 512) % 1024] ^ 4);
        write_whole(state_ + "/head", bad);
        EXPECT_EQ(judge(), "") << at;
    }
    write_whole(state_ + "/head", "");
    EXPECT_EQ(open_error().code, ErrorCode::journal);
    write_whole(state_ + "/head", head);
    write_whole(state_ + "/marker", "something else\n");
    EXPECT_EQ(open_error().code, ErrorCode::journal);
}

TEST_F(DamagedJournal, SwappedPagesAreNoticed) {
    const std::string verdict = answer_of_child([&]() -> std::string {
        for (std::size_t page = 2; page + 1 < used_ / 4096; ++page) {
            put("data.mdb", page * 4096, data_.substr((page + 1) * 4096, 4096) + data_.substr(page * 4096, 4096));
            const std::string wrong = judge();
            if (!wrong.empty()) return wrong;
            put("data.mdb", page * 4096, data_.substr(page * 4096, 8192));
        }
        return "";
    });
    EXPECT_EQ(verdict, "");
}

TEST_F(DamagedJournal, PagesOfAnythingEndInAnAnswer) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    const auto metas = read_metas(data_, data_.size());
    for (int round = 0; round < 400; ++round) {
        Bytes pages = data_.substr(0, used_);
        for (int i = 0; i < 20; ++i) pages[8192 + random() % (used_ - 8192)] = static_cast<char>(random());
        const auto checked = check_pages(pages, *metas);
        ASSERT_TRUE(checked.ok() || checked.error().code == ErrorCode::journal) << "seed " << seed;
        Bytes beginning = data_.substr(0, 8192);
        for (int i = 0; i < 5; ++i) beginning[random() % 160 + 4096 * (random() % 2)] = static_cast<char>(random());
        const auto meta = read_metas(beginning, data_.size());
        if (meta.ok()) {
            ASSERT_LE(meta->used_bytes(), data_.size());
            static_cast<void>(check_pages(data_, *meta).ok());  // either answer is fine; a crash is not
        }
    }
}

}  // namespace
}  // namespace backout
