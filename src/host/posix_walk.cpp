#include "host/posix_walk.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <cstdint>
#include <deque>

#include "base/text.h"
#include "host/posix_status.h"

namespace backout {
namespace {

/// What is still to be entered; with an empty name: the end of a link, where its owner is judged.
struct Pending {
    std::string name;
    std::uint32_t link_owner = 0;
    std::string link = {};
};

class Walker {
  public:
    explicit Walker(int root_fd) : root_fd_(root_fd) {}

    Result<WalkedDirectory> run(const std::vector<std::string>& components) {
        for (const std::string& name : components) pending_.push_back({name});
        while (!pending_.empty()) {
            Pending next = std::move(pending_.front());
            pending_.pop_front();
            BACKOUT_TRY(next.name.empty() ? check_owner(next) : enter(std::move(next.name)));
        }
        BACKOUT_TRY(open_current());
        return WalkedDirectory{std::move(current_), current_path()};
    }

  private:
    std::string current_path() const { return "/" + join(resolved_, "/"); }

    /// ".." only comes out of links. The parent is reached by its name from the root, not through the descriptor: a
    /// directory that was moved meanwhile would lead out.
    Status enter(std::string name) {
        if (name == "..") {
            if (!resolved_.empty()) resolved_.pop_back();
            current_.reset();
            return {};
        }
        BACKOUT_TRY(open_current());
        const std::string path = join_path(current_path(), name);
        BACKOUT_TRY_ASSIGN(const int opened, open_entry(current_.get(), name, path));
        UniqueFd entry(opened);
        BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(entry.get(), "", path));
        if (found.status.type == EntryType::symlink) return follow(entry.get(), found.status, path);
        if (found.status.type != EntryType::directory) return not_a_directory(path, found.status.type);
        current_ = std::move(entry);
        resolved_.push_back(std::move(name));
        return {};
    }

    static Error not_a_directory(const std::string& path, EntryType type) {
        return Error{ErrorCode::wrong_type, printable(path) + " is not a directory but a " + to_string(type), path};
    }

    Status open_current() {
        if (current_.valid()) return {};
        UniqueFd directory(::fcntl(root_fd_, F_DUPFD_CLOEXEC, 3));
        if (!directory.valid()) return system_error(errno, "dup", "/");
        std::string path = "/";
        for (const std::string& name : resolved_) {
            path = join_path(path, name);
            const int flags = O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC;
            const int next = retry_interrupted([&] { return ::openat(directory.get(), name.c_str(), flags); });
            if (next < 0) return system_error(errno, "open", path);
            directory = UniqueFd(next);
        }
        current_ = std::move(directory);
        return {};
    }

    Status follow(int link, const FileStatus& status, const std::string& path) {
        if (++links_ > kMaximumLinks) return too_many_links(path);
        BACKOUT_TRY(refuse_magic(link, path));
        std::string target(kMaximumPath + 1, '\0');
        const ssize_t length = ::readlinkat(link, "", target.data(), target.size());
        if (length < 0) return system_error(errno, "readlink", path);
        target.resize(static_cast<std::size_t>(length));
        if (!target.empty() && target.front() == '/') {
            resolved_.clear();
            current_.reset();
        }
        if (status.uid != 0 && status.uid != ::geteuid()) pending_.push_front({"", status.uid, path});
        std::vector<std::string> names = split_link_target(target);
        for (auto name = names.rbegin(); name != names.rend(); ++name) pending_.push_front({std::move(*name)});
        return {};
    }

    /// Links in /proc may be magic (they lead to an object, not to the path they show), so none is followed there.
    static Status refuse_magic(int link, const std::string& path) {
        struct statfs file_system {};
        if (::fstatfs(link, &file_system) != 0) return system_error(errno, "statfs", path);
        if (file_system.f_type != PROC_SUPER_MAGIC) return {};
        return Error{ErrorCode::not_permitted, "links in /proc are not followed: " + printable(path), path};
    }

    /// rpm's rule: a link counts if root, this user, or the owner of the directory that it leads to made it. Anybody
    /// may make a link to /etc; only who owns what it leads to may send us there.
    Status check_owner(const Pending& end) {
        BACKOUT_TRY(open_current());
        BACKOUT_TRY_ASSIGN(const PosixStatus reached, posix_status(current_.get(), "", current_path()));
        if (reached.status.uid == end.link_owner) return {};
        return untrusted_link(end.link, end.link_owner, current_path());
    }

    int root_fd_;
    UniqueFd current_;  ///< the directory of resolved_; invalid: to be opened again
    std::vector<std::string> resolved_;
    std::deque<Pending> pending_;
    int links_ = 0;
};

}  // namespace

Result<WalkedDirectory> walk(int root_fd, const std::vector<std::string>& components) {
    return Walker(root_fd).run(components);
}

}  // namespace backout
