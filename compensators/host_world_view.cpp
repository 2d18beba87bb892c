#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "compensators/tree.h"
#include "compensators/world_view.h"

namespace backout {
namespace {

class HostWorldView final : public WorldView {
  public:
    explicit HostWorldView(Host& host) : host_(host) {}

    Result<std::string> key_of(const std::string& path) override {
        std::string existing = path;
        std::string rest;
        for (;;) {
            Result<Location> location = host_.locate(existing);
            if (location.ok()) return key_below(*location, rest);
            if (location.error().code != ErrorCode::not_found) return location.error();
            while (existing.size() > 1 && existing.back() == '/') existing.pop_back();
            const std::size_t slash = existing.rfind('/');
            if (slash == std::string::npos || existing.size() <= 1) return location.error();
            const std::string last = existing.substr(slash + 1);
            if (last != ".") rest = "/" + last + rest;
            existing.erase(slash == 0 ? 1 : slash);
        }
    }

    Result<Seen> look(const std::string& path) override {
        return look_with(path,
                         [](const Location& location) { return capture_state(*location.directory, location.name); });
    }

    Result<Seen> look_at_attributes(const std::string& path) override {
        return look_with(path, [](const Location& location) -> Result<EntryState> {
            BACKOUT_TRY_ASSIGN(const FileStatus status, location.directory->status(location.name));
            return capture_attributes(*location.directory, location.name, status);
        });
    }

    Result<Seen> look_tree(const std::string& path) override {
        return look_with(path, [](const Location& location) -> Result<EntryState> {
            BACKOUT_TRY_ASSIGN(const auto entries, capture_tree(*location.directory, location.name));
            return summarize_tree(entries);
        });
    }

    Result<Bytes> read(const std::string& path, std::uint64_t limit) override { return read_file(host_, path, limit); }

    Result<std::vector<std::string>> list(const std::string& path) override {
        BACKOUT_TRY_ASSIGN(const auto directory, host_.open_directory(path));
        return directory->list();
    }

  private:
    /// `rest` are components that don't exist yet. They can only come to be in a directory.
    static Result<std::string> key_below(const Location& location, const std::string& rest) {
        if (rest.empty()) return location.key();
        BACKOUT_TRY_ASSIGN(const FileStatus status, location.directory->status(location.name));
        if (status.type == EntryType::absent || status.type == EntryType::directory) return location.key() + rest;
        return Error{ErrorCode::wrong_type,
                     printable(location.key()) + " is a " + to_string(status.type) +
                         (status.type == EntryType::symlink ? " that leads nowhere" : "") + ", not a directory",
                     location.key()};
    }

    template <typename Capture>
    Result<Seen> look_with(const std::string& path, Capture capture) {
        Seen seen;
        const Result<Location> location = host_.locate(path);
        if (!location.ok()) {
            if (location.error().code == ErrorCode::not_found) return seen;
            return location.error();
        }
        BACKOUT_TRY_ASSIGN(seen.state, capture(*location));
        BACKOUT_TRY_ASSIGN(const FileStatus status, location->directory->status(location->name));
        BACKOUT_TRY_ASSIGN(const FileStatus parent, location->directory->own_status());
        seen.link_count = status.link_count;
        seen.mount_point = status.present() && status.mount != parent.mount;
        return seen;
    }

    Host& host_;
};

}  // namespace

std::unique_ptr<WorldView> make_host_world_view(Host& host) {
    return std::make_unique<HostWorldView>(host);
}

}  // namespace backout
