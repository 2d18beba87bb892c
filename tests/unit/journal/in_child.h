#pragma once
// Work in a child process: what would end the test program, or must be killed in the middle, happens there.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace backout {

/// Runs `work` in a child and gives what it answered; "signal N" if it was ended by one.
inline std::string answer_of_child(const std::function<std::string()>& work) {
    int ends[2];
    if (::pipe(ends) != 0) ADD_FAILURE() << "pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string answer = work();
        for (std::size_t at = 0; at < answer.size();) {
            const ssize_t done = ::write(ends[1], answer.data() + at, answer.size() - at);
            if (done <= 0) _exit(1);
            at += static_cast<std::size_t>(done);
        }
        _exit(0);
    }
    ::close(ends[1]);
    std::string answer;
    char buffer[4096];
    for (ssize_t done = 0; (done = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        answer.append(buffer, static_cast<std::size_t>(done));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
    return answer;
}

}  // namespace backout
