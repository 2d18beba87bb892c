#include "cli/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/environment.h"

namespace backout {

namespace {

constexpr std::size_t kInputLimit = std::size_t{1} << 30U;

class OwnedFd {
  public:
    explicit OwnedFd(int fd) : fd_(fd) {}
    ~OwnedFd() {
        if (fd_ > STDERR_FILENO) ::close(fd_);
    }
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

Error unreadable(const std::string& name, int error_number) {
    // With a place, as every error of a manifest, a plan or inputs has one.
    const std::string why = std::generic_category().message(error_number);
    Error error{ErrorCode::invalid, printable(name) + ":1:1: can't be read: " + why, name};
    error.system_errno = error_number;
    return error;
}

Error too_large(const std::string& name) {
    return {ErrorCode::invalid, printable(name) + ":1:1: is larger than 1 GiB", name};
}

Result<std::string> read_to_end(int fd, const std::string& name) {
    std::string text;
    struct stat status {};
    if (::fstat(fd, &status) == 0 &&
        S_ISREG(status.st_mode)) {  // told before it is read; and no room for twice as much
        if (static_cast<std::uint64_t>(status.st_size) > kInputLimit) return too_large(name);
        text.reserve(static_cast<std::size_t>(status.st_size) + 1);
    }
    std::array<char, 1U << 16> buffer{};
    while (true) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            return Error{ErrorCode::canceled, "interrupted while reading " + printable(name)};
        if (got < 0) return unreadable(name, errno);
        if (got == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > kInputLimit) return too_large(name);
    }
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Where the name really leads: relative paths of a manifest are relative to the folder that holds it.
std::string directory_of(const std::string& name, const std::string& working_directory) {
    return parent_of(path_from(name, working_directory));
}

Status may_replace(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return errno == ENOENT ? Status{} : Status{system_error(errno, "lstat", path)};
    if (S_ISREG(status.st_mode)) return {};
    return Error{ErrorCode::usage, "-o: " + printable(path) + " is there and is no regular file; give another name",
                 path};
}

Status write_and_sync(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error(errno, "write", path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fchmod(fd, S_IRUSR | S_IWUSR) != 0) return system_error(errno, "fchmod", path);
    return ::fsync(fd) == 0 ? Status{} : Status{system_error(errno, "fsync", path)};
}

Status sync_directory(const std::string& path) {
    const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return system_error(errno, "open", path);
    return ::fsync(fd.get()) == 0 ? Status{} : Status{system_error(errno, "fsync", path)};
}

}  // namespace

bool looks_like_plan(const std::string& text) {
    // A manifest may hold comments, a plan doesn't: what isn't strict JSON is no plan. Only the top level is looked at.
    bool is_plan = false;
    bool at_format = false;
    const auto callback = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (event == Json::parse_event_t::key && depth == 1) at_format = parsed == "format";
        if (event == Json::parse_event_t::value && depth == 1 && at_format && parsed.is_string()) {
            is_plan = parsed.get<std::string>().rfind("backout-plan/", 0) == 0;
        }
        return depth <= 1;  // nothing deeper is kept in memory
    };
    const Json ignored = Json::parse(text, callback, false, true);
    return is_plan;
}

Status check_output(const std::string& path, const std::vector<std::string>& inputs) {
    BACKOUT_TRY(may_replace(path));
    const std::string folder = parent_of(path);
    struct stat there {};
    if (::stat(folder.c_str(), &there) != 0 || !S_ISDIR(there.st_mode)) {
        return Error{ErrorCode::not_found,
                     "-o: the folder " + printable(folder) + " does not exist; make it, or give another name", folder};
    }
    struct stat output {};
    if (::stat(path.c_str(), &output) != 0) return {};
    for (const std::string& name : inputs) {
        struct stat input {};
        if (::stat(name.c_str(), &input) != 0 || input.st_ino != output.st_ino || input.st_dev != output.st_dev)
            continue;
        return Error{ErrorCode::usage, "-o: " + printable(name) + " is what is read; give another name", name};
    }
    return {};
}

Result<InputText> read_input(const std::string& name, const std::string& working_directory) {
    InputText input;
    input.name = name;
    if (name.empty()) return Error{ErrorCode::usage, "the name of the file is empty"};
    if (name == "-") {
        input.directory = working_directory;
        BACKOUT_TRY_ASSIGN(input.text, read_to_end(STDIN_FILENO, "standard input"));
    } else {
        const OwnedFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (fd.get() < 0) return unreadable(name, errno);
        input.directory = directory_of(name, working_directory);
        BACKOUT_TRY_ASSIGN(input.text, read_to_end(fd.get(), name));
    }
    input.is_plan = looks_like_plan(input.text);
    return input;
}

Status write_output(const std::string& path, const std::string& text) {
    BACKOUT_TRY(may_replace(path));
    SystemIdSource ids;
    const std::string beside = path + "." + ids.random_name(8);
    {
        const OwnedFd fd(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
        if (fd.get() < 0) return system_error(errno, "write", path);
        const Status written = write_and_sync(fd.get(), text, path);
        if (!written.ok()) {
            (void)::unlink(beside.c_str());
            return written;
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const Error error = system_error(errno, "rename", path);
        (void)::unlink(beside.c_str());
        return error;
    }
    return sync_directory(parent_of(path));
}

}  // namespace backout
