#pragma once
// A program as arguments name it, {"argv", "env", "cwd", "stdin"}: shared by commands, their probes and undos, by
// checks and by `validate`. No shell, a clean environment, texts only. Templates stay in the object until it is run.

#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "compensators/argument_reader.h"
#include "host/host.h"

namespace backout {

/// How to run one; the program itself is data.
struct ProgramOptions {
    Nanoseconds timeout = 0;  ///< 0: none
    const StopToken* stop = nullptr;
    std::size_t output_limit = 1U << 20;
    std::function<void(int pid, std::uint64_t start_time)> on_start = {};
};

/// `{argv, env, cwd, stdin}` out of `reader`, complete and with `directory` for a missing cwd. Complains about an empty
/// argv, and about secrets in it: everybody can read the arguments of a process.
Json read_program(ArgumentReader& reader, const std::string& directory);

/// Runs it. Requires: no template is left in `program`. Errors: `canceled` if the run was asked to stop at once;
/// everything else (not started, exit status, time-out) is in the outcome.
Result<ProcessOutcome> run_program(Host& host, const Json& program, const ProgramOptions& options);

/// "nginx -t -c '/etc/my conf'": argv for people, secrets and later values by their names, at most 200 bytes.
std::string describe_argv(const Json& argv);

/// The last lines of what a failed program wrote: printable, at most five lines and 1000 bytes; "" if it wrote nothing.
std::string last_words(const ProcessOutcome& outcome);

}  // namespace backout
