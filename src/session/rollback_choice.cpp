#include "session/rollback_choice.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

namespace backout {

namespace {

const RunSummary* find(const std::vector<RunSummary>& runs, const std::string& name) {
    const auto found =
        std::find_if(runs.begin(), runs.end(), [&name](const RunSummary& run) { return run.run == name; });
    return found == runs.end() ? nullptr : &*found;
}

bool effect_stands(const RunSummary& run) {
    return run.changed && run.undone_by.empty();
}

// Whatever may have left something: what is in doubt or in conflict is tried again.
bool has_effect(const StepState& step) {
    switch (step.phase) {
        case StepPhase::applied:
        case StepPhase::in_doubt:
        case StepPhase::failed_in_doubt:
        case StepPhase::undo_in_doubt:
        case StepPhase::conflict:
        case StepPhase::residue:
        case StepPhase::resolved_done: return !step.image.is_null();
        default: return false;
    }
}

bool is_irreversible(const PlannedStep& step) {
    return step.irreversible || step.undo.reversibility == Reversibility::irreversible;
}

}  // namespace

const RunSummary& root_of(const std::vector<RunSummary>& runs, const RunSummary& run) {
    const RunSummary* root = &run;
    // Each link leads to an older run, so this ends; the bound guards against a journal that says otherwise.
    for (std::size_t i = 0; i < runs.size() && !root->undoes.empty(); ++i) {
        const RunSummary* next = find(runs, root->undoes);
        if (next == nullptr) break;
        root = next;
    }
    return *root;
}

bool can_be_taken_back(const RunSummary& run) {
    return run.phase == RunPhase::committed && run.undoes.empty() && effect_stands(run);
}

namespace {

using Runs = std::vector<RunSummary>;

/// A rollback that `resume --back` turned round has come to nothing.
bool came_to_nothing(const RunSummary& run) {
    return !run.changed || (run.phase == RunPhase::rolled_back && run.undone_by.empty());
}

/// A run and all that took it back, redid it, and so on: each of them puts it on the world, or takes it off again.
/// Replayed up to some run, it tells how things stood then.
class Chain {
  public:
    explicit Chain(const RunSummary& root) : root_(root) {}
    void add(const RunSummary& run) { members_.push_back(run); }

    struct Standing {
        bool stands = false;              ///< the root's effects are there
        std::set<std::uint64_t> in_part;  ///< rollbacks that took, or brought, a part only
        bool operator==(const Standing& other) const { return stands == other.stands && in_part == other.in_part; }
    };
    /// After all runs up to number `last`.
    Standing standing(std::uint64_t last) const;
    const RunSummary& root() const { return root_; }
    /// The newest that did all it was to do: how the root stands is its work.
    const RunSummary& top() const;
    const Runs& members() const { return members_; }

  private:
    const RunSummary* member(const std::string& name) const { return find(members_, name); }
    bool was_complete(const RunSummary& run) const;

    RunSummary root_;
    Runs members_;  // oldest first, the root among them
};

bool Chain::was_complete(const RunSummary& run) const {
    if (run.undoes.empty() || run.phase == RunPhase::committed || !run.undone_by.empty()) return true;
    // What can't be taken back at all leaves it incomplete in name only.
    const RunSummary* target = member(run.undoes);
    return target != nullptr && target->undone_by == run.run;
}

Chain::Standing Chain::standing(std::uint64_t last) const {
    std::set<std::string> undone;
    std::map<std::string, const RunSummary*> partial;
    bool begun = false;
    for (const RunSummary& run : members_) {
        if (run.number > last) break;
        begun = begun || run.number == root_.number;
        if (run.phase == RunPhase::rolled_back && run.undone_by.empty()) continue;
        if (!was_complete(run)) {
            if (run.changed) partial[run.run] = &run;
            continue;
        }
        // It takes back its target, which had taken back another, which thereby stands again …
        bool now_undone = true;
        for (const RunSummary* at = member(run.undoes); at != nullptr && at->number < run.number;
             at = member(at->undoes)) {
            now_undone ? (void)undone.insert(at->run) : (void)undone.erase(at->run);
            now_undone = !now_undone;
        }
    }
    Standing now;
    now.stands = begun && undone.count(root_.run) == 0;
    for (const auto& [name, run] : partial) {
        if (undone.count(name) == 0 && undone.count(run->undoes) == 0) now.in_part.insert(run->number);
    }
    return now;
}

const RunSummary& Chain::top() const {
    const RunSummary* top = &root_;
    for (const RunSummary& run : members_) {
        const bool turned_round = run.phase == RunPhase::rolled_back && run.undone_by.empty();
        if (!turned_round && was_complete(run)) top = &run;
    }
    return *top;
}

std::vector<Chain> chains_of(const Runs& runs) {
    std::map<std::uint64_t, Chain> chains;
    Runs oldest_first = runs;
    std::sort(oldest_first.begin(), oldest_first.end(),
              [](const RunSummary& a, const RunSummary& b) { return a.number < b.number; });
    for (const RunSummary& run : oldest_first) {
        if (run.finished == 0) continue;
        const RunSummary& root = root_of(runs, run);
        chains.try_emplace(root.number, root).first->second.add(run);
    }
    std::vector<Chain> all;
    for (auto& [number, chain] : chains) all.push_back(std::move(chain));
    return all;
}

/// What of a chain makes the world another one than it was after run number `last`. An incomplete rollback of
/// `target` isn't in its way: to go on with it is what is asked for.
Runs changed_since(const Chain& chain, std::uint64_t last, const RunSummary& target) {
    const Chain::Standing then = chain.standing(last);
    const Chain::Standing now = chain.standing(UINT64_MAX);
    if (then == now) return {};
    Runs changed;
    const bool begun_since = chain.root().number > last;
    if (then.stands != now.stands) changed.push_back(begun_since ? chain.root() : chain.top());
    for (const RunSummary& run : chain.members()) {
        const bool partly = now.in_part.count(run.number) != 0 && then.in_part.count(run.number) == 0;
        // Of a run that stands itself the rest is what counts, and is found when it is looked at.
        if (partly && run.undoes != target.run && !(begun_since && now.stands)) changed.push_back(run);
    }
    const bool lost = std::any_of(then.in_part.begin(), then.in_part.end(),
                                  [&now](std::uint64_t number) { return now.in_part.count(number) == 0; });
    if (lost && changed.empty() && chain.top().number > last) changed.push_back(chain.top());
    return changed;
}

}  // namespace

std::vector<RunSummary> later_runs(const std::vector<RunSummary>& runs, const RunSummary& target) {
    std::vector<RunSummary> later;
    for (const Chain& chain : chains_of(runs)) {
        for (const RunSummary& run : changed_since(chain, target.number, target)) {
            if (!came_to_nothing(run) && run.run != target.run) later.push_back(run);
        }
    }
    std::sort(later.begin(), later.end(), [](const RunSummary& a, const RunSummary& b) { return a.number > b.number; });
    return later;
}

std::vector<RunSummary> runs_since(const std::vector<RunSummary>& runs, const RunSummary& target) {
    struct Choice {
        RunSummary run;
        std::uint64_t effective = 0;  // what was redone last lies on top
    };
    std::vector<Choice> choices;
    for (const Chain& chain : chains_of(runs)) {
        for (const RunSummary& run : changed_since(chain, target.number - 1, target)) {
            const bool is_root = run.number == chain.root().number;
            if (run.phase == RunPhase::committed && effect_stands(run))
                choices.push_back({run, is_root ? chain.top().number : run.number});
        }
    }
    std::sort(choices.begin(), choices.end(),
              [](const Choice& a, const Choice& b) { return a.effective > b.effective; });
    std::vector<RunSummary> since;
    for (Choice& choice : choices) since.push_back(std::move(choice.run));
    return since;
}

std::vector<TakenStep> taken_steps(const RunDetails& run) {
    std::vector<TakenStep> taken;
    for (const PlannedStep& planned : run.plan.steps) {
        const StepState& state = run.state.step(planned.step);
        if (!planned.changes() || !has_effect(state)) continue;
        const std::string residue = is_irreversible(planned) ? "it can't be taken back" : "";
        taken.push_back({planned.step, state.intent_sequence, state.image, residue});
    }
    return taken;
}

}  // namespace backout
