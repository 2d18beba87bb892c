#include "planner/problem_list.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"

namespace backout {

namespace {

constexpr std::size_t kMostLines = 100;

// What a manifest is refused for. Other codes say what the machine is short of, and only if nothing else is wrong.
bool keeps_its_code(ErrorCode code) {
    return code == ErrorCode::not_permitted || code == ErrorCode::no_space || code == ErrorCode::canceled ||
           code == ErrorCode::timeout || code == ErrorCode::io;
}

}  // namespace

void ProblemList::add(Position position, ErrorCode code, const std::string& message) {
    add(Error{code, source_name_ + ":" + to_string(position) + ": " + message});
}

void ProblemList::add(const Error& error) {
    codes_.push_back(error.code);
    if (lines_.size() < kMostLines) {
        lines_.push_back(error.text());
    } else {
        ++left_out_;
    }
}

Error ProblemList::to_error() const {
    BACKOUT_ASSERT(!empty());
    const bool alike =
        std::all_of(codes_.begin(), codes_.end(), [&](ErrorCode code) { return code == codes_.front(); });
    std::string text = join(lines_, "\n");
    if (left_out_ > 0) text += "\n… and " + std::to_string(left_out_) + " more";
    return Error{alike && keeps_its_code(codes_.front()) ? codes_.front() : ErrorCode::invalid, text};
}

}  // namespace backout
