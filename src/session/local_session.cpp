#include "session/local_session.h"

#include <algorithm>

#include "base/bytes.h"
#include "manifest/parse.h"
#include "plan/plan_codec.h"
#include "planner/probe_check.h"
#include "report/run_report.h"
#include "session/image_census.h"
#include "session/taken_back.h"

namespace backout {

namespace {

constexpr std::size_t kLastRuns = 5;
constexpr Nanoseconds kHolderPoll = 50 * kMillisecond;
constexpr std::size_t kOutputsSearchLimit = 200;  // runs looked through for outputs of a kept step

Error no_such_run(const std::string& run) {
    return {ErrorCode::not_found,
            "there is no run '" + printable(run) + "': no run was made with this state directory"};
}

Error locked_error(const LeaseHolder& holder) {
    return {ErrorCode::locked, "another run is at work: pid " + std::to_string(holder.pid) + ", user " +
                                   printable(holder.user) + ", since " + format_time(holder.since) + ": " +
                                   printable(holder.command) + "; wait for it, or give --lock-timeout"};
}

// What a rollback left is mended once its target, or the run itself, was taken back after all.
Result<bool> was_mended(JournalStore& journal, const RunSummary& run) {
    if (!run.undone_by.empty() || run.undoes.empty()) return !run.undone_by.empty();
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    return std::any_of(runs.begin(), runs.end(), [&run](const RunSummary& target) {
        // Its own mark mends nothing: what is irreversible it had to leave, and a person's word is still owed.
        return target.run == run.undoes && !target.undone_by.empty() && target.undone_by != run.run;
    });
}

Result<RunSurroundings> surroundings_of(JournalStore& journal, const std::string& state_directory,
                                        const RunDetails& details) {
    RunSurroundings around;
    const RunSummary& run = details.summary;
    if (run.finished == 0) {
        BACKOUT_TRY_ASSIGN(const std::optional<LeaseHolder> holder, lease_holder(state_directory));
        around.at_work = holder.has_value();
        BACKOUT_TRY_ASSIGN(around.way_without_secrets, way_without_secrets(journal, details));
        return around;
    }
    if (!run.undone_by.empty()) return around;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    around.taken_back_by = incomplete_rollback_of(runs, run);
    if (around.taken_back_by.empty()) return around;
    BACKOUT_TRY_ASSIGN(around.taken_back, steps_taken_back(journal, runs, run));
    return around;
}

/// A run of which a part was taken back is shown so in lists, too.
Status mark_partly_taken_back(JournalStore& journal, std::vector<RunSummary>& shown) {
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (RunSummary& run : shown) {
        const bool may_be = run.phase == RunPhase::committed && run.undone_by.empty();
        if (!may_be || incomplete_rollback_of(runs, run).empty()) continue;
        BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> back, steps_taken_back(journal, runs, run));
        if (!back.empty()) run.phase = RunPhase::rollback_incomplete;
    }
    return {};
}

}  // namespace

bool VerifyReport::in_step() const {
    for (const Step& step : steps) {
        if (!step.in_step) return false;
    }
    return true;
}

Result<RunDetails> details_of(JournalStore& journal, const RunSummary& summary) {
    BACKOUT_TRY_ASSIGN(const Bytes document, journal.plan(summary.number));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, journal.records(summary.number));
    Result<Plan> plan = plan_from_text(document, "the journal's plan of " + summary.run);
    if (!plan.ok()) return Error{ErrorCode::journal, plan.error().text()};
    BACKOUT_TRY_ASSIGN(RunState state, fold(records, summary.steps));
    return RunDetails{summary, std::move(*plan), std::move(state)};
}

namespace {

bool is_resolved(const StepState& step) {
    return step.phase == StepPhase::resolved_done || step.phase == StepPhase::resolved_undone ||
           step.phase == StepPhase::resolved_skipped;
}

/// What a rollback had to leave as residue may have had its word already: in the run that it takes back.
Result<bool> residue_was_resolved(JournalStore& journal, const RunDetails& rollback) {
    if (rollback.plan.undoes.empty()) return false;
    const Result<RunSummary> target = journal.find_run(rollback.plan.undoes);
    if (!target.ok() && target.error().code == ErrorCode::not_found) return false;  // pruned
    if (!target.ok()) return target.error();
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, *target));
    return std::all_of(rollback.plan.steps.begin(), rollback.plan.steps.end(), [&](const PlannedStep& step) {
        const StepState& state = rollback.state.step(step.step);
        return final_state_of(state, step, rollback.state) != "residue" ||
               is_resolved(details.state.step(step.origin.step));
    });
}

}  // namespace

Result<std::vector<StatusReport::Unfinished>> incomplete_runs(JournalStore& journal) {
    std::vector<StatusReport::Unfinished> incomplete;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        if (run.phase != RunPhase::rollback_incomplete || run.finished == 0) continue;
        BACKOUT_TRY_ASSIGN(const bool mended, was_mended(journal, run));
        if (mended) continue;
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
        const std::vector<std::string> ways = ways_out(details.plan, details.state);
        if (ways.empty()) continue;
        BACKOUT_TRY_ASSIGN(const bool resolved, residue_was_resolved(journal, details));
        if (!resolved || ways.front() != "resolve")
            incomplete.push_back(
                {run, details.state, ways, make_run_report(details.plan, details.state, details.summary)});
    }
    return incomplete;
}

Error unfinished_error(const RunSummary& run) {
    return {ErrorCode::unfinished, "run " + run.run + " (" + printable(run.name) +
                                       ") is unfinished and in the way; first 'backout resume " + run.run +
                                       "' or 'backout rollback " + run.run + "'"};
}

Result<std::unique_ptr<Session>> Session::open(const SessionOptions& options, Registry kinds,
                                               DetectorRegistry detectors) {
    BACKOUT_TRY_ASSIGN(std::unique_ptr<Host> host, open_posix_host(options.root));
    return std::unique_ptr<Session>(
        std::make_unique<LocalSession>(options, std::move(host), std::move(kinds), std::move(detectors)));
}

LocalSession::LocalSession(SessionOptions options, std::unique_ptr<Host> host, Registry kinds,
                           DetectorRegistry detectors)
    : options_(std::move(options)),
      kinds_(std::move(kinds)),
      detectors_(std::move(detectors)),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock_),
      ids_(options_.ids != nullptr ? *options_.ids : system_ids_),
      events_(options_.events != nullptr ? *options_.events : no_events_) {
    host_ = host.get();
    hosts_[options_.root] = std::move(host);
}

std::string LocalSession::state_in_host() const {
    const std::string& root = host_->root();
    const std::string& state = options_.state_directory;
    if (root == "/") return state;
    const std::string prefix = root.back() == '/' ? root : root + "/";
    return state.rfind(prefix, 0) == 0 ? state.substr(prefix.size() - 1) : "";
}

Result<std::unique_ptr<JournalStore>> LocalSession::journal_for_reading() {
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) return std::unique_ptr<JournalStore>();
    return open_journal_for_reading(journal_options());
}

Result<std::unique_ptr<JournalStore>> LocalSession::journal_with(const std::string& run) {
    BACKOUT_TRY_ASSIGN(std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return no_such_run(run);
    return journal;
}

Result<Plan> LocalSession::plan(const std::string& manifest_text, const PlanOptions& options, Secrets* secrets) {
    // A journal that can't be read stops everything: no plan could be executed upon it.
    const Result<std::unique_ptr<JournalStore>> journal = journal_for_reading();
    if (!journal.ok() && journal.error().code == ErrorCode::journal) return journal.error();
    host_ = hosts_.at(options_.root).get();
    PlannerTools tools{*host_, kinds_, detectors_, clock_, ids_, state_in_host(), {}};
    // Whose last outputs are meant is known by the manifest's name; what is wrong with the text, planning says.
    const ParsedManifest parsed = parse_manifest(manifest_text, options.source_name, {options.directory});
    if (parsed.manifest) {
        tools.last_outputs = [this, name = parsed.manifest->name](const std::string& id) {
            return last_outputs(name, id);
        };
    }
    return make_plan_of_text(manifest_text, options, tools, secrets);
}

// A journal that can't be read has no outputs to offer; whoever executes the plan finds it damaged.
std::optional<Json> LocalSession::last_outputs(const std::string& plan_name, const std::string& id) {
    const Result<std::unique_ptr<JournalStore>> journal = journal_for_reading();
    if (!journal.ok() || !*journal) return {};
    const Result<std::vector<RunSummary>> runs = (*journal)->runs(0, kOutputsSearchLimit);
    if (!runs.ok()) return {};
    for (const RunSummary& run : *runs) {
        const bool stands = run.phase == RunPhase::committed && run.undone_by.empty() && run.name == plan_name;
        if (!stands) continue;
        const Result<RunDetails> details = details_of(**journal, run);
        const PlannedStep* step = details.ok() ? details->plan.find(id) : nullptr;
        if (step == nullptr) continue;
        const Json& outputs = details->state.step(step->step).outputs;
        if (!outputs.is_null()) return outputs;
    }
    return {};
}

Result<std::vector<StaleItem>> LocalSession::check_all(const Plan& plan) {
    BACKOUT_TRY_ASSIGN(std::vector<StaleItem> items, check(plan));
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return items;
    BACKOUT_TRY_ASSIGN(const std::string used_by, journal->plan_used_by(plan.id));
    if (!used_by.empty()) items.insert(items.begin(), StaleItem{"", "the plan", "unused", "used by run " + used_by});
    return items;
}

Result<std::vector<StaleItem>> LocalSession::check(const Plan& plan) {
    BACKOUT_TRY(use_root(plan.root));
    BACKOUT_TRY_ASSIGN(std::vector<StaleItem> items,
                       check_plan(plan, {*host_, detectors_, options_.environment, options_.inputs}));
    BACKOUT_TRY_ASSIGN(const std::vector<StaleItem> answers, check_probes(plan, *host_, kinds_));
    items.insert(items.end(), answers.begin(), answers.end());
    return items;
}

Result<StatusReport> LocalSession::status(bool with_bytes) {
    StatusReport report;
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return report;
    BACKOUT_TRY_ASSIGN(report.lease, lease_holder(options_.state_directory));
    if (!report.lease) report.orphan = child_at_work(options_.state_directory);
    BACKOUT_TRY_ASSIGN(const std::optional<RunSummary> unfinished, journal->unfinished());
    if (unfinished) {
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(*journal, *unfinished));
        BACKOUT_TRY_ASSIGN(const RunSurroundings around, surroundings_of(*journal, options_.state_directory, details));
        RunReport run = make_run_report(details.plan, details.state, *unfinished, around);
        const std::vector<std::string> ways = run.ways_out;
        report.unfinished.push_back({*unfinished, details.state, ways, std::move(run)});
    }
    BACKOUT_TRY_ASSIGN(report.incomplete, incomplete_runs(*journal));
    BACKOUT_TRY_ASSIGN(report.last, journal->runs(0, kLastRuns));
    BACKOUT_TRY(mark_partly_taken_back(*journal, report.last));
    if (with_bytes) {
        BACKOUT_TRY_ASSIGN(const ImageCensus census, count_images(*host_, *journal, state_in_host()));
        report.image_bytes = census.bytes;
    }
    return report;
}

Result<std::vector<RunSummary>> LocalSession::history(std::size_t limit, UnixNanoseconds since) {
    std::vector<RunSummary> shown;
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return shown;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal->runs(0, since == 0 ? limit : 0));
    for (const RunSummary& run : runs) {
        if (run.started < since) continue;
        if (limit != 0 && shown.size() == limit) break;
        shown.push_back(run);
    }
    BACKOUT_TRY(mark_partly_taken_back(*journal, shown));
    return shown;
}

Result<RunDetails> LocalSession::show(const std::string& run) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_with(run));
    BACKOUT_TRY_ASSIGN(const RunSummary summary, journal->find_run(run));
    BACKOUT_TRY_ASSIGN(RunDetails details, details_of(*journal, summary));
    BACKOUT_TRY_ASSIGN(details.around, surroundings_of(*journal, options_.state_directory, details));
    return details;
}

Result<std::vector<Record>> LocalSession::log(const std::string& run) {
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_with(run));
    BACKOUT_TRY_ASSIGN(const RunSummary summary, journal->find_run(run));
    return journal->records(summary.number);
}

/// By looking, without a trace: whoever takes the lease later may have to wait again.
Status LocalSession::wait_for_holder() {
    const Nanoseconds begin = clock_.monotonic();
    for (;;) {
        BACKOUT_TRY_ASSIGN(const std::optional<LeaseHolder> holder, lease_holder(options_.state_directory));
        if (!holder) return {};
        const bool stopped = options_.stop != nullptr && options_.stop->level() != StopLevel::none;
        if (stopped || clock_.monotonic() - begin >= options_.lock_timeout) return locked_error(*holder);
        clock_.sleep(kHolderPoll);
    }
}

Status LocalSession::ready_for_run() {
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) return {};
    BACKOUT_TRY(wait_for_holder());
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return {};
    BACKOUT_TRY_ASSIGN(const std::optional<RunSummary> unfinished, journal->unfinished());
    if (unfinished) return unfinished_error(*unfinished);
    return {};
}

}  // namespace backout
