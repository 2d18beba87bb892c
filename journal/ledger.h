#pragma once
// The journal over any TableStore: what a begin checks, how records are chained, what a summary is, how a run is found.
// LmdbJournal and MemJournal are this class over their own tables. Upholds invariants 4 (dense, never rewritten, never
// removed unfinished), 7 (at most one unfinished run) and 10 (after a failed append nothing more).
// **Threads:** one at a time.

#include <memory>

#include "journal/journal_store.h"
#include "journal/summary_codec.h"
#include "journal/tables.h"

namespace backout {

/// What a new journal holds: its format, its identity, its key. `host` may be "" (in memory).
Status write_genesis(TableTransaction& transaction, const Bytes& secret_key, const std::string& host);

class Ledger : public JournalStore {
  public:
    explicit Ledger(std::shared_ptr<TableStore> tables);
    ~Ledger() override;

    Result<RunSummary> begin_run(const NewRun& run) override;
    Status append(std::uint64_t run, std::vector<Record>& records) override;
    Status mark_undone(std::uint64_t target, const std::string& by) override;
    Status add_image_store(const std::string& path) override;
    Status remove_image_store(const std::string& path) override;
    Result<std::vector<std::string>> image_stores() override;
    Result<std::vector<Record>> records(std::uint64_t run) override;
    Result<Bytes> plan(std::uint64_t run) override;
    Result<std::optional<RunSummary>> run(std::uint64_t number) override;
    Result<RunSummary> find_run(const std::string& name) override;
    Result<std::vector<RunSummary>> runs(std::uint64_t before, std::size_t limit) override;
    Result<std::optional<RunSummary>> unfinished() override;
    Result<std::string> plan_used_by(const std::string& plan_id) override;
    Result<Bytes> secret_key() override;
    Status remove_run(std::uint64_t run) override;

    /// 16 bytes as hex, from the secret key: what image stores and the head file are named by.
    Result<std::string> journal_id();
    /// Digest of the host that the journal was made on, "" if none was noted.
    Result<std::string> host();
    /// Format version (1). Errors: `journal` if it is newer than this program.
    Status check_format();
    /// Everything: each summary, record, plan, name and count. Empty: sound. At most 100 findings.
    Result<std::vector<std::string>> check_all();
    /// True iff the record that a landmark names is there with that digest, or its run was removed since.
    Result<bool> holds(const TableStore::Landmark& landmark);

    /// True once an append or a commit failed: nothing but reopening leads out.
    bool poisoned() const;

  private:
    struct Active;

    Status check_usable() const;
    Status write(const std::function<Status(TableTransaction&)>& body);
    Status check_begin(TableReader& reader, const NewRun& run, const Account& account);
    Status store_begin(TableTransaction& transaction, const NewRun& run, StoredSummary& stored, const Record& first);
    Status load_active(std::uint64_t run);
    Status append_checked(std::uint64_t run, std::vector<Record>& records);
    Status change_image_stores(const std::function<void(std::vector<std::string>&)>& change);

    std::shared_ptr<TableStore> tables_;
    std::unique_ptr<Active> active_;  ///< the run being appended to: its fold and the end of its chain
    bool poisoned_ = false;
};

}  // namespace backout
