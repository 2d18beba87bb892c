#pragma once
// A reader that believes what LMDB gives it, as a program without checks of its own would: proof that the sweep finds
// what it looks for.

#include <string>
#include <vector>

#include "faults/journal_questions.h"

namespace backout {

/// All tables of a state directory as they come, or one error.
std::vector<Answer> naive_answers(const std::string& state);

}  // namespace backout
