// journal-inspect: shows a journal to people, record by record, and changes nothing. It needs no plan, no kind and no
// engine, so that it still answers where they don't.
//
//   journal-inspect [--json] STATE          the runs
//   journal-inspect [--json] STATE RUN      the records of a run, in order, and what they fold to
//   journal-inspect --check [--json] STATE  everything that can be checked
//
// Exit: 0 sound, 64 usage, 74 damaged or unreadable.

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "journal/open.h"

namespace backout {
namespace {

constexpr int kUsage = 64;
constexpr int kDamaged = 74;

struct Options {
    bool json = false;
    bool check = false;
    bool help = false;
    std::vector<std::string> words = {};
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json") {
            options.json = true;
        } else if (word == "--check") {
            options.check = true;
        } else if (word == "--help" || (word.size() > 1 && word[0] == '-')) {
            options.help = true;
        } else {
            options.words.push_back(word);
        }
    }
    return options;
}

int usage(bool asked) {
    (asked ? std::cout : std::cerr) << "usage: journal-inspect [--json] STATE [RUN]\n"
                                       "       journal-inspect [--json] --check STATE\n"
                                       "Shows the journal of a state directory. Changes nothing.\n";
    return asked ? 0 : kUsage;
}

int fail(const Error& error) {
    std::cerr << "journal-inspect: " << error.text() << "\n";
    return error.code == ErrorCode::not_found || error.code == ErrorCode::invalid ? kUsage : kDamaged;
}

Json time_or_null(UnixNanoseconds time) {
    return time == 0 ? Json(nullptr) : Json(format_time(time));
}

Json to_json(const RunSummary& run) {
    return {{"run", run.run},
            {"name", run.name},
            {"phase", to_string(run.phase)},
            {"direction", to_string(run.direction)},
            {"started", time_or_null(run.started)},
            {"finished", time_or_null(run.finished)},
            {"steps", run.steps},
            {"exit", run.finished == 0 ? Json(nullptr) : Json(run.exit_status)},
            {"changed", run.changed},
            {"undoes", run.undoes},
            {"undone_by", run.undone_by},
            {"awaits", run.awaits},
            {"plan_id", run.plan_id},
            {"command", run.command},
            {"user", run.user}};
}

Json to_json(const Record& record) {
    return {{"sequence", record.sequence},
            {"type", to_string(record.type)},
            {"step", record.step},
            {"time", format_time(record.time)},
            {"body", record.body}};
}

int show_runs(JournalStore& journal, bool json) {
    const auto runs = journal.runs(0, 0);
    if (!runs.ok()) return fail(runs.error());
    Json all = Json::array();
    for (const auto& run : *runs) {
        if (json) {
            all.push_back(to_json(run));
            continue;
        }
        std::cout << printable(run.run) << "  " << format_time(run.started) << "  " << to_string(run.phase) << "  "
                  << run.steps << " steps  " << printable(run.name) << "\n";
    }
    if (json) std::cout << dump_pretty(all) << "\n";
    return 0;
}

Json steps_to_json(const RunState& state) {
    Json steps = Json::array();
    for (std::size_t i = 0; i < state.steps.size(); ++i) {
        const StepState& step = state.steps[i];
        steps.push_back({{"step", i + 1},
                         {"phase", to_string(step.phase)},
                         {"failed", step.failed},
                         {"attempts", step.attempts},
                         {"error", step.error}});
    }
    return steps;
}

int show_run(JournalStore& journal, const std::string& name, bool json) {
    const auto run = journal.find_run(name);
    if (!run.ok()) return fail(run.error());
    const auto records = journal.records(run->number);
    if (!records.ok()) return fail(records.error());
    const auto state = fold(*records, run->steps);
    if (!state.ok()) return fail(state.error());
    if (json) {
        Json list = Json::array();
        for (const auto& record : *records) list.push_back(to_json(record));
        std::cout << dump_pretty({{"run", to_json(*run)}, {"records", list}, {"steps", steps_to_json(*state)}}) << "\n";
        return 0;
    }
    for (const auto& record : *records) {
        std::cout << record.sequence << "  " << format_time(record.time) << "  " << to_string(record.type);
        if (record.step != 0) std::cout << "  step " << record.step;
        std::cout << "  " << printable(dump_canonical(record.body)) << "\n";
    }
    std::cout << "folds to: " << to_string(state->phase) << ", " << to_string(state->direction) << "\n";
    for (std::size_t i = 0; i < state->steps.size(); ++i) {
        std::cout << "  step " << i + 1 << ": " << to_string(state->steps[i].phase) << "\n";
    }
    return 0;
}

int check(const JournalOptions& options, bool json) {
    const auto findings = check_journal(options);
    if (!findings.ok()) return fail(findings.error());
    if (json) {
        std::cout << dump_pretty({{"sound", findings->empty()}, {"findings", *findings}}) << "\n";
    } else {
        for (const auto& finding : *findings) std::cout << printable(finding) << "\n";
        if (findings->empty()) std::cout << "sound\n";
    }
    return findings->empty() ? 0 : kDamaged;
}

int inspect(int argc, char** argv) {
    const Options options = parse(argc, argv);
    if (options.help) return usage(true);
    if (options.words.empty() || options.words.size() > (options.check ? 1U : 2U)) return usage(false);
    std::error_code failed;
    const auto state = std::filesystem::canonical(options.words[0], failed);
    if (failed) return fail({ErrorCode::not_found, "there is no directory " + printable(options.words[0])});
    const JournalOptions where{state.string()};
    if (options.check) return check(where, options.json);
    const auto journal = open_journal_for_reading(where);
    if (!journal.ok()) return fail(journal.error());
    return options.words.size() == 1 ? show_runs(**journal, options.json)
                                     : show_run(**journal, options.words[1], options.json);
}

}  // namespace
}  // namespace backout

int main(int argc, char** argv) {
    try {
        return backout::inspect(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "journal-inspect: %s\n", error.what());
        return 1;
    }
}
