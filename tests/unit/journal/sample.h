#pragma once
// Runs and records for tests.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "journal/journal_store.h"

namespace backout {

inline NewRun sample_run(const std::string& plan_id = "plan-1", std::uint32_t steps = 3) {
    NewRun run;
    run.name = "site-release";
    run.plan_id = plan_id;
    run.plan_digest = std::string(64, 'd');
    run.plan = R"({"format":"backout-plan/1","id":")" + plan_id + "\"}";
    run.steps = steps;
    run.command = "backout apply manifest.json";
    run.user = "root";
    run.time = 1'000;
    run.random = "k3f9";
    return run;
}

inline Record make_record(RecordType type, std::uint32_t step = 0, Json body = Json::object(),
                          UnixNanoseconds time = 2'000) {
    Record record;
    record.type = type;
    record.step = step;
    record.body = std::move(body);
    record.time = time;
    return record;
}

inline Status append_one(JournalStore& journal, std::uint64_t run, Record record) {
    std::vector<Record> records;
    records.push_back(std::move(record));
    return journal.append(run, records);
}

inline Record finished(const std::string& state, int exit_status = 0) {
    return make_record(RecordType::run_finished, 0,
                       Json{{"state", state}, {"exit", exit_status}, {"residue", Json::array()}}, 9'000);
}

}  // namespace backout
