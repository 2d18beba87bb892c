// The whole journal looked at in a child process: whatever damage does to its reader, it does it there.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "journal/ledger.h"
#include "journal/ledger_access.h"
#include "journal/lmdb_journal.h"
#include "journal/open.h"
#include "journal/private_files.h"

namespace backout {

namespace {

constexpr std::size_t kAnswerLimit = 4U << 20;

std::vector<std::string> look(const std::string& directory) {
    // A copy whatever its size: only a copy can be checked page by page beside a writer.
    auto ledger = open_reading_ledger(directory, ~std::uint64_t{0});
    if (!ledger.ok()) return {ledger.error().text()};
    auto findings = (*ledger)->check_all();
    return findings.ok() ? *findings : std::vector<std::string>{findings.error().text()};
}

[[noreturn]] void answer_and_end(int fd, const std::string& directory) {
    const std::string answer = dump_canonical(Json(look(directory))) + "\n";
    for (std::size_t at = 0; at < answer.size();) {
        const ssize_t done = ::write(fd, answer.data() + at, answer.size() - at);
        if (done < 0 && errno != EINTR) _exit(1);
        if (done > 0) at += static_cast<std::size_t>(done);
    }
    _exit(0);
}

Bytes read_answer(int fd) {
    Bytes answer;
    char buffer[4096];
    for (;;) {
        const ssize_t done = ::read(fd, buffer, sizeof buffer);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0 || answer.size() > kAnswerLimit) return answer;
        answer.append(buffer, static_cast<std::size_t>(done));
    }
}

std::vector<std::string> judge(const Bytes& answer, int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        return {journal_damage(std::string("reading it ends by ") + strsignal(WTERMSIG(wait_status))).message};
    }
    const Json findings = Json::parse(answer, nullptr, false);
    if (!findings.is_array()) return {journal_damage("reading it gives no answer").message};
    std::vector<std::string> all;
    for (const auto& finding : findings) {
        if (finding.is_string()) all.push_back(finding.get<std::string>());
    }
    return all;
}

}  // namespace

Result<std::vector<std::string>> check_journal(const JournalOptions& options) {
    const auto presence = journal_presence(options.state_directory);
    if (!presence.ok() && presence.error().code == ErrorCode::journal) {
        return std::vector<std::string>{presence.error().text()};
    }
    if (!presence.ok()) return presence.error();
    if (*presence == JournalPresence::absent) {
        return Error{ErrorCode::not_found, "there is no journal in " + options.state_directory,
                     options.state_directory};
    }
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "pipe", options.state_directory);
    const OwnedFd reading(ends[0]);
    OwnedFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return system_error(errno, "fork", options.state_directory);
    if (child == 0) answer_and_end(writing.get(), options.state_directory);
    writing = OwnedFd();
    const Bytes answer = read_answer(reading.get());
    int wait_status = 0;
    while (::waitpid(child, &wait_status, 0) < 0) {
        if (errno != EINTR) return system_error(errno, "waitpid", options.state_directory);
    }
    return judge(answer, wait_status);
}

}  // namespace backout
