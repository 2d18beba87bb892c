#pragma once
// What went wrong, in words a person can act on. An Error is a value: rooms return it, add one line of context
// each (`in`), and the command line turns its code into an exit status. It never carries a secret.

#include <string>
#include <utility>
#include <vector>

namespace backout {

/// The class of a failure. Each maps to one exit status (CLI, "exit codes") and is stable in JSON output.
enum class ErrorCode {
    failed,         ///< an operation of a step failed; the run decides what follows (exit 1)
    conflict,       ///< somebody else changed what a step was about to touch (exit 3 when it stays)
    in_doubt,       ///< it can't be known whether an effect happened (a person or a probe must say)
    stale,          ///< the world, or the use of a plan, is no longer what the plan says (exit 6)
    unfinished,     ///< an unfinished run is in the way (exit 5)
    usage,          ///< wrong command line, or consent missing (exit 64)
    invalid,        ///< manifest, plan or input malformed, or not to be met (exit 65)
    journal,        ///< journal damaged, unwritable, or newer than this program (exit 74)
    locked,         ///< another process holds the lease (exit 75)
    not_permitted,  ///< the operating system or a safety rule refuses (exit 77)
    not_found,      ///< the named thing is absent
    exists,         ///< the named thing is present already
    wrong_type,     ///< a directory where a file was expected, and so on
    cross_device,   ///< two names are on different mounts: no rename, exchange or link between them
    unsupported,    ///< the file system or the kernel doesn't offer the operation
    no_space,       ///< disk or quota full
    io,             ///< any other error of the operating system
    timeout,        ///< a limit in time was reached
    canceled,       ///< a signal or the embedding program asked to stop
};

/// Stable lower-case name of a code, as in JSON output ("not_permitted").
const char* to_string(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::failed;
    std::string message;                    ///< one sentence without a final full stop: what, and how to mend it
    std::string path = {};                  ///< the file or resource concerned; empty if none
    int system_errno = 0;                   ///< errno of the failed call; 0 if none
    std::vector<std::string> context = {};  ///< outermost last: "while staging step 3 (conf)"

    /// The same error with one more line of context.
    Error in(std::string where) &&;
    Error in(std::string where) const&;
    /// "context: context: message", for one line of output.
    std::string text() const;
};

/// An Error for a failed system call: code from errno, message "CALL PATH: strerror".
Error system_error(int error_number, const std::string& call, const std::string& path);

}  // namespace backout
