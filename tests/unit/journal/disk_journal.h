#pragma once
// A journal on disk with some runs in it, and all that can be read from one as text.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "journal/open.h"
#include "unit/journal/sample.h"

namespace backout {

inline std::unique_ptr<JournalStore> open_or_fail(const std::string& state) {
    SystemIdSource ids;
    auto opened = open_journal({state, 256U << 10}, ids);
    if (!opened.ok()) {
        ADD_FAILURE() << opened.error().text();
        return nullptr;
    }
    return std::move(opened).value();
}

/// Two finished runs, one removed, one unfinished; a long record, an image store.
inline void fill_journal(JournalStore& journal) {
    for (int i = 1; i <= 4; ++i) {
        NewRun run = sample_run("plan-" + std::to_string(i));
        if (i == 2) run.plan.append(9000, 'p');
        const auto begun = journal.begin_run(run);
        ASSERT_TRUE(begun.ok()) << begun.error().text();
        std::vector<Record> records = {
            make_record(RecordType::step_intended, 1, Json{{"image", {{"slot", "r" + std::to_string(i)}}}}),
            make_record(RecordType::step_applied, 1, Json{{"outputs", {{"id", i}}}}),
            make_record(RecordType::step_intended, 2, Json{{"image", std::string(5000, 'i')}})};
        if (i < 4) {
            records.push_back(make_record(RecordType::step_applied, 2));
            records.push_back(finished("committed"));
        }
        ASSERT_TRUE(journal.append(begun->number, records).ok());
    }
    ASSERT_TRUE(journal.add_image_store("/srv/.backout-0/x").ok());
    ASSERT_TRUE(journal.remove_run(3).ok());
}

/// One line a question: the answer, or "error" with its text. Wrong answers are those that are neither the right one
/// nor an error.
inline std::vector<std::string> answers(JournalStore& journal) {
    std::vector<std::string> lines;
    const auto add = [&](const std::string& line) { lines.push_back(line); };
    const auto bad = [&](const Error& error) { lines.push_back("error " + error.text()); };
    const auto show = [](const RunSummary& run) {
        return run.run + " " + run.name + " " + to_string(run.phase) + " " + std::to_string(run.started) + " " +
               std::to_string(run.finished) + " " + run.plan_id + " " + run.command + " " + run.undone_by + " " +
               std::to_string(run.steps) + " " + std::to_string(run.exit_status);
    };
    if (const auto runs = journal.runs(0, 0); runs.ok()) {
        std::string line = "runs";
        for (const auto& run : *runs) line += "|" + show(run);
        add(line);
    } else {
        bad(runs.error());
    }
    const auto unfinished = journal.unfinished();
    unfinished.ok() ? add(*unfinished ? show(**unfinished) : "none") : bad(unfinished.error());
    for (std::uint64_t number = 1; number <= 4; ++number) {
        if (const auto records = journal.records(number); records.ok()) {
            std::string line = "records";
            for (const auto& record : *records) {
                line += "|" + std::to_string(record.sequence) + " " + to_string(record.type) + " " +
                        std::to_string(record.step) + " " + dump_canonical(record.body);
            }
            add(line);
        } else {
            bad(records.error());
        }
        const auto run = journal.run(number);
        run.ok() ? add(*run ? "run " + show(**run) : "no run") : bad(run.error());
        const auto plan = journal.plan(number);
        plan.ok() ? add("plan " + *plan) : bad(plan.error());
        const auto used = journal.plan_used_by("plan-" + std::to_string(number));
        used.ok() ? add("used " + *used) : bad(used.error());
    }
    const auto stores = journal.image_stores();
    stores.ok() ? add("stores " + (stores->empty() ? "" : stores->front())) : bad(stores.error());
    const auto key = journal.secret_key();
    key.ok() ? add("key " + to_hex(*key)) : bad(key.error());
    return lines;
}

inline Bytes read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_whole(const std::string& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace backout
