#include "engine/past_outputs.h"

#include <nlohmann/json.hpp>

#include "journal/run_state.h"
#include "plan/plan_codec.h"

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

}  // namespace

Result<std::map<std::string, Json>> past_outputs(JournalStore& journal, const RunSummary& run) {
    std::map<std::string, Json> outputs;
    BACKOUT_TRY(add_outputs(journal, run, outputs));
    std::string before = run.undoes;
    std::uint64_t younger = run.number;
    while (!before.empty()) {
        // A run that was pruned has left nothing that could be named.
        const auto found = journal.find_run(before);
        if (!found.ok() || found->number >= younger) break;
        younger = found->number;
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
