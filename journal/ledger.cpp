#include "journal/ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "journal/big_endian.h"
#include "journal/ledger_access.h"
#include "journal/record_codec.h"

namespace backout {

namespace {

constexpr std::size_t kAppendLimit = 64U << 20;
constexpr std::size_t kPlanChunk = 1U << 20;
constexpr std::size_t kEraseBatch = 5000;
/// Copied pages of the trees above the leaves, for one commit; rounded up a lot.
constexpr std::uint64_t kCommitOverhead = 256U << 10;

/// Once a run has begun, nothing that the disk says of the journal is an answer about the run: what was written is in
/// doubt, and the run is left as it is (invariant 10). As `io` it would be told as "everything was undone".
Error in_doubt(Error error) {
    if (error.system_errno != 0) error.code = ErrorCode::journal;
    return error;
}

Error misuse(std::string message) {
    return {ErrorCode::invalid, std::move(message)};
}

bool had_effect(const StepState& step) {
    switch (step.phase) {
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::applied:
        case StepPhase::undo_in_doubt:
        case StepPhase::residue:
        case StepPhase::resolved_done: return true;
        case StepPhase::conflict: return step.intent_sequence != 0;
        default: return false;
    }
}

/// The bodies are the engine's to keep; a second copy of every image would only cost memory here.
void drop_bodies(StepState& step) {
    step.image = nullptr;
    step.expected = nullptr;
    step.undo_image = nullptr;
    step.outputs = nullptr;
    step.verify = nullptr;
    step.conflicts = nullptr;
}

Status fold_lean(RunState& state, const Record& record) {
    BACKOUT_TRY(fold_into(state, record));
    if (record.step != 0 && record.step <= state.steps.size()) drop_bodies(state.step(record.step));
    return {};
}

/// While a run goes on, an intent counts as a change; at its end (and at a person's word after it) what stayed counts.
void bring_up(RunSummary& summary, const RunState& state, const Record& record) {
    summary.phase = state.phase;
    summary.direction = state.direction;
    summary.finished = state.ended;
    summary.exit_status = state.exit_status;
    summary.awaits = state.awaits;
    if (!summary.undone_by.empty() && summary.phase == RunPhase::committed) summary.phase = RunPhase::rolled_back;
    if (record.type == RecordType::step_intended) summary.changed = true;
    if (!state.finished) return;
    const bool any = std::any_of(state.steps.begin(), state.steps.end(), had_effect);
    summary.changed = record.type == RecordType::run_finished ? bool_member(record.body, "changed", any) : any;
}

Record first_record(const NewRun& run) {
    Record record;
    record.type = RecordType::run_started;
    record.sequence = 1;
    record.time = run.time;
    record.body =
        run.started_body.is_object()
            ? run.started_body
            : Json{{"name", run.name}, {"command", run.command}, {"user", run.user}, {"plan_digest", run.plan_digest}};
    if (!run.undoes.empty()) record.body["undoes"] = run.undoes;
    return record;
}

}  // namespace

/// The run being appended to.
struct Ledger::Active {
    std::uint64_t run = 0;
    RunState state;
    StoredSummary stored;
};

Status write_genesis(TableTransaction& transaction, const Bytes& secret_key, const std::string& host) {
    BACKOUT_ASSERT(secret_key.size() == 32);
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kFormatKey, kJournalFormat));
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kSecretKeyKey, secret_key));
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kHostKey, host));
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kImageStoresKey, "[]"));
    BACKOUT_TRY(put_sealed(transaction, Table::meta, kRemovingKey, "[]"));
    return put_sealed(transaction, Table::meta, kAccountKey, encode_account({}));
}

Ledger::Ledger(std::shared_ptr<TableStore> tables) : tables_(std::move(tables)) {
    BACKOUT_ASSERT(tables_ != nullptr);
}

Ledger::~Ledger() = default;

bool Ledger::poisoned() const {
    return poisoned_ || tables_->failed_in_doubt();
}

Status Ledger::check_usable() const {
    if (!poisoned()) return {};
    return Error{ErrorCode::journal,
                 "a write to the journal failed before, so what it holds is in doubt; "
                 "run `backout status`, which reads it again from disk, and then `backout resume`"};
}

Status Ledger::write(const std::function<Status(TableTransaction&)>& body) {
    BACKOUT_TRY(check_usable());
    return tables_->write(body);
}

Status Ledger::check_begin(TableReader& reader, const NewRun& run, const Account& account) {
    BACKOUT_TRY_ASSIGN(const auto newest, read_newest(reader, account));
    if (newest && newest->summary.finished == 0) {
        return Error{ErrorCode::unfinished, "the run " + newest->summary.run + " (" + newest->summary.name +
                                                ") is unfinished: `backout resume` carries it on, "
                                                "`backout rollback` takes it back"};
    }
    BACKOUT_TRY(check_used_table(reader, account));
    BACKOUT_TRY_ASSIGN(const auto used, get_sealed(reader, Table::used, plan_id_key(run.plan_id)));
    if (used) return Error{ErrorCode::stale, "this plan was used already, by the run " + *used + ": make a new one"};
    return {};
}

Status Ledger::store_begin(TableTransaction& transaction, const NewRun& run, StoredSummary& stored,
                           const Record& first) {
    BACKOUT_TRY_ASSIGN(Account account, read_account(transaction));
    BACKOUT_TRY(check_begin(transaction, run, account));
    BACKOUT_TRY_ASSIGN(const std::string id, read_journal_id(transaction));
    RunSummary& summary = stored.summary;
    summary.number = ++account.last_run;
    summary.run = "r-" + std::to_string(summary.number) + "-" + run.random;
    account.newest_run = summary.number;
    ++account.runs;
    ++account.used;
    BACKOUT_TRY_ASSIGN(const Bytes encoded, encode_record(first, run_identity_digest(id, summary.run)));
    stored.last_sequence = 1;
    stored.last_digest = digest_of(encoded);
    BACKOUT_TRY(transaction.put(Table::records, record_key(summary.number, 1), encoded));
    for (std::size_t at = 0, chunk = 0; at < run.plan.size(); at += kPlanChunk, ++chunk) {
        const auto piece = std::string_view(run.plan).substr(at, kPlanChunk);
        BACKOUT_TRY(put_sealed(transaction, Table::plans, record_key(summary.number, chunk), piece));
    }
    BACKOUT_TRY(put_sealed(transaction, Table::used, plan_id_key(run.plan_id), summary.run));
    BACKOUT_TRY(put_sealed(transaction, Table::names, summary.run, run_key(summary.number)));
    BACKOUT_TRY(put_sealed(transaction, Table::runs, run_key(summary.number), encode_summary(stored)));
    return put_sealed(transaction, Table::meta, kAccountKey, encode_account(account));
}

Result<RunSummary> Ledger::begin_run(const NewRun& run) {
    BACKOUT_TRY(check_usable());
    if (run.random.empty() || run.random.size() > 64)
        return misuse("the random part of a run's name must have 1 to 64 letters");
    const Record first = first_record(run);
    StoredSummary stored;
    RunSummary& summary = stored.summary;
    summary.name = run.name;
    summary.started = run.time;
    summary.steps = run.steps;
    summary.undoes = run.undoes;
    summary.plan_id = run.plan_id;
    summary.command = run.command;
    summary.user = run.user;
    stored.plan_bytes = run.plan.size();
    stored.plan_digest = run.plan_digest;
    stored.content_digest = sha256_hex(run.plan);
    auto active = std::make_unique<Active>();
    active->state.steps.resize(run.steps);
    BACKOUT_TRY(fold_lean(active->state, first));

    BACKOUT_TRY(tables_->reserve(run.expected_bytes + run.plan.size() + kCommitOverhead));
    BACKOUT_TRY(write([&](TableTransaction& transaction) { return store_begin(transaction, run, stored, first); }));
    const Status noted = tables_->note_landmark({summary.number, 1, stored.last_digest, false});
    if (!noted.ok()) {
        poisoned_ = true;
        return in_doubt(noted.error()).in("while writing to the journal of run " + std::to_string(summary.number));
    }
    active->run = summary.number;
    active->stored = stored;
    active_ = std::move(active);
    return summary;
}

Status Ledger::load_active(std::uint64_t run) {
    if (active_ && active_->run == run) return {};
    BACKOUT_TRY_ASSIGN(auto reader, tables_->read());
    BACKOUT_TRY_ASSIGN(const auto stored, read_summary(*reader, run));
    if (!stored) return Error{ErrorCode::not_found, "the journal has no run " + std::to_string(run)};
    auto active = std::make_unique<Active>();
    active->run = run;
    active->stored = *stored;
    active->state.steps.resize(stored->summary.steps);
    const auto folding = [&](const Record& record) { return fold_lean(active->state, record); };
    BACKOUT_TRY(visit_records(*reader, *stored, folding));
    active_ = std::move(active);
    return {};
}

Status Ledger::append_checked(std::uint64_t run, std::vector<Record>& records) {
    BACKOUT_TRY(load_active(run));
    RunState& state = active_->state;
    StoredSummary& stored = active_->stored;
    std::vector<Bytes> encoded;
    std::uint64_t bytes = 0;
    bool finished = false;
    for (Record& record : records) {
        record.sequence = stored.last_sequence + 1;
        BACKOUT_TRY(fold_lean(state, record));
        if (stored.summary.steps != 0 && state.steps.size() > stored.summary.steps) {
            return misuse("record about step " + std::to_string(record.step) + " of a run with " +
                          std::to_string(stored.summary.steps));
        }
        BACKOUT_TRY_ASSIGN(Bytes one, encode_record(record, stored.last_digest));
        stored.last_sequence = record.sequence;
        stored.last_digest = digest_of(one);
        bring_up(stored.summary, state, record);
        finished = finished || record.type == RecordType::run_finished;
        bytes += one.size();
        if (bytes > kAppendLimit) return misuse("more than 64 MiB of records in one append");
        encoded.push_back(std::move(one));
    }
    // No space is no reason to give up here: what was reserved for this run, and pages that have become free, may do;
    // if they don't, the transaction fails cleanly.
    const Status room = tables_->reserve(bytes + kCommitOverhead);
    if (!room.ok() && room.error().code != ErrorCode::no_space) return room.error();
    const auto put_all = [&](TableTransaction& transaction) -> Status {
        for (std::size_t i = 0; i < records.size(); ++i) {
            BACKOUT_TRY(transaction.put(Table::records, record_key(run, records[i].sequence), encoded[i]));
        }
        return put_sealed(transaction, Table::runs, run_key(run), encode_summary(stored));
    };
    BACKOUT_TRY(write(put_all));
    if (finished) BACKOUT_TRY(tables_->note_landmark({run, stored.last_sequence, stored.last_digest, true}));
    return {};
}

Status Ledger::append(std::uint64_t run, std::vector<Record>& records) {
    BACKOUT_TRY(check_usable());
    if (records.empty()) return {};
    // Whatever throws out of a store for simulation is a crash: this object must not be used again either.
    struct PoisonUnlessDone {
        bool& poisoned;
        bool done = false;
        ~PoisonUnlessDone() { poisoned = poisoned || !done; }
    } guard{poisoned_};
    const Status appended = append_checked(run, records);
    if (!appended.ok()) {
        return in_doubt(appended.error()).in("while writing to the journal of run " + std::to_string(run));
    }
    guard.done = true;
    return {};
}

Status Ledger::mark_undone(std::uint64_t target, const std::string& by) {
    if (active_ && active_->run == target) active_.reset();
    return write([&](TableTransaction& transaction) -> Status {
        BACKOUT_TRY_ASSIGN(auto stored, read_summary(transaction, target));
        if (!stored) return Error{ErrorCode::not_found, "the journal has no run " + std::to_string(target)};
        if (stored->summary.finished == 0) return misuse("the run " + stored->summary.run + " is unfinished");
        stored->summary.undone_by = by;
        // Redone: again as it ended, which need not have been well.
        const bool ended_well = stored->summary.exit_status == 0;
        const RunPhase again = ended_well ? RunPhase::committed : RunPhase::rollback_incomplete;
        stored->summary.phase = by.empty() ? again : RunPhase::rolled_back;
        return put_sealed(transaction, Table::runs, run_key(target), encode_summary(*stored));
    });
}

Status Ledger::change_image_stores(const std::function<void(std::vector<std::string>&)>& change) {
    return write([&](TableTransaction& transaction) -> Status {
        BACKOUT_TRY_ASSIGN(std::vector<std::string> stores, read_image_stores(transaction));
        change(stores);
        Json list = Json::array();
        for (const auto& store : stores) list.push_back(to_base64(store));
        return put_sealed(transaction, Table::meta, kImageStoresKey, dump_canonical(list));
    });
}

Status Ledger::add_image_store(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const auto known, image_stores());
    if (std::find(known.begin(), known.end(), path) != known.end()) return {};
    return change_image_stores([&](std::vector<std::string>& stores) { stores.push_back(path); });
}

Status Ledger::remove_image_store(const std::string& path) {
    return change_image_stores([&](std::vector<std::string>& stores) {
        stores.erase(std::remove(stores.begin(), stores.end(), path), stores.end());
    });
}

/// In commits of a bounded size, for LMDB keeps the changed pages of a transaction in memory. Until the last of them
/// the run stands in the list of runs being removed, so that a crash in between leaves nothing that looks like damage.
Status Ledger::remove_run(std::uint64_t run) {
    if (active_ && active_->run == run) active_.reset();
    const auto drop_names = [&](TableTransaction& transaction) -> Status {
        BACKOUT_TRY_ASSIGN(const auto stored, read_summary(transaction, run));
        if (!stored) return Error{ErrorCode::not_found, "the journal has no run " + std::to_string(run)};
        if (stored->summary.finished == 0) return misuse("the run " + stored->summary.run + " is unfinished");
        return begin_removal(transaction, stored->summary);
    };
    bool more = true;
    const auto drop_entries = [&](TableTransaction& transaction) -> Status {
        BACKOUT_TRY_ASSIGN(more, go_on_removing(transaction, kEraseBatch));
        return {};
    };
    BACKOUT_TRY(write(drop_names));
    while (more) BACKOUT_TRY(write(drop_entries));
    return {};
}

}  // namespace backout
