#include "journal/mem_journal.h"

#include <vector>

namespace backout {

namespace {

std::size_t index(Table table) {
    return static_cast<std::size_t>(table);
}

/// Reads, and writes in place with a note of what was there, so that a refused transaction can be taken back without
/// copying the tables.
class MemTransaction final : public TableTransaction {
  public:
    explicit MemTransaction(MemTablesState& state) : state_(state) {}

    Result<std::optional<Bytes>> get(Table table, std::string_view key) override {
        const auto& entries = state_.tables[index(table)];
        const auto found = entries.find(key);
        if (found == entries.end()) return std::optional<Bytes>{};
        return std::optional<Bytes>{found->second};
    }

    Status scan(Table table, std::string_view first, const Visitor& visitor) override {
        const auto& entries = state_.tables[index(table)];
        for (auto at = entries.lower_bound(first); at != entries.end(); ++at) {
            BACKOUT_TRY_ASSIGN(const bool more, visitor(at->first, at->second));
            if (!more) break;
        }
        return {};
    }

    Status scan_back(Table table, std::string_view last, const Visitor& visitor) override {
        const auto& entries = state_.tables[index(table)];
        auto at = last.empty() ? entries.end() : entries.upper_bound(last);
        while (at != entries.begin()) {
            --at;
            BACKOUT_TRY_ASSIGN(const bool more, visitor(at->first, at->second));
            if (!more) break;
        }
        return {};
    }

    Result<std::uint64_t> count(Table table) override { return state_.tables[index(table)].size(); }

    Status put(Table table, std::string_view key, std::string_view value) override {
        remember(table, key);
        state_.tables[index(table)].insert_or_assign(Bytes(key), Bytes(value));
        return {};
    }

    Status erase(Table table, std::string_view key) override {
        remember(table, key);
        state_.tables[index(table)].erase(Bytes(key));
        return {};
    }

    void take_back() {
        for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
            auto& entries = state_.tables[index(change->table)];
            if (change->before) {
                entries.insert_or_assign(change->key, *change->before);
            } else {
                entries.erase(change->key);
            }
        }
        changes_.clear();
    }

  private:
    struct Change {
        Table table;
        Bytes key;
        std::optional<Bytes> before;
    };

    void remember(Table table, std::string_view key) {
        const auto& entries = state_.tables[index(table)];
        const auto found = entries.find(key);
        changes_.push_back(
            {table, Bytes(key), found == entries.end() ? std::optional<Bytes>{} : std::optional<Bytes>{found->second}});
    }

    MemTablesState& state_;
    std::vector<Change> changes_;
};

}  // namespace

MemTables::MemTables(std::shared_ptr<MemTablesState> state, MemJournalHooks hooks)
    : state_(std::move(state)), hooks_(std::move(hooks)) {
    BACKOUT_ASSERT(state_ != nullptr);
}

Result<std::unique_ptr<TableReader>> MemTables::read() {
    return std::unique_ptr<TableReader>(std::make_unique<MemTransaction>(*state_));
}

Status MemTables::write(const std::function<Status(TableTransaction&)>& body) {
    MemTransaction transaction(*state_);
    const Status done = body(transaction);
    if (!done.ok()) {
        transaction.take_back();
        return done.error();
    }
    const std::uint64_t number = state_->commits + 1;
    // Whatever throws, too, leaves the commit undone or done, and this object unusable.
    struct InDoubtUnlessDone {
        bool& failed;
        bool done = false;
        ~InDoubtUnlessDone() { failed = failed || !done; }
    } guard{failed_in_doubt_};
    if (hooks_.before_commit) {
        struct TakeBackUnlessPassed {
            MemTransaction& transaction;
            bool passed = false;
            ~TakeBackUnlessPassed() { passed ? void() : transaction.take_back(); }
        } taking_back{transaction};
        BACKOUT_TRY(hooks_.before_commit(number));
        taking_back.passed = true;
    }
    state_->commits = number;
    if (hooks_.after_commit) {
        BACKOUT_TRY(hooks_.after_commit(number));
    }
    guard.done = true;
    return {};
}

Status MemTables::reserve(std::uint64_t) {
    return {};
}

Status MemTables::note_landmark(const Landmark& landmark) {
    state_->landmark = landmark;
    return {};
}

namespace {

std::shared_ptr<MemTables> open_tables(const std::shared_ptr<MemTablesState>& state, MemJournalHooks hooks) {
    if (state->tables[index(Table::meta)].empty()) {
        const Bytes key(32, 'k');
        const Status made =
            MemTables(state).write([&](TableTransaction& transaction) { return write_genesis(transaction, key, ""); });
        BACKOUT_ASSERT(made.ok());
        state->commits = 0;
    }
    return std::make_shared<MemTables>(state, std::move(hooks));
}

}  // namespace

MemJournal::MemJournal(std::shared_ptr<MemTablesState> state, MemJournalHooks hooks)
    : Ledger(open_tables(state, std::move(hooks))), state_(std::move(state)) {}

}  // namespace backout
