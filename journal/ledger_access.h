#pragma once
// Reading and checking what stands in the tables, one function a thing. Everything that comes out of here has passed
// its seal or its chain; an error is `journal` and says which entry is damaged.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal_store.h"
#include "journal/summary_codec.h"
#include "journal/tables.h"

namespace backout {

inline constexpr const char* kJournalFormat = "1";
inline constexpr const char* kFormatKey = "format";
inline constexpr const char* kSecretKeyKey = "secret_key";
inline constexpr const char* kHostKey = "host";
inline constexpr const char* kAccountKey = "account";
inline constexpr const char* kImageStoresKey = "image_stores";
inline constexpr const char* kRemovingKey = "removing";

/// A `journal` error that names the way out.
Error journal_damage(const std::string& what);

Status put_sealed(TableTransaction& transaction, Table table, std::string_view key, std::string_view value);
Result<std::optional<Bytes>> get_sealed(TableReader& reader, Table table, std::string_view key);

Status check_journal_format(TableReader& reader);
Result<Bytes> read_secret_key(TableReader& reader);
/// 32 hex digits that name a journal without giving its key away.
std::string journal_id_of(const Bytes& secret_key);
Result<std::string> read_journal_id(TableReader& reader);
Result<Account> read_account(TableReader& reader);
Result<std::vector<std::string>> read_image_stores(TableReader& reader);

/// The summary in an entry of the table `runs`.
Result<StoredSummary> open_summary(std::string_view key, std::string_view value);
Result<std::optional<StoredSummary>> read_summary(TableReader& reader, std::uint64_t run);
/// The newest run that is still there, compared with the account.
Result<std::optional<StoredSummary>> read_newest(TableReader& reader, const Account& account);
/// Every entry of the table of runs, and their number.
Status check_runs_table(TableReader& reader, const Account& account);
/// Every entry of the table of used plans, and their number.
Status check_used_table(TableReader& reader, const Account& account);

/// All records of a run in order: dense, chained, and ending where the summary says.
Status visit_records(TableReader& reader, const StoredSummary& stored,
                     const std::function<Status(const Record&)>& visitor);
Result<Bytes> read_plan(TableReader& reader, const StoredSummary& stored);

/// Removal of a run: first its names in one commit, then records and plan in as many as it takes.
Status begin_removal(TableTransaction& transaction, const RunSummary& summary);
/// Erases up to `batch` entries of runs being removed; false when nothing is left.
Result<bool> go_on_removing(TableTransaction& transaction, std::size_t batch);
Result<std::vector<std::uint64_t>> read_removing(TableReader& reader);

}  // namespace backout
