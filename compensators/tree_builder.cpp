#include "compensators/tree_builder.h"

namespace backout {

AttributeChange change_of(const NewAttributes& attributes, bool is_link, std::optional<UnixNanoseconds> mtime) {
    AttributeChange change;
    change.uid = attributes.uid;
    change.gid = attributes.gid;
    if (!is_link) change.mode = attributes.mode;
    if (!attributes.xattrs.empty()) change.xattrs = attributes.xattrs;
    change.mtime = mtime;
    return change;
}

Result<Place> TreeBuilder::place_of(const std::string& path) {
    Place place = place_;
    if (path.empty()) return place;
    // Leave what isn't above the path, then open what is missing of the way down. Every folder on it was made by us.
    while (!open_.empty()) {
        const std::string& top = open_.back().path;
        if (top.empty() ||
            (path.size() > top.size() && path.compare(0, top.size(), top) == 0 && path[top.size()] == '/'))
            break;
        open_.pop_back();
    }
    if (open_.empty()) {
        BACKOUT_TRY_ASSIGN(auto top, place_.directory->open_directory(place_.name));
        open_.push_back({"", std::move(top)});
    }
    std::size_t begin = open_.back().path.empty() ? 0 : open_.back().path.size() + 1;
    for (std::size_t slash = path.find('/', begin); slash != std::string::npos; slash = path.find('/', begin)) {
        BACKOUT_TRY_ASSIGN(auto next, open_.back().directory->open_directory(path.substr(begin, slash - begin)));
        open_.push_back({path.substr(0, slash), std::move(next)});
        begin = slash + 1;
    }
    place.directory = open_.back().directory;
    place.name = path.substr(begin);
    return place;
}

Status TreeBuilder::add_directory(const std::string& path, const NewAttributes& attributes,
                                  std::optional<UnixNanoseconds> mtime) {
    const auto known = known_.find(path);
    if (known != known_.end()) {
        directories_[known->second].change = change_of(attributes, false, mtime);
        return {};
    }
    BACKOUT_TRY_ASSIGN(const Place place, place_of(path));
    BACKOUT_TRY(place.directory->make_directory(place.name, 0700));
    known_[path] = directories_.size();
    directories_.push_back({path, change_of(attributes, false, mtime)});
    return {};
}

Status TreeBuilder::add_symlink(const std::string& path, const std::string& target, const NewAttributes& attributes,
                                std::optional<UnixNanoseconds> mtime) {
    BACKOUT_TRY_ASSIGN(const Place place, place_of(path));
    BACKOUT_TRY(place.directory->make_symlink(place.name, target));
    return place.directory->set_attributes(place.name, change_of(attributes, true, mtime));
}

Status TreeBuilder::add_fifo(const std::string& path, const NewAttributes& attributes,
                             std::optional<UnixNanoseconds> mtime) {
    BACKOUT_TRY_ASSIGN(const Place place, place_of(path));
    BACKOUT_TRY(place.directory->make_special(place.name, EntryType::fifo, 0600, 0));
    return place.directory->set_attributes(place.name, change_of(attributes, false, mtime));
}

Status TreeBuilder::add_hard_link(const std::string& path, const std::string& existing) {
    BACKOUT_TRY_ASSIGN(const Place from, place_of(existing));
    BACKOUT_TRY_ASSIGN(const Place to, place_of(path));
    return to.directory->make_link(to.name, *from.directory, from.name);
}

Status TreeBuilder::set_time(const std::string& path, UnixNanoseconds mtime) {
    BACKOUT_TRY_ASSIGN(const Place place, place_of(path));
    AttributeChange change;
    change.mtime = mtime;
    return place.directory->set_attributes(place.name, change);
}

Status TreeBuilder::set_attributes(const std::string& path, const NewAttributes& attributes,
                                   std::optional<UnixNanoseconds> mtime) {
    BACKOUT_TRY_ASSIGN(const Place place, place_of(path));
    return place.directory->set_attributes(place.name, change_of(attributes, false, mtime));
}

Status TreeBuilder::finish() {
    // Each folder was added after its parent, so backwards is deepest first.
    for (auto pending = directories_.rbegin(); pending != directories_.rend(); ++pending) {
        BACKOUT_TRY_ASSIGN(const Place place, place_of(pending->path));
        BACKOUT_TRY(place.directory->set_attributes(place.name, pending->change));
    }
    directories_.clear();
    return {};
}

}  // namespace backout
