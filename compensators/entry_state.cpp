#include "compensators/entry_state.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/text.h"
#include "compensators/tree.h"

namespace backout {
namespace {

constexpr std::size_t kMaximumDifferences = 100;
constexpr EntryType kTypes[] = {EntryType::absent,           EntryType::file,        EntryType::directory,
                                EntryType::symlink,          EntryType::fifo,        EntryType::socket,
                                EntryType::character_device, EntryType::block_device};

std::string octal(std::uint32_t mode) {
    char text[16];
    std::snprintf(text, sizeof text, "%04o", mode);
    return text;
}

Json flags_to_json(std::uint32_t flags) {
    Json result = Json::array();
    if ((flags & kFlagImmutable) != 0) result.push_back("immutable");
    if ((flags & kFlagAppend) != 0) result.push_back("append");
    return result;
}

std::string flags_text(std::uint32_t flags) {
    std::vector<std::string> names;
    for (const Json& name : flags_to_json(flags)) names.push_back(name.get<std::string>());
    return names.empty() ? "none" : join(names, " ");
}

std::string xattrs_text(const ExtendedAttributes& xattrs) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : xattrs) parts.push_back(printable(name) + "=" + to_base64(value));
    return parts.empty() ? "none" : join(parts, " ");
}

std::string content_text(const EntryState& state) {
    return human_bytes(state.size) + (state.content.empty() ? "" : ", sha256 " + state.content.substr(0, 16) + "…");
}

std::string entries_text(const EntryState& state) {
    return std::to_string(state.tree_entries) + " entries, " + state.tree.value_or("").substr(0, 16) + "…";
}

bool has_mode(EntryType type) {
    return type != EntryType::absent && type != EntryType::symlink;
}
bool is_device(EntryType type) {
    return type == EntryType::character_device || type == EntryType::block_device;
}

/// Collects the attributes in which two present entries of one type differ.
class Comparison {
  public:
    explicit Comparison(const std::string& path) : path_(path) {}

    void differs(bool different, const char* attribute, std::string expected, std::string found) {
        if (different) result_.push_back({path_, attribute, std::move(expected), std::move(found)});
    }

    std::vector<Difference> run(const EntryState& expected, const EntryState& found) {
        if (expected.type == EntryType::file && !expected.content.empty()) {
            differs(expected.content != found.content, "content", content_text(expected), content_text(found));
        }
        differs(expected.link != found.link, "link", printable(expected.link), printable(found.link));
        if (has_mode(expected.type)) {
            differs(expected.mode != found.mode, "mode", octal(expected.mode), octal(found.mode));
        }
        differs(expected.uid != found.uid, "owner", std::to_string(expected.uid), std::to_string(found.uid));
        differs(expected.gid != found.gid, "group", std::to_string(expected.gid), std::to_string(found.gid));
        differs(expected.xattrs != found.xattrs, "xattrs", xattrs_text(expected.xattrs), xattrs_text(found.xattrs));
        differs(expected.flags != found.flags, "flags", flags_text(expected.flags), flags_text(found.flags));
        if (is_device(expected.type)) {
            differs(expected.special_device != found.special_device, "device", std::to_string(expected.special_device),
                    std::to_string(found.special_device));
        }
        if (expected.tree && found.tree) {
            differs(*expected.tree != *found.tree, "entries", entries_text(expected), entries_text(found));
        }
        return std::move(result_);
    }

  private:
    const std::string& path_;
    std::vector<Difference> result_;
};

Result<EntryState> malformed(const std::string& what) {
    return Error{ErrorCode::invalid, "the recorded state of an entry has a malformed " + what};
}

Result<ExtendedAttributes> xattrs_from_json(const Json& json) {
    ExtendedAttributes result;
    if (!json.is_object()) return result;
    for (const auto& [name, value] : json.items()) {
        if (!value.is_string()) return Error{ErrorCode::invalid, "the recorded xattr " + name + " is malformed"};
        BACKOUT_TRY_ASSIGN(result[name], from_base64(value.get<std::string>()));
    }
    return result;
}

std::uint32_t flags_from_json(const Json& json) {
    std::uint32_t flags = 0;
    if (!json.is_array()) return flags;
    for (const Json& name : json) {
        if (name == "immutable") flags |= kFlagImmutable;
        if (name == "append") flags |= kFlagAppend;
    }
    return flags;
}

Result<std::uint32_t> mode_from_json(const Json& json) {
    if (json.is_null()) return std::uint32_t{0};
    const std::string text = json.is_string() ? json.get<std::string>() : "";
    std::uint32_t mode = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (whole && mode <= 07777U) return mode;
    return Error{ErrorCode::invalid, "the recorded mode of an entry is malformed"};
}

std::string below(const std::string& top, const std::string& path) {
    return path.empty() ? top : (top == "/" ? "" : top) + "/" + path;
}

}  // namespace

Json difference_to_json(const Difference& difference) {
    Json result = {{"attribute", difference.attribute}, {"expected", difference.expected}, {"found", difference.found}};
    put_bytes(result, "path", difference.path);
    if (!difference.diff.empty()) result["diff"] = difference.diff;
    return result;
}

Result<Difference> difference_from_json(const Json& json) {
    if (!json.is_object()) return Error{ErrorCode::invalid, "a recorded difference is malformed"};
    return Difference{take_bytes(json, "path"), string_member(json, "attribute"), string_member(json, "expected"),
                      string_member(json, "found"), string_member(json, "diff")};
}

std::string describe(const Difference& difference) {
    return printable(difference.path) + ": " + difference.attribute + " is " + difference.found + ", expected " +
           difference.expected;
}

Json entry_state_to_json(const EntryState& state) {
    if (!state.present()) return nullptr;
    Json result = {{"type", to_string(state.type)}, {"uid", state.uid}, {"gid", state.gid}};
    if (has_mode(state.type)) result["mode"] = octal(state.mode);
    if (state.type == EntryType::file) {
        result["content"] = state.content;
        if (!state.content.empty()) result["size"] = state.size;
    }
    if (state.type == EntryType::symlink) put_bytes(result, "link", state.link);
    if (is_device(state.type)) result["device"] = state.special_device;
    for (const auto& [name, value] : state.xattrs) result["xattrs"][printable(name)] = to_base64(value);
    if (state.flags != 0) result["flags"] = flags_to_json(state.flags);
    if (state.tree) {
        result["tree"] = *state.tree;
        result["entries"] = state.tree_entries;
    }
    return result;
}

Result<EntryState> entry_state_from_json(const Json& json) {
    EntryState state;
    if (json.is_null()) return state;
    if (!json.is_object()) return malformed("form");
    const std::string type = string_member(json, "type");
    for (const EntryType candidate : kTypes) {
        if (type == to_string(candidate)) state.type = candidate;
    }
    if (!state.present()) return malformed("type");
    BACKOUT_TRY_ASSIGN(state.mode, mode_from_json(member(json, "mode")));
    state.uid = static_cast<std::uint32_t>(int_member(json, "uid", 0));
    state.gid = static_cast<std::uint32_t>(int_member(json, "gid", 0));
    state.size = static_cast<std::uint64_t>(int_member(json, "size", 0));
    state.content = string_member(json, "content");
    state.link = take_bytes(json, "link");
    state.special_device = static_cast<std::uint64_t>(int_member(json, "device", 0));
    BACKOUT_TRY_ASSIGN(state.xattrs, xattrs_from_json(member(json, "xattrs")));
    state.flags = flags_from_json(member(json, "flags"));
    if (json.contains("tree")) state.tree = string_member(json, "tree");
    state.tree_entries = static_cast<std::uint64_t>(int_member(json, "entries", 0));
    return state;
}

Json unknown_state_json() {
    return {{"unknown", true}};
}

bool is_unknown_state(const Json& json) {
    return bool_member(json, "unknown", false);
}

std::vector<Difference> compare_states(const std::string& path, const EntryState& expected, const EntryState& found) {
    if (expected.present() != found.present()) {
        const auto text = [](const EntryState& state) {
            return state.present() ? std::string("a ") + to_string(state.type) : std::string("absent");
        };
        return {{path, "presence", text(expected), text(found)}};
    }
    if (expected.type != found.type) return {{path, "type", to_string(expected.type), to_string(found.type)}};
    if (!expected.present()) return {};
    return Comparison(path).run(expected, found);
}

Result<EntryState> capture_attributes(Directory& directory, const std::string& name, const FileStatus& status) {
    EntryState state;
    state.type = status.type;
    if (!status.present()) return state;
    state.mode = has_mode(status.type) ? status.mode : 0;
    state.uid = status.uid;
    state.gid = status.gid;
    if (status.type == EntryType::file) state.size = status.size;
    if (is_device(status.type)) state.special_device = status.special_device;
    if (status.type == EntryType::symlink) {
        BACKOUT_TRY_ASSIGN(state.link, directory.read_link(name));
    }
    BACKOUT_TRY_ASSIGN(state.xattrs, directory.xattrs(name));
    if (status.type == EntryType::file || status.type == EntryType::directory) {
        BACKOUT_TRY_ASSIGN(state.flags, directory.flags(name));
    }
    return state;
}

Result<EntryState> capture_state(Directory& directory, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const FileStatus status, directory.status(name));
    BACKOUT_TRY_ASSIGN(EntryState state, capture_attributes(directory, name, status));
    if (status.type != EntryType::file) return state;
    BACKOUT_TRY_ASSIGN(const auto file, directory.open_read(name));
    BACKOUT_TRY_ASSIGN(state.content, digest_file(*file));
    return state;
}

Result<std::vector<TreeEntry>> capture_tree(Directory& directory, const std::string& name) {
    std::vector<TreeEntry> entries;
    BACKOUT_TRY(walk_tree(directory, name, [&](const TreeStep& step) -> Status {
        BACKOUT_TRY_ASSIGN(EntryState state, capture_state(step.directory, step.name));
        entries.push_back({step.path, std::move(state)});
        return {};
    }));
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return entries;
}

EntryState summarize_tree(const std::vector<TreeEntry>& entries) {
    if (entries.empty()) return {};
    EntryState top = entries.front().state;
    if (top.type != EntryType::directory) return top;
    Sha256 digest;
    for (std::size_t i = 1; i < entries.size(); ++i) {
        digest.update(entries[i].path);
        digest.update(std::string_view("\0", 1));
        digest.update(dump_canonical(entry_state_to_json(entries[i].state)));
        digest.update("\n");
    }
    top.tree = digest.finish_hex();
    top.tree_entries = entries.size() - 1;
    return top;
}

std::vector<Difference> compare_trees(const std::string& path, const std::vector<TreeEntry>& expected,
                                      const std::vector<TreeEntry>& found, bool tolerate_more) {
    std::vector<Difference> result;
    std::size_t at = 0;
    const auto extra = [&](const TreeEntry& entry) {
        if (tolerate_more) return;
        result.push_back(
            {below(path, entry.path), "presence", "absent", std::string("a ") + to_string(entry.state.type)});
    };
    for (const TreeEntry& entry : expected) {
        for (; at < found.size() && found[at].path < entry.path; ++at) extra(found[at]);
        const bool there = at < found.size() && found[at].path == entry.path;
        for (Difference& difference :
             compare_states(below(path, entry.path), entry.state, there ? found[at].state : EntryState{})) {
            result.push_back(std::move(difference));
        }
        if (there) ++at;
        if (result.size() >= kMaximumDifferences) return result;
    }
    for (; at < found.size() && result.size() < kMaximumDifferences; ++at) extra(found[at]);
    return result;
}

}  // namespace backout
