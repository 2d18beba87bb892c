#pragma once
// The journal in memory, for simulation: same codec, chain and summaries as the real one, over std::map. Its tables can
// be copied as the machine's state at an instant and reopened, as a crash and a restart do.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "journal/ledger.h"
#include "journal/tables.h"

namespace backout {

/// What is "on disk". A value: copy it to keep an instant.
struct MemTablesState {
    std::array<std::map<Bytes, Bytes, std::less<>>, kTableCount> tables;
    std::uint64_t commits = 0;
    TableStore::Landmark landmark;
};

/// Called around each commit with its number (from 1). An Error from `before_commit`: the commit did not happen; from
/// `after_commit`: it happened and is reported as failed. Both may throw, as a crash does.
struct MemJournalHooks {
    std::function<Status(std::uint64_t commit)> before_commit = {};
    std::function<Status(std::uint64_t commit)> after_commit = {};
};

class MemTables final : public TableStore {
  public:
    explicit MemTables(std::shared_ptr<MemTablesState> state, MemJournalHooks hooks = {});

    Result<std::unique_ptr<TableReader>> read() override;
    Status write(const std::function<Status(TableTransaction&)>& body) override;
    bool failed_in_doubt() const override { return failed_in_doubt_; }
    Status reserve(std::uint64_t bytes) override;
    Status note_landmark(const Landmark& landmark) override;

  private:
    std::shared_ptr<MemTablesState> state_;
    MemJournalHooks hooks_;
    bool failed_in_doubt_ = false;
};

class MemJournal final : public Ledger {
  public:
    /// Over `state`, which outlives it and may be shared with a later MemJournal: that is reopening. An empty state
    /// becomes a new journal, without calling the hooks.
    explicit MemJournal(std::shared_ptr<MemTablesState> state, MemJournalHooks hooks = {});
    /// A new journal of its own.
    MemJournal() : MemJournal(std::make_shared<MemTablesState>()) {}

    /// What a crash at this instant would leave.
    MemTablesState state() const { return *state_; }

  private:
    std::shared_ptr<MemTablesState> state_;
};

}  // namespace backout
