#include "simulated_machine.h"

#include <string_view>

namespace backout::simulation {

namespace {

std::uint64_t identity_of(const MemTablesState& journal) {
    std::uint64_t sum = journal.commits;
    for (const auto& table : journal.tables) {
        for (const auto& [key, value] : table) {
            sum = sum * 1000003 + std::hash<std::string_view>()(key);
            sum = sum * 1000003 + std::hash<std::string_view>()(value);
        }
    }
    return sum;
}

}  // namespace

std::uint64_t SimulatedMachine::identity() const {
    return host->identity() ^ (identity_of(*journal) * 0x9e3779b97f4a7c15ULL);
}

SimulatedMachine SimulatedMachine::after_power_cut(const PowerCutChooser& choose) const {
    std::shared_ptr<MemHost> survivor = host->clone();
    survivor->power_cut(choose);
    return {std::move(survivor), journal, lives};
}

std::unique_ptr<MemHost> live_clone(const MemHost& world, Clock& clock) {
    std::unique_ptr<MemHost> clone = world.clone();
    clone->set_clock(&clock);
    return clone;
}

PowerCutChooser CutChoices::noting(PowerCutChooser choose) {
    digits_.clear();
    return [this, inner = std::move(choose)](const std::string& what, std::size_t options) {
        const std::size_t choice = inner(what, options);
        digits_ += static_cast<char>('0' + choice);
        return choice;
    };
}

PowerCutChooser CutChoices::repeating(const std::string& digits) {
    auto at = std::make_shared<std::size_t>(0);
    return [at, digits](const std::string&, std::size_t) -> std::size_t {
        return *at < digits.size() ? static_cast<std::size_t>(digits[(*at)++] - '0') : 0;
    };
}

}  // namespace backout::simulation
