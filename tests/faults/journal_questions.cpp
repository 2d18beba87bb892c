#include "faults/journal_questions.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace backout {

namespace {

std::string shown(const RunSummary& run) {
    const Json all = {run.number,  run.run,       run.name,   to_string(run.phase), to_string(run.direction),
                      run.started, run.finished,  run.steps,  run.exit_status,      run.changed,
                      run.undoes,  run.undone_by, run.awaits, run.plan_id,          run.command,
                      run.user};
    return dump_canonical(all);
}

std::string shown(const std::optional<RunSummary>& run) {
    return run ? shown(*run) : "none";
}

std::string shown(const std::vector<RunSummary>& runs) {
    std::string text;
    for (const auto& run : runs) text += shown(run) + "\n";
    return text;
}

std::string shown(const Record& record) {
    return dump_canonical(Json{record.sequence, to_string(record.type), record.step, record.time, record.body});
}

std::string shown(const std::vector<Record>& records) {
    std::string text;
    for (const auto& record : records) text += shown(record) + "\n";
    return text;
}

std::string shown(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += to_hex(line) + "\n";
    return text;
}

std::string shown(const std::string& bytes) {
    return bytes;
}

template <typename T>
Answer answer(const Result<T>& result) {
    if (result.ok()) return {shown(*result), false, ErrorCode::failed};
    return {result.error().text(), true, result.error().code};
}

}  // namespace

Questions questions_about(JournalStore& journal) {
    Questions questions;
    const auto runs = journal.runs(0, 0);
    if (!runs.ok()) return questions;
    std::uint64_t highest = 0;
    for (const auto& run : *runs) {
        highest = std::max(highest, run.number);
        questions.names.push_back(run.run);
        questions.plan_ids.push_back(run.plan_id);
    }
    // Runs that were removed, and one that never was, are asked for as well.
    for (std::uint64_t number = 1; number <= highest + 1; ++number) questions.numbers.push_back(number);
    questions.names.push_back("r-" + std::to_string(highest));
    questions.names.emplace_back("r-4711-none");
    questions.plan_ids.emplace_back("never used");
    return questions;
}

std::vector<Answer> ask(JournalStore& journal, const Questions& questions) {
    std::vector<Answer> answers = {answer(journal.runs(0, 0)), answer(journal.runs(0, 1)), answer(journal.unfinished()),
                                   answer(journal.image_stores()), answer(journal.secret_key())};
    for (const auto number : questions.numbers) {
        answers.push_back(answer(journal.run(number)));
        answers.push_back(answer(journal.records(number)));
        answers.push_back(answer(journal.plan(number)));
    }
    for (const auto& name : questions.names) answers.push_back(answer(journal.find_run(name)));
    for (const auto& id : questions.plan_ids) answers.push_back(answer(journal.plan_used_by(id)));
    return answers;
}

}  // namespace backout
