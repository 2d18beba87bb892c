#include "journal/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "journal/private_files.h"

namespace backout {

namespace {

/// The file is rewritten in one piece of this size, so that a reader or a crash never sees half of it, and no new space
/// is needed on a full disk.
constexpr std::size_t kLeaseSize = 4096;
constexpr std::size_t kCommandLimit = 1024;
/// A reader that looks whether the lease is held may hold it shared for an instant: a writer isn't put off by that.
constexpr Nanoseconds kReaderGrace = 50 * kMillisecond;
constexpr Nanoseconds kPoll = 5 * kMillisecond;

struct LeaseContent {
    LeaseHolder holder;
    ChildAtWork child;
};

std::string lease_path(const std::string& directory) {
    return directory + "/lease";
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

/// The words of /proc/PID/stat from the third field (state) on; empty if there is no such process, or only its zombie.
/// The name before them may hold anything.
std::vector<std::string> live_stat_of(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string text;
    if (!std::getline(file, text)) return {};
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return {};
    std::vector<std::string> words = split(text.substr(std::min(end_of_name + 2, text.size())), ' ');
    constexpr std::size_t kStartTime = 19;
    if (words.size() <= kStartTime || words[0] == "Z" || words[0] == "X") return {};
    return words;
}

/// Field 22; 0 if it isn't alive.
std::uint64_t start_time_of(int pid) {
    const auto words = live_stat_of(std::to_string(pid));
    return words.empty() ? 0 : std::strtoull(words[19].c_str(), nullptr, 10);
}

/// Whether the process group has a member that isn't a zombie: kill(2) counts zombies too, and nobody may ever reap
/// them.
bool group_lives(int group) {
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto words = live_stat_of(name);
        if (words.size() > 2 && words[2] == std::to_string(group)) return true;
    }
    return false;
}

/// The child itself, or what is left of its process group: a group's number isn't given away while it has members.
bool still_at_work(const ChildAtWork& child) {
    if (child.pid <= 1 || child.boot.empty() || child.boot != boot_id()) return false;
    const std::uint64_t started = start_time_of(child.pid);
    if (started != 0) return started == child.start_time;
    return group_lives(child.pid);
}

Bytes encode(const LeaseContent& content) {
    const LeaseHolder& holder = content.holder;
    Json json{{"pid", holder.pid},
              {"user", holder.user.substr(0, 256)},
              {"command", holder.command.substr(0, kCommandLimit)},
              {"since", holder.since},
              {"child", nullptr}};
    if (content.child.pid != 0) {
        json["child"] =
            Json{{"pid", content.child.pid}, {"start_time", content.child.start_time}, {"boot", content.child.boot}};
    }
    Bytes text = dump_canonical(json);
    // Control characters become six bytes each in JSON: who gives a command like that isn't told it back.
    if (text.size() > kLeaseSize - 1) {
        json["command"] = "";
        text = dump_canonical(json);
    }
    text.resize(kLeaseSize - 1, ' ');
    return text + "\n";
}

/// Whatever stands there gives an answer: a file that was never filled names nobody.
LeaseContent decode(const Bytes& text) {
    const Json json = Json::parse(text, nullptr, false);
    LeaseContent content;
    content.holder.pid = static_cast<int>(int_member(json, "pid", 0));
    content.holder.user = string_member(json, "user");
    content.holder.command = string_member(json, "command");
    content.holder.since = int_member(json, "since", 0);
    const Json& child = member(json, "child");
    content.child.pid = static_cast<int>(int_member(child, "pid", 0));
    content.child.start_time = static_cast<std::uint64_t>(int_member(child, "start_time", 0));
    content.child.boot = string_member(child, "boot");
    return content;
}

class FileLease final : public Lease {
  public:
    FileLease(OwnedFd fd, OwnedFd directory, std::string path, LeaseContent content)
        : fd_(std::move(fd)),
          directory_(std::move(directory)),
          path_(std::move(path)),
          content_(std::move(content)),
          previous_(content_.child) {}

    Status note_child(const ChildAtWork& child) override {
        content_.child = child;
        return write();
    }

    std::optional<ChildAtWork> orphan() override {
        if (!still_at_work(previous_)) return {};
        return previous_;
    }

    Status write() { return write_at(fd_.get(), 0, encode(content_), path_); }

  private:
    OwnedFd fd_;         ///< closing it gives the lease back
    OwnedFd directory_;  ///< locked as well: it can't be deleted while it holds anything
    std::string path_;
    LeaseContent content_;
    ChildAtWork previous_;
};

/// Opens the lease file, making it if need be. Not through a link, not a fifo, ours alone.
Result<OwnedFd> open_lease_file(const std::string& path) {
    const Status made = write_new_private_file(path, Bytes(kLeaseSize, ' '));
    if (!made.ok() && made.error().code != ErrorCode::exists) return made.error();
    return open_private_file(path, O_RDWR);
}

bool is_file_at(int fd, const std::string& path) {
    struct stat opened {};
    struct stat named {};
    return fstat(fd, &opened) == 0 && lstat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

Error held_by(const LeaseHolder& holder, const std::string& directory) {
    std::string who = "another process";
    if (holder.pid != 0) {
        who = "process " + std::to_string(holder.pid) + " of " + printable(holder.user) + " (" +
              printable(holder.command) + ") since " + format_time(holder.since);
    }
    return {ErrorCode::locked, "the state directory is in use by " + who + ": wait for it, or give --lock-timeout",
            directory};
}

enum class Attempt { taken, busy, replaced };

Result<bool> lock(int fd, const std::string& path) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return system_error(errno, "flock", path);
}

/// The file, then the directory: whoever deletes the file under a run lets nobody in beside it.
Result<Attempt> try_lock(int fd, int directory, const std::string& path) {
    BACKOUT_TRY_ASSIGN(const bool taken, lock(fd, path));
    if (!taken) return Attempt::busy;
    // Deleted or replaced between open and lock: a lock on a file that nobody else will find excludes nobody.
    if (!is_file_at(fd, path)) return Attempt::replaced;
    BACKOUT_TRY_ASSIGN(const bool both, lock(directory, path));
    if (both) return Attempt::taken;
    ::flock(fd, LOCK_UN);
    return Attempt::busy;
}

Result<OwnedFd> open_state_directory(const std::string& path) {
    OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return system_error(errno, "open", path);
    return fd;
}

/// From /proc/locks: who holds a write flock on this inode, 0 for nobody. Looking there takes no lock at all. Not every
/// file system has the same device number there as in stat, and a holder in another pid namespace isn't listed.
int listed_as_locked(const struct stat& status) {
    std::ifstream locks("/proc/locks");
    std::ostringstream wanted;
    wanted.fill('0');
    wanted << std::hex;
    wanted.width(2);
    wanted << major(status.st_dev) << ':';
    wanted.width(2);
    wanted << minor(status.st_dev) << std::dec << ':' << status.st_ino;
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number;
        std::string kind;
        std::string advisory;
        std::string access;
        int pid = 0;
        std::string place;
        words >> number >> kind >> advisory >> access >> pid >> place;
        if (kind == "FLOCK" && access == "WRITE" && place == wanted.str()) return pid;
    }
    return 0;
}

/// Somebody at work whose lease file was deleted: only the lock on the directory tells.
std::optional<LeaseHolder> holder_without_file(const std::string& directory) {
    struct stat status {};
    if (lstat(directory.c_str(), &status) != 0) return {};
    LeaseHolder holder;
    holder.pid = listed_as_locked(status);
    holder.command = "its file 'lease' was deleted";
    return holder.pid == 0 ? std::optional<LeaseHolder>{} : holder;
}

}  // namespace

Result<std::unique_ptr<Lease>> acquire_lease(const std::string& state_directory, const LeaseHolder& self, Clock& clock,
                                             Nanoseconds timeout, const StopToken* stop) {
    BACKOUT_TRY(check_private_directory(state_directory));
    const std::string path = lease_path(state_directory);
    const Nanoseconds deadline = clock.monotonic() + std::max(timeout, kReaderGrace);
    BACKOUT_TRY_ASSIGN(OwnedFd fd, open_lease_file(path));
    BACKOUT_TRY_ASSIGN(OwnedFd directory, open_state_directory(state_directory));
    for (;;) {
        BACKOUT_TRY_ASSIGN(const Attempt attempt, try_lock(fd.get(), directory.get(), path));
        if (attempt == Attempt::taken) break;
        if (stop != nullptr && stop->level() != StopLevel::none) {
            return Error{ErrorCode::canceled, "stopped while waiting for the state directory", state_directory};
        }
        if (clock.monotonic() >= deadline) {
            BACKOUT_TRY_ASSIGN(const Bytes text, read_at(fd.get(), 0, kLeaseSize, path));
            return held_by(decode(text).holder, state_directory);
        }
        clock.sleep(kPoll);
        if (attempt == Attempt::replaced) {
            BACKOUT_TRY_ASSIGN(fd, open_lease_file(path));
        }
    }
    BACKOUT_TRY_ASSIGN(const Bytes before, read_at(fd.get(), 0, kLeaseSize, path));
    LeaseContent content;
    content.holder = self;
    content.child = decode(before).child;
    // An orphan stays noted until we start a child of our own, lest a second crash forgets it.
    auto lease = std::make_unique<FileLease>(std::move(fd), std::move(directory), path, content);
    BACKOUT_TRY(lease->write());
    return std::unique_ptr<Lease>(std::move(lease));
}

Result<std::optional<LeaseHolder>> lease_holder(const std::string& state_directory) {
    const std::string path = lease_path(state_directory);
    auto fd = open_private_file(path, O_RDONLY);
    if (!fd.ok()) {
        if (fd.error().code == ErrorCode::not_found) return holder_without_file(state_directory);
        return fd.error();
    }
    struct stat status {};
    if (fstat(fd->get(), &status) != 0) return system_error(errno, "fstat", path);
    if (listed_as_locked(status) == 0) {
        // Closing gives it back.
        if (::flock(fd->get(), LOCK_SH | LOCK_NB) == 0) return holder_without_file(state_directory);
        if (errno != EWOULDBLOCK) return system_error(errno, "flock", path);
    }
    BACKOUT_TRY_ASSIGN(const Bytes text, read_at(fd->get(), 0, kLeaseSize, path));
    return std::optional<LeaseHolder>{decode(text).holder};
}

std::optional<ChildAtWork> child_at_work(const std::string& state_directory) {
    const std::string path = lease_path(state_directory);
    const auto fd = open_private_file(path, O_RDONLY);
    if (!fd.ok()) return {};
    const Result<Bytes> text = read_at(fd->get(), 0, kLeaseSize, path);
    if (!text.ok()) return {};
    const ChildAtWork child = decode(*text).child;
    if (!still_at_work(child)) return {};
    return child;
}

}  // namespace backout
