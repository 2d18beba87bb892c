#pragma once
// Checks: questions to the world that change nothing. One object asks one thing: of a command, of a URL, of a TCP port
// or of a file; it may be asked again and again within a time. The kind `check` and the `verify` lists of steps and
// manifests share this. It decides nothing: what follows from an answer is the engine's affair.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/stop.h"
#include "compensators/argument_reader.h"
#include "host/host.h"

namespace backout {

struct CheckOutcome {
    bool passed = false;
    int tries = 0;
    std::string reason = {};  ///< of the last try, also of a good one: "exit 0", "status 200"
    Nanoseconds duration = 0;
};

/// All complaints about a check object; empty if it is sound. Templates pass as texts. Pure.
std::vector<std::string> validate_check(const Json& check);

/// "command app --check", "http http://…", "tcp host:22", "file /etc/x is absent": what it asks, in one line.
std::string describe_check(const Json& check);

/// The same for people's eyes: without the values of headers and variables, and without a password in the URL.
Json check_without_secrets(const Json& check);

/// Asks until the answer is yes or `within` is over; without `within` once. Relative paths, and commands without `cwd`,
/// are taken from `directory`. Requires: templates are expanded.
/// Errors: `invalid` for an unsound check, `canceled` if `stop` says at_once. A no is a value.
Result<CheckOutcome> run_check(Host& host, Clock& clock, const Json& check, const StopToken* stop,
                               const std::string& directory);

/// The keys of a check object, for schemas.
const std::vector<std::string>& check_keys();

}  // namespace backout
