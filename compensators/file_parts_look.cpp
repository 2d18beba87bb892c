// Looking: comparing what stands somewhere with what was recorded.

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"
#include "base/digest.h"
#include "compensators/file_parts.h"
#include "compensators/text_diff.h"
#include "compensators/tree.h"

namespace backout {
namespace {

constexpr Nanoseconds kRenameTolerance = 20 * kMillisecond;  // ctimes come from the last timer tick
constexpr std::size_t kMaximumDifferences = 100;

bool same_times(const FileStatus& status, const Fingerprint& print, const std::vector<UnixNanoseconds>& moved_at) {
    if (!print.same_inode(status) || status.size != print.size || status.mtime != print.mtime) return false;
    return status.ctime == print.ctime || near_any(status.ctime, moved_at);
}

/// Compares a tree with its recorded entries. Only what was recorded is read: a directory that others filled since
/// costs no more than its listing, and with tolerate_more not even that.
class TreeMatcher {
  public:
    TreeMatcher(const Entry& entry, const Expectation& expected, const MatchOptions& options)
        : entry_(entry), expected_(expected), options_(options) {}

    Result<std::vector<Difference>> run() {
        for (const TreeEntry& expected : expected_.tree) {
            if (expected.path.empty() || leaves_out(expected.path)) continue;
            BACKOUT_TRY(compare(expected));
            if (result_.size() >= kMaximumDifferences) return std::move(result_);
        }
        if (!options_.tolerate_more) BACKOUT_TRY(find_more());
        return std::move(result_);
    }

  private:
    bool leaves_out(const std::string& path) const {
        return options_.superseded != nullptr && is_superseded(full(path), *options_.superseded);
    }
    std::string full(const std::string& path) const { return entry_.path + "/" + path; }

    Status compare(const TreeEntry& expected) {
        const std::size_t slash = expected.path.rfind('/');
        const std::string parent = slash == std::string::npos ? "" : expected.path.substr(0, slash);
        BACKOUT_TRY_ASSIGN(const auto directory, open(parent));
        Entry found{directory, expected.path.substr(slash + 1), full(expected.path)};
        BACKOUT_TRY(refresh(found));
        EntryState state;
        if (found.status.present()) {
            BACKOUT_TRY_ASSIGN(state, capture_state(*found.directory, found.name));
        }
        std::vector<Difference> differences = compare_states(found.path, expected.state, state);
        const auto sealed = expected_.sealed.find(expected.path);
        if (differences.empty() && sealed != expected_.sealed.end() && !same_file(found.status, sealed->second)) {
            differences.push_back({found.path, "content", "as it was written (a secret)", "changed"});
        }
        std::move(differences.begin(), differences.end(), std::back_inserter(result_));
        return {};
    }

    static bool same_file(const FileStatus& status, const Fingerprint& print) {
        return print.same_inode(status) && status.size == print.size && status.mtime == print.mtime;
    }

    /// Null if it isn't there any more. Entries come sorted, so the last directory is mostly the next one, too.
    Result<std::shared_ptr<Directory>> open(const std::string& parent) {
        if (directory_known_ && parent == directory_path_) return directory_;
        directory_known_ = true;
        directory_path_ = parent;
        directory_ = nullptr;
        Result<std::shared_ptr<Directory>> at = entry_.directory->open_directory(entry_.name);
        for (std::size_t begin = 0; at.ok() && !parent.empty() && begin <= parent.size();) {
            const std::size_t slash = std::min(parent.find('/', begin), parent.size());
            at = (*at)->open_directory(parent.substr(begin, slash - begin));
            begin = slash + 1;
        }
        const bool gone =
            !at.ok() && (at.error().code == ErrorCode::not_found || at.error().code == ErrorCode::wrong_type);
        if (gone) return directory_;
        if (at.ok()) directory_ = *at;
        return at;
    }

    Status find_more() {
        std::set<std::string> known;
        for (const TreeEntry& expected : expected_.tree) known.insert(expected.path);
        return walk_tree(*entry_.directory, entry_.name, [&](const TreeStep& step) -> Status {
            if (known.count(step.path) != 0 || leaves_out(step.path)) return {};
            if (result_.size() < kMaximumDifferences) {
                result_.push_back(
                    {full(step.path), "presence", "absent", std::string("a ") + to_string(step.status.type)});
            }
            return {};
        });
    }

    const Entry& entry_;
    const Expectation& expected_;
    const MatchOptions& options_;
    std::vector<Difference> result_;
    bool directory_known_ = false;
    std::string directory_path_;
    std::shared_ptr<Directory> directory_;
};

Status compare_contents(const Entry& entry, const Expectation& expected, const MatchOptions& options, Match& match) {
    const bool untouched = expected.print && same_times(entry.status, *expected.print, options.moved_at);
    if (untouched && !options.deep) return {};
    const auto sealed = expected.sealed.find("");
    if (sealed != expected.sealed.end()) {
        const bool same = sealed->second.same_inode(entry.status) && sealed->second.size == entry.status.size &&
                          sealed->second.mtime == entry.status.mtime;
        if (!same) match.differences.push_back({entry.path, "content", "as it was (a secret)", "changed"});
        return {};
    }
    if (expected.state.content.empty()) return {};
    BACKOUT_TRY_ASSIGN(const EntryState found, capture_state(*entry.directory, entry.name));
    for (Difference& difference : compare_states(entry.path, expected.state, found)) {
        if (difference.attribute == "content") match.differences.push_back(std::move(difference));
    }
    return {};
}

Status compare_below(const Entry& entry, const Expectation& expected, const MatchOptions& options, Match& match) {
    if (!expected.state.tree) return {};
    const bool have_print = expected.print && match.same_inode && !expected.print->below.empty();
    if (have_print && !options.deep) {
        BACKOUT_TRY_ASSIGN(const std::string below, fingerprint_below(*entry.directory, entry.name));
        if (below == expected.print->below) return {};
    }
    if (expected.tree.empty()) {
        BACKOUT_TRY_ASSIGN(const auto entries, capture_tree(*entry.directory, entry.name));
        EntryState only_tree = summarize_tree(entries);
        for (Difference& difference : compare_states(entry.path, expected.state, only_tree)) {
            if (difference.attribute == "entries") match.differences.push_back(std::move(difference));
        }
        return {};
    }
    BACKOUT_TRY_ASSIGN(auto differences, TreeMatcher(entry, expected, options).run());
    std::move(differences.begin(), differences.end(), std::back_inserter(match.differences));
    return {};
}

}  // namespace

Expectation expected_before(const FilePart& part) {
    return {part.present, part.before, part.before_tree, part.before_sealed};
}
Expectation expected_after(const FilePart& part) {
    return {part.staged, part.after, part.after_tree, part.after_sealed};
}

Result<Match> match_entry(const Entry& entry, const Expectation& expected, const MatchOptions& options) {
    Match match;
    match.same_inode = expected.print && expected.print->same_inode(entry.status);
    if (entry.status.type != expected.state.type) {
        EntryState found;
        found.type = entry.status.type;
        match.differences = compare_states(entry.path, expected.state, found);
        return match;
    }
    if (!entry.status.present()) {
        match.same = true;
        return match;
    }
    BACKOUT_TRY_ASSIGN(EntryState found, capture_attributes(*entry.directory, entry.name, entry.status));
    if (found.flags == 0 && expected.state.flags != 0) {
        match.flags_cleared = true;
        found.flags = expected.state.flags;
    }
    EntryState shallow = expected.state;
    shallow.content.clear();
    shallow.tree.reset();
    match.differences = compare_states(entry.path, shallow, found);
    if (found.type == EntryType::file) BACKOUT_TRY(compare_contents(entry, expected, options, match));
    if (found.type == EntryType::directory) BACKOUT_TRY(compare_below(entry, expected, options, match));
    match.same = match.differences.empty();
    return match;
}

Status refresh(Entry& entry) {
    entry.status = {};
    if (!entry.directory) return {};
    BACKOUT_TRY_ASSIGN(entry.status, entry.directory->status(entry.name));
    return {};
}

Status set_flags(const Entry& entry, std::uint32_t flags) {
    BACKOUT_TRY_ASSIGN(const FileStatus status, entry.directory->status(entry.name));
    if (status.type != EntryType::file && status.type != EntryType::directory) return {};
    BACKOUT_TRY_ASSIGN(const std::uint32_t now, entry.directory->flags(entry.name));
    if (now == flags) return {};
    AttributeChange change;
    change.flags = flags;
    return entry.directory->set_attributes(entry.name, change);
}

namespace {

bool is_missing(const Error& error) {
    return error.code == ErrorCode::not_found || error.code == ErrorCode::wrong_type;
}

/// Of a path that leads nowhere: the link above it that does. Empty: directories are really missing.
std::string broken_link_above(Host& host, std::string path) {
    for (std::size_t slash = path.rfind('/'); slash != 0 && slash != std::string::npos; slash = path.rfind('/')) {
        path.resize(slash);
        const Result<Location> location = host.locate(path);
        if (!location.ok() && is_missing(location.error())) continue;
        if (!location.ok()) return "";
        if (location->key() != path) return location->key();
        const Result<FileStatus> status = location->directory->status(location->name);
        return status.ok() && status->type == EntryType::symlink ? path : "";
    }
    return "";
}

}  // namespace

Result<Entry> find_entry(Host& host, const std::string& path) {
    Entry entry{nullptr, "", path};
    Result<Location> location = host.locate(path);
    if (!location.ok()) {
        if (!is_missing(location.error())) return location.error();
        entry.detour = broken_link_above(host, path);
        return entry;
    }
    if (location->key() != path) {  // a parent became a link: it leads to a place that isn't ours
        entry.detour = location->key();
        return entry;
    }
    entry.directory = location->directory;
    entry.name = location->name;
    BACKOUT_TRY(refresh(entry));
    return entry;
}

Result<Entry> find_slot(ImageStore& images, const std::string& store, const std::string& name) {
    Entry entry{nullptr, name, store + "/" + name};
    auto directory = images.open(store);
    if (!directory.ok() && directory.error().code == ErrorCode::not_found) return entry;
    if (!directory.ok()) return directory.error();
    entry.directory = *directory;
    BACKOUT_TRY(refresh(entry));
    return entry;
}

bool is_superseded(const std::string& path, const std::vector<std::string>& keys) {
    return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
        return path.compare(0, key.size(), key) == 0 && (path.size() == key.size() || path[key.size()] == '/');
    });
}

Fingerprint fingerprint_of(const FileStatus& status) {
    return {status.type, status.inode, status.device, status.size, status.mtime, status.ctime, ""};
}

Result<Fingerprint> take_fingerprint(const Entry& entry) {
    Fingerprint print = fingerprint_of(entry.status);
    if (print.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(print.below, fingerprint_below(*entry.directory, entry.name));
    }
    return print;
}

Result<bool> is_untouched(const Entry& entry, const Fingerprint& looked_at) {
    const FileStatus& now = entry.status;
    if (!looked_at.same_inode(now)) return false;
    if (now.type != EntryType::directory) return now.size == looked_at.size && now.mtime == looked_at.mtime;
    BACKOUT_TRY_ASSIGN(const std::string below, fingerprint_below(*entry.directory, entry.name));
    return below == looked_at.below;
}

bool has_secret_content(const FilePart& part) {
    return !part.before_sealed.empty() || !part.after_sealed.empty();
}

namespace {

Result<Bytes> small_text(const Entry& entry) {
    if (entry.status.type != EntryType::file || entry.status.size > kDiffLimit) {
        return Error{ErrorCode::unsupported, "no small file"};
    }
    BACKOUT_TRY_ASSIGN(const auto file, entry.directory->open_read(entry.name));
    return read_all(*file, kDiffLimit);
}

// The content that the plan gave inline, if that is what is expected.
std::optional<Bytes> planned_content(const StepContext& context, const EntryState& expected) {
    if (context.planned_arguments == nullptr || expected.content.empty()) return std::nullopt;
    const Json& text = member(*context.planned_arguments, "content");
    const Json& encoded = member(*context.planned_arguments, "content_base64");
    Bytes bytes = text.is_string() ? text.get<std::string>() : "";
    if (encoded.is_string()) bytes = from_base64(encoded.get<std::string>()).value_or("");
    return sha256_hex(bytes) == expected.content ? std::optional<Bytes>(std::move(bytes)) : std::nullopt;
}

}  // namespace

void add_content_diff(std::vector<Difference>& differences, const StepContext& context, const EntryState& expected,
                      const Entry& other, const std::string& other_is, const Entry& now) {
    const auto at = std::find_if(differences.begin(), differences.end(), [&](const Difference& difference) {
        return difference.attribute == "content" && difference.path == now.path;
    });
    if (at == differences.end()) return;
    const Result<Bytes> found = small_text(now);
    if (!found.ok()) return;  // no diff, no harm
    if (const std::optional<Bytes> left = planned_content(context, expected)) {
        at->diff = foreign_diff(now.path, "as the run left it", *left, *found);
    } else if (const Result<Bytes> old_text = small_text(other); old_text.ok()) {
        at->diff = foreign_diff(now.path, other_is, *old_text, *found);
    }
}

bool near_any(UnixNanoseconds time, const std::vector<UnixNanoseconds>& moments) {
    return std::any_of(moments.begin(), moments.end(), [&](UnixNanoseconds moment) {
        return time - moment <= kRenameTolerance && moment - time <= kRenameTolerance;
    });
}

Status restore_parent_time(const Entry& entry, const ParentTime& time, bool ours) {
    if (!ours || !time.restore || !entry.directory) return {};
    BACKOUT_TRY_ASSIGN(const FileStatus now, entry.directory->own_status());
    if (now.mtime == *time.restore) return {};
    AttributeChange change;
    change.mtime = *time.restore;
    const Status done = entry.directory->set_own_attributes(change);
    // Only the owner may set a time; who may merely write into the directory can't, and that is no reason to stop.
    return !done.ok() && done.error().code == ErrorCode::not_permitted ? Status{} : done;
}

std::string time_note(const std::string& slot) {
    return slot + ".time";
}

void leave_time_note(Directory& store, const std::string& slot, Directory& parent) {
    const Result<FileStatus> status = parent.own_status();
    const Status removed = store.remove_file(time_note(slot));
    if (!status.ok() || (!removed.ok() && removed.error().code != ErrorCode::not_found)) return;
    static_cast<void>(store.make_symlink(time_note(slot), std::to_string(status->mtime)).ok());
}

void note_time_of_exchange(const Entry& path, const Entry& slot) {
    const Result<FileStatus> parent = path.directory->own_status();
    const Result<FileStatus> in = path.directory->status(path.name);
    const Result<FileStatus> out = slot.directory->status(slot.name);
    if (!parent.ok() || !in.ok() || !out.ok()) return;
    if (near_any(parent->mtime, {in->ctime, out->ctime})) return;
    leave_time_note(*slot.directory, slot.name, *path.directory);
}

void read_time_note(Directory& store, const std::string& slot, std::vector<UnixNanoseconds>& moments) {
    const Result<std::string> text = store.read_link(time_note(slot));
    UnixNanoseconds time = 0;
    if (!text.ok()) return;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), time);
    if (read.ec == std::errc()) moments.push_back(time);
}

std::string second_slot(const std::string& slot) {
    return slot + ".second";
}

}  // namespace backout
