#pragma once
// Running one program: no shell, a clean environment, a process group of its own, descriptors 0-2 and nothing else.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/stop.h"

namespace backout {

struct ProcessSpec {
    std::vector<std::string> argv;  ///< argv[0] is looked up in the PATH of `environment` unless it has a '/'
    std::map<std::string, std::string> environment;  ///< the whole environment; see default_environment()
    std::string directory = "/";                     ///< working directory (inside the root)
    Bytes input = {};                                ///< standard input; empty: /dev/null
    Nanoseconds timeout = 0;                         ///< 0: none. At the limit the group gets TERM, then KILL after 5 s
    std::size_t output_limit = 1 << 20;  ///< bytes kept of each stream (head and tail); the rest is read and dropped
    const StopToken* stop = nullptr;     ///< at_once ends the group
    std::function<void(int pid, std::uint64_t start_time)> on_start =
        {};  ///< after fork, before exec goes on: the lease notes the child
};

struct ProcessOutcome {
    bool started = false;  ///< false: the program couldn't be executed (`start_error` says why)
    std::string start_error = {};
    int exit_status = 0;  ///< 0-255; -1 if ended by a signal
    int signal = 0;       ///< terminating signal, else 0
    bool timed_out = false;
    bool stopped = false;  ///< ended because of `stop`
    Bytes output = {};
    Bytes errors = {};
    bool truncated = false;  ///< some output was dropped

    bool succeeded() const { return started && exit_status == 0 && signal == 0 && !timed_out && !stopped; }
    /// "exit 1", "signal 9", "timed out", "could not be started: …".
    std::string summary() const;
};

/// PATH=/usr/local/sbin:…:/bin, LANG=LC_ALL=C.UTF-8, HOME=/ (root: /root), nothing inherited.
std::map<std::string, std::string> default_environment();

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers = {};
    Bytes body = {};
    Nanoseconds timeout = 30 * kSecond;
    std::uint64_t body_limit = 16U << 20;  ///< bytes of the answer that are accepted
    int redirect_limit = 5;                ///< https never goes down to http; credentials stay with their host
};

struct HttpResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers = {};
    Bytes body = {};
};

}  // namespace backout
