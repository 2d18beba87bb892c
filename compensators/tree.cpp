#include "compensators/tree.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/digest.h"

namespace backout {
namespace {

/// ".backout-UID": before-images wait there, on mounts where the state directory isn't. They are no part of anybody's
/// tree: a run that deleted or opened them would take its own undo away.
bool is_image_store_name(const std::string& name) {
    static const std::string kStart = ".backout-";
    return name.size() > kStart.size() && name.compare(0, kStart.size(), kStart) == 0 &&
           name.find_first_not_of("0123456789", kStart.size()) == std::string::npos;
}

/// Depth first with a stack of its own: a hostile tree must not end the process by its depth. Names are visited sorted,
/// but the entries of "a" come before "a.b" though "a.b" < "a/x" by bytes: callers that need the order of whole paths
/// sort.
class Walker {
  public:
    using OnMount = std::function<void(const std::string&)>;
    Walker(const std::function<Status(const TreeStep&)>& visit, const OnMount& on_mount)
        : visit_(visit), on_mount_(on_mount) {}

    Status run(Directory& directory, const std::string& name) {
        BACKOUT_TRY_ASSIGN(const FileStatus top, directory.status(name));
        if (!top.present()) return {};
        mount_ = top.mount;
        device_ = top.device;
        BACKOUT_TRY(visit_({directory, name, std::string(), top}));
        if (top.type != EntryType::directory) return {};
        BACKOUT_TRY(enter(directory, name, ""));
        while (!open_.empty()) BACKOUT_TRY(advance());
        return {};
    }

  private:
    struct Level {
        std::shared_ptr<Directory> directory;
        std::string prefix;
        std::vector<std::string> names;
        std::size_t next = 0;
    };

    Status enter(Directory& directory, const std::string& name, const std::string& path) {
        BACKOUT_TRY_ASSIGN(auto opened, directory.open_directory(name));
        BACKOUT_TRY_ASSIGN(auto names, opened->list());
        names.erase(std::remove_if(names.begin(), names.end(), is_image_store_name), names.end());
        open_.push_back({std::move(opened), path.empty() ? "" : path + "/", std::move(names)});
        return {};
    }

    Status advance() {
        if (open_.back().next == open_.back().names.size()) {
            open_.pop_back();
            return {};
        }
        const std::shared_ptr<Directory> directory = open_.back().directory;
        const std::string name = open_.back().names[open_.back().next++];
        const std::string path = open_.back().prefix + name;
        BACKOUT_TRY_ASSIGN(const FileStatus status, directory->status(name));
        if (!status.present()) return {};  // gone since the listing
        const std::string full = directory->path() + "/" + name;
        const bool mounted = status.mount != mount_ || status.device != device_;
        if (mounted && on_mount_) {
            on_mount_(full);
            return {};
        }
        if (mounted) {
            return Error{ErrorCode::unsupported,
                         printable(full) + " is a mount point: unmount it, or leave this tree alone", full};
        }
        if (++count_ > kMaximumTreeEntries) {
            return Error{ErrorCode::invalid, "the tree has more than 2,000,000 entries, which is the limit", full};
        }
        BACKOUT_TRY(visit_({*directory, name, path, status}));
        return status.type == EntryType::directory ? enter(*directory, name, path) : Status{};
    }

    const std::function<Status(const TreeStep&)>& visit_;
    const OnMount& on_mount_;
    std::vector<Level> open_;
    std::uint64_t mount_ = 0;
    std::uint64_t device_ = 0;
    std::size_t count_ = 0;
};

AttributeChange attributes_of(const EntryState& state, UnixNanoseconds mtime) {
    AttributeChange change;
    change.uid = state.uid;
    change.gid = state.gid;
    change.xattrs = state.xattrs;
    if (state.type != EntryType::symlink) change.mode = state.mode;
    change.mtime = mtime;
    return change;
}

Status copy_file(const TreeStep& step, Directory& to, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const auto from, step.directory.open_read(step.name));
    BACKOUT_TRY_ASSIGN(const auto file, to.create(name, 0600));
    BACKOUT_TRY(copy_content(*from, *file));
    return file->close();
}

/// Copies a tree as it is walked. Only the directories on the way down are held open; each gets its attributes when the
/// walk leaves it, for nothing changes its mtime any more.
class Copier {
  public:
    Copier(Directory& to, const std::string& name) : to_(to), name_(name) {}

    Status visit(const TreeStep& step) {
        BACKOUT_TRY(leave_until(parent_of(step.path), step.path.empty()));
        Directory& into = open_.empty() ? to_ : *open_.back().directory;
        const std::string& name = step.path.empty() ? name_ : step.name;
        const bool shared = step.status.type != EntryType::directory && step.status.link_count > 1;
        if (shared && links_.count(step.status.inode) != 0) return link(into, name, links_[step.status.inode]);
        BACKOUT_TRY_ASSIGN(const EntryState state, capture_attributes(step.directory, step.name, step.status));
        BACKOUT_TRY(make(step, state, into, name));
        if (step.status.type == EntryType::directory) {
            BACKOUT_TRY_ASSIGN(auto made, into.open_directory(name));
            open_.push_back({step.path, std::move(made), attributes_of(state, step.status.mtime)});
            return {};
        }
        if (shared) links_[step.status.inode] = step.path;
        return into.set_attributes(name, attributes_of(state, step.status.mtime));
    }

    Status finish() { return leave_until("", true); }

  private:
    struct Level {
        std::string path;
        std::shared_ptr<Directory> directory;
        AttributeChange attributes;
    };

    static std::string parent_of(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        return slash == std::string::npos ? "" : path.substr(0, slash);
    }

    Status leave_until(const std::string& path, bool all) {
        while (!open_.empty() && (all || open_.back().path != path)) {
            BACKOUT_TRY(open_.back().directory->set_own_attributes(open_.back().attributes));
            open_.pop_back();
        }
        return {};
    }

    /// `path` is where the first name of the inode stands, below the top.
    Status link(Directory& into, const std::string& name, const std::string& path) {
        BACKOUT_TRY_ASSIGN(std::shared_ptr<Directory> directory, to_.open_directory(name_));
        std::size_t begin = 0;
        for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', begin)) {
            BACKOUT_TRY_ASSIGN(directory, directory->open_directory(path.substr(begin, slash - begin)));
            begin = slash + 1;
        }
        return into.make_link(name, *directory, path.substr(begin));
    }

    static Status make(const TreeStep& step, const EntryState& state, Directory& into, const std::string& name) {
        switch (state.type) {
            case EntryType::file: return copy_file(step, into, name);
            case EntryType::directory: return into.make_directory(name, 0700);
            case EntryType::symlink: return into.make_symlink(name, state.link);
            default: return into.make_special(name, state.type, 0600, state.special_device);
        }
    }

    Directory& to_;
    const std::string& name_;
    std::vector<Level> open_;
    std::map<std::uint64_t, std::string> links_;
};

}  // namespace

Status walk_tree(Directory& directory, const std::string& name, const std::function<Status(const TreeStep&)>& visit,
                 const std::function<void(const std::string& path)>& on_mount) {
    return Walker(visit, on_mount).run(directory, name);
}

Status copy_entry(Directory& from, const std::string& from_name, Directory& to, const std::string& to_name) {
    Copier copier(to, to_name);
    BACKOUT_TRY(walk_tree(from, from_name, [&](const TreeStep& step) { return copier.visit(step); }));
    return copier.finish();
}

Result<std::string> fingerprint_below(Directory& directory, const std::string& name) {
    Sha256 digest;
    BACKOUT_TRY(walk_tree(directory, name, [&](const TreeStep& step) -> Status {
        if (step.path.empty()) return {};
        const FileStatus& s = step.status;
        digest.update(step.path);
        digest.update(std::string_view("\0", 1));
        digest.update(to_string(s.type));
        for (const std::int64_t number :
             {static_cast<std::int64_t>(s.inode), static_cast<std::int64_t>(s.size), s.mtime, s.ctime}) {
            digest.update(" " + std::to_string(number));
        }
        digest.update("\n");
        return {};
    }));
    return digest.finish_hex();
}

Json tree_to_json(const std::vector<TreeEntry>& entries) {
    Json result = Json::array();
    for (const TreeEntry& entry : entries) {
        Json item = {{"state", entry_state_to_json(entry.state)}};
        put_bytes(item, "path", entry.path);
        result.push_back(std::move(item));
    }
    return result;
}

Result<std::vector<TreeEntry>> tree_from_json(const Json& json) {
    std::vector<TreeEntry> result;
    if (json.is_null()) return result;
    if (!json.is_array()) return Error{ErrorCode::invalid, "a recorded tree is malformed"};
    for (const Json& item : json) {
        BACKOUT_TRY_ASSIGN(EntryState state, entry_state_from_json(member(item, "state")));
        result.push_back({take_bytes(item, "path"), std::move(state)});
    }
    return result;
}

void put_bytes(Json& object, const std::string& key, const std::string& bytes) {
    if (is_utf8(bytes)) {
        object[key] = bytes;
    } else {
        object[key + "_base64"] = to_base64(bytes);
    }
}

std::string take_bytes(const Json& object, const std::string& key) {
    if (object.contains(key)) return string_member(object, key);
    auto bytes = from_base64(string_member(object, key + "_base64"));
    return bytes.ok() ? *bytes : std::string();
}

}  // namespace backout
