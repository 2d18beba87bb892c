#pragma once
// Work of many small tasks in a child process that may be ended by any of them, or hang in it. The parent notes which
// task it was and starts the next child behind it.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace backout {

struct Verdict {
    std::size_t task = 0;
    std::string wrong = {};
};

struct Counts {
    static constexpr std::size_t kKinds = 8;
    std::size_t tried = 0;
    std::size_t kinds[kKinds] = {};  ///< what the tasks say that came of them
};

/// One task: sets `wrong` if something was, and returns its kind (below Counts::kKinds).
using Task = std::function<std::size_t(std::size_t task, std::string& wrong)>;

/// Runs tasks 0 … `count`-1, those of them that are `lane` modulo `lanes`, none longer than `seconds`.
/// `begin` is called first in each child. Gives up after `most` wrong ones.
std::vector<Verdict> run_watched(std::size_t count, std::size_t lane, std::size_t lanes, unsigned seconds,
                                 std::size_t most, const std::function<void()>& begin, const Task& task,
                                 Counts& counts);

}  // namespace backout
