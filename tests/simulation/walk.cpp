#include "walk.h"

#include "saboteur.h"

namespace backout::simulation {

namespace {

Trail cut_at(Trail trail, std::uint64_t operation) {
    trail.back().cut_at = operation;
    return trail;
}

Trail with_outcome(Trail trail, const std::string& outcome) {
    trail.back().outcome = outcome;
    return trail;
}

Trail then(Trail trail, Deed deed) {
    trail.push_back({deed, {}, 0, {}});
    return trail;
}

}  // namespace

Walk::Walk(const Story& story, const Limits& limits, Tally& tally, Broken broken)
    : story_(story), limits_(limits), tally_(tally), verdict_(*story.scenario), broken_(broken) {}

void Walk::all_crashes() {
    live(story_.start, {Stage{}}, limits_.crashes);
}

void Walk::violation(const std::string& what, const Trail& trail) {
    tally_.add_violation(story_.scenario->name + " " + story_.name, what + "  repeat: BACKOUT_TEST_REPEAT='" +
                                                                        story_.scenario->name + " " + story_.name +
                                                                        " " + to_text(trail) + "'");
}

/// The run's own operations all; of those of recoveries every `stride`-th.
bool Walk::chosen(std::uint64_t operation, const Trail& trail) const {
    return trail.size() == 1 || (operation + trail.front().cut_at + limits_.seed) % limits_.stride == 0;
}

void Walk::live(const SimulatedMachine& start, const Trail& trail, int crashes_left) {
    Life life(start, broken_);
    const Saboteur saboteur(trail.back().fault);
    life.watcher = [&](const Operation& operation) {
        if (crashes_left > 0 && chosen(operation.number, trail)) {
            ++tally_.crashes;
            crash(life.now(), cut_at(trail, operation.number), crashes_left - 1);
        }
        return saboteur.answer(operation);
    };
    const LifeEnd end = life.live(trail.back().deed, story_.plan);
    end_of(end, trail, crashes_left);
}

/// A life that errors were put into need not reach an end: then another one has to, without.
void Walk::end_of(const LifeEnd& end, const Trail& trail, int crashes_left) {
    const std::optional<RunSummary> run = Verdict::run_of(end.machine, story_.ends.run);
    const bool unfinished = run && run->finished == 0;
    if (trail.back().fault && unfinished) {
        consider(end.machine, trail, crashes_left);
        return each_power_cut(end.machine, trail, crashes_left);
    }
    if (unfinished && awaits_a_word(end)) return live(end.machine, then(trail, Deed::back), 0);
    judge(trail.back().fault ? LifeEnd{end.machine} : end, trail);
}

/// Whether an irreversible step was done can't be known: going forward, a person must say so; back, it is residue. So
/// it is where on_drift says "stop".
bool Walk::awaits_a_word(const LifeEnd& end) const {
    return !end.error && story_.scenario->may_wait && end.outcome && end.outcome->state.direction == Direction::forward;
}

std::uint64_t Walk::operations_of_run() {
    Life life(story_.start, broken_);
    (void)life.live(Deed::apply, story_.plan);
    return life.operations();
}

void Walk::all_errors(const std::vector<std::string>& codes) {
    const std::uint64_t operations = operations_of_run();
    for (std::uint64_t number = 1; number <= operations; ++number) {
        for (const std::string& code : codes) {
            live_with_errors({number, false, code});
            live_with_errors({number, true, code});
        }
    }
}

void Walk::live_with_errors(const Fault& fault) {
    ++tally_.errors;
    live(story_.start, {Stage{Deed::apply, fault, 0, {}}}, limits_.crashes);
}

void Walk::all_full_disks() {
    Life life(story_.start, broken_);
    life.watcher = [&](const Operation& operation) -> Status {
        ++tally_.cuts;
        live_on_full_disk(life.now(), {Stage{Deed::apply, {}, operation.number, "kill"}});
        return {};
    };
    (void)life.live(Deed::apply, story_.plan);
}

void Walk::live_on_full_disk(const SimulatedMachine& machine, const Trail& trail) {
    const auto [known, fresh] = seen_.try_emplace(machine.identity(), 0);
    if (!fresh) return;
    ++tally_.recoveries;
    ++tally_.errors;
    Trail longer = then(trail, Deed::back);
    longer.back().fault = Fault{1, true, "full"};
    Life life(machine, broken_);
    const Saboteur saboteur(longer.back().fault);
    life.watcher = [&](const Operation& operation) { return saboteur.answer(operation); };
    judge(life.live(Deed::back, story_.plan), longer);
}

void Walk::crash(const SimulatedMachine& machine, const Trail& trail, int crashes_left) {
    consider(machine, with_outcome(trail, "kill"), crashes_left);
    each_power_cut(machine, trail, crashes_left);
}

/// All outcomes up to the bound; of a power cut with more the first half of the bound, and as many by seed.
void Walk::each_power_cut(const SimulatedMachine& machine, const Trail& trail, int crashes_left) {
    PowerCutEnumerator all;
    const std::size_t enumerated = limits_.outcomes / 2;
    bool more = true;
    for (std::size_t i = 0; i < limits_.outcomes && more; ++i) {
        CutChoices choices;
        const bool by_seed = i >= enumerated;
        if (i == enumerated) ++tally_.sampled;
        const auto chooser = by_seed ? random_power_cut(limits_.seed + i) : all.chooser();
        const SimulatedMachine survivor = machine.after_power_cut(choices.noting(chooser));
        consider(survivor, with_outcome(trail, "cut-" + choices.digits()), crashes_left);
        if (!by_seed) more = all.next();
    }
}

void Walk::consider(const SimulatedMachine& machine, const Trail& trail, int crashes_left) {
    ++tally_.cuts;
    const auto [known, fresh] = seen_.try_emplace(machine.identity(), crashes_left);
    if (!fresh && known->second >= crashes_left) return;
    known->second = crashes_left;
    recover(machine, trail, crashes_left);
}

/// In the run's own direction, and in the other one.
void Walk::recover(const SimulatedMachine& machine, const Trail& trail, int crashes_left) {
    const std::optional<RunSummary> run = Verdict::run_of(machine, story_.ends.run);
    if (!run || run->finished != 0) {
        ++tally_.recoveries;
        return judge({machine}, trail);
    }
    const Deed other = run->direction == Direction::back ? Deed::forward : Deed::back;
    for (const Deed deed : {Deed::resume, other}) {
        ++tally_.recoveries;
        live(machine, then(trail, deed), crashes_left);
    }
}

void Walk::judge(const LifeEnd& end, const Trail& trail) {
    if (end.error) return violation("it stopped: " + end.error->text() + "\n", trail);
    const std::string wrong = verdict_.judge(end.machine, story_.ends);
    if (!wrong.empty()) return violation(wrong, trail);
    judge_durability(end.machine, trail);
}

/// What was acknowledged survives every power cut.
void Walk::judge_durability(const SimulatedMachine& machine, const Trail& trail) {
    PowerCutEnumerator all;
    const std::optional<RunSummary> run = Verdict::run_of(machine, story_.ends.run);
    const RunPhase phase = run ? run->phase : RunPhase::rolled_back;
    std::size_t outcomes = 0;
    do {
        CutChoices choices;
        const SimulatedMachine survivor = machine.after_power_cut(choices.noting(all.chooser()));
        ++tally_.cuts;
        const std::string wrong = verdict_.compare(survivor, story_.ends, phase);
        if (!wrong.empty())
            return violation("an acknowledged end was lost in cut-" + choices.digits() + ":\n" + wrong, trail);
    } while (++outcomes < limits_.outcomes && all.next());
}

std::string Walk::repeat(const Trail& trail, std::string& told) {
    SimulatedMachine machine = story_.start;
    for (std::size_t i = 0; i < trail.size(); ++i) {
        const Stage& stage = trail[i];
        Life life(machine, broken_);
        const Saboteur saboteur(stage.fault);
        told += "-- " + to_text(Trail{stage}) + "\n";
        life.watcher = [&](const Operation& operation) -> Status {
            told += std::to_string(operation.number) + " " + operation.what + " " + operation.path + "\n";
            if (operation.number == stage.cut_at) throw SimulatedCrash{};
            return saboteur.answer(operation);
        };
        const LifeEnd end = life.live(stage.deed, story_.plan);
        if (end.error) told += "error: " + end.error->text() + "\n";
        machine = end.machine;
        if (stage.cut_at == 0 || stage.outcome == "kill") continue;
        machine = machine.after_power_cut(CutChoices::repeating(stage.outcome.substr(4)));
    }
    for (const auto& [path, entry] : machine.host->snapshot()) told += path + " " + entry.text() + "\n";
    return verdict_.judge(machine, story_.ends);
}

}  // namespace backout::simulation
