// The calls that change the world: apply, resume, rollback, resolve. All take the lease first, then open the journal,
// then look whether the way is free. See local_session.h.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/bytes.h"
#include "base/text.h"
#include "session/local_session.h"
#include "session/rollback_choice.h"
#include "session/rollback_selection.h"
#include "session/taken_back.h"
#include "session/tidy_images.h"

namespace backout {

namespace {

constexpr Nanoseconds kOrphanPoll = 200 * kMillisecond;
constexpr std::size_t kStepsNamed = 10;  // in an error: more would hide what is wrong

Error orphan_error(const ChildAtWork& child) {
    return {ErrorCode::locked, "a program that a killed run had started is still at work: pid " +
                                   std::to_string(child.pid) + "; wait until it ends (--lock-timeout), or end it"};
}

// An outcome of the rollback of an unfinished run; the run may be a rollback itself, whose old state lies forward.
Direction direction_back(const RunDetails& details) {
    return details.plan.undoes.empty() ? Direction::back : Direction::forward;
}

bool is_stuck(const PlannedStep& planned, const StepState& step) {
    switch (step.phase) {
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::undo_in_doubt:
        case StepPhase::conflict:
        case StepPhase::residue:
        case StepPhase::resolved_done:
        case StepPhase::resolved_undone:
        case StepPhase::resolved_skipped: return true;
        case StepPhase::applied: return step.failed || !step.error.empty();
        case StepPhase::settled: return bool_member(planned.details, "residue", false);
        default: return step.failed && !planned.origin.run.empty();  // an undo that failed
    }
}

/// In a run that takes another back, what is done there is that something is undone: a person who says either means
/// that it is as it was before.
std::string truth_of(const RunDetails& details, const std::string& as) {
    const bool takes_back = !details.plan.undoes.empty() && details.state.direction == Direction::forward;
    return takes_back && as == "undone" ? "done" : as;
}

const PlannedStep* find_step(const Plan& plan, const std::string& name) {
    if (const PlannedStep* step = plan.find(name); step != nullptr) return step;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = error == std::errc{} && end == name.data() + name.size();
    return is_number && number >= 1 && number <= plan.steps.size() ? &plan.steps[number - 1] : nullptr;
}

std::string first_steps(const Plan& plan) {
    std::vector<std::string> names;
    for (const PlannedStep& step : plan.steps) {
        if (names.size() == kStepsNamed) break;
        names.push_back(std::to_string(step.step) + " " + printable(step.id));
    }
    const std::size_t more = plan.steps.size() - names.size();
    if (more > 0) names.push_back(std::to_string(more) + " more");
    return names.empty() ? "none" : join(names, ", ");
}

Error no_such_step(const Plan& plan, const std::string& run, const std::string& name) {
    std::vector<std::string> ids;
    for (const PlannedStep& step : plan.steps) ids.push_back(step.id);
    std::string hint = did_you_mean(name, ids);
    if (hint.empty()) hint = "; it has " + first_steps(plan);
    return {ErrorCode::not_found, "run " + run + " has no step '" + printable(name) + "'" + hint};
}

bool is_full(const Error& error) {
    return error.code == ErrorCode::no_space || error.system_errno == ENOSPC || error.system_errno == EDQUOT;
}

/// Where nothing can be written there can be no journal: that is what stands in the way, not a missing right.
Status writable_state(const Status& status, const std::string& directory) {
    if (status.ok()) return status;
    if (is_full(status.error())) {
        return Error{ErrorCode::journal,
                     "the file system of the state directory " + printable(directory) + " is full: the journal needs " +
                         human_bytes(JournalOptions{}.initial_bytes) +
                         " there to begin with; free space, or choose another --state-dir",
                     directory, ENOSPC};
    }
    if (status.error().system_errno != EROFS) return status;
    return Error{ErrorCode::journal,
                 directory +
                     " is on a file system mounted read-only, so no journal can be kept there: mount it "
                     "writable, or choose another --state-dir",
                 directory, EROFS};
}

}  // namespace

Result<Workplace> LocalSession::workplace() {
    Workplace place;
    BACKOUT_TRY(writable_state(make_state_directory(options_.state_directory), options_.state_directory));
    LeaseHolder self;
    self.pid = static_cast<int>(::getpid());
    self.user = options_.user;
    self.command = options_.command;
    self.since = clock_.now();
    auto lease = acquire_lease(options_.state_directory, self, clock_, options_.lock_timeout, options_.stop);
    BACKOUT_TRY(writable_state(lease.ok() ? Status{} : Status(lease.error()), options_.state_directory));
    place.lease = std::move(*lease);
    BACKOUT_TRY(wait_for_orphan(*place.lease));
    auto journal = open_journal(journal_options(), ids_);
    BACKOUT_TRY(writable_state(journal.ok() ? Status{} : Status(journal.error()), options_.state_directory));
    place.journal = std::move(*journal);
    images_of(place);
    return place;
}

// Two programs at work on one target, the orphan and its successor, would be two runs at once (P10).
Status LocalSession::wait_for_orphan(Lease& lease) {
    const Nanoseconds begin = clock_.monotonic();
    std::optional<ChildAtWork> child = lease.orphan();
    while (child) {
        const bool stopped = options_.stop != nullptr && options_.stop->level() != StopLevel::none;
        if (stopped || clock_.monotonic() - begin >= options_.lock_timeout) return orphan_error(*child);
        clock_.sleep(kOrphanPoll);
        child = lease.orphan();
    }
    return {};
}

EngineParts LocalSession::parts(Workplace& place) {
    return {*host_, *place.journal, *place.images, kinds_, clock_, ids_, events_, place.lease.get()};
}

EngineParts LocalSession::reading_parts(JournalStore& journal, ImageStore& images) {
    return {*host_, journal, images, kinds_, clock_, ids_, events_, nullptr};
}

Status LocalSession::refuse_stale(JournalStore& journal, const Plan& plan) {
    BACKOUT_TRY_ASSIGN(const std::string used_by, journal.plan_used_by(plan.id));
    if (!used_by.empty()) {
        return Error{ErrorCode::stale,
                     "the plan was used already, by run " + used_by + "; a plan is used once: make a new one"};
    }
    BACKOUT_TRY_ASSIGN(const std::vector<StaleItem> changed, check(plan));
    if (changed.empty()) return {};
    std::string message = "the plan is stale: the world is no longer what it was made for; make a new one";
    for (const StaleItem& item : changed) message += "\n  " + stale_text(item);
    return Error{ErrorCode::stale, message};
}

/// Sweeps behind a finished run. What can't be swept is told, and stays for `doctor`.
Result<RunOutcome> LocalSession::tidied(Workplace& place, Result<RunOutcome> outcome) {
    if (!outcome.ok()) return outcome;
    const Status swept = tidy_images(*host_, *place.journal, state_in_host(), *outcome);
    if (!swept.ok()) {
        events_.on_event(
            {"warning", 0, clock_.now(), outcome->summary.run, 0, "", {{"message", swept.error().text()}}});
    }
    return outcome;
}

Result<RunOutcome> LocalSession::apply(const Plan& plan, RunOptions options) {
    BACKOUT_TRY(use_root(plan.root));
    BACKOUT_TRY_ASSIGN(Workplace place, workplace());
    BACKOUT_TRY_ASSIGN(const std::optional<RunSummary> unfinished, place.journal->unfinished());
    if (unfinished) return unfinished_error(*unfinished);
    BACKOUT_TRY(refuse_stale(*place.journal, plan));
    return tidied(place, Engine(parts(place)).apply(plan, with_secrets(std::move(options), plan)));
}

Result<std::optional<RunOutcome>> LocalSession::resume(const std::string& run, std::optional<Direction> direction,
                                                       RunOptions options) {
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) return std::optional<RunOutcome>();
    BACKOUT_TRY_ASSIGN(Workplace place, workplace());
    BACKOUT_TRY_ASSIGN(std::optional<RunSummary> unfinished, place.journal->unfinished());
    if (!run.empty()) {
        BACKOUT_TRY_ASSIGN(const RunSummary named, place.journal->find_run(run));
        if (!unfinished || named.number != unfinished->number) return std::optional<RunOutcome>();
    }
    if (!unfinished) return std::optional<RunOutcome>();
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(*place.journal, *unfinished));
    BACKOUT_TRY(check_ids(details.plan, unfinished->run, options.overwrite_conflicts));
    BACKOUT_TRY(use_root_of(details));
    images_of(place);
    BACKOUT_TRY_ASSIGN(RunOutcome outcome, tidied(place, Engine(parts(place))
                                                             .resume(details.summary, details.plan, direction,
                                                                     with_secrets(std::move(options), details.plan))));
    return std::optional<RunOutcome>(std::move(outcome));
}

// ---- rollback -------------------------------------------------------------------------------------------------------

Result<RunOutcome> LocalSession::back_unfinished(Workplace& place, const RunDetails& details,
                                                 const RunOptions& options) {
    return tidied(place, Engine(parts(place))
                             .resume(details.summary, details.plan, direction_back(details),
                                     with_secrets(options, details.plan)));
}

Result<std::vector<RunOutcome>> LocalSession::rollback(const RollbackRequest& request, RunOptions options) {
    std::vector<RunOutcome> outcomes;
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) return outcomes;
    options.skip.insert(request.skip.begin(), request.skip.end());
    options.overwrite_conflicts.insert(request.overwrite_conflicts.begin(), request.overwrite_conflicts.end());
    BACKOUT_TRY_ASSIGN(Workplace place, workplace());
    BACKOUT_TRY_ASSIGN(const RollbackProposal proposal, propose(*place.journal, request));
    images_of(place);  // of the root that the runs were made in
    if (proposal.unfinished) {
        BACKOUT_TRY_ASSIGN(RunOutcome outcome, back_unfinished(place, *proposal.unfinished, options));
        outcomes.push_back(std::move(outcome));
        return outcomes;
    }
    for (const RollbackProposal::Item& item : proposal.items) {
        BACKOUT_TRY_ASSIGN(const std::string way, blocked_now(*place.journal, item.target, request));
        if (!way.empty()) {
            events_.on_event({"warning", 0, clock_.now(), item.target.run, 0, "", {{"message", way}}});
            continue;
        }
        // Decided anew: the run before has just changed what this one will find.
        BACKOUT_TRY_ASSIGN(const Plan plan, plan_for(*place.journal, *place.images, item.target, request, {}));
        BACKOUT_TRY_ASSIGN(RunOutcome outcome,
                           tidied(place, Engine(parts(place)).apply(plan, with_secrets(options, plan))));
        outcomes.push_back(std::move(outcome));
        if (!outcomes.back().state.finished) break;  // a conflict that is left is no reason to leave the others
    }
    return outcomes;
}

// ---- a person's word ------------------------------------------------------------------------------------------------

Result<RunDetails> LocalSession::resolve(const std::string& run, const std::string& step, const std::string& as,
                                         const std::string& reason) {
    if (as != "done" && as != "undone" && as != "skipped") {
        return Error{ErrorCode::usage, "'" + printable(as) + "' is none of done, undone, skipped"};
    }
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent)
        return Error{ErrorCode::not_found, "there is no run '" + printable(run) + "'"};
    BACKOUT_TRY_ASSIGN(Workplace place, workplace());
    BACKOUT_TRY_ASSIGN(const RunSummary summary, place.journal->find_run(run));
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(*place.journal, summary));
    const PlannedStep* planned = find_step(details.plan, step);
    if (planned == nullptr) return no_such_step(details.plan, summary.run, step);
    const StepState& state = details.state.step(planned->step);
    if (!is_stuck(*planned, state)) {
        return Error{ErrorCode::invalid, "step " + planned->id + " of " + summary.run + " is " +
                                             to_string(state.phase) + ": there is no doubt and no conflict to resolve"};
    }
    Record record;
    record.type = RecordType::step_resolved;
    record.step = planned->step;
    record.body = {{"as", truth_of(details, as)}, {"reason", reason}, {"user", options_.user}};
    record.time = clock_.now();
    std::vector<Record> records = {record};
    BACKOUT_TRY(place.journal->append(summary.number, records));
    BACKOUT_TRY_ASSIGN(const RunSummary after, place.journal->find_run(summary.run));
    return details_of(*place.journal, after);
}

}  // namespace backout
