// The journal on disk: how it comes to be, who may open it, what a kill leaves, what readers leave.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <sstream>

#include "journal/lmdb_journal.h"
#include "unit/journal/disk_journal.h"
#include "unit/journal/in_child.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class JournalOnDisk : public ::testing::Test {
  protected:
    std::unique_ptr<JournalStore> open() { return open_or_fail(state_); }
    std::unique_ptr<JournalStore> read() {
        auto opened = open_journal_for_reading({state_});
        if (!opened.ok()) ADD_FAILURE() << opened.error().text();
        return opened.ok() ? std::move(opened).value() : nullptr;
    }
    Error open_error() {
        SystemIdSource ids;
        const auto opened = open_journal({state_}, ids);
        return opened.ok() ? Error{ErrorCode::failed, "opened"} : opened.error();
    }
    Error read_error() {
        const auto opened = open_journal_for_reading({state_});
        return opened.ok() ? Error{ErrorCode::failed, "opened"} : opened.error();
    }
    unsigned mode(const std::string& name) {
        struct stat status {};
        EXPECT_EQ(::stat((state_ + "/" + name).c_str(), &status), 0) << name;
        return status.st_mode & 07777U;
    }
    /// Names, contents, modes and times of everything below.
    std::map<std::string, std::string> everything(const std::string& path) {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            struct stat status {};
            ::lstat(entry.path().c_str(), &status);
            std::ostringstream text;
            text << status.st_mode << ' ' << status.st_ino << ' ' << status.st_mtim.tv_sec << '.'
                 << status.st_mtim.tv_nsec << ' ' << status.st_size << ' '
                 << std::hash<std::string>{}(entry.is_regular_file() ? read_whole(entry.path()) : "");
            all[entry.path()] = text.str();
        }
        return all;
    }

    TemporaryDirectory directory_;
    const std::string state_ = directory_ / "state";
};

TEST_F(JournalOnDisk, IsPrivateWhateverTheUmask) {
    const mode_t before = ::umask(0);
    open();
    ::umask(before);
    EXPECT_EQ(mode("."), 0700U);
    for (const char* name : {"data.mdb", "lock.mdb", "head", "marker"}) EXPECT_EQ(mode(name), 0600U) << name;
}

TEST_F(JournalOnDisk, LeavesNothingAsideAndIsAllocated) {
    open();
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(state_)) names.push_back(entry.path().filename());
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("data.mdb", "lock.mdb", "head", "marker"));
    for (const char* name : {"data.mdb", "lock.mdb"}) {
        struct stat status {};
        ASSERT_EQ(::stat((state_ + "/" + name).c_str(), &status), 0);
        EXPECT_GE(status.st_blocks * 512, status.st_size) << name << " has holes";
    }
}

TEST_F(JournalOnDisk, PresenceIsSeenWithoutATrace) {
    EXPECT_EQ(*journal_presence(state_), JournalPresence::absent);
    EXPECT_EQ(read_error().code, ErrorCode::not_found);
    EXPECT_EQ(check_journal({state_}).error().code, ErrorCode::not_found);
    EXPECT_FALSE(fs::exists(state_));
    open();
    EXPECT_EQ(*journal_presence(state_), JournalPresence::present);
}

TEST_F(JournalOnDisk, ReadersLeaveNoTrace) {
    fill_journal(*open());
    const auto before = everything(state_);
    {
        const auto journal = read();
        answers(*journal);
        EXPECT_TRUE(check_journal({state_})->empty());
    }
    EXPECT_EQ(everything(state_), before);
}

TEST_F(JournalOnDisk, ReadersMakeNoLockFile) {
    fill_journal(*open());
    fs::remove(state_ + "/lock.mdb");
    EXPECT_EQ(answers(*read()).size(), answers(*read()).size());
    EXPECT_FALSE(fs::exists(state_ + "/lock.mdb"));
    open();
    EXPECT_TRUE(fs::exists(state_ + "/lock.mdb"));
}

TEST_F(JournalOnDisk, ReaderSeesEachCommitOfAWriterAndWritesNothing) {
    const auto writer = open();
    const auto reader = read();
    EXPECT_TRUE(reader->runs(0, 0)->empty());
    ASSERT_TRUE(writer->begin_run(sample_run()).ok());
    EXPECT_EQ(reader->runs(0, 0)->size(), 1U);
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(append_one(*writer, 1, make_record(RecordType::step_output, 1, Json{{"text", i}})).ok());
        EXPECT_EQ(reader->records(1)->size(), static_cast<std::size_t>(i) + 2);
    }
    EXPECT_FALSE(append_one(*reader, 1, make_record(RecordType::step_output, 1)).ok());
    EXPECT_EQ(read()->begin_run(sample_run("x")).error().code, ErrorCode::journal);
}

TEST_F(JournalOnDisk, ReadersBesideABusyWriterSeeWholeRuns) {
    fill_journal(*open());
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto writer = open_or_fail(state_);
        for (int i = 0;; ++i) {
            if (!append_one(*writer, 4, make_record(RecordType::step_output, 1, Json{{"text", std::string(300, 'x')}}))
                     .ok())
                _exit(1);
            ::usleep(2000);
            if (i == 5 && ::write(ends[1], "x", 1) != 1) _exit(1);
        }
    }
    char ready = 0;
    ASSERT_EQ(::read(ends[0], &ready, 1), 1);
    std::size_t last = 0;
    for (int i = 0; i < 25; ++i) {
        const auto reader = open_journal_for_reading({state_});
        ASSERT_TRUE(reader.ok()) << reader.error().text();
        const auto records = (*reader)->records(4);
        ASSERT_TRUE(records.ok()) << records.error().text();
        EXPECT_GE(records->size(), last);
        last = records->size();
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_GT(last, 5U);
    EXPECT_TRUE(check_journal({state_})->empty());
}

TEST_F(JournalOnDisk, AcknowledgedCommitsSurviveAKill) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    { ASSERT_TRUE(open()->begin_run(sample_run()).ok()); }
    std::uint64_t highest = 1;
    for (int round = 0; round < 6; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            const auto writer = open_or_fail(state_);
            for (;;) {
                std::vector<Record> records(
                    1 + random() % 3,
                    make_record(RecordType::step_output, 1, Json{{"text", std::string(random() % 2000, 'x')}}));
                if (!writer->append(1, records).ok()) _exit(1);
                ::usleep(1000);  // the pipe takes thousands of acknowledgements before anybody reads them
                const std::uint64_t acknowledged = records.back().sequence;
                if (::write(ends[1], &acknowledged, sizeof acknowledged) != sizeof acknowledged) _exit(1);
            }
        }
        ::close(ends[1]);
        const std::uint64_t enough = highest + 3 + random() % 20;
        std::uint64_t acknowledged = 0;
        while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged && acknowledged < enough)
            continue;
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, seed " << seed;
        while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) continue;
        ::close(ends[0]);
        const auto records = open()->records(1);
        ASSERT_TRUE(records.ok()) << records.error().text() << " seed " << seed;
        ASSERT_GE(records->size(), acknowledged) << "seed " << seed;
        ASSERT_LE(records->size(), acknowledged + 3) << "seed " << seed;
        highest = records->size();
    }
    EXPECT_GE(highest, 19U);
    EXPECT_TRUE(check_journal({state_})->empty());
}

/// At every system call of the creation: what is left is no journal or a whole one, never damage.
TEST_F(JournalOnDisk, CreationCutShortIsBegunAnewOrIsWhole) {
    ASSERT_TRUE(make_state_directory(state_).ok());
    open();
    const Bytes marker = read_whole(state_ + "/marker");
    // Cut before the marker: whole, and marked by the next who opens it.
    fs::remove(state_ + "/marker");
    EXPECT_EQ(*journal_presence(state_), JournalPresence::present);
    EXPECT_TRUE(read()->runs(0, 0).ok());
    EXPECT_FALSE(fs::exists(state_ + "/marker"));
    open();
    EXPECT_EQ(read_whole(state_ + "/marker"), marker);
    // Cut before the data file: none, and made anew over what is left.
    fs::remove(state_ + "/marker");
    fs::create_directory(state_ + "/.journal-new-dead");
    fs::rename(state_ + "/data.mdb", state_ + "/.journal-new-dead/data.mdb");
    EXPECT_EQ(*journal_presence(state_), JournalPresence::absent);
    open();
    EXPECT_FALSE(fs::exists(state_ + "/.journal-new-dead"));
    EXPECT_NE(read_whole(state_ + "/marker"), marker);
    fill_journal(*open());
}

TEST_F(JournalOnDisk, GrowsBeforeTheRunAndWhileItGoesOn) {
    const auto journal = open();  // 256 KiB
    NewRun run = sample_run();
    run.expected_bytes = 3U << 20;
    ASSERT_TRUE(journal->begin_run(run).ok());
    EXPECT_GT(fs::file_size(state_ + "/data.mdb"), 6U << 20);
    for (int i = 0; i < 40; ++i) {
        const Status appended =
            append_one(*journal, 1, make_record(RecordType::step_output, 1, Json{{"text", std::string(400'000, 'x')}}));
        ASSERT_TRUE(appended.ok()) << appended.error().text();
    }
    EXPECT_EQ(read()->records(1)->size(), 41U);
}

TEST_F(JournalOnDisk, LargeOnesAreReadInPlace) {
    fill_journal(*open());
    const auto reader_in_place = [&] { return *open_journal_for_reading({state_, 0, 4096}); };
    EXPECT_EQ(answers(*reader_in_place()), answers(*read()));
    const auto reader = reader_in_place();
    EXPECT_EQ(reader->records(4)->size(), 4U);
    const std::string written = answer_of_child([&]() -> std::string {
        std::vector<Record> many(500, make_record(RecordType::step_output, 1, Json{{"text", std::string(3000, 'x')}}));
        return open()->append(4, many).ok() ? "written" : "refused";
    });
    EXPECT_EQ(written, "written") << "beside a reader";
    EXPECT_EQ(reader->records(4)->size(), 504U) << "the map was made larger meanwhile";
    fs::remove(state_ + "/lock.mdb");
    EXPECT_EQ(reader_in_place()->records(4)->size(), 504U);
    EXPECT_FALSE(fs::exists(state_ + "/lock.mdb"));
}

TEST_F(JournalOnDisk, RefusesWhatOthersMayTouch) {
    fill_journal(*open());
    for (const char* name : {"data.mdb", "head", "marker"}) {
        ASSERT_EQ(::chmod((state_ + "/" + name).c_str(), 0660), 0);
        EXPECT_EQ(open_error().code, ErrorCode::not_permitted) << name;
        EXPECT_EQ(read_error().code, ErrorCode::not_permitted) << name;
        ASSERT_EQ(::chmod((state_ + "/" + name).c_str(), 0600), 0);
    }
    ASSERT_EQ(::chmod((state_ + "/lock.mdb").c_str(), 0666), 0);
    EXPECT_EQ(open_error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::chmod((state_ + "/lock.mdb").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(state_.c_str(), 0770), 0);
    EXPECT_EQ(open_error().code, ErrorCode::not_permitted);
    EXPECT_EQ(journal_presence(state_).error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::chmod(state_.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
    EXPECT_EQ(open_error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
    open();
}

TEST_F(JournalOnDisk, RefusesLinks) {
    fill_journal(*open());
    for (const char* name : {"data.mdb", "lock.mdb", "head", "marker"}) {
        const std::string here = state_ + "/" + name;
        const std::string there = directory_ / name;
        fs::rename(here, there);
        fs::create_symlink(there, here);
        EXPECT_EQ(open_error().code, ErrorCode::not_permitted) << name;
        fs::remove(here);
        fs::create_hard_link(there, here);
        EXPECT_EQ(open_error().code, ErrorCode::not_permitted) << name;
        fs::remove(here);
        fs::rename(there, here);
    }
    const std::string linked = directory_ / "linked";
    fs::create_directory_symlink(state_, linked);
    EXPECT_EQ(journal_presence(linked).error().code, ErrorCode::not_permitted);
    open();
}

TEST_F(JournalOnDisk, RefusesAnotherOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    fill_journal(*open());
    ASSERT_EQ(::chown((state_ + "/data.mdb").c_str(), 65534, 65534), 0);
    EXPECT_EQ(open_error().code, ErrorCode::not_permitted);
    EXPECT_EQ(read_error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::chown((state_ + "/data.mdb").c_str(), 0, 0), 0);
    ASSERT_EQ(::chown(state_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(open_error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::chown(state_.c_str(), 0, 0), 0);
    open();
}

TEST_F(JournalOnDisk, DeletedUnderItsWriterItTakesNothingMore) {
    for (const char* name : {"data.mdb", "lock.mdb"}) {
        const auto journal = open();
        const auto begun = journal->begin_run(sample_run(name));
        ASSERT_TRUE(begun.ok());
        fs::rename(state_ + "/" + name, directory_ / name);
        EXPECT_EQ(append_one(*journal, begun->number, make_record(RecordType::step_output, 1)).error().code,
                  ErrorCode::journal);
        fs::rename(directory_ / name, state_ + "/" + name);
        EXPECT_FALSE(append_one(*journal, begun->number, make_record(RecordType::step_output, 1)).ok()) << "poisoned";
        EXPECT_EQ(read()->records(begun->number)->size(), 1U);
        fs::remove_all(state_);
    }
}

TEST_F(JournalOnDisk, HeadThatCantBeWrittenIsAnErrorOfTheJournal) {
    const auto block = [&] {
        fs::rename(state_ + "/head", directory_ / "head");
        fs::create_directory(state_ + "/head");
    };
    const auto unblock = [&] {
        fs::remove(state_ + "/head");
        fs::rename(directory_ / "head", state_ + "/head");
    };
    auto journal = open();
    block();
    EXPECT_EQ(journal->begin_run(sample_run("one")).error().code, ErrorCode::journal) << "the run stands there";
    unblock();
    journal.reset();
    journal = open();
    EXPECT_EQ(journal->begin_run(sample_run("two")).error().code, ErrorCode::unfinished);
    block();
    EXPECT_EQ(append_one(*journal, 1, finished("committed")).error().code, ErrorCode::journal) << "so does its end";
    unblock();
    journal.reset();
    EXPECT_EQ(open()->records(1)->size(), 2U);
}

TEST_F(JournalOnDisk, DataDescriptorIsNotInherited) {
    const auto journal = open();
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = fs::read_symlink(entry.path(), gone);
        if (target.rfind(state_, 0) != 0) continue;
        const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
        EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
    }
}

TEST_F(JournalOnDisk, MadeOnAnotherMachineItIsReadAndNotWritten) {
    if (this_host().empty()) GTEST_SKIP() << "this machine has no id";
    if (::geteuid() != 0) GTEST_SKIP() << "only root can put another id in its place";
    const std::string verdict = answer_of_child([&]() -> std::string {
        const std::string foreign = directory_ / "machine-id";
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return "skip";
        fill_journal(*open());
        std::ofstream(foreign) << "0123456789abcdef0123456789abcdef\n";
        if (::mount(foreign.c_str(), "/etc/machine-id", nullptr, MS_BIND, nullptr) != 0) return "skip";
        const Error error = open_error();
        if (read_error().message != "opened") return "not readable: " + read_error().text();
        std::ofstream(state_ + "/accepted-host") << this_host() << "\n";
        ::chmod((state_ + "/accepted-host").c_str(), 0600);
        return error.message + " / " + open_error().message;
    });
    if (verdict == "skip") GTEST_SKIP() << "no mount namespace here";
    EXPECT_THAT(verdict, HasSubstr("made on another machine"));
    EXPECT_THAT(verdict, HasSubstr("accepted-host"));
    EXPECT_THAT(verdict, ::testing::EndsWith("/ opened"));
}

TEST_F(JournalOnDisk, GoesOnOnAFullDisk) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
    ASSERT_TRUE(make_state_directory(state_).ok());
    const std::string verdict = answer_of_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", state_.c_str(), "tmpfs", 0, "size=16m,mode=0700") != 0) {
            return "skip";
        }
        auto journal = open();
        NewRun run = sample_run();
        run.expected_bytes = 1U << 20;
        if (!journal->begin_run(run).ok()) return "begin";
        // The disk is full now, to the last byte.
        const int filler = ::open((state_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const std::string block(4096, 'f');
        while (::write(filler, block.data(), block.size()) > 0) continue;
        ::close(filler);
        for (int i = 0; i < 250; ++i) {
            const Status appended = append_one(
                *journal, 1, make_record(RecordType::step_output, 1, Json{{"text", std::string(3500, 'x')}}));
            if (!appended.ok()) return "append " + std::to_string(i) + " " + appended.error().text();
        }
        journal.reset();
        journal = open();  // no SIGBUS from a hole in lock.mdb
        if (journal == nullptr || !append_one(*journal, 1, finished("committed")).ok()) return "reopen";
        run.plan_id = "plan-2";
        run.expected_bytes = 20U << 20;
        const auto more = journal->begin_run(run);
        if (more.ok() || more.error().code != ErrorCode::no_space) return "the next run must not begin";
        run.expected_bytes = 0;
        return journal->begin_run(run).ok() ? "good" : "refused for good";
    });
    if (verdict == "skip") GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(verdict, "good");
}

TEST_F(JournalOnDisk, RunsOutOfSpaceCleanlyAndGoesOnAfterwards) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
    ASSERT_TRUE(make_state_directory(state_).ok());
    const std::string verdict = answer_of_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", state_.c_str(), "tmpfs", 0, "size=12m,mode=0700") != 0) {
            return "skip";
        }
        auto journal = open();
        if (!journal->begin_run(sample_run()).ok()) return "begin";
        const int filler = ::open((state_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const std::string block(4096, 'f');
        while (::write(filler, block.data(), block.size()) > 0) continue;
        ::close(filler);
        std::size_t acknowledged = 1;
        Status appended;
        while (acknowledged < 100'000) {
            appended = append_one(*journal, 1,
                                  make_record(RecordType::step_output, 1, Json{{"text", std::string(9000, 'x')}}));
            if (!appended.ok()) break;
            ++acknowledged;
        }
        if (appended.ok() || appended.error().code != ErrorCode::journal) return "the end must be told";
        if (append_one(*journal, 1, make_record(RecordType::step_output, 1)).ok()) return "nothing more may be written";
        journal.reset();
        if (open()->records(1)->size() != acknowledged) return "records " + std::to_string(acknowledged);
        fs::remove(state_ + "/filler");
        return append_one(*open(), 1, finished("committed")).ok() ? "good" : "still full";
    });
    if (verdict == "skip") GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(verdict, "good");
}

TEST_F(JournalOnDisk, OpenedTwiceInOneProcessItIsRefused) {
    auto writer = open();
    ASSERT_TRUE(writer->begin_run(sample_run()).ok());
    EXPECT_EQ(open_error().code, ErrorCode::locked);
    EXPECT_EQ(open_journal_for_reading({state_, 0, 0}).error().code, ErrorCode::locked) << "in place";
    EXPECT_EQ(read()->records(1)->size(), 1U) << "a copy may be had beside it";
    ASSERT_TRUE(append_one(*writer, 1, make_record(RecordType::step_output, 1)).ok());
    writer.reset();
    open();
}

TEST_F(JournalOnDisk, WithoutSpaceItIsNotMade) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
    ASSERT_TRUE(make_state_directory(state_).ok());
    const std::string verdict = answer_of_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", state_.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
            return "skip";
        }
        const Error error = open_error();
        return std::string(to_string(error.code)) + (fs::is_empty(state_) ? " empty" : " leftovers");
    });
    if (verdict == "skip") GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(verdict, "no_space empty");
}

TEST_F(JournalOnDisk, ReadOnlyMediaAreReadAndNotWritten) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount read-only";
    fill_journal(*open());
    const std::string verdict = answer_of_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount(state_.c_str(), state_.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
            ::mount(nullptr, state_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
            return "skip";
        }
        if (read_error().message != "opened") return read_error().text();
        return std::string(to_string(open_error().code)) + " " + open_error().message;
    });
    if (verdict == "skip") GTEST_SKIP() << "no mount namespace here";
    EXPECT_THAT(verdict, testing::StartsWith("journal "));
    EXPECT_THAT(verdict, HasSubstr("read-only"));
}

TEST_F(JournalOnDisk, RemovalCutShortIsNoDamage) {
    {
        const auto journal = open();
        ASSERT_TRUE(journal->begin_run(sample_run()).ok());
        std::vector<Record> many(6'000, make_record(RecordType::step_output, 1));
        ASSERT_TRUE(journal->append(1, many).ok());
        ASSERT_TRUE(append_one(*journal, 1, finished("committed")).ok());
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const auto journal = open_or_fail(state_);
        // The commit after the names have gone is where the kill comes: watched from outside by the runs that are
        // listed.
        _exit(journal->remove_run(1).ok() ? 0 : 1);
    }
    while (true) {
        const auto reader = open_journal_for_reading({state_});
        if (!reader.ok() || (*reader)->runs(0, 0)->empty()) break;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto journal = open();
    EXPECT_TRUE(journal->runs(0, 0)->empty());
    EXPECT_TRUE(check_journal({state_})->empty());
    ASSERT_TRUE(journal->begin_run(sample_run("plan-2")).ok());
    ASSERT_TRUE(append_one(*journal, 2, finished("committed")).ok());
    ASSERT_TRUE(journal->remove_run(2).ok());
    EXPECT_TRUE(check_journal({state_})->empty());
}

TEST(StateDirectory, IsMadeWithItsParentsPrivately) {
    TemporaryDirectory directory;
    const mode_t before = ::umask(0);
    EXPECT_TRUE(make_state_directory(directory / "a/b/c").ok());
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat((directory / "a/b").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    EXPECT_TRUE(make_state_directory(directory / "a/b/c").ok());
    std::ofstream(directory / "file") << "x";
    EXPECT_FALSE(make_state_directory(directory / "file").ok());
    EXPECT_FALSE(make_state_directory(directory / "file/below").ok());
    EXPECT_EQ(make_state_directory("relative").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace backout
