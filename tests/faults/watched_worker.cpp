#include "faults/watched_worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace backout {

namespace {

/// What the child tells: in memory that both see, for a child that is ended tells nothing else any more.
struct Shared {
    std::atomic<std::size_t> at;
    Counts counts;
};

Shared* make_shared() {
    void* const place = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return place == MAP_FAILED ? nullptr : new (place) Shared{};
}

/// A wrong one is a line "TASK TEXT" in the pipe.
[[noreturn]] void work(Shared& shared, int out, std::size_t from, std::size_t count, std::size_t lanes,
                       std::size_t most, const std::function<void()>& begin, const Task& task) {
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    begin();
    for (std::size_t at = from; at < count; at += lanes) {
        shared.at = at;
        std::string wrong;
        const std::size_t kind = task(at, wrong);
        ++shared.counts.tried;
        ++shared.counts.kinds[kind % Counts::kKinds];
        if (wrong.empty()) continue;
        if (most-- == 0) break;
        for (char& c : wrong) c = c == '\n' ? ' ' : c;
        const std::string line = std::to_string(at) + " " + wrong.substr(0, 600) + "\n";
        if (::write(out, line.data(), line.size()) < 0) _exit(3);
    }
    _exit(0);
}

void read_lines(const std::string& text, std::vector<Verdict>& verdicts) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::size_t space = text.find(' ', at);
        verdicts.push_back({std::strtoull(text.c_str() + at, nullptr, 10), text.substr(space + 1, end - space - 1)});
        at = end + 1;
    }
}

/// "" if the child came to its end; else how it was ended.
std::string watch(pid_t child, int in, const Shared& shared, unsigned seconds, std::string& lines) {
    bool hung = false;
    for (std::size_t last = ~std::size_t{0};;) {
        pollfd look = {in, POLLIN, 0};
        const int ready = ::poll(&look, 1, static_cast<int>(seconds) * 1000);
        if (ready == 0 && shared.at == last) {
            hung = true;
            ::kill(child, SIGKILL);
            break;
        }
        last = shared.at;
        if (ready <= 0) continue;
        char buffer[4096];
        const ssize_t done = ::read(in, buffer, sizeof buffer);
        if (done <= 0) break;
        lines.append(buffer, static_cast<std::size_t>(done));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (hung) return "it hangs";
    if (WIFSIGNALED(status)) return std::string("it is ended by signal ") + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "it ends with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::vector<Verdict> run_watched(std::size_t count, std::size_t lane, std::size_t lanes, unsigned seconds,
                                 std::size_t most, const std::function<void()>& begin, const Task& task,
                                 Counts& counts) {
    std::vector<Verdict> verdicts;
    Shared* const shared = make_shared();
    if (shared == nullptr) return {{0, "no memory to share"}};
    for (std::size_t from = lane; from < count && verdicts.size() < most;) {
        int ends[2] = {-1, -1};
        if (::pipe(ends) != 0) return {{from, "no pipe"}};
        shared->at = from;
        const pid_t child = ::fork();
        if (child < 0) return {{from, "no child"}};
        if (child == 0) {
            ::close(ends[0]);
            work(*shared, ends[1], from, count, lanes, most - verdicts.size(), begin, task);
        }
        ::close(ends[1]);
        std::string lines;
        const std::string ended = watch(child, ends[0], *shared, seconds, lines);
        ::close(ends[0]);
        read_lines(lines, verdicts);
        if (ended.empty()) break;
        verdicts.push_back({shared->at, ended});
        ++shared->counts.tried;
        from = shared->at + lanes;
    }
    counts = shared->counts;
    ::munmap(shared, sizeof(Shared));
    return verdicts;
}

}  // namespace backout
