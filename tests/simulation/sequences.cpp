#include "sequences.h"

#include <charconv>
#include <random>
#include <stdexcept>

namespace backout::simulation {

namespace {

constexpr const char* kRandom = "random:";
constexpr const char* kChain = "chain:";

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
        end = text.find(by, begin);
        parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    }
    return parts;
}

bool starts_with(const std::string& text, const std::string& prefix) {
    return text.rfind(prefix, 0) == 0;
}

Frame frame_of(const std::vector<std::string>& words) {
    Frame frame;
    for (const std::string& word : words) {
        frame.ordered = frame.ordered || word == "ordered";
        frame.grouped = frame.grouped || word == "group";
        frame.fails = frame.fails || word == "fails";
        frame.stops = frame.stops || word == "stops";
    }
    return frame;
}

const Chain& chain_named(const std::string& name) {
    for (const Chain& chain : all_chains()) {
        if (chain.name == name) return chain;
    }
    throw std::runtime_error("no chain '" + name + "'");
}

}  // namespace

Scenario scenario_named(const std::string& name) {
    if (starts_with(name, kRandom)) {
        std::uint64_t seed = 0;
        const std::string number = name.substr(std::string(kRandom).size());
        (void)std::from_chars(number.data(), number.data() + number.size(), seed);
        return random_sequence(seed);
    }
    const std::vector<std::string> words = split(name, '+');
    const Frame frame = frame_of(words);
    if (starts_with(name, kChain))
        return chained(chain_named(words.front().substr(std::string(kChain).size())), frame.fails);
    std::vector<const Piece*> pieces;
    for (const std::string& piece : split(words.front(), ',')) pieces.push_back(&piece_named(piece));
    return beside(pieces, frame);
}

Scenario random_sequence(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::size_t steps = 3 + random() % 4;
    std::vector<const Piece*> pieces;
    for (std::size_t i = 0; i < steps; ++i) pieces.push_back(&all_pieces()[random() % all_pieces().size()]);
    Frame frame;
    frame.ordered = random() % 2 == 0;
    frame.grouped = random() % 3 == 0;
    frame.fails = random() % 2 == 0;
    frame.stops = frame.fails && random() % 3 == 0;
    Scenario scenario = beside(pieces, frame);
    scenario.name = kRandom + std::to_string(seed);
    return scenario;
}

}  // namespace backout::simulation
