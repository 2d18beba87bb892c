#pragma once
// What stands in the tables beside the records: summaries of runs and the journal's own account, as sealed JSON. A seal
// is a checksum over table, key and value, for LMDB has none: a flipped bit, or a value under another's key, is
// noticed.

#include <string_view>

#include "base/json.h"
#include "journal/journal_store.h"
#include "journal/tables.h"

namespace backout {

/// `value` followed by 16 bytes of SHA-256 over table, key and value.
Bytes seal(Table table, std::string_view key, std::string_view value);
/// The value without its seal. Errors: `journal` if it doesn't fit.
Result<Bytes> unseal(Table table, std::string_view key, std::string_view sealed);

/// A summary, and what the records of its run must end with: a tail that went missing is noticed.
struct StoredSummary {
    RunSummary summary;
    std::uint64_t last_sequence = 0;
    Bytes last_digest;  ///< 32 bytes
    std::uint64_t plan_bytes = 0;
    std::string plan_digest;     ///< as given in NewRun
    std::string content_digest;  ///< SHA-256 of the stored document, hex
};
Bytes encode_summary(const StoredSummary& stored);
Result<StoredSummary> decode_summary(std::string_view text);

/// Counts that the tables must agree with: a lost entry is noticed.
struct Account {
    std::uint64_t last_run = 0;    ///< the highest number ever given; never used again
    std::uint64_t newest_run = 0;  ///< the highest one that is still there
    std::uint64_t runs = 0;
    std::uint64_t used = 0;
};
Bytes encode_account(const Account& account);
Result<Account> decode_account(std::string_view text);

Bytes run_key(std::uint64_t run);
Bytes record_key(std::uint64_t run, std::uint64_t sequence);
/// Ids of plans may be longer than a key may be.
Bytes plan_id_key(const std::string& plan_id);

}  // namespace backout
