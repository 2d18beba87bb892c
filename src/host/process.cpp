#include "host/process.h"

#include <unistd.h>

namespace backout {

std::string ProcessOutcome::summary() const {
    if (!started) return "could not be started: " + start_error;
    if (timed_out) return "timed out";
    if (stopped) return "stopped on request";
    if (signal != 0) return "signal " + std::to_string(signal);
    return "exit " + std::to_string(exit_status);
}

std::map<std::string, std::string> default_environment() {
    return {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            {"LANG", "C.UTF-8"},
            {"LC_ALL", "C.UTF-8"},
            {"HOME", ::geteuid() == 0 ? "/root" : "/"}};
}

}  // namespace backout
