#pragma once
// The way of a child from fork to exec. Everything it needs is prepared before the fork; between fork and exec only
// async-signal-safe calls are made, for another thread of the parent may have held any lock.

#include <string>
#include <vector>

#include "base/result.h"
#include "host/process.h"

namespace backout {

/// Where the child failed, as it reports to its parent through a pipe.
struct ChildReport {
    enum class Stage : int { root, directory, descriptors, program, interpreter };
    Stage stage = Stage::program;
    int error_number = 0;
};

class ChildPlan {
  public:
    /// Descriptors of the child, all of them 3 or higher.
    struct Descriptors {
        int input = -1;
        int output = -1;
        int errors = -1;
        int gate = -1;         ///< read end: one byte means go, the end means that the parent is dead
        int gate_writer = -1;  ///< the parent's end, closed in the child
        int report = -1;       ///< write end, close-on-exec
        int root = -1;         ///< directory to enter as root, or -1
    };

    /// Requires: `spec` outlives the plan; argv isn't empty and holds no NUL.
    explicit ChildPlan(const ProcessSpec& spec);

    /// In the child: never returns.
    [[noreturn]] void run(const Descriptors& descriptors) const;

  private:
    [[noreturn]] static void fail(const Descriptors& descriptors, ChildReport::Stage stage, int error_number);
    [[noreturn]] void execute(const Descriptors& descriptors) const;

    const char* directory_;
    std::vector<std::string> environment_;
    std::vector<std::string> candidates_;  ///< paths to try, in order
    std::vector<char*> argv_;
    std::vector<char*> envp_;
};

/// The report in words: "no such program: X, looked for in PATH=…".
std::string start_error(const ChildReport& report, const ProcessSpec& spec);

}  // namespace backout
