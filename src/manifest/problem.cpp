#include "manifest/problem.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"

namespace backout {

std::string to_string(Position position) {
    return std::to_string(position.line) + ":" + std::to_string(position.column);
}

void ManifestErrors::add(Position position, std::string message) {
    if (problems.size() < kMaximum) {
        problems.push_back(Problem{position, std::move(message)});
    } else {
        ++left_out;
    }
}

void ManifestErrors::append(ManifestErrors other) {
    for (Problem& problem : other.problems) add(problem.position, std::move(problem.message));
    left_out += other.left_out;
}

std::string ManifestErrors::text() const {
    std::vector<const Problem*> ordered;
    for (const Problem& problem : problems) ordered.push_back(&problem);
    std::stable_sort(ordered.begin(), ordered.end(), [](const Problem* a, const Problem* b) {
        return std::pair(a->position.line, a->position.column) < std::pair(b->position.line, b->position.column);
    });
    std::string lines;
    for (const Problem* problem : ordered) {
        lines += source_name + ":";
        if (problem->position.line != 0) lines += to_string(problem->position) + ":";
        lines += " " + problem->message + "\n";
    }
    if (left_out != 0) lines += source_name + ": and " + std::to_string(left_out) + " more\n";
    return lines;
}

Error ManifestErrors::to_error() const {
    BACKOUT_ASSERT(!empty());
    std::string message = text();
    message.pop_back();
    return Error{ErrorCode::invalid, std::move(message), source_name};
}

std::string in_quotes(std::string_view word) {
    constexpr std::size_t kLongest = 80;
    if (word.size() <= kLongest) return "'" + printable(word) + "'";
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0U) == 0x80U) --end;
    return "'" + printable(word.substr(0, end)) + "…'";
}

}  // namespace backout
