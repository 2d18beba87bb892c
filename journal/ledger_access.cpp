#include "journal/ledger_access.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "journal/big_endian.h"
#include "journal/record_codec.h"

namespace backout {

namespace {

/// What `key` names, read as sealed; absent is damage.
Result<Bytes> require(TableReader& reader, const char* key) {
    BACKOUT_TRY_ASSIGN(const auto value, get_sealed(reader, Table::meta, key));
    if (!value) return journal_damage(std::string("its entry '") + key + "' is missing");
    return *value;
}

Result<Json> read_list(TableReader& reader, const char* key) {
    BACKOUT_TRY_ASSIGN(const Bytes value, require(reader, key));
    Json list = Json::parse(value, nullptr, false);
    if (!list.is_array()) return journal_damage(std::string("its entry '") + key + "' is no list");
    return list;
}

Error bad_record(const StoredSummary& stored, std::uint64_t sequence, const std::string& what) {
    return journal_damage("run " + stored.summary.run + ", record " + std::to_string(sequence) + ": " + what);
}

/// A record newer than this program is no damage, and doctor can't mend it.
Error in_run(const StoredSummary& stored, std::uint64_t sequence, Error error) {
    if (error.message.find("newer than this program") != std::string::npos) {
        return std::move(error).in("run " + stored.summary.run + ", record " + std::to_string(sequence));
    }
    return bad_record(stored, sequence, error.message);
}

}  // namespace

Error journal_damage(const std::string& what) {
    return {ErrorCode::journal,
            "the journal is damaged: " + what +
                "; nothing was changed. `backout doctor` says what can still be read; put the state "
                "directory back from a backup, or move it away as a whole to begin anew without history"};
}

Status put_sealed(TableTransaction& transaction, Table table, std::string_view key, std::string_view value) {
    return transaction.put(table, key, seal(table, key, value));
}

Result<std::optional<Bytes>> get_sealed(TableReader& reader, Table table, std::string_view key) {
    BACKOUT_TRY_ASSIGN(const auto sealed, reader.get(table, key));
    if (!sealed) return std::optional<Bytes>{};
    auto value = unseal(table, key, *sealed);
    if (!value.ok()) return journal_damage(value.error().message);
    return std::optional<Bytes>{*std::move(value)};
}

Status check_journal_format(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Bytes format, require(reader, kFormatKey));
    if (format == kJournalFormat) return {};
    return Error{ErrorCode::journal,
                 "the journal has format " + printable(format) +
                     ", which is newer than this program: use the version of backout that wrote it"};
}

Result<Bytes> read_secret_key(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Bytes key, require(reader, kSecretKeyKey));
    if (key.size() != 32) return journal_damage("its key has a wrong length");
    return key;
}

std::string journal_id_of(const Bytes& secret_key) {
    return hmac_sha256_hex(secret_key, "journal id").substr(0, 32);
}

Result<std::string> read_journal_id(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Bytes key, read_secret_key(reader));
    return journal_id_of(key);
}

Result<Account> read_account(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Bytes text, require(reader, kAccountKey));
    auto account = decode_account(text);
    if (!account.ok()) return journal_damage(account.error().message);
    return account;
}

Result<std::vector<std::string>> read_image_stores(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Json list, read_list(reader, kImageStoresKey));
    std::vector<std::string> stores;
    for (const auto& entry : list) {
        const auto path = from_base64(entry.is_string() ? entry.get<std::string>() : "?");
        if (!path.ok()) return journal_damage("its list of image stores can't be read");
        stores.push_back(*path);
    }
    return stores;
}

Result<StoredSummary> open_summary(std::string_view key, std::string_view value) {
    const auto text = unseal(Table::runs, key, value);
    if (!text.ok()) return journal_damage(text.error().message);
    auto stored = decode_summary(*text);
    if (!stored.ok()) return journal_damage(stored.error().message);
    if (run_key(stored->summary.number) != key) return journal_damage("the summary of a run has another run's number");
    return stored;
}

Result<std::optional<StoredSummary>> read_summary(TableReader& reader, std::uint64_t run) {
    const Bytes key = run_key(run);
    BACKOUT_TRY_ASSIGN(const auto value, reader.get(Table::runs, key));
    if (!value) return std::optional<StoredSummary>{};
    BACKOUT_TRY_ASSIGN(auto stored, open_summary(key, *value));
    return std::optional<StoredSummary>{std::move(stored)};
}

Result<std::optional<StoredSummary>> read_newest(TableReader& reader, const Account& account) {
    std::optional<StoredSummary> newest;
    const auto take_newest = [&](std::string_view key, std::string_view value) -> Result<bool> {
        BACKOUT_TRY_ASSIGN(newest, open_summary(key, value));
        return false;
    };
    BACKOUT_TRY(reader.scan_back(Table::runs, {}, take_newest));
    if ((newest ? newest->summary.number : 0) != account.newest_run) {
        return journal_damage("its newest run is missing");
    }
    return newest;
}

Status check_runs_table(TableReader& reader, const Account& account) {
    std::uint64_t count = 0;
    const auto check_one = [&](std::string_view key, std::string_view value) -> Result<bool> {
        BACKOUT_TRY(open_summary(key, value));
        ++count;
        return true;
    };
    BACKOUT_TRY(reader.scan(Table::runs, {}, check_one));
    if (count == account.runs) return {};
    return journal_damage("it has " + std::to_string(count) + " runs where " + std::to_string(account.runs) +
                          " should be");
}

Status check_used_table(TableReader& reader, const Account& account) {
    std::uint64_t count = 0;
    const auto check_one = [&](std::string_view key, std::string_view value) -> Result<bool> {
        const auto name = unseal(Table::used, key, value);
        if (!name.ok()) return journal_damage(name.error().message);
        ++count;
        return true;
    };
    BACKOUT_TRY(reader.scan(Table::used, {}, check_one));
    if (count == account.used) return {};
    return journal_damage("it knows " + std::to_string(count) + " used plans where " + std::to_string(account.used) +
                          " should be");
}

Status visit_records(TableReader& reader, const StoredSummary& stored,
                     const std::function<Status(const Record&)>& visitor) {
    const Bytes prefix = run_key(stored.summary.number);
    BACKOUT_TRY_ASSIGN(const std::string id, read_journal_id(reader));
    Bytes previous = run_identity_digest(id, stored.summary.run);
    std::uint64_t expected = 1;
    const auto follow = [&](std::string_view key, std::string_view value) -> Result<bool> {
        if (key.substr(0, prefix.size()) != prefix) return false;
        if (key != record_key(stored.summary.number, expected)) return bad_record(stored, expected, "it is missing");
        auto decoded = decode_record(value);
        if (!decoded.ok()) return in_run(stored, expected, decoded.error());
        if (decoded->record.sequence != expected) return bad_record(stored, expected, "it is another record");
        if (decoded->previous != previous) return bad_record(stored, expected, "it doesn't follow the one before");
        previous = decoded->digest;
        BACKOUT_TRY(visitor(decoded->record));
        ++expected;
        return true;
    };
    BACKOUT_TRY(reader.scan(Table::records, prefix, follow));
    if (expected - 1 != stored.last_sequence || previous != stored.last_digest) {
        return bad_record(stored, expected, "the run should end with record " + std::to_string(stored.last_sequence));
    }
    return {};
}

Result<Bytes> read_plan(TableReader& reader, const StoredSummary& stored) {
    const Bytes prefix = run_key(stored.summary.number);
    Bytes plan;
    const auto add_piece = [&](std::string_view key, std::string_view value) -> Result<bool> {
        if (key.substr(0, prefix.size()) != prefix) return false;
        const auto piece = unseal(Table::plans, key, value);
        if (!piece.ok()) return journal_damage("run " + stored.summary.run + ": " + piece.error().message);
        plan.append(*piece);
        return true;
    };
    BACKOUT_TRY(reader.scan(Table::plans, prefix, add_piece));
    if (plan.size() != stored.plan_bytes || sha256_hex(plan) != stored.content_digest) {
        return journal_damage("the plan of run " + stored.summary.run + " is not the one that was stored");
    }
    return plan;
}

Result<std::vector<std::uint64_t>> read_removing(TableReader& reader) {
    BACKOUT_TRY_ASSIGN(const Json list, read_list(reader, kRemovingKey));
    std::vector<std::uint64_t> runs;
    for (const auto& entry : list) {
        if (!entry.is_number_unsigned()) return journal_damage("its list of runs being removed can't be read");
        runs.push_back(entry.get<std::uint64_t>());
    }
    return runs;
}

Status begin_removal(TableTransaction& transaction, const RunSummary& summary) {
    BACKOUT_TRY_ASSIGN(auto removing, read_removing(transaction));
    removing.push_back(summary.number);
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kRemovingKey, dump_canonical(Json(removing))));
    BACKOUT_TRY(transaction.erase(Table::runs, run_key(summary.number)));
    BACKOUT_TRY(transaction.erase(Table::names, summary.run));
    BACKOUT_TRY_ASSIGN(Account account, read_account(transaction));
    --account.runs;
    if (account.newest_run == summary.number) {
        account.newest_run = 0;
        const auto take_newest = [&](std::string_view key, std::string_view) -> Result<bool> {
            if (key.size() == 8) account.newest_run = get_u64(key, 0);
            return false;
        };
        BACKOUT_TRY(transaction.scan_back(Table::runs, {}, take_newest));
    }
    return put_sealed(transaction, Table::meta, kAccountKey, encode_account(account));
}

Result<bool> go_on_removing(TableTransaction& transaction, std::size_t batch) {
    BACKOUT_TRY_ASSIGN(auto removing, read_removing(transaction));
    if (removing.empty()) return false;
    const Bytes prefix = run_key(removing.back());
    std::size_t erased = 0;
    for (const Table table : {Table::records, Table::plans}) {
        std::vector<Bytes> keys;
        const auto collect = [&](std::string_view key, std::string_view) -> Result<bool> {
            if (key.substr(0, prefix.size()) != prefix || erased + keys.size() >= batch) return false;
            keys.emplace_back(key);
            return true;
        };
        BACKOUT_TRY(transaction.scan(table, prefix, collect));
        for (const auto& key : keys) {
            BACKOUT_TRY(transaction.erase(table, key));
        }
        erased += keys.size();
    }
    if (erased < batch) {
        removing.pop_back();
        BACKOUT_TRY(put_sealed(transaction, Table::meta, kRemovingKey, dump_canonical(Json(removing))));
    }
    return !removing.empty();
}

}  // namespace backout
