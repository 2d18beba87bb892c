#include "report/run_report.h"

#include <algorithm>

#include "base/assert.h"
#include "base/bytes.h"

namespace backout {

namespace {

bool is_irreversible(const PlannedStep& planned) {
    return planned.irreversible || planned.undo.reversibility == Reversibility::irreversible;
}

std::string settled_word(const StepState& step) {
    if (step.settled_as == "kept") return "kept";
    if (step.settled_as == "blocked") return "blocked";
    return "skipped";  // skipped or declined
}

// In a run that takes another back, what fails is an undo.
std::string failed_word(const PlannedStep& planned) {
    return planned.origin.run.empty() ? "failed" : "undo_failed";
}

// A step that a signal or a stop left without a record.
std::string pending_word(const StepState& step, const PlannedStep& planned, const RunState& run) {
    if (step.failed) return failed_word(planned);
    if (planned.operation == "skip") return bool_member(planned.details, "blocked", false) ? "blocked" : "skipped";
    if (run.phase == RunPhase::committed && planned.operation == "keep") return "kept";
    return "not_reached";
}

// An intent without outcome. Who looks at a finished run may not rely on it; before that, nothing is settled.
std::string doubtful_word(const RunState& run, bool at_work, const std::string& once_finished) {
    if (run.finished) return once_finished;
    return at_work ? "running" : "in_doubt";
}

// An effect that still stands. Once a run has gone back to its end, whatever it didn't take back is a failed undo.
std::string standing_word(const StepState& step, const PlannedStep& planned, const RunState& run) {
    const bool went_back = run.finished && run.direction == Direction::back && run.phase != RunPhase::committed;
    if (went_back && !step.error.empty()) return "undo_failed";
    return step.failed || step.phase != StepPhase::applied ? failed_word(planned) : "done";
}

const StepState& state_of(const RunState& run, std::uint32_t number) {
    static const StepState kNothing;
    return number >= 1 && number <= run.steps.size() ? run.steps[number - 1] : kNothing;
}

bool has_stuck_step(const Plan& plan, const RunState& run) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&run](const PlannedStep& planned) {
        const std::string state = final_state_of(state_of(run, planned.step), planned, run);
        return state == "conflict" || state == "undo_failed" ||
               state_of(run, planned.step).phase == StepPhase::undo_in_doubt;
    });
}

using Words = std::vector<std::string>;

bool has_residue(const Plan& plan, const RunState& run) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&run](const PlannedStep& planned) {
        return final_state_of(state_of(run, planned.step), planned, run) == "residue";
    });
}

/// What a pivot kept, or what --skip left out.
bool something_stands(const Plan& plan, const RunState& run) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const PlannedStep& planned) {
        if (plan.undoes.empty()) return state_of(run, planned.step).phase == StepPhase::applied;
        return planned.operation == "skip" && !bool_member(planned.details, "residue", false);
    });
}

std::string reason_of(const StepState& step, bool at_work) {
    if (!step.reason.empty()) return step.reason;
    if (at_work && step.phase == StepPhase::in_doubt) return "at work";
    if (at_work && step.phase == StepPhase::undo_in_doubt) return "its undo is at work";
    if (step.phase == StepPhase::in_doubt) return "in doubt: begun, its outcome is not known";
    if (step.phase == StepPhase::undo_in_doubt) return "in doubt: its undo was begun, the outcome is not known";
    if (step.phase == StepPhase::resolved_done) return "a person said that it is done";
    if (step.phase == StepPhase::resolved_undone) return "a person said that it is undone";
    if (step.phase == StepPhase::resolved_skipped) return "a person left it out";
    return "";
}

// What kinds wrote into the images of this step: of what came back otherwise than it was put aside.
std::vector<std::string> notes_of(const StepState& step) {
    std::vector<std::string> notes;
    for (const Json* image : {&step.image, &step.undo_image}) {
        for (const Json* holder : {image, &member(*image, "files")}) {
            const Json& found = member(*holder, "notes");
            if (!found.is_array()) continue;
            for (const Json& note : found)
                notes.push_back(note.is_string() ? note.get<std::string>() : dump_canonical(note));
        }
    }
    return notes;
}

/// In the run itself, or in the rollback whose step it is.
bool is_unproven(const StepState& step, const std::string& shown) {
    const Json& image = shown == "undone" ? step.undo_image : step.image;
    return (shown == "undone" || shown == "done") && (bool_member(image, "unproven", false) || !step.left.is_null());
}

std::string why_unproven(const StepState& step) {
    if (step.left.is_null() || step.left.empty()) return "its undo command succeeded; no probe proves that it worked";
    const std::string more = step.left.size() > 1 ? " (and " + std::to_string(step.left.size() - 1) + " more)" : "";
    return "its undo command succeeded; " + step.left.front().get<std::string>() + more +
           " was not there before it, and is now: left by it, or made by others";
}

StepReport step_report(const PlannedStep& planned, const StepState& step, const RunState& run, bool at_work) {
    StepReport report;
    report.step = planned.step;
    report.id = planned.id;
    report.category = planned.category;
    report.operation = planned.operation;
    report.target = planned.target;
    report.state = final_state_of(step, planned, run, at_work);
    report.reason = reason_of(step, at_work);
    if (report.reason.empty() && (report.state == "kept" || report.state == "skipped")) report.reason = planned.reason;
    report.error = step.error;
    report.started = step.started;
    report.finished = step.finished;
    report.verify = step.verify;
    report.conflicts = step.conflicts;
    report.undo = planned.undo;
    report.irreversible = is_irreversible(planned);
    report.drifted = step.drifted;
    report.attempts = step.started == 0 ? 0 : step.attempts + 1;
    report.notes = notes_of(step);
    report.unproven = is_unproven(step, report.state);
    if (report.unproven) report.notes.push_back(why_unproven(step));
    return report;
}

// A run that a later one took back shows its effects as gone, without touching its own records.
void show_as_taken_back(RunReport& report) {
    for (StepReport& step : report.steps) {
        if (step.state == "done") step.state = step.irreversible ? "residue" : "undone";
    }
}

// A rollback got hold of some steps and had to leave others: the run stands neither as planned nor as before.
void show_as_partly_taken_back(RunReport& report, const RunSurroundings& around) {
    if (around.taken_back.empty()) return;
    for (StepReport& step : report.steps) {
        if (around.taken_back.count(step.step) != 0) step.state = "undone";
    }
    report.state = to_string(RunPhase::rollback_incomplete);
    report.partly_undone_by = around.taken_back_by;
    report.ways_out = {"rollback"};
}

}  // namespace

std::string final_state_of(const StepState& step, const PlannedStep& planned, const RunState& run, bool at_work) {
    switch (step.phase) {
        case StepPhase::pending: return pending_word(step, planned, run);
        case StepPhase::settled:
            // A rollback leaves what is irreversible as residue, and says so in its plan.
            if (bool_member(planned.details, "residue", false)) return "residue";
            return step.failed ? failed_word(planned) : settled_word(step);
        case StepPhase::in_doubt: return doubtful_word(run, at_work, standing_word(step, planned, run));
        case StepPhase::applied:
        case StepPhase::failed_in_doubt: return standing_word(step, planned, run);
        case StepPhase::undo_in_doubt:
            return step.error.empty() ? doubtful_word(run, at_work, "undo_failed") : "undo_failed";
        case StepPhase::undone: return step.failed ? failed_word(planned) : "undone";
        case StepPhase::conflict: return "conflict";
        case StepPhase::residue: return "residue";
        case StepPhase::resolved_done: return "done";
        case StepPhase::resolved_undone: return "undone";
        case StepPhase::resolved_skipped: return "skipped";
    }
    BACKOUT_ASSERT(false);
}

std::vector<std::string> ways_out(const Plan& plan, const RunState& run) {
    if (run.finished && run.phase != RunPhase::rollback_incomplete) return {};
    const bool stuck = has_stuck_step(plan, run);
    if (!run.finished) return stuck ? Words{"resume", "rollback", "resolve"} : Words{"resume", "rollback"};
    if (stuck) return {"rollback", "resolve"};
    if (something_stands(plan, run)) return {"rollback"};
    // Nothing but what can't be undone is left: trying again changes nothing, a person's word closes it.
    return has_residue(plan, run) ? Words{"resolve"} : Words{};
}

std::size_t RunReport::count(const std::string& state_word) const {
    return static_cast<std::size_t>(std::count_if(
        steps.begin(), steps.end(), [&state_word](const StepReport& step) { return step.state == state_word; }));
}

std::string shown_state(const RunSummary& summary) {
    return summary.undone_by.empty() ? to_string(summary.phase) : to_string(RunPhase::rolled_back);
}

RunReport make_run_report(const Plan& plan, const RunState& state, const RunSummary& summary,
                          const RunSurroundings& around) {
    RunReport report;
    report.summary = summary;
    report.state = shown_state(summary);
    report.plan_id = plan.id;
    report.plan_digest = plan.digest;
    report.abort_reason = state.abort_reason;
    report.abort_cause_step = state.abort_cause_step;
    report.awaits = state.awaits;
    report.recoveries = state.recoveries;
    report.residue = state.residue;
    report.ways_out = ways_out(plan, state);
    if (!around.way_without_secrets.empty()) report.ways_out.push_back(around.way_without_secrets);
    report.steps.reserve(plan.steps.size());
    for (const PlannedStep& planned : plan.steps) {
        report.steps.push_back(step_report(planned, state_of(state, planned.step), state, around.at_work));
    }
    if (!summary.undone_by.empty()) show_as_taken_back(report);
    if (summary.undone_by.empty()) show_as_partly_taken_back(report, around);
    return report;
}

namespace {

/// A claim that rests on the word of commands says so.
std::string as_far_as_known(std::string sentence, const RunReport& report) {
    std::string ids;
    for (const StepReport& step : report.steps) {
        if (step.unproven) ids += (ids.empty() ? "" : ", ") + step.id;
    }
    if (ids.empty()) return sentence;
    sentence.pop_back();
    return sentence + ", if the undo of " + printable(ids) + " did what it should: without probe nothing can tell.";
}

/// Where a rollback left out what a person wanted left, that is among what is listed.
std::string left_words(const RunReport& report) {
    const bool left_out = report.count("skipped") != 0 && !report.summary.undoes.empty();
    return left_out ? "conflict, residue, failed undo or skipped" : "conflict, residue or failed undo";
}

}  // namespace

std::string where_the_machine_is(const RunReport& report) {
    const std::string& run = report.summary.run;
    if (!report.summary.undone_by.empty()) return "Run " + run + " was taken back by " + report.summary.undone_by + ".";
    if (!report.partly_undone_by.empty())
        return "A part of run " + run + " was taken back by " + report.partly_undone_by + "; the rest still stands.";
    const bool takes_back = !report.summary.undoes.empty();
    switch (report.summary.phase) {
        case RunPhase::committed:
            if (!takes_back) return "Everything is as the plan says.";
            return as_far_as_known(
                "Run " + report.summary.undoes + " is taken back: everything is as it was before it.", report);
        case RunPhase::rolled_back: return as_far_as_known("Everything is as it was before the run.", report);
        case RunPhase::rollback_incomplete:
            return "Not everything is undone: what is listed above as " + left_words(report) + " was left as it is.";
        case RunPhase::interrupted: return "The run stopped in the middle; every effect so far is in the journal.";
        case RunPhase::running: return "The run is at work, or was killed; every effect so far is in the journal.";
        case RunPhase::rolling_back:
            return "The run was going back and isn't at its end; what is undone is in the journal.";
    }
    BACKOUT_ASSERT(false);
}

namespace {

// What a shell takes as it is. Any other id would need quotes, or would write to the terminal: its number does as well.
bool is_plain_word(const std::string& word) {
    const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    return !word.empty() && word[0] != '-' && word.find_first_not_of(plain) == std::string::npos;
}

}  // namespace

std::string command_for(const std::string& way_out, const RunReport& report, const std::string& program) {
    const std::string& run = report.summary.run;
    // A rollback that left something is repeated by naming its target again; naming itself would redo what it undid.
    const bool again = way_out == "rollback" && report.partly_undone_by.empty() && report.summary.finished != 0 &&
                       !report.summary.undoes.empty();
    const std::size_t verb_end = std::min(way_out.find(' '), way_out.size());  // flags may follow
    if (way_out != "resolve")
        return program + " " + way_out.substr(0, verb_end) + " " + (again ? report.summary.undoes : run) +
               way_out.substr(verb_end);
    std::string step = "STEP";
    for (const StepReport& candidate : report.steps) {
        const std::string& state = candidate.state;
        const bool stuck = state == "conflict" || state == "undo_failed" || state == "in_doubt" || state == "residue";
        if (!stuck) continue;
        step = is_plain_word(candidate.id) ? candidate.id : std::to_string(candidate.step);
    }
    return program + " resolve " + run + " " + step + " --as done|undone|skipped --reason TEXT";
}

}  // namespace backout
