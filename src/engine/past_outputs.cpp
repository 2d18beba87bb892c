#include "engine/past_outputs.h"

#include <nlohmann/json.hpp>

#include "journal/run_state.h"
#include "plan/plan_codec.h"
#include "plan/template.h"

namespace backout {
namespace {

Status add_outputs(JournalStore& journal, const RunSummary& run, std::map<std::string, Json>& outputs) {
    BACKOUT_TRY_ASSIGN(const Bytes document, journal.plan(run.number));
    BACKOUT_TRY_ASSIGN(const Plan plan, plan_from_text(document, "the journal's plan of " + run.run));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, journal.records(run.number));
    BACKOUT_TRY_ASSIGN(const RunState state, fold(records, run.steps));
    for (const PlannedStep& step : plan.steps) {
        const Json& given = state.step(step.step).outputs;
        if (!given.is_null()) outputs.emplace(step.id, given);
    }
    return {};
}

/// A rollback that `resume --back` turned round has done again what it had undone already.
Status add_outputs_done_again(JournalStore& journal, const RunSummary& run, std::map<std::string, Json>& outputs) {
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& later : runs) {  // newest first
        const bool turned =
            later.undoes == run.run && later.number > run.number && later.phase == RunPhase::rolled_back;
        if (turned) BACKOUT_TRY(add_outputs(journal, later, outputs));
    }
    return {};
}

}  // namespace

Result<std::map<std::string, Json>> outputs_of_run(JournalStore& journal, const RunSummary& run) {
    std::map<std::string, Json> outputs;
    BACKOUT_TRY(add_outputs_done_again(journal, run, outputs));
    BACKOUT_TRY(add_outputs(journal, run, outputs));
    return outputs;
}

Result<bool> does_its_steps(JournalStore& journal, const RunSummary& run) {
    bool does = true;
    std::string before = run.undoes;
    std::uint64_t younger = run.number;
    while (!before.empty()) {
        BACKOUT_TRY_ASSIGN(const RunSummary found, journal.find_run(before));
        if (found.number >= younger) break;  // a journal that says so is wrong: the walk has an end all the same
        younger = found.number;
        before = found.undoes;
        does = !does;
    }
    return does;
}

bool has_own_outputs(const std::string& id, const Json& image, const std::map<std::string, Json>& outputs) {
    const auto own = outputs.find(id);
    for (const TemplateReference& reference : template_references(image)) {
        if (reference.kind != TemplateReference::Kind::action_output || reference.name != id) continue;
        if (own == outputs.end() || find_output(own->second, reference.field) == nullptr) return false;
    }
    return true;
}

Result<std::map<std::string, Json>> past_outputs(JournalStore& journal, const RunSummary& run) {
    BACKOUT_TRY_ASSIGN(auto outputs, outputs_of_run(journal, run));
    std::string before = run.undoes;
    std::uint64_t younger = run.number;
    while (!before.empty()) {
        // A run that was pruned has left nothing that could be named.
        const auto found = journal.find_run(before);
        if (!found.ok() || found->number >= younger) break;
        younger = found->number;
        BACKOUT_TRY(add_outputs_done_again(journal, *found, outputs));
        BACKOUT_TRY(add_outputs(journal, *found, outputs));
        before = found->undoes;
    }
    return outputs;
}

const Json* find_output(const Json& outputs, const std::string& field) {
    const Json* at = &outputs;
    std::size_t begin = 0;
    while (begin <= field.size()) {
        const std::size_t end = std::min(field.find('.', begin), field.size());
        const std::string part = field.substr(begin, end - begin);
        if (!at->is_object() || !at->contains(part)) return nullptr;
        at = &(*at)[part];
        begin = end + 1;
    }
    return at;
}

}  // namespace backout
