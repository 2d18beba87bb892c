#pragma once

#include <sys/types.h>

#include <csignal>
#include <set>
#include <string>

#include "disk.h"
#include "options.h"
#include "tracee.h"

// The tree of processes at work, and what becomes of it.

namespace crashlab {

class Watch {
  public:
    explicit Watch(const Options& options);

    /// Returns the exit status of this tool.
    int run();

    static void note_timeout(int signal);

  private:
    enum class Next { go_on, see_result, stand_still };

    void start();
    void handle(pid_t process, int status);
    void ended(pid_t process, int status);
    void at_call(pid_t process);
    void after_call(pid_t process);
    Next at_point(pid_t process, const Asked& asked);
    Next everywhere(const Asked& asked);
    Next act(pid_t process, const Asked& asked);
    Next halve(pid_t process, const Asked& asked, Next after);
    void cut(bool keep_log);
    Next end(pid_t process);
    void end_all();
    void note(pid_t process, const Asked& asked);
    void run_hook(const Asked& asked) const;
    void report();
    int status() const;

    const Options& options_;
    Disk disk_;
    pid_t root_ = -1;
    std::set<pid_t> live_;
    std::set<pid_t> awaited_;  ///< let into a call whose end is to be seen
    long points_ = 0;
    bool acted_ = false;
    bool killed_ = false;
    bool reported_ = false;
    int exit_ = -1;
    std::string call_ = "none";
    std::string path_;

    static volatile std::sig_atomic_t timed_out_;
};

}  // namespace crashlab
