#include "journal/lease.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::HasSubstr;

/// A child process that does something, tells that it is ready, and waits to be killed.
class Child {
  public:
    explicit Child(const std::function<void()>& work) {
        int ends[2];
        if (::pipe(ends) != 0) ADD_FAILURE() << "pipe";
        pid_ = ::fork();
        if (pid_ == 0) {
            work();
            if (::write(ends[1], "x", 1) != 1) _exit(1);
            for (;;) ::pause();
        }
        ::close(ends[1]);
        char ready = 0;
        EXPECT_EQ(::read(ends[0], &ready, 1), 1);
        ::close(ends[0]);
    }
    ~Child() { kill(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int pid() const { return pid_; }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

  private:
    pid_t pid_ = 0;
};

class LeaseOnDisk : public ::testing::Test {
  protected:
    LeaseHolder self() {
        return {static_cast<int>(::getpid()), "root", "backout apply x.json", 1'700'000'000'000'000'000};
    }
    Result<std::unique_ptr<Lease>> acquire(Nanoseconds timeout = 0) {
        return acquire_lease(directory_.path(), self(), clock_, timeout, nullptr);
    }
    std::string file() const { return directory_ / "lease"; }

    TemporaryDirectory directory_;
    SystemClock clock_;
};

/// The directory is locked as well.
TEST_F(LeaseOnDisk, DeletedFileLetsNobodyInBesideItsHolder) {
    auto first = acquire();
    ASSERT_TRUE(first.ok()) << first.error().text();
    ASSERT_EQ(::unlink(file().c_str()), 0);
    EXPECT_EQ((*lease_holder(directory_.path()))->pid, ::getpid());
    const auto second = acquire();
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::locked);
    EXPECT_EQ((*lease_holder(directory_.path()))->pid, ::getpid()) << "with the new file beside it";
    first->reset();
    EXPECT_FALSE(lease_holder(directory_.path())->has_value());
    EXPECT_TRUE(acquire().ok());
}

TEST_F(LeaseOnDisk, NamesItsHolderAndEndsWithIt) {
    EXPECT_FALSE(lease_holder(directory_.path())->has_value());
    EXPECT_NE(::access(file().c_str(), F_OK), 0) << "looking leaves no file";
    {
        auto lease = acquire();
        ASSERT_TRUE(lease.ok()) << lease.error().text();
        const auto holder = lease_holder(directory_.path());
        ASSERT_TRUE(holder.ok() && holder->has_value());
        EXPECT_EQ((*holder)->pid, ::getpid());
        EXPECT_EQ((*holder)->user, "root");
        EXPECT_EQ((*holder)->command, "backout apply x.json");
        EXPECT_EQ((*holder)->since, 1'700'000'000'000'000'000);
    }
    EXPECT_FALSE(lease_holder(directory_.path())->has_value());
    EXPECT_TRUE(acquire().ok());
}

TEST_F(LeaseOnDisk, FileIsPrivateWhateverTheUmask) {
    const mode_t before = ::umask(0);
    auto lease = acquire();
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(LeaseOnDisk, SecondOneIsToldWhoHoldsIt) {
    Child other([&] {
        static auto lease = acquire();
        if (!lease.ok()) _exit(1);
    });
    const auto mine = acquire();
    ASSERT_FALSE(mine.ok());
    EXPECT_EQ(mine.error().code, ErrorCode::locked);
    EXPECT_THAT(mine.error().message, HasSubstr("process " + std::to_string(other.pid())));
    EXPECT_THAT(mine.error().message, HasSubstr("backout apply x.json"));
    EXPECT_THAT(mine.error().message, HasSubstr("2023-11-14T22:13:20"));
    other.kill();
    EXPECT_FALSE(lease_holder(directory_.path())->has_value());
    EXPECT_TRUE(acquire().ok());
}

TEST_F(LeaseOnDisk, WaitsUntilItIsFree) {
    auto lease = acquire();
    std::thread giver([&] {
        clock_.sleep(100 * kMillisecond);
        *lease = nullptr;
    });
    EXPECT_TRUE(acquire(60 * kSecond).ok());
    giver.join();
}

TEST_F(LeaseOnDisk, StopsWaitingWhenAsked) {
    auto lease = acquire();
    StopToken stop;
    stop.request(SIGINT);
    const auto second = acquire_lease(directory_.path(), self(), clock_, 60 * kSecond, &stop);
    EXPECT_EQ(second.error().code, ErrorCode::canceled);
}

TEST_F(LeaseOnDisk, ReadersMomentaryLockPutsNobodyOff) {
    { auto lease = acquire(); }
    const int reader = ::open(file().c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::flock(reader, LOCK_SH), 0);
    std::thread ending([&] {
        clock_.sleep(15 * kMillisecond);
        ::close(reader);
    });
    EXPECT_TRUE(acquire(0).ok());
    ending.join();
}

TEST_F(LeaseOnDisk, RefusesLinksAndForeignPlaces) {
    const std::string elsewhere = directory_ / "elsewhere";
    std::ofstream(elsewhere) << "precious";
    ASSERT_EQ(::symlink(elsewhere.c_str(), file().c_str()), 0);
    EXPECT_EQ(acquire().error().code, ErrorCode::not_permitted);
    ASSERT_EQ(::unlink(file().c_str()), 0);
    ASSERT_EQ(::chmod(elsewhere.c_str(), 0600), 0);
    ASSERT_EQ(::link(elsewhere.c_str(), file().c_str()), 0);
    EXPECT_EQ(acquire().error().code, ErrorCode::not_permitted);
    std::string kept;
    std::ifstream(elsewhere) >> kept;
    EXPECT_EQ(kept, "precious");
    ASSERT_EQ(::unlink(file().c_str()), 0);
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    EXPECT_EQ(acquire().error().code, ErrorCode::not_permitted);
}

TEST_F(LeaseOnDisk, OrphanIsSeenByTheNextHolder) {
    Child orphan([] {});
    std::ifstream stat("/proc/" + std::to_string(orphan.pid()) + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream words(line.substr(line.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 20; ++i) words >> word;
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    const ChildAtWork child{orphan.pid(), std::stoull(word), boot};
    {
        auto lease = acquire();
        ASSERT_TRUE((*lease)->note_child(child).ok());
        EXPECT_FALSE((*lease)->orphan().has_value()) << "one's own child is no orphan";
    }
    {
        auto lease = acquire();
        ASSERT_TRUE((*lease)->orphan().has_value());
        EXPECT_EQ((*lease)->orphan()->pid, orphan.pid());
    }
    auto lease = acquire();
    EXPECT_TRUE((*lease)->orphan().has_value()) << "a holder that notes no child keeps the note";
    orphan.kill();
    EXPECT_FALSE((*lease)->orphan().has_value());
}

TEST_F(LeaseOnDisk, ProcessWithTheSameNumberIsNoOrphan) {
    Child stranger([] {});
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    for (const ChildAtWork& child :
         {ChildAtWork{stranger.pid(), 1, boot}, ChildAtWork{stranger.pid(), 1, "another boot"}}) {
        {
            auto lease = acquire();
            ASSERT_TRUE((*lease)->note_child(child).ok());
        }
        EXPECT_FALSE((*acquire())->orphan().has_value());
    }
}

TEST_F(LeaseOnDisk, WhateverStandsInTheFileItCanBeTaken) {
    for (const std::string& text : {std::string(), std::string(9000, 'x'), std::string(R"({"pid":"x","child":[1]})")}) {
        std::ofstream(file(), std::ios::trunc) << text;
        ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
        EXPECT_TRUE(acquire().ok());
        EXPECT_FALSE(lease_holder(directory_.path())->has_value());
    }
}

TEST_F(LeaseOnDisk, LongCommandsAreCut) {
    LeaseHolder long_one = self();
    long_one.command = std::string(100'000, '\x01');
    auto lease = acquire_lease(directory_.path(), long_one, clock_, 0, nullptr);
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ((**lease_holder(directory_.path())).pid, ::getpid());
}

}  // namespace
}  // namespace backout
