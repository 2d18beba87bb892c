#include "trail.h"

#include <charconv>

namespace backout::simulation {

namespace {

std::string take_until(std::string& rest, const std::string& stops) {
    const std::size_t end = rest.find_first_of(stops);
    std::string taken = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end);
    return taken;
}

std::uint64_t number_from(const std::string& text) {
    std::uint64_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Fault fault_from(std::string& rest) {
    Fault fault;
    std::string number = take_until(rest, ":");
    fault.for_ever = !number.empty() && number.back() == '+';
    fault.operation = number_from(number);
    rest.erase(0, 1);
    fault.code = take_until(rest, "@");
    return fault;
}

std::optional<Stage> stage_from(std::string rest) {
    Stage stage;
    const auto deed = deed_from(take_until(rest, "!@"));
    if (!deed) return std::nullopt;
    stage.deed = *deed;
    if (!rest.empty() && rest.front() == '!') {
        rest.erase(0, 1);
        stage.fault = fault_from(rest);
    }
    if (rest.empty()) return stage;
    rest.erase(0, 1);
    stage.cut_at = number_from(take_until(rest, ":"));
    stage.outcome = rest.empty() ? "kill" : rest.substr(1);
    return stage;
}

std::string to_text(const Stage& stage) {
    std::string text = to_string(stage.deed);
    if (stage.fault)
        text +=
            "!" + std::to_string(stage.fault->operation) + (stage.fault->for_ever ? "+" : "") + ":" + stage.fault->code;
    if (stage.cut_at != 0) text += "@" + std::to_string(stage.cut_at) + ":" + stage.outcome;
    return text;
}

}  // namespace

std::string to_text(const Trail& trail) {
    std::string text;
    for (const Stage& stage : trail) text += (text.empty() ? "" : "/") + to_text(stage);
    return text;
}

std::optional<Trail> trail_from(const std::string& text) {
    Trail trail;
    std::string rest = text;
    while (!rest.empty()) {
        const auto stage = stage_from(take_until(rest, "/"));
        if (!stage) return std::nullopt;
        trail.push_back(*stage);
        rest.erase(0, 1);
    }
    return trail;
}

}  // namespace backout::simulation
