// Everything that stands in the tables, looked at once: what a run never asks for is checked here.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "journal/big_endian.h"
#include "journal/ledger.h"
#include "journal/ledger_access.h"

namespace backout {

namespace {

constexpr std::size_t kFindingLimit = 100;

class Check {
  public:
    explicit Check(TableReader& reader) : reader_(reader) {}

    std::vector<std::string> run() {
        note(check_journal_format(reader_));
        const auto account = read_account(reader_);
        note(account);
        note(read_journal_id(reader_));
        note(read_image_stores(reader_));
        const auto removing = read_removing(reader_);
        note(removing);
        if (!account.ok() || !removing.ok()) return findings_;
        removing_ = *removing;
        each_run(*account);
        note(check_used_table(reader_, *account));
        each_name();
        no_strays(Table::records);
        no_strays(Table::plans);
        return findings_;
    }

  private:
    template <typename Checked>
    void note(const Checked& checked) {
        if (!checked.ok() && findings_.size() < kFindingLimit) findings_.push_back(checked.error().text());
    }
    void note_damage(const std::string& what) { note(Status(journal_damage(what))); }

    void each_run(const Account& account) {
        const auto one = [&](std::string_view key, std::string_view value) -> Result<bool> {
            const auto stored = open_summary(key, value);
            note(stored);
            if (stored.ok()) runs_.push_back(*stored);
            return true;
        };
        note(reader_.scan(Table::runs, {}, one));
        if (runs_.size() != account.runs) {
            note_damage("it has " + std::to_string(runs_.size()) + " runs where " + std::to_string(account.runs) +
                        " should be");
        }
        note(read_newest(reader_, account));
        for (const auto& stored : runs_) check_run(stored);
    }

    void check_run(const StoredSummary& stored) {
        RunState state;
        state.steps.resize(stored.summary.steps);
        const auto folding = [&](const Record& record) { return fold_into(state, record); };
        const Status folded = visit_records(reader_, stored, folding);
        note(folded);
        if (folded.ok() &&
            (state.finished != (stored.summary.finished != 0) || state.direction != stored.summary.direction)) {
            note_damage("the summary of run " + stored.summary.run + " doesn't agree with its records");
        }
        note(read_plan(reader_, stored));
        const auto number = get_sealed(reader_, Table::names, stored.summary.run);
        note(number);
        if (number.ok() && (!*number || **number != run_key(stored.summary.number))) {
            note_damage("the name of run " + stored.summary.run + " is missing");
        }
    }

    void each_name() {
        std::size_t names = 0;
        const auto one = [&](std::string_view key, std::string_view value) -> Result<bool> {
            ++names;
            const auto number = unseal(Table::names, key, value);
            if (!number.ok()) note_damage(number.error().message);
            return true;
        };
        note(reader_.scan(Table::names, {}, one));
        if (names != runs_.size()) note_damage("it has more names than runs");
    }

    bool known(std::string_view key) const {
        if (key.size() != 16) return false;
        const std::uint64_t run = get_u64(key, 0);
        const auto is_run = [&](const StoredSummary& stored) { return stored.summary.number == run; };
        return std::any_of(runs_.begin(), runs_.end(), is_run) ||
               std::find(removing_.begin(), removing_.end(), run) != removing_.end();
    }

    /// Goes from run to run rather than over each entry: a run's own were looked at above.
    void no_strays(Table table) {
        Bytes from;
        for (bool more = true; more;) {
            more = false;
            const auto one = [&](std::string_view key, std::string_view) -> Result<bool> {
                more = key.size() == 16;
                if (!known(key)) {
                    note_damage(std::string("the table '") + to_string(table) +
                                "' has an entry that belongs to no run");
                }
                if (more) from = run_key(get_u64(key, 0) + 1);
                more = more && get_u64(key, 0) + 1 != 0;
                return false;
            };
            const Status scanned = reader_.scan(table, from, one);
            note(scanned);
            if (!scanned.ok() || findings_.size() >= kFindingLimit) return;
        }
    }

    TableReader& reader_;
    std::vector<StoredSummary> runs_;
    std::vector<std::uint64_t> removing_;
    std::vector<std::string> findings_;
};

}  // namespace

Result<std::vector<std::string>> Ledger::check_all() {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    return Check(*reader).run();
}

}  // namespace backout
