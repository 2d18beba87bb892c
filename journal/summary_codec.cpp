#include "journal/summary_codec.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "journal/big_endian.h"

namespace backout {

namespace {

constexpr std::size_t kSealSize = 16;

Bytes seal_of(Table table, std::string_view key, std::string_view value) {
    Bytes text = to_string(table);
    text.push_back('\0');
    put_u32(text, static_cast<std::uint32_t>(key.size()));
    text.append(key);
    text.append(value);
    return sha256_raw(text).substr(0, kSealSize);
}

Error damaged(const std::string& what) {
    return {ErrorCode::journal, what};
}

/// Numbers of more than 53 bits are exact in nlohmann's JSON as long as they are unsigned or signed 64-bit ones.
std::uint64_t unsigned_member(const Json& object, const char* key) {
    const Json& value = member(object, key);
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

}  // namespace

const char* to_string(Table table) {
    switch (table) {
        case Table::meta: return "meta";
        case Table::runs: return "runs";
        case Table::records: return "records";
        case Table::plans: return "plans";
        case Table::used: return "used";
        case Table::names: return "names";
    }
    return "unknown";
}

Bytes seal(Table table, std::string_view key, std::string_view value) {
    Bytes sealed(value);
    sealed.append(seal_of(table, key, value));
    return sealed;
}

Result<Bytes> unseal(Table table, std::string_view key, std::string_view sealed) {
    const std::string where = std::string("an entry of the table '") + to_string(table) + "' ";
    if (sealed.size() < kSealSize) return damaged(where + "is too short");
    const auto value = sealed.substr(0, sealed.size() - kSealSize);
    if (seal_of(table, key, value) != sealed.substr(value.size())) return damaged(where + "has a wrong checksum");
    return Bytes(value);
}

Bytes encode_summary(const StoredSummary& stored) {
    const RunSummary& summary = stored.summary;
    return dump_canonical(Json{{"number", summary.number},
                               {"run", summary.run},
                               {"name", summary.name},
                               {"phase", to_string(summary.phase)},
                               {"direction", to_string(summary.direction)},
                               {"started", summary.started},
                               {"finished", summary.finished},
                               {"steps", summary.steps},
                               {"exit", summary.exit_status},
                               {"changed", summary.changed},
                               {"undoes", summary.undoes},
                               {"undone_by", summary.undone_by},
                               {"awaits", summary.awaits},
                               {"plan_id", summary.plan_id},
                               {"command", summary.command},
                               {"user", summary.user},
                               {"last_sequence", stored.last_sequence},
                               {"last_digest", to_hex(stored.last_digest)},
                               {"plan_bytes", stored.plan_bytes},
                               {"plan_digest", stored.plan_digest},
                               {"content_digest", stored.content_digest}});
}

Result<StoredSummary> decode_summary(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    const auto phase = run_phase_from(string_member(json, "phase"));
    const auto digest = from_hex(string_member(json, "last_digest"));
    if (!json.is_object() || !phase.ok() || !digest.ok()) return damaged("the summary of a run can't be read");
    StoredSummary stored;
    RunSummary& summary = stored.summary;
    summary.number = unsigned_member(json, "number");
    summary.run = string_member(json, "run");
    summary.name = string_member(json, "name");
    summary.phase = *phase;
    summary.direction = string_member(json, "direction") == "back" ? Direction::back : Direction::forward;
    summary.started = int_member(json, "started", 0);
    summary.finished = int_member(json, "finished", 0);
    summary.steps = static_cast<std::uint32_t>(unsigned_member(json, "steps"));
    summary.exit_status = static_cast<int>(int_member(json, "exit", 0));
    summary.changed = bool_member(json, "changed", false);
    summary.undoes = string_member(json, "undoes");
    summary.undone_by = string_member(json, "undone_by");
    summary.awaits = string_member(json, "awaits");
    summary.plan_id = string_member(json, "plan_id");
    summary.command = string_member(json, "command");
    summary.user = string_member(json, "user");
    stored.last_sequence = unsigned_member(json, "last_sequence");
    stored.last_digest = *digest;
    stored.plan_bytes = unsigned_member(json, "plan_bytes");
    stored.plan_digest = string_member(json, "plan_digest");
    stored.content_digest = string_member(json, "content_digest");
    return stored;
}

Bytes encode_account(const Account& account) {
    Bytes out;
    put_u64(out, account.last_run);
    put_u64(out, account.newest_run);
    put_u64(out, account.runs);
    put_u64(out, account.used);
    return out;
}

Result<Account> decode_account(std::string_view text) {
    if (text.size() != 32) return damaged("the journal's account has a wrong length");
    Account account;
    account.last_run = get_u64(text, 0);
    account.newest_run = get_u64(text, 8);
    account.runs = get_u64(text, 16);
    account.used = get_u64(text, 24);
    return account;
}

Bytes run_key(std::uint64_t run) {
    Bytes key;
    put_u64(key, run);
    return key;
}

Bytes record_key(std::uint64_t run, std::uint64_t sequence) {
    Bytes key = run_key(run);
    put_u64(key, sequence);
    return key;
}

Bytes plan_id_key(const std::string& plan_id) {
    return sha256_raw(plan_id);
}

}  // namespace backout
