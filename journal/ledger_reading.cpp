// What a ledger answers: reading needs no lease and sees the last commit. Writing is in ledger.cpp.

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "journal/big_endian.h"
#include "journal/ledger.h"
#include "journal/ledger_access.h"
#include "journal/record_codec.h"

namespace backout {

namespace {

/// "No such run" needs all the others to be there: a damaged key would hide its run.
Result<StoredSummary> require_summary(TableReader& reader, std::uint64_t run) {
    BACKOUT_TRY_ASSIGN(const auto stored, read_summary(reader, run));
    if (stored) return *stored;
    BACKOUT_TRY_ASSIGN(const Account account, read_account(reader));
    BACKOUT_TRY(check_runs_table(reader, account));
    return Error{ErrorCode::not_found, "the journal has no run " + std::to_string(run)};
}

}  // namespace

Result<std::vector<std::string>> Ledger::image_stores() {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    return read_image_stores(*reader);
}

Result<std::vector<Record>> Ledger::records(std::uint64_t run) {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const StoredSummary stored, require_summary(*reader, run));
    std::vector<Record> all;
    const auto keep = [&](const Record& record) -> Status {
        all.push_back(record);
        return {};
    };
    BACKOUT_TRY(visit_records(*reader, stored, keep));
    return all;
}

Result<Bytes> Ledger::plan(std::uint64_t run) {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const StoredSummary stored, require_summary(*reader, run));
    return read_plan(*reader, stored);
}

Result<std::optional<RunSummary>> Ledger::run(std::uint64_t number) {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const auto stored, read_summary(*reader, number));
    if (stored) return std::optional<RunSummary>{stored->summary};
    // As above.
    BACKOUT_TRY_ASSIGN(const Account account, read_account(*reader));
    BACKOUT_TRY(check_runs_table(*reader, account));
    return std::optional<RunSummary>{};
}

Result<std::vector<RunSummary>> Ledger::runs(std::uint64_t before, std::size_t limit) {
    BACKOUT_TRY(check_usable());
    std::vector<RunSummary> found;
    if (before == 1) return found;
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const Account account, read_account(*reader));
    const auto visitor = [&](std::string_view key, std::string_view value) -> Result<bool> {
        BACKOUT_TRY_ASSIGN(auto stored, open_summary(key, value));
        found.push_back(std::move(stored.summary));
        return limit == 0 || found.size() < limit;
    };
    BACKOUT_TRY(reader->scan_back(Table::runs, before == 0 ? Bytes{} : run_key(before - 1), visitor));
    if (before == 0 && limit == 0 && found.size() != account.runs) {
        return journal_damage("it has " + std::to_string(found.size()) + " runs where " + std::to_string(account.runs) +
                              " should be");
    }
    return found;
}

Result<std::optional<RunSummary>> Ledger::unfinished() {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const Account account, read_account(*reader));
    BACKOUT_TRY_ASSIGN(const auto newest, read_newest(*reader, account));
    if (!newest || newest->summary.finished != 0) return std::optional<RunSummary>{};
    return std::optional<RunSummary>{newest->summary};
}

Result<std::string> Ledger::plan_used_by(const std::string& plan_id) {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const auto used, get_sealed(*reader, Table::used, plan_id_key(plan_id)));
    if (used) return *used;
    // "Never used" is believed only of a table that lacks nothing: a damaged key would hide its entry.
    BACKOUT_TRY_ASSIGN(const Account account, read_account(*reader));
    BACKOUT_TRY(check_used_table(*reader, account));
    return std::string{};
}

Result<Bytes> Ledger::secret_key() {
    BACKOUT_TRY(check_usable());
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    return read_secret_key(*reader);
}

Result<std::string> Ledger::journal_id() {
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    return read_journal_id(*reader);
}

Result<std::string> Ledger::host() {
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const auto host, get_sealed(*reader, Table::meta, kHostKey));
    if (!host) return journal_damage("it doesn't say which host it belongs to");
    return *host;
}

Status Ledger::check_format() {
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    return check_journal_format(*reader);
}

Result<bool> Ledger::holds(const TableStore::Landmark& landmark) {
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const Account account, read_account(*reader));
    if (landmark.run == 0) return true;
    if (account.last_run < landmark.run) return false;
    BACKOUT_TRY_ASSIGN(const auto stored, read_summary(*reader, landmark.run));
    if (!stored) return true;
    if (stored->last_sequence < landmark.sequence) return false;
    BACKOUT_TRY_ASSIGN(const auto encoded, reader->get(Table::records, record_key(landmark.run, landmark.sequence)));
    if (!encoded) return false;
    BACKOUT_TRY_ASSIGN(const auto decoded, decode_record(*encoded));
    return decoded.digest == landmark.digest;
}

}  // namespace backout
