#pragma once
// Everything that can be asked of a journal, each answer as one line of text: what the program shows, decides and
// undoes by is made of these.

#include <string>
#include <vector>

#include "journal/journal_store.h"

namespace backout {

/// What to ask by: taken from the sound journal, so that a damaged one is asked the very same.
struct Questions {
    std::vector<std::uint64_t> numbers = {};
    std::vector<std::string> names = {};
    std::vector<std::string> plan_ids = {};
};

struct Answer {
    std::string text = {};
    bool error = false;
    ErrorCode code = ErrorCode::failed;

    bool operator==(const Answer& other) const = default;
};

Questions questions_about(JournalStore& journal);
std::vector<Answer> ask(JournalStore& journal, const Questions& questions);

}  // namespace backout
