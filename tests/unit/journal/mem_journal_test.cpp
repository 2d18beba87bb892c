#include "journal/mem_journal.h"

#include <gtest/gtest.h>

#include "unit/journal/sample.h"

namespace backout {
namespace {

struct Crash {};

class MemJournalWithHooks : public ::testing::Test {
  protected:
    MemJournalWithHooks() {
        MemJournal journal(state_);
        EXPECT_TRUE(journal.begin_run(sample_run()).ok());
    }
    std::size_t records() { return MemJournal(state_).records(1)->size(); }
    static Record output() { return make_record(RecordType::step_output, 1); }

    std::shared_ptr<MemTablesState> state_ = std::make_shared<MemTablesState>();
};

TEST_F(MemJournalWithHooks, ErrorBeforeTheCommitLeavesNothing) {
    MemJournalHooks hooks;
    hooks.before_commit = [](std::uint64_t) -> Status { return Error{ErrorCode::journal, "EIO"}; };
    MemJournal journal(state_, hooks);
    EXPECT_EQ(append_one(journal, 1, output()).error().code, ErrorCode::journal);
    EXPECT_TRUE(journal.poisoned());
    EXPECT_FALSE(journal.records(1).ok());
    EXPECT_EQ(records(), 1U);
}

TEST_F(MemJournalWithHooks, ErrorAfterTheCommitLeavesItDoneAndInDoubt) {
    MemJournalHooks hooks;
    hooks.after_commit = [](std::uint64_t) -> Status { return Error{ErrorCode::journal, "EIO"}; };
    MemJournal journal(state_, hooks);
    EXPECT_FALSE(append_one(journal, 1, output()).ok());
    EXPECT_TRUE(journal.poisoned());
    EXPECT_EQ(records(), 2U);
}

TEST_F(MemJournalWithHooks, ThrowIsACrash) {
    for (const bool before : {true, false}) {
        MemJournalHooks hooks;
        (before ? hooks.before_commit : hooks.after_commit) = [](std::uint64_t) -> Status { throw Crash{}; };
        MemJournal journal(state_, hooks);
        const std::size_t had = records();
        EXPECT_THROW((void)append_one(journal, 1, output()), Crash);
        EXPECT_FALSE(append_one(journal, 1, output()).ok());
        EXPECT_EQ(records(), had + (before ? 0 : 1));
    }
}

TEST_F(MemJournalWithHooks, CommitsAreCountedFromOne) {
    std::vector<std::uint64_t> seen;
    MemJournalHooks hooks;
    hooks.before_commit = [&](std::uint64_t number) -> Status {
        seen.push_back(number);
        return {};
    };
    MemJournal journal(std::make_shared<MemTablesState>(), hooks);
    ASSERT_TRUE(journal.begin_run(sample_run()).ok());
    ASSERT_TRUE(append_one(journal, 1, output()).ok());
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(MemJournalWithHooks, StateIsACopyOfTheInstant) {
    MemJournal journal(state_);
    const auto then = std::make_shared<MemTablesState>(journal.state());
    ASSERT_TRUE(append_one(journal, 1, output()).ok());
    EXPECT_EQ(MemJournal(then).records(1)->size(), 1U);
    EXPECT_EQ(records(), 2U);
}

TEST_F(MemJournalWithHooks, ChangedRecordIsNoticed) {
    auto& entries = state_->tables[static_cast<std::size_t>(Table::records)];
    entries.begin()->second[70] ^= 1;
    EXPECT_EQ(MemJournal(state_).records(1).error().code, ErrorCode::journal);
    EXPECT_FALSE(MemJournal(state_).check_all()->empty());
}

TEST_F(MemJournalWithHooks, MissingTailIsNoticed) {
    {
        MemJournal journal(state_);
        ASSERT_TRUE(append_one(journal, 1, output()).ok());
    }
    auto& entries = state_->tables[static_cast<std::size_t>(Table::records)];
    entries.erase(std::prev(entries.end()));
    EXPECT_EQ(MemJournal(state_).records(1).error().code, ErrorCode::journal);
}

TEST_F(MemJournalWithHooks, RecordOfAnotherRunIsNoticed) {
    {
        MemJournal journal(state_);
        ASSERT_TRUE(append_one(journal, 1, finished("committed")).ok());
        ASSERT_TRUE(journal.begin_run(sample_run("plan-2")).ok());
    }
    auto& entries = state_->tables[static_cast<std::size_t>(Table::records)];
    std::prev(entries.end())->second = entries.begin()->second;
    EXPECT_EQ(MemJournal(state_).records(2).error().code, ErrorCode::journal);
    EXPECT_TRUE(MemJournal(state_).records(1).ok());
}

TEST_F(MemJournalWithHooks, StrayEntriesAreFound) {
    state_->tables[static_cast<std::size_t>(Table::records)][Bytes(16, '\7')] = "x";
    state_->tables[static_cast<std::size_t>(Table::names)]["r-9-x"] = "x";
    EXPECT_EQ(MemJournal(state_).check_all()->size(), 3U);
}

}  // namespace
}  // namespace backout
