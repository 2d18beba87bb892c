#include "journal/file_image_store.h"

#include <algorithm>
#include <utility>

#include "base/mutation.h"
#include "base/text.h"
#include "journal/ledger_access.h"
#include "journal/open.h"

namespace backout {

namespace {

constexpr std::uint32_t kPrivate = 0700;
constexpr std::uint32_t kSticky = 01000;
/// Absent on both sides: renaming it says whether a rename could be, and does nothing.
constexpr const char* kProbe = ".backout-probe-of-a-mount";

std::string child_path(const Directory& directory, const std::string& name) {
    return directory.path() == "/" ? "/" + name : directory.path() + "/" + name;
}

std::string private_name(Host& host) {
    return ".backout-" + std::to_string(host.user_id());
}

/// The kernel looks at the mounts before it looks for the names: a bind mount of the same file system is another one.
bool rename_could_be(Directory& one, Directory& other) {
    const Status there = one.move_to(kProbe, other, kProbe);
    const Status back = other.move_to(kProbe, one, kProbe);
    return (there.ok() || there.error().code != ErrorCode::cross_device) &&
           (back.ok() || back.error().code != ErrorCode::cross_device);
}

Status check_ours(Host& host, const FileStatus& status, const std::string& path) {
    if (status.type == EntryType::directory && status.uid == host.user_id() && (status.mode & 0777U) == kPrivate)
        return {};
    return Error{
        ErrorCode::not_permitted,
        path +
            " should be a directory of this user alone (0700), to keep before-images in: remove it, or mend its "
            "owner and mode",
        path};
}

/// By owner and mode, so that no name is announced where it can't be made. A directory that anybody may write, and
/// isn't sticky, is no place: others could move the store away.
bool may_make_in(Host& host, const FileStatus& status) {
    const bool others_may = (status.mode & 0002U) != 0;
    if (others_may && (status.mode & kSticky) == 0) return false;
    if (host.user_id() == 0 || others_may) return true;
    return status.uid == host.user_id() ? (status.mode & 0300U) == 0300U : (status.mode & 0020U) != 0;
}

/// Opens the directory of that name, making it (0700, durable) if it is absent.
Result<std::shared_ptr<Directory>> open_or_make(Host& host, Directory& parent, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const FileStatus there, parent.status(name));
    if (!there.present()) {
        BACKOUT_TRY(parent.make_directory(name, kPrivate));
    }
    BACKOUT_TRY_ASSIGN(auto directory, parent.open_directory(name));
    BACKOUT_TRY_ASSIGN(const FileStatus status, directory->own_status());
    BACKOUT_TRY(check_ours(host, status, child_path(parent, name)));
    // Also when it was there: a crash may have come between making and syncing it.
    if (!left_out("images.name_of_store")) BACKOUT_TRY(parent.sync());
    return directory;
}

bool begins_with(const std::string& text, const std::string& prefix) {
    return text.rfind(prefix, 0) == 0;
}

}  // namespace

FileImageStore::FileImageStore(Host& host, JournalStore& journal, std::string state_path)
    : host_(host), journal_(journal), state_path_(std::move(state_path)) {}

Result<std::string> FileImageStore::journal_id() {
    if (journal_id_.empty()) {
        BACKOUT_TRY_ASSIGN(const Bytes key, journal_.secret_key());
        journal_id_ = journal_id_of(key);
    }
    return journal_id_;
}

Result<std::string> FileImageStore::store_for(Directory& parent, bool exclude_state) {
    BACKOUT_TRY_ASSIGN(const FileStatus status, parent.own_status());
    const auto key = std::make_pair(status.mount, exclude_state);
    if (const auto found = known_.find(key); found != known_.end() && !exclude_state) return found->second;
    if (!exclude_state) {
        BACKOUT_TRY_ASSIGN(const std::string store, state_store(parent, status.mount));
        if (!store.empty()) return known_[key] = store;
    }
    // Where the state directory's store was refused although it is on this mount, a boundary that no look shows lies in
    // between (a project quota, a subvolume): then the nearer the better.
    BACKOUT_TRY_ASSIGN(const std::string store, outside_store(parent, status.mount, exclude_state));
    return known_[key] = store;
}

/// "" if the state directory is on another mount.
Result<std::string> FileImageStore::state_store(Directory& parent, std::uint64_t mount) {
    if (state_path_.empty()) return std::string{};
    BACKOUT_TRY_ASSIGN(const auto state, host_.open_directory(state_path_));
    BACKOUT_TRY_ASSIGN(const FileStatus status, state->own_status());
    if (status.mount != mount || !rename_could_be(parent, *state)) return std::string{};
    const std::string path = child_path(*state, "images");
    BACKOUT_TRY_ASSIGN(open_[path], open_or_make(host_, *state, "images"));
    return path;
}

/// The directories from the mount point down to `parent` itself that are on its mount.
Result<std::vector<std::shared_ptr<Directory>>> FileImageStore::places(Directory& parent, std::uint64_t mount) {
    std::vector<std::shared_ptr<Directory>> found;
    const std::string path = parent.path();
    std::size_t end = 1;
    while (true) {
        const std::string prefix = path.substr(0, end == 1 ? 1 : end);
        auto directory = host_.open_directory(prefix);
        // One that can't even be opened (no right to read it) is no place for us; a later one may be.
        if (directory.ok()) {
            BACKOUT_TRY_ASSIGN(const FileStatus status, (*directory)->own_status());
            if (status.mount == mount) found.push_back(*std::move(directory));
        }
        if (end >= path.size()) return found;
        const auto slash = path.find('/', end == 1 ? 1 : end + 1);
        end = slash == std::string::npos ? path.size() : slash;
    }
}

Result<std::string> FileImageStore::outside_store(Directory& parent, std::uint64_t mount, bool nearest_first) {
    BACKOUT_TRY_ASSIGN(auto candidates, places(parent, mount));
    if (nearest_first) {
        // `parent` itself comes last: programs read whole directories of configuration.
        std::reverse(candidates.begin(), candidates.end());
        if (!candidates.empty()) std::rotate(candidates.begin(), candidates.begin() + 1, candidates.end());
    }
    Error last{ErrorCode::not_permitted,
               "there is no place for before-images: this user may make a directory nowhere on the file system of " +
                   parent.path() + "; make a directory " + private_name(host_) +
                   " (0700) above it, or use another user",
               parent.path()};
    for (const auto& place : candidates) {
        BACKOUT_TRY_ASSIGN(const FileStatus status, place->own_status());
        BACKOUT_TRY_ASSIGN(const FileStatus there, place->status(private_name(host_)));
        if (there.present() ? !check_ours(host_, there, "").ok() : !may_make_in(host_, status)) {
            if (there.present()) last = check_ours(host_, there, child_path(*place, private_name(host_))).error();
            continue;
        }
        if (!rename_could_be(parent, *place)) continue;
        auto made = make_store(place);
        if (made.ok() || made.error().code == ErrorCode::journal) return made;
        last = made.error();
    }
    return last;
}

Result<std::string> FileImageStore::make_store(const std::shared_ptr<Directory>& place) {
    BACKOUT_TRY_ASSIGN(const std::string id, journal_id());
    const std::string path = child_path(*place, private_name(host_)) + "/" + id;
    BACKOUT_TRY(journal_.add_image_store(path));
    auto outer = open_or_make(host_, *place, private_name(host_));
    if (!outer.ok()) {
        // Nothing was made: the announcement would only send doctor looking.
        BACKOUT_TRY(journal_.remove_image_store(path));
        return outer.error();
    }
    BACKOUT_TRY_ASSIGN(open_[path], open_or_make(host_, **outer, id));
    return path;
}

Result<std::shared_ptr<Directory>> FileImageStore::open(const std::string& store) {
    if (const auto found = open_.find(store); found != open_.end()) return found->second;
    BACKOUT_TRY_ASSIGN(auto directory, host_.open_directory(store));
    BACKOUT_TRY_ASSIGN(const FileStatus status, directory->own_status());
    BACKOUT_TRY(check_ours(host_, status, store));
    open_[store] = directory;
    return directory;
}

std::unique_ptr<ImageStore> make_image_store(Host& host, JournalStore& journal, const std::string& state_path_in_host) {
    return std::make_unique<FileImageStore>(host, journal, state_path_in_host);
}

Result<std::vector<std::string>> all_image_stores(Host& host, JournalStore& journal, const std::string& state_path) {
    BACKOUT_TRY_ASSIGN(auto stores, journal.image_stores());
    if (state_path.empty()) return stores;
    BACKOUT_TRY_ASSIGN(const auto state, host.open_directory(state_path));
    BACKOUT_TRY_ASSIGN(const FileStatus there, state->status("images"));
    if (there.present()) stores.insert(stores.begin(), child_path(*state, "images"));
    return stores;
}

namespace {

/// The store's directory, or nothing where it is absent.
Result<std::shared_ptr<Directory>> open_store(Host& host, const std::string& store) {
    auto directory = host.open_directory(store);
    if (!directory.ok() && directory.error().code == ErrorCode::not_found) return std::shared_ptr<Directory>{};
    if (!directory.ok()) return directory.error();
    BACKOUT_TRY_ASSIGN(const FileStatus status, (*directory)->own_status());
    BACKOUT_TRY(check_ours(host, status, store));
    return directory;
}

constexpr int kDeepestTree = 4096;

Result<std::uint64_t> bytes_below(Directory& directory, int depth) {
    if (depth == 0) return Error{ErrorCode::invalid, "a tree of images is too deep", directory.path()};
    std::uint64_t total = 0;
    BACKOUT_TRY_ASSIGN(const auto names, directory.list());
    for (const auto& name : names) {
        BACKOUT_TRY_ASSIGN(const FileStatus status, directory.status(name));
        if (status.type == EntryType::file) total += status.size;
        if (status.type != EntryType::directory) continue;
        BACKOUT_TRY_ASSIGN(const auto below, directory.open_directory(name));
        BACKOUT_TRY_ASSIGN(const std::uint64_t bytes, bytes_below(*below, depth - 1));
        total += bytes;
    }
    return total;
}

}  // namespace

Result<std::vector<std::string>> slots_in_store(Host& host, const std::string& store) {
    BACKOUT_TRY_ASSIGN(const auto directory, open_store(host, store));
    if (!directory) return std::vector<std::string>{};
    return directory->list();
}

Result<std::vector<ImageSlot>> slots_of_run(Host& host, const std::vector<std::string>& stores, std::uint64_t run) {
    const std::string prefix = "r" + std::to_string(run) + "-";
    std::vector<ImageSlot> found;
    for (const auto& store : stores) {
        BACKOUT_TRY_ASSIGN(const auto names, slots_in_store(host, store));
        for (const auto& name : names) {
            if (begins_with(name, prefix)) found.push_back({store, name});
        }
    }
    return found;
}

Status remove_slots_of_run(Host& host, const std::vector<std::string>& stores, std::uint64_t run) {
    BACKOUT_TRY_ASSIGN(const auto slots, slots_of_run(host, stores, run));
    for (const auto& store : stores) {
        const auto in_store = [&](const ImageSlot& slot) { return slot.store == store; };
        if (std::none_of(slots.begin(), slots.end(), in_store)) continue;
        BACKOUT_TRY_ASSIGN(const auto directory, open_store(host, store));
        if (!directory) continue;
        for (const auto& slot : slots) {
            if (!in_store(slot)) continue;
            const Status removed = remove_tree(*directory, slot.name);
            if (!removed.ok())
                return Error(removed.error()).in("while removing the image " + slot.name + " from " + store);
        }
        if (!left_out("images.removal_of_slots")) BACKOUT_TRY(directory->sync());
    }
    return {};
}

Result<std::uint64_t> bytes_in_store(Host& host, const std::string& store) {
    BACKOUT_TRY_ASSIGN(const auto directory, open_store(host, store));
    if (!directory) return std::uint64_t{0};
    return bytes_below(*directory, kDeepestTree);
}

Status remove_store_if_empty(Host& host, JournalStore& journal, const std::string& store) {
    BACKOUT_TRY_ASSIGN(const auto directory, open_store(host, store));
    if (directory) {
        BACKOUT_TRY_ASSIGN(const auto names, directory->list());
        if (!names.empty()) return {};
        BACKOUT_TRY_ASSIGN(const Location inner, host.locate(store));
        BACKOUT_TRY(inner.directory->remove_directory(inner.name));
        if (!left_out("images.removal_of_store")) BACKOUT_TRY(inner.directory->sync());
        // The outer directory goes too, unless another journal's store is in it, or the state directory is the outer
        // one.
        BACKOUT_TRY_ASSIGN(const Location outer, host.locate(inner.directory->path()));
        BACKOUT_TRY_ASSIGN(const auto others, inner.directory->list());
        if (outer.name == private_name(host) && others.empty()) {
            BACKOUT_TRY(outer.directory->remove_directory(outer.name));
            if (!left_out("images.removal_of_outer")) BACKOUT_TRY(outer.directory->sync());
        }
    }
    BACKOUT_TRY_ASSIGN(const auto announced, journal.image_stores());
    if (std::find(announced.begin(), announced.end(), store) == announced.end()) return {};
    return journal.remove_image_store(store);
}

}  // namespace backout
