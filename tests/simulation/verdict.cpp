#include "verdict.h"

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "journal/run_state.h"

namespace backout::simulation {

namespace {

constexpr std::size_t kShown = 6;

bool is_ours(const std::string& path) {
    return path.rfind(kStateDirectory, 0) == 0 || path.find("/.backout-") != std::string::npos;
}

Picture without(const Picture& picture, const std::vector<std::string>& prefixes) {
    Picture rest;
    for (const auto& [path, text] : picture) {
        bool left_out = false;
        for (const std::string& prefix : prefixes) left_out = left_out || path.rfind(prefix, 0) == 0;
        if (!left_out) rest.emplace(path, text);
    }
    return rest;
}

}  // namespace

Picture picture_of(const MemHost& world) {
    Picture picture;
    std::map<std::uint64_t, std::string> first_name;
    for (auto& [path, entry] : world.snapshot()) {
        if (is_ours(path)) continue;
        MemSnapshotEntry shown = entry;
        if (shown.status.mtime >= kFirstLife) shown.status.mtime = kFirstLife;
        std::string text = shown.text();
        if (entry.status.link_count > 1 && entry.status.type != EntryType::directory)
            text += " same as " + first_name.try_emplace(entry.status.inode, path).first->second;
        picture.emplace(path, std::move(text));
    }
    return picture;
}

std::string difference_of(const Picture& wanted, const Picture& found) {
    std::string text;
    std::size_t shown = 0;
    const auto tell = [&](const std::string& path, const std::string& then, const std::string& now) {
        if (++shown <= kShown) text += "  " + path + "\n    expected " + then + "\n    found    " + now + "\n";
    };
    for (const auto& [path, then] : wanted) {
        const auto now = found.find(path);
        if (now == found.end()) tell(path, then, "nothing");
        if (now != found.end() && now->second != then) tell(path, then, now->second);
    }
    for (const auto& [path, now] : found) {
        if (wanted.count(path) == 0) tell(path, "nothing", now);
    }
    return text;
}

MemJournal journal_of(const SimulatedMachine& machine) {
    return MemJournal(std::const_pointer_cast<MemTablesState>(machine.journal));
}

std::optional<RunSummary> Verdict::run_of(const SimulatedMachine& machine, std::uint64_t number) {
    MemJournal journal = journal_of(machine);
    const auto run = journal.run(number);
    BACKOUT_ASSERT(run.ok());
    return *run;
}

bool Verdict::only_residue_left(const SimulatedMachine& machine, const Ends& ends) const {
    MemJournal journal = journal_of(machine);
    const auto records = journal.records(ends.run);
    BACKOUT_ASSERT(records.ok());
    const auto state = fold(*records, static_cast<std::uint32_t>(scenario_.plan.steps.size()));
    BACKOUT_ASSERT(state.ok());
    for (const Json& left : state->residue) {
        const std::string phase = left.at("phase").get<std::string>();
        if (scenario_.residue_ids.count(left.at("id").get<std::string>()) == 0 || phase != "residue") return false;
    }
    return !state->residue.empty();
}

std::string Verdict::compare(const SimulatedMachine& machine, const Ends& ends, RunPhase phase) const {
    const bool committed = phase == RunPhase::committed;
    if (committed && !ends.after) return "it says committed, and must not\n";
    const Picture found = picture_of(*machine.host);
    if (phase == RunPhase::rollback_incomplete)
        return difference_of(without(ends.before, scenario_.residue_paths), without(found, scenario_.residue_paths));
    return difference_of(committed ? *ends.after : ends.before, found);
}

std::string Verdict::judge(const SimulatedMachine& machine, const Ends& ends) const {
    const std::optional<RunSummary> run = run_of(machine, ends.run);
    const RunPhase phase = run ? run->phase : RunPhase::rolled_back;
    if (run && run->finished == 0) return std::string("it is ") + to_string(phase) + ": " + run->awaits + "\n";
    if (phase == RunPhase::rollback_incomplete && !only_residue_left(machine, ends))
        return "not fully undone, on our own work\n";
    const std::string difference = compare(machine, ends, phase);
    return difference.empty()
               ? ""
               : std::string("the run is ") + to_string(phase) + ", and the world is not:\n" + difference;
}

}  // namespace backout::simulation
