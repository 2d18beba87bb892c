#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/mem_journal.h"
#include "journal/open.h"
#include "unit/journal/sample.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::HasSubstr;

/// What every journal does, whatever its tables are in.
class Stores {
  public:
    virtual ~Stores() = default;
    virtual std::unique_ptr<JournalStore> open() = 0;
};

class MemStores final : public Stores {
  public:
    std::unique_ptr<JournalStore> open() override { return std::make_unique<MemJournal>(state_); }

  private:
    std::shared_ptr<MemTablesState> state_ = std::make_shared<MemTablesState>();
};

class LmdbStores final : public Stores {
  public:
    std::unique_ptr<JournalStore> open() override {
        auto opened = open_journal({directory_ / "state"}, ids_);
        if (!opened.ok()) ADD_FAILURE() << opened.error().text();
        return opened.ok() ? std::move(opened).value() : nullptr;
    }

  private:
    TemporaryDirectory directory_;
    SystemIdSource ids_;
};

enum class Kind { memory, lmdb };

class EveryJournal : public ::testing::TestWithParam<Kind> {
  protected:
    EveryJournal()
        : stores_(GetParam() == Kind::memory ? std::unique_ptr<Stores>(std::make_unique<MemStores>())
                                             : std::unique_ptr<Stores>(std::make_unique<LmdbStores>())),
          journal_(stores_->open()) {}

    void reopen() {
        journal_.reset();
        journal_ = stores_->open();
    }
    RunSummary begin(const NewRun& run = sample_run()) {
        auto begun = journal_->begin_run(run);
        if (!begun.ok()) ADD_FAILURE() << begun.error().text();
        return begun.ok() ? *begun : RunSummary{};
    }
    void append(std::uint64_t run, Record record) {
        const Status appended = append_one(*journal_, run, std::move(record));
        ASSERT_TRUE(appended.ok()) << appended.error().text();
    }
    RunSummary summary(std::uint64_t run) {
        const auto found = journal_->run(run);
        if (!found.ok() || !*found) ADD_FAILURE() << "no run " << run;
        return found.ok() && *found ? **found : RunSummary{};
    }

    std::unique_ptr<Stores> stores_;
    std::unique_ptr<JournalStore> journal_;
};

INSTANTIATE_TEST_SUITE_P(Both, EveryJournal, ::testing::Values(Kind::memory, Kind::lmdb),
                         [](const auto& instance) { return instance.param == Kind::memory ? "Memory" : "Lmdb"; });

TEST_P(EveryJournal, NewOneHasNoRuns) {
    EXPECT_TRUE(journal_->runs(0, 0)->empty());
    EXPECT_FALSE(journal_->unfinished()->has_value());
    EXPECT_TRUE(journal_->image_stores()->empty());
}

TEST_P(EveryJournal, BegunRunIsUnfinishedAndNamed) {
    const RunSummary begun = begin();
    EXPECT_EQ(begun.run, "r-1-k3f9");
    EXPECT_EQ(begun.number, 1U);
    reopen();
    const auto unfinished = journal_->unfinished();
    ASSERT_TRUE(unfinished.ok() && unfinished->has_value());
    EXPECT_EQ((*unfinished)->run, "r-1-k3f9");
    EXPECT_EQ((*unfinished)->steps, 3U);
    EXPECT_EQ((*unfinished)->phase, RunPhase::running);
}

TEST_P(EveryJournal, RecordsComeBackAsWritten) {
    const RunSummary run = begin();
    std::vector<Record> records = {
        make_record(RecordType::step_intended, 1, Json{{"image", {{"inode", 7}}}, {"expected", "x"}}, -5),
        make_record(RecordType::step_applied, 1, Json{{"outputs", {{"id", "7"}}}}, 1'700'000'000'000'000'000)};
    ASSERT_TRUE(journal_->append(run.number, records).ok());
    EXPECT_EQ(records[0].sequence, 2U);
    EXPECT_EQ(records[1].sequence, 3U);
    reopen();
    append(run.number, finished("committed"));
    const auto read = journal_->records(run.number);
    ASSERT_TRUE(read.ok()) << read.error().text();
    ASSERT_EQ(read->size(), 4U);
    EXPECT_EQ((*read)[0].type, RecordType::run_started);
    EXPECT_EQ((*read)[1].body["image"]["inode"], 7);
    EXPECT_EQ((*read)[1].time, -5);
    EXPECT_EQ((*read)[2].time, 1'700'000'000'000'000'000);
    EXPECT_EQ((*read)[2].step, 1U);
    EXPECT_EQ((*read)[3].sequence, 4U);
}

TEST_P(EveryJournal, SummaryFollowsTheRecords) {
    const RunSummary run = begin();
    append(run.number, make_record(RecordType::step_intended, 1));
    append(run.number, make_record(RecordType::step_failed, 1, Json{{"error", "no"}}));
    append(run.number, make_record(RecordType::run_aborting, 0, Json{{"reason", "step 1 failed"}, {"cause_step", 1}}));
    EXPECT_EQ(summary(1).direction, Direction::back);
    EXPECT_EQ(summary(1).phase, RunPhase::rolling_back);
    EXPECT_TRUE(summary(1).changed);
    append(run.number, make_record(RecordType::run_awaits, 0, Json{{"reason", "a person"}}));
    EXPECT_EQ(summary(1).phase, RunPhase::interrupted);
    EXPECT_EQ(summary(1).awaits, "a person");
    append(run.number, make_record(RecordType::run_resumed));
    append(run.number, make_record(RecordType::undo_intended, 1, Json{{"image", nullptr}}));
    append(run.number, make_record(RecordType::step_undone, 1, Json{{"how", "undone"}}));
    append(run.number, finished("rolled_back", 1));
    reopen();
    EXPECT_EQ(summary(1).phase, RunPhase::rolled_back);
    EXPECT_EQ(summary(1).exit_status, 1);
    EXPECT_EQ(summary(1).finished, 9'000);
    EXPECT_EQ(summary(1).awaits, "");
    EXPECT_FALSE(summary(1).changed);
    EXPECT_FALSE(journal_->unfinished()->has_value());
}

TEST_P(EveryJournal, RefusesASecondRunWhileOneIsUnfinished) {
    begin();
    const auto second = journal_->begin_run(sample_run("plan-2"));
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::unfinished);
    EXPECT_THAT(second.error().message, HasSubstr("r-1-k3f9"));
    append(1, finished("committed"));
    EXPECT_EQ(begin(sample_run("plan-2")).number, 2U);
}

TEST_P(EveryJournal, RefusesAUsedPlanEvenAfterItsRunIsRemoved) {
    begin();
    append(1, finished("committed"));
    EXPECT_EQ(*journal_->plan_used_by("plan-1"), "r-1-k3f9");
    ASSERT_TRUE(journal_->remove_run(1).ok());
    reopen();
    const auto again = journal_->begin_run(sample_run());
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, ErrorCode::stale);
    EXPECT_THAT(again.error().message, HasSubstr("r-1-k3f9"));
    EXPECT_EQ(*journal_->plan_used_by("plan-2"), "");
}

TEST_P(EveryJournal, RefusesWhatCantFollowAndIsPoisonedByIt) {
    begin();
    const Status wrong = append_one(*journal_, 1, make_record(RecordType::step_applied, 1));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, ErrorCode::journal);
    EXPECT_FALSE(append_one(*journal_, 1, make_record(RecordType::step_intended, 1)).ok());
    EXPECT_FALSE(journal_->records(1).ok());
    reopen();
    EXPECT_EQ(journal_->records(1)->size(), 1U);
    append(1, make_record(RecordType::step_intended, 1));
}

TEST_P(EveryJournal, RefusesRecordsOfStepsThatThePlanLacks) {
    begin(sample_run("plan-1", 2));
    EXPECT_FALSE(append_one(*journal_, 1, make_record(RecordType::step_intended, 3)).ok());
}

TEST_P(EveryJournal, TakesAPersonsWordAfterTheEnd) {
    begin();
    append(1, make_record(RecordType::step_intended, 1));
    append(1, make_record(RecordType::step_conflict, 1, Json{{"conflicts", {"x"}}}));
    append(1, finished("rollback_incomplete", 3));
    EXPECT_TRUE(summary(1).changed);
    append(1, make_record(RecordType::step_resolved, 1, Json{{"as", "undone"}, {"reason", "by hand"}}));
    EXPECT_FALSE(summary(1).changed);
    EXPECT_EQ(summary(1).phase, RunPhase::rollback_incomplete);
    EXPECT_FALSE(append_one(*journal_, 1, make_record(RecordType::step_intended, 2)).ok());
}

TEST_P(EveryJournal, KeepsPlansOfManyChunks) {
    NewRun run = sample_run();
    for (int i = 0; i < 300'000; ++i) run.plan += "0123456789"[i % 10];
    run.plan.append(3U << 20, 'x');
    begin(run);
    reopen();
    EXPECT_EQ(*journal_->plan(1), run.plan);
    EXPECT_EQ(journal_->plan(2).error().code, ErrorCode::not_found);
}

TEST_P(EveryJournal, ListsRunsNewestFirst) {
    for (int i = 1; i <= 5; ++i) {
        begin(sample_run("plan-" + std::to_string(i)));
        append(static_cast<std::uint64_t>(i), finished("committed"));
    }
    const auto numbers = [&](std::uint64_t before, std::size_t limit) {
        std::vector<std::uint64_t> found;
        const auto listed = journal_->runs(before, limit);
        for (const auto& one : *listed) found.push_back(one.number);
        return found;
    };
    using Numbers = std::vector<std::uint64_t>;
    EXPECT_EQ(numbers(0, 0), (Numbers{5, 4, 3, 2, 1}));
    EXPECT_EQ(numbers(0, 2), (Numbers{5, 4}));
    EXPECT_EQ(numbers(4, 2), (Numbers{3, 2}));
    EXPECT_EQ(numbers(1, 0), (Numbers{}));
    EXPECT_EQ(numbers(99, 1), (Numbers{5}));
    ASSERT_TRUE(journal_->remove_run(5).ok());
    ASSERT_TRUE(journal_->remove_run(2).ok());
    EXPECT_EQ(numbers(0, 0), (Numbers{4, 3, 1}));
    EXPECT_EQ(begin(sample_run("plan-9")).number, 6U);
}

TEST_P(EveryJournal, FindsRunsByNumberNameAndPrefix) {
    for (int i = 1; i <= 12; ++i) {
        begin(sample_run("plan-" + std::to_string(i)));
        append(static_cast<std::uint64_t>(i), finished("committed"));
    }
    EXPECT_EQ(journal_->find_run("12")->number, 12U);
    EXPECT_EQ(journal_->find_run("r-12")->number, 12U);
    EXPECT_EQ(journal_->find_run("r-1")->number, 1U);
    EXPECT_EQ(journal_->find_run("r-1-k3")->number, 1U);
    EXPECT_EQ(journal_->find_run("r-12-k3f9")->number, 12U);
    EXPECT_EQ(journal_->find_run("r-").error().code, ErrorCode::invalid);
    EXPECT_EQ(journal_->find_run("r-12-zz").error().code, ErrorCode::not_found);
    EXPECT_THAT(journal_->find_run("r-12-k3f8").error().message, HasSubstr("'r-12-k3f9'"));
    EXPECT_EQ(journal_->find_run("r-13").error().code, ErrorCode::not_found);
    EXPECT_EQ(journal_->find_run("").error().code, ErrorCode::not_found);
    EXPECT_EQ(journal_->find_run("99999999999999999999999").error().code, ErrorCode::not_found);
    ASSERT_TRUE(journal_->remove_run(1).ok());
    EXPECT_EQ(journal_->find_run("r-1").error().code, ErrorCode::not_found);
}

TEST_P(EveryJournal, MarksARunAsTakenBackAndClearsIt) {
    begin();
    EXPECT_FALSE(journal_->mark_undone(1, "r-2-x").ok());
    append(1, finished("committed"));
    ASSERT_TRUE(journal_->mark_undone(1, "r-2-x").ok());
    reopen();
    EXPECT_EQ(summary(1).undone_by, "r-2-x");
    EXPECT_EQ(summary(1).phase, RunPhase::rolled_back);
    ASSERT_TRUE(journal_->mark_undone(1, "").ok());
    EXPECT_EQ(summary(1).phase, RunPhase::committed);
    EXPECT_EQ(summary(1).undone_by, "");
    EXPECT_EQ(journal_->mark_undone(7, "").error().code, ErrorCode::not_found);
}

TEST_P(EveryJournal, AnnouncesImageStoresOnce) {
    const std::string odd = std::string(1000, 'p') + "\xff\n";
    ASSERT_TRUE(journal_->add_image_store("/a").ok());
    ASSERT_TRUE(journal_->add_image_store(odd).ok());
    ASSERT_TRUE(journal_->add_image_store("/a").ok());
    reopen();
    EXPECT_EQ(*journal_->image_stores(), (std::vector<std::string>{"/a", odd}));
    ASSERT_TRUE(journal_->remove_image_store("/a").ok());
    EXPECT_EQ(*journal_->image_stores(), (std::vector<std::string>{odd}));
}

TEST_P(EveryJournal, RemovesOnlyFinishedRuns) {
    begin();
    EXPECT_FALSE(journal_->remove_run(1).ok());
    append(1, finished("committed"));
    ASSERT_TRUE(journal_->remove_run(1).ok());
    EXPECT_FALSE(journal_->run(1)->has_value());
    EXPECT_EQ(journal_->records(1).error().code, ErrorCode::not_found);
    EXPECT_EQ(journal_->remove_run(1).error().code, ErrorCode::not_found);
}

TEST_P(EveryJournal, KeepsItsKeyOverReopening) {
    const Bytes key = *journal_->secret_key();
    EXPECT_EQ(key.size(), 32U);
    reopen();
    EXPECT_EQ(*journal_->secret_key(), key);
}

}  // namespace
}  // namespace backout
