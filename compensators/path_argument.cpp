#include "compensators/path_argument.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/parameter_schema.h"
#include "host/paths.h"

namespace backout {
namespace {

constexpr std::uint64_t kPredictedContentLimit = 64U << 20;
constexpr const char* kAccessList = "system.posix_acl_access";

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Parents that are not there yet, also not by prediction.
Status find_missing_parents(PlanRequest& request, Target& target) {
    if (!target.seen.known || target.seen.state.present()) return {};
    for (std::string at = parent_of(target.key); at != "/"; at = parent_of(at)) {
        BACKOUT_TRY_ASSIGN(const Seen seen, request.world.look(at));
        if (!seen.known) break;  // an earlier step decides; it is looked at again when the step runs
        if (seen.state.type == EntryType::directory) break;
        if (seen.state.present()) {
            return Error{ErrorCode::wrong_type,
                         printable(at) + " is a " + to_string(seen.state.type) +
                             ", not a directory: nothing can be put below it",
                         at};
        }
        target.missing_parents.insert(target.missing_parents.begin(), at);
    }
    return {};
}

/// chmod also sets what an access list says about owner, mask and others; the expectation has to foresee it.
/// Layout (linux/posix_acl_xattr.h): version, then entries of tag (16 bits), permissions (16), id (32), little-endian.
Bytes access_list_with_mode(Bytes list, std::uint32_t mode) {
    const auto tag_at = [&](std::size_t at) {
        return static_cast<unsigned>(static_cast<unsigned char>(list[at])) |
               (static_cast<unsigned>(static_cast<unsigned char>(list[at + 1])) << 8U);
    };
    bool has_mask = false;
    for (std::size_t at = 4; at + 8 <= list.size(); at += 8) has_mask = has_mask || tag_at(at) == 0x10U;
    for (std::size_t at = 4; at + 8 <= list.size(); at += 8) {
        const unsigned tag = tag_at(at);
        const std::uint32_t group = (mode >> 3U) & 7U;
        if (tag == 0x01U) list[at + 2] = static_cast<char>((mode >> 6U) & 7U);
        if (tag == 0x10U || (tag == 0x04U && !has_mask)) list[at + 2] = static_cast<char>(group);
        if (tag == 0x20U) list[at + 2] = static_cast<char>(mode & 7U);
    }
    return list;
}

/// A name or a number; JSON numbers are taken, too.
std::optional<std::uint32_t> read_account(PlanRequest& request, ArgumentReader& reader, const std::string& name) {
    if (!reader.has(name)) return std::nullopt;
    const Json& raw = member(request.with, name);
    const std::string text = raw.is_number_unsigned() ? std::to_string(raw.get<std::uint64_t>()) : reader.text(name);
    if (text.empty()) return std::nullopt;
    const Result<std::uint32_t> id =
        name == "owner" ? request.host.user_by_name(text) : request.host.group_by_name(text);
    if (id.ok()) return *id;
    reader.complain(name, id.error().message);
    return std::nullopt;
}

KindParameter parameter(const std::string& name, const std::string& type, const std::string& description, Json schema) {
    return {name, type, false, description, std::move(schema)};
}

}  // namespace

Result<Target> look_up_target(PlanRequest& request, const std::string& path, LookFor what) {
    Target target;
    target.path = path;
    BACKOUT_TRY_ASSIGN(target.key, request.world.key_of(path));
    if (target.key == "/" || target.key.empty()) {
        return Error{ErrorCode::invalid, "the root directory itself can't be a target", path};
    }
    BACKOUT_TRY_ASSIGN(target.seen, what == LookFor::tree         ? request.world.look_tree(target.key)
                                    : what == LookFor::attributes ? request.world.look_at_attributes(target.key)
                                                                  : request.world.look(target.key));
    BACKOUT_TRY(find_missing_parents(request, target));
    return target;
}

Result<Target> look_behind_link(PlanRequest& request, const Target& link) {
    const std::string directory = link.key.substr(0, std::max<std::size_t>(link.key.rfind('/'), 1));
    BACKOUT_TRY_ASSIGN(Target target, look_up_target(request, source_path(directory, link.seen.state.link)));
    const std::uint32_t owner = link.seen.state.uid;
    const bool trusted = owner == 0 || owner == request.host.user_id();
    const bool known = !target.seen.known || (target.seen.state.present() && target.seen.state.uid == owner);
    if (!trusted && !known) return untrusted_link(link.path, owner, target.path);
    return target;
}

Status check_parents(const Target& target, bool make_parents) {
    if (target.missing_parents.empty() || make_parents) return {};
    return Error{ErrorCode::not_found,
                 "the directory " + printable(target.missing_parents.back()) +
                     " does not exist: set \"make_parents\": true, or make it with dir.create before",
                 target.path};
}

Status check_no_mount_point(const Target& target) {
    if (!target.seen.mount_point) return {};
    return Error{
        ErrorCode::wrong_type,
        printable(target.path) + " is a mount point: it can't be replaced, moved or removed while it is mounted",
        target.path};
}

AttributeSet read_attributes(PlanRequest& request, ArgumentReader& reader) {
    AttributeSet attributes;
    attributes.mode = reader.mode("mode");
    attributes.uid = read_account(request, reader, "owner");
    attributes.gid = read_account(request, reader, "group");
    return attributes;
}

AttributeSet attributes_from(const Json& arguments) {
    AttributeSet attributes;
    attributes.mode = mode_from_text(string_member(arguments, "mode"));
    const auto number = [&](const char* name) -> std::optional<std::uint32_t> {
        const std::int64_t value = int_member(arguments, name, -1);
        if (value < 0) return std::nullopt;
        return static_cast<std::uint32_t>(value);
    };
    attributes.uid = number("uid");
    attributes.gid = number("gid");
    return attributes;
}

void put_attributes(Json& arguments, const AttributeSet& attributes) {
    if (attributes.mode) arguments["mode"] = mode_text(*attributes.mode);
    if (attributes.uid) arguments["uid"] = *attributes.uid;
    if (attributes.gid) arguments["gid"] = *attributes.gid;
}

EntryState with_attributes(EntryState state, const AttributeSet& attributes) {
    const auto list = state.xattrs.find(kAccessList);
    if (attributes.mode && list != state.xattrs.end()) {
        list->second = access_list_with_mode(list->second, *attributes.mode);
    }
    state.mode = attributes.mode.value_or(state.mode);
    state.uid = attributes.uid.value_or(state.uid);
    state.gid = attributes.gid.value_or(state.gid);
    return state;
}

void plan_later(const Target& target, Planned& planned) {
    planned.operation = "set";
    planned.before = unknown_state_json();
    planned.after = unknown_state_json();
    planned.details = {{"changes", Json::array()}, {"state", "(known after " + target.seen.known_after + ")"}};
    planned.known_after.push_back(target.seen.known_after);
    planned.predictions = {{target.key, false, {}, {}, "", {}}};
}

Json changes_between(Host& host, const EntryState& before, const EntryState& after) {
    Json changes = Json::array();
    const auto named = [&](const std::string& attribute, const std::string& text, std::uint32_t id) {
        if (attribute == "owner") return host.user_name(id);
        return attribute == "group" ? host.group_name(id) : text;
    };
    for (const Difference& difference : compare_states("", before, after)) {
        const std::string& name = difference.attribute;
        const bool owner = name == "owner";
        changes.push_back({{"attribute", name},
                           {"from", named(name, difference.expected, owner ? before.uid : before.gid)},
                           {"to", named(name, difference.found, owner ? after.uid : after.gid)}});
    }
    return changes;
}

std::vector<Resource> path_resources(const Target& target, bool tree) {
    std::vector<Resource> resources;
    for (const std::string& parent : target.missing_parents) resources.push_back({"path", parent, false, ""});
    resources.push_back({"path", target.key, tree, ""});
    return resources;
}

EntryState made_parent_state(Host& host) {
    EntryState state;
    state.type = EntryType::directory;
    state.mode = 0755;
    state.uid = host.user_id();
    state.gid = host.group_id();
    return state;
}

std::vector<Prediction> parent_predictions(Host& host, const Target& target) {
    std::vector<Prediction> predictions;
    for (const std::string& parent : target.missing_parents) {
        predictions.push_back({parent, true, made_parent_state(host), {}, "", {}});
    }
    return predictions;
}

Prediction predict_with_content(PlanRequest& request, const std::string& from, const Seen& seen, const std::string& to,
                                const EntryState& state) {
    Prediction prediction{to, true, state, {}, "", {}};
    if (state.type != EntryType::file) return prediction;
    if (seen.link_count != 0) {  // it really stands there
        prediction.content_path = from;
        return prediction;
    }
    Result<Bytes> content = request.world.read(from, kPredictedContentLimit);
    if (content.ok()) {
        prediction.content = std::move(*content);
    } else {
        prediction.known = false;
    }
    return prediction;
}

std::string mode_text(std::uint32_t mode) {
    std::string text;
    for (int shift = 9; shift >= 0; shift -= 3) text += static_cast<char>('0' + ((mode >> shift) & 7U));
    return text;
}

std::optional<std::uint32_t> mode_from_text(const std::string& text) {
    std::uint32_t mode = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || mode > 07777U) return std::nullopt;
    return mode;
}

KindParameter path_parameter(const std::string& name, const std::string& description) {
    return {name, "path", true, description, path_schema()};
}
KindParameter mode_parameter() {
    return parameter(
        "mode", "mode",
        "permission bits as octal text, with setuid, setgid and sticky (\"0644\", \"4755\"); kept if not named",
        mode_schema());
}
KindParameter owner_parameter() {
    return parameter("owner", "string", "user by name or number; kept if not named, the running user for new entries",
                     text_schema());
}
KindParameter group_parameter() {
    return parameter("group", "string",
                     "group by name or number; kept if not named, the running user's for new entries", text_schema());
}
KindParameter make_parents_parameter() {
    return parameter("make_parents", "boolean",
                     "make missing directories above (0755); they come in one rename with the entry, and go with it",
                     flag_schema());
}

}  // namespace backout
