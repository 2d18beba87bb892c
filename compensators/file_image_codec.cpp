// File images as JSON. Every member that is empty is left out: images of thousands of parts are common.

#include <nlohmann/json.hpp>

#include "compensators/file_image.h"
#include "compensators/tree.h"

namespace backout {
namespace {

constexpr const char* kFormat = "file-image/1";
constexpr const char* kPartNames[] = {"swap", "move", "attributes"};

Json print_to_json(const Fingerprint& print) {
    Json result = {{"type", to_string(print.type)}, {"inode", print.inode},
                   {"device", print.device},        {"size", print.size},
                   {"mtime", print.mtime},          {"ctime", print.ctime}};
    if (!print.below.empty()) result["below"] = print.below;
    return result;
}

Result<Fingerprint> print_from_json(const Json& json) {
    Fingerprint print;
    const std::string type = string_member(json, "type");
    for (const EntryType candidate : {EntryType::file, EntryType::directory, EntryType::symlink, EntryType::fifo,
                                      EntryType::socket, EntryType::character_device, EntryType::block_device}) {
        if (type == to_string(candidate)) print.type = candidate;
    }
    if (print.type == EntryType::absent) return Error{ErrorCode::journal, "a recorded fingerprint has no type"};
    const auto number = [&](const char* key) {
        const Json& value = member(json, key);
        return value.is_number_integer() ? value.get<std::uint64_t>() : std::uint64_t{0};
    };
    print.inode = number("inode");
    print.device = number("device");
    print.size = number("size");
    print.mtime = int_member(json, "mtime", 0);
    print.ctime = int_member(json, "ctime", 0);
    print.below = string_member(json, "below");
    return print;
}

Result<std::optional<Fingerprint>> optional_print(const Json& part, const char* key) {
    if (!part.contains(key)) return std::optional<Fingerprint>{};
    BACKOUT_TRY_ASSIGN(const Fingerprint print, print_from_json(part.at(key)));
    return std::optional<Fingerprint>{print};
}

template <typename Number>
void put_optional(Json& object, const char* key, const std::optional<Number>& value) {
    if (value) object[key] = *value;
}

template <typename Number>
void take_optional(const Json& object, const char* key, std::optional<Number>& value) {
    const Json& found = member(object, key);
    if (found.is_number_integer()) value = found.get<Number>();
}

Json attributes_to_json(const AttributeSet& attributes) {
    Json result = Json::object();
    put_optional(result, "mode", attributes.mode);
    put_optional(result, "uid", attributes.uid);
    put_optional(result, "gid", attributes.gid);
    return result;
}

AttributeSet attributes_from_json(const Json& json) {
    AttributeSet attributes;
    take_optional(json, "mode", attributes.mode);
    take_optional(json, "uid", attributes.uid);
    take_optional(json, "gid", attributes.gid);
    return attributes;
}

void put_time(Json& part, const char* key, const ParentTime& time) {
    if (!time.before && !time.restore && !time.inode) return;
    Json result = Json::object();
    put_optional(result, "before", time.before);
    put_optional(result, "restore", time.restore);
    put_optional(result, "left", time.left);
    put_optional(result, "inode", time.inode);
    if (time.ours) result["ours"] = true;
    part[key] = std::move(result);
}

ParentTime time_from_json(const Json& json) {
    ParentTime time;
    take_optional(json, "before", time.before);
    take_optional(json, "restore", time.restore);
    take_optional(json, "left", time.left);
    take_optional(json, "inode", time.inode);
    time.ours = bool_member(json, "ours", false);
    return time;
}

using Sealed = std::map<std::string, Fingerprint>;

void put_sealed(Json& json, const char* key, const Sealed& sealed) {
    for (const auto& [path, print] : sealed) {
        Json entry = {{"print", print_to_json(print)}};
        put_bytes(entry, "path", path);
        json[key].push_back(std::move(entry));
    }
}

Status take_sealed(const Json& json, const char* key, Sealed& sealed) {
    for (const Json& entry : member(json, key)) {
        BACKOUT_TRY_ASSIGN(sealed[take_bytes(entry, "path")], print_from_json(member(entry, "print")));
    }
    return {};
}

void put_states(Json& json, const FilePart& part) {
    if (part.before.present()) json["before"] = entry_state_to_json(part.before);
    if (part.after.present()) json["after"] = entry_state_to_json(part.after);
    if (!part.before_tree.empty()) json["before_tree"] = tree_to_json(part.before_tree);
    if (!part.after_tree.empty()) json["after_tree"] = tree_to_json(part.after_tree);
    put_sealed(json, "before_sealed", part.before_sealed);
    put_sealed(json, "after_sealed", part.after_sealed);
}

Status take_states(const Json& json, FilePart& part) {
    BACKOUT_TRY_ASSIGN(part.before, entry_state_from_json(member(json, "before")));
    BACKOUT_TRY_ASSIGN(part.after, entry_state_from_json(member(json, "after")));
    BACKOUT_TRY_ASSIGN(part.before_tree, tree_from_json(member(json, "before_tree")));
    BACKOUT_TRY_ASSIGN(part.after_tree, tree_from_json(member(json, "after_tree")));
    BACKOUT_TRY(take_sealed(json, "before_sealed", part.before_sealed));
    return take_sealed(json, "after_sealed", part.after_sealed);
}

Json part_to_json(const FilePart& part) {
    Json json = {{"part", kPartNames[static_cast<int>(part.kind)]}};
    put_bytes(json, "path", part.path);
    if (!part.to.empty()) put_bytes(json, "to", part.to);
    if (!part.store.empty()) put_bytes(json, "store", part.store);
    if (!part.slot.empty()) json["slot"] = part.slot;
    if (part.present) json["present"] = print_to_json(*part.present);
    if (part.staged) json["staged"] = print_to_json(*part.staged);
    put_states(json, part);
    if (part.kind == PartKind::attributes) {
        json["from"] = attributes_to_json(part.attributes_before);
        json["into"] = attributes_to_json(part.attributes_after);
    }
    put_time(json, "parent", part.parent);
    put_time(json, "to_parent", part.to_parent);
    return json;
}

Result<FilePart> part_from_json(const Json& json) {
    FilePart part;
    const std::string kind = string_member(json, "part");
    bool known = false;
    for (const PartKind candidate : {PartKind::swap, PartKind::move, PartKind::attributes}) {
        if (kind != kPartNames[static_cast<int>(candidate)]) continue;
        part.kind = candidate;
        known = true;
    }
    if (!known) return Error{ErrorCode::journal, "an image has a part of the unknown kind '" + kind + "'"};
    part.path = take_bytes(json, "path");
    part.to = take_bytes(json, "to");
    part.store = take_bytes(json, "store");
    part.slot = string_member(json, "slot");
    BACKOUT_TRY_ASSIGN(part.present, optional_print(json, "present"));
    BACKOUT_TRY_ASSIGN(part.staged, optional_print(json, "staged"));
    BACKOUT_TRY(take_states(json, part));
    part.attributes_before = attributes_from_json(member(json, "from"));
    part.attributes_after = attributes_from_json(member(json, "into"));
    part.parent = time_from_json(member(json, "parent"));
    part.to_parent = time_from_json(member(json, "to_parent"));
    return part;
}

Result<FileImage> image_from_json(const Json& json) {
    if (string_member(json, "format") != kFormat) {
        return Error{ErrorCode::journal, "an image has the format '" + string_member(json, "format") +
                                             "', this program reads '" + kFormat + "'"};
    }
    FileImage image;
    for (const Json& part : member(json, "parts")) {
        BACKOUT_TRY_ASSIGN(FilePart parsed, part_from_json(part));
        image.parts.push_back(std::move(parsed));
    }
    for (const Json& conflict : member(json, "conflicts")) {
        BACKOUT_TRY_ASSIGN(Difference parsed, difference_from_json(conflict));
        image.conflicts.push_back(std::move(parsed));
    }
    for (const Json& note : member(json, "notes")) {
        if (note.is_string()) image.notes.push_back(note.get<std::string>());
    }
    image.inverse = bool_member(json, "inverse", false);
    image.chained = bool_member(json, "chained", false);
    image.outputs = member(json, "outputs");
    return image;
}

}  // namespace

Json file_image_to_json(const FileImage& image) {
    Json json = {{"format", kFormat}, {"parts", Json::array()}};
    for (const FilePart& part : image.parts) json["parts"].push_back(part_to_json(part));
    for (const Difference& conflict : image.conflicts) json["conflicts"].push_back(difference_to_json(conflict));
    if (!image.notes.empty()) json["notes"] = image.notes;
    if (image.inverse) json["inverse"] = true;
    if (image.chained) json["chained"] = true;
    if (!image.outputs.is_null()) json["outputs"] = image.outputs;
    return json;
}

Result<FileImage> file_image_from_json(const Json& json) {
    Result<FileImage> image = image_from_json(json);
    if (image.ok()) return image;
    Error error = image.error();
    error.code = ErrorCode::journal;
    return std::move(error).in("reading an image of files");
}

}  // namespace backout
