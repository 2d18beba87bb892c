// Housekeeping: what may be dropped, and whether all is well. See local_session.h.

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/file_image.h"
#include "engine/step_worker.h"
#include "session/image_census.h"
#include "session/local_session.h"
#include "session/rollback_choice.h"
#include "session/taken_back.h"
#include "session/tidy_images.h"

namespace backout {

namespace {

constexpr std::uint64_t kLittleSpace = 64U << 20;  // bytes; less is worth a warning

// Runs by the root of their chain: R3 that took back R2 that took back R1 all stand under R1. They share images.
using Chains = std::map<std::uint64_t, std::vector<RunSummary>>;

Chains chains_of(const std::vector<RunSummary>& runs) {
    Chains chains;
    for (const RunSummary& run : runs) chains[root_of(runs, run).number].push_back(run);
    return chains;
}

// Runs that the flags would let go, newest first as given.
std::set<std::uint64_t> candidates(const std::vector<RunSummary>& runs, std::optional<std::size_t> keep,
                                   std::optional<UnixNanoseconds> before) {
    std::set<std::uint64_t> numbers;
    std::size_t newer = 0;
    for (const RunSummary& run : runs) {
        if (run.finished == 0) continue;
        const bool beyond = !keep || newer >= *keep;
        const bool old_enough = !before || run.finished < *before;
        ++newer;
        if (beyond && old_enough) numbers.insert(run.number);
    }
    return numbers;
}

std::vector<RunSummary> droppable(const std::vector<RunSummary>& runs, const std::set<std::uint64_t>& wanted) {
    std::vector<RunSummary> dropped;
    for (const auto& [root, chain] : chains_of(runs)) {
        const bool all = std::all_of(chain.begin(), chain.end(),
                                     [&wanted](const RunSummary& run) { return wanted.count(run.number) != 0; });
        if (all) dropped.insert(dropped.end(), chain.begin(), chain.end());
    }
    return dropped;
}

using Findings = std::vector<Session::DoctorFinding>;

void check_space(Host& host, const std::string& path, Findings& findings) {
    const Result<std::shared_ptr<Directory>> directory = host.open_directory(path);
    if (!directory.ok()) return;
    const Result<FileSystemInfo> info = host.file_system(**directory);
    if (!info.ok()) return findings.push_back({"warning", path + ": " + info.error().text()});
    const std::string where = path + " (" + info->type + " at " + info->mount_point + ")";
    if (info->free_bytes < kLittleSpace) {
        findings.push_back(
            {"warning", where + ": only " + human_bytes(info->free_bytes) + " free", "make room, or 'backout prune'"});
    } else {
        findings.push_back({"ok", where + ": " + human_bytes(info->free_bytes) + " free"});
    }
    if (!info->survives_power_cut) {
        findings.push_back({"warning",
                            where + " has neither journal nor copy-on-write: a power cut may undo a rename there",
                            "keep what matters on another file system"});
    }
    if (info->network) {
        findings.push_back({"error", where + " is a network file system: neither journal nor images are safe there",
                            "give --state-dir"});
    }
}

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void check_census(const ImageCensus& census, Findings& findings) {
    findings.push_back({"ok", "images: " + counted(census.slots, "slot") + ", " + human_bytes(census.bytes)});
    for (const std::string& slot : census.unknown) {
        findings.push_back({"warning", slot + " belongs to no run: it was left behind by an interrupted one",
                            "once nothing is unfinished it can be removed"});
    }
    for (const std::string& store : census.unreadable) findings.push_back({"warning", "image store " + store});
    for (const std::string& store : census.absent) {
        findings.push_back({"ok", "image store " + store + " is not there: nothing is kept in it"});
    }
}

// What the steps of a run need to go back: compared with what was recorded when it was put aside.
Status check_kept(StepContext& context, const RunDetails& details, const std::vector<BadSlot>& known,
                  Findings& findings) {
    for (const PlannedStep& step : details.plan.steps) {
        const StepState& state = details.state.step(step.step);
        const bool told = std::any_of(known.begin(), known.end(), [&](const BadSlot& one) {
            return one.run == details.summary.run && one.step == step.id;
        });
        if (state.phase != StepPhase::applied || told) continue;
        BACKOUT_TRY_ASSIGN(const std::vector<Difference> damage, kept_damage_of_image(context, state.image));
        for (const Difference& one : damage) {
            findings.push_back({"error",
                                "run " + details.summary.run + ", step '" + step.id + "': what was put aside of " +
                                    one.path + " is not as it was: " + one.found,
                                "a rollback leaves that path alone; with --overwrite-conflict " + step.id +
                                    " it takes what is there, if anything is"});
        }
    }
    return {};
}

// Runs that were taken back lent their slots to the ones that did it: those are looked at.
Status check_kept_of_all(Host& host, JournalStore& journal, ImageStore& images, const std::vector<BadSlot>& known,
                         Findings& findings) {
    StepContext context{host, images};
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        if (run.finished == 0 || !run.undone_by.empty() || is_on_its_way_back(runs, run)) continue;
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
        if (details.plan.root != host.root()) continue;
        BACKOUT_TRY(check_kept(context, details, known, findings));
    }
    return {};
}

void check_slots(const std::vector<BadSlot>& slots, Findings& findings) {
    for (const BadSlot& one : slots) {
        findings.push_back(
            {"error", "before-image " + one.slot + " of run " + one.run + ", step '" + one.step + "': " + one.what,
             "that step can't be brought back as it was: restore " + one.slot +
                 " from a backup, or take the run back with --skip " + one.step});
    }
    if (slots.empty()) findings.push_back({"ok", "every before-image that a run needs is there"});
}

void check_lease(const std::optional<LeaseHolder>& holder, const std::optional<ChildAtWork>& child,
                 Findings& findings) {
    if (!holder && child) {
        return findings.push_back(
            {"warning",
             "pid " + std::to_string(child->pid) + ", a program that a killed run had started, is still at work",
             "wait until it ends (--lock-timeout with 'resume' or 'rollback'), or end it"});
    }
    if (!holder) return findings.push_back({"ok", "nobody is at work: the lease is free"});
    findings.push_back({"ok", "at work: pid " + std::to_string(holder->pid) + ", " + holder->command});
}

void check_runs(JournalStore& journal, Findings& findings) {
    const Result<std::optional<RunSummary>> unfinished = journal.unfinished();
    if (!unfinished.ok()) return findings.push_back({"error", unfinished.error().text()});
    if (!*unfinished) return findings.push_back({"ok", "no run is unfinished"});
    findings.push_back(
        {"warning", "run " + (*unfinished)->run + " is unfinished",
         "'backout resume " + (*unfinished)->run + "' or 'backout rollback " + (*unfinished)->run + "'"});
}

// Nothing began, ended, was carried on, taken back or removed in between.
bool same_runs(const std::vector<RunSummary>& before, const std::vector<RunSummary>& after) {
    return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                      [](const RunSummary& one, const RunSummary& other) {
                          return one.run == other.run && one.phase == other.phase && one.finished == other.finished &&
                                 one.undone_by == other.undone_by;
                      });
}

}  // namespace

Status LocalSession::release_run(Workplace& place, const RunSummary& run) {
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(*place.journal, run));
    // A root that is gone has taken its images along.
    if (!use_root(details.plan.root).ok()) return {};
    images_of(place);
    const RunOptions options;
    StepWorker worker(parts(place), details.plan, options, run);
    for (const PlannedStep& step : details.plan.steps) {
        // A kind that this program doesn't know any more can't say what it kept; `doctor` finds that.
        if (kinds_.find(step.kind) == nullptr) continue;
        const StepState& state = details.state.step(step.step);
        BACKOUT_TRY(worker.release(step, details.state, state.image));
        BACKOUT_TRY(worker.release(step, details.state, state.undo_image));
    }
    return {};
}

Result<Session::Pruned> LocalSession::prune(std::optional<std::size_t> keep, std::optional<Nanoseconds> older_than,
                                            bool dry) {
    Pruned pruned;
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) return pruned;
    Workplace place;
    if (dry) {
        BACKOUT_TRY_ASSIGN(place.journal, journal_for_reading());
    } else {
        BACKOUT_TRY_ASSIGN(place, workplace());
    }
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, place.journal->runs(0, 0));
    std::optional<UnixNanoseconds> before;
    if (older_than) before = clock_.now() - *older_than;
    const std::vector<RunSummary> dropped = droppable(runs, candidates(runs, keep, before));
    for (const RunSummary& run : dropped) pruned.runs.push_back(run.run);
    if (dry || dropped.empty()) return pruned;
    BACKOUT_TRY_ASSIGN(const ImageCensus at_first, count_images(*host_, *place.journal, state_in_host()));
    // All images of a chain first: a crash in between is mended by pruning again.
    for (const RunSummary& run : dropped) BACKOUT_TRY(release_run(place, run));
    host_ = hosts_.at(options_.root).get();
    for (const RunSummary& run : dropped) BACKOUT_TRY(place.journal->remove_run(run.number));
    BACKOUT_TRY(remove_empty_stores(*host_, *place.journal, state_in_host()));
    BACKOUT_TRY_ASSIGN(const ImageCensus at_last, count_images(*host_, *place.journal, state_in_host()));
    pruned.bytes = at_first.bytes > at_last.bytes ? at_first.bytes - at_last.bytes : 0;
    return pruned;
}

Result<std::vector<Session::DoctorFinding>> LocalSession::doctor() {
    Findings findings;
    BACKOUT_TRY_ASSIGN(const JournalPresence presence, journal_presence(options_.state_directory));
    if (presence == JournalPresence::absent) {
        findings.push_back({"ok", "no run was made with " + options_.state_directory + " yet: there is no journal"});
        return findings;
    }
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> damages, check_journal(journal_options()));
    for (const std::string& damage : damages) {
        findings.push_back({"error", "journal: " + damage,
                            "stop, keep a copy of " + options_.state_directory + ", and restore it from a backup"});
    }
    BACKOUT_TRY_ASSIGN(const std::optional<LeaseHolder> holder, lease_holder(options_.state_directory));
    check_lease(holder, child_at_work(options_.state_directory), findings);
    if (!state_in_host().empty()) check_space(*host_, state_in_host(), findings);
    if (!damages.empty()) return findings;
    findings.push_back({"ok", "journal: every record of every run is sound"});
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<JournalStore> journal, journal_for_reading());
    if (!journal) return findings;
    check_runs(*journal, findings);
    BACKOUT_TRY_ASSIGN(const ImageCensus census, compare_images(*host_, *journal, state_in_host()));
    check_census(census, findings);
    for (const std::string& store : census.stores) {
        const bool inside = !state_in_host().empty() && store.rfind(state_in_host() + "/", 0) == 0;
        if (!inside) check_space(*host_, store, findings);
    }
    // While somebody is at work slots come and go.
    if (holder) return findings;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> before, journal->runs(0, 0));
    const Findings of_images = check_images(*journal);
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> after, journal->runs(0, 0));
    BACKOUT_TRY_ASSIGN(const std::optional<LeaseHolder> newcomer, lease_holder(options_.state_directory));
    // Somebody who came meanwhile may have moved what was looked at.
    if (!newcomer && same_runs(before, after)) findings.insert(findings.end(), of_images.begin(), of_images.end());
    return findings;
}

std::vector<Session::DoctorFinding> LocalSession::check_images(JournalStore& journal) {
    Findings findings;
    const Result<std::vector<BadSlot>> bad = find_bad_slots(*host_, journal);
    if (!bad.ok()) return {{"error", "images: " + bad.error().text()}};
    check_slots(*bad, findings);
    const std::unique_ptr<ImageStore> images = make_image_store(*host_, journal, state_in_host());
    const Status kept = check_kept_of_all(*host_, journal, *images, *bad, findings);
    if (!kept.ok()) findings.push_back({"error", "images: " + kept.error().text()});
    return findings;
}

}  // namespace backout
