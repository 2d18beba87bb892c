#include "compensators/file_write_content.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "compensators/text_diff.h"
#include "plan/template.h"

namespace backout {
namespace {

Error source_error(const std::string& path, const std::string& what) {
    return Error{ErrorCode::failed,
                 "the source " + printable(path) + " " + what +
                     " since the plan was made: plan again, or put the planned file back",
                 path};
}

/// Text or template, in plain or base64.
void take_inline(PlanRequest& request, ArgumentReader& reader, const std::string& name, const Json& value,
                 PlannedContent& content) {
    content.arguments = {{name, value}};
    content.secret = has_secret(value);
    content.known_after = awaited_actions(value);
    Json expanded = value;
    if (!value.is_string()) {
        // Secrets can be had before the run, to compare with what is there; nothing of them is kept.
        if (!request.expand || !content.secret || !content.known_after.empty()) return;
        Result<Json> now = request.expand(value);
        if (!now.ok() || !now->is_string()) return;
        expanded = *now;
    }
    Bytes bytes = expanded.get<std::string>();
    if (name == "content_base64") {
        Result<Bytes> decoded = from_base64(bytes);
        if (!decoded.ok()) {
            reader.complain(name, content.secret ? "is no base64" : decoded.error().message);
            return;
        }
        bytes = std::move(*decoded);
    }
    content.known = true;
    content.size = bytes.size();
    content.digest = sha256_hex(bytes);
    content.bytes = std::move(bytes);
}

Status take_source(PlanRequest& request, const std::string& argument, PlannedContent& content) {
    const std::string path = source_path(request.manifest_directory, argument);
    BACKOUT_TRY_ASSIGN(const Seen seen, request.world.look(path));
    content.arguments = {{"source", path}};
    if (!seen.known) {
        content.known_after = {seen.known_after};
        return {};
    }
    if (!seen.state.present()) {
        return Error{ErrorCode::not_found, "the source " + printable(path) + " does not exist", path};
    }
    if (seen.state.type != EntryType::file) {
        return Error{ErrorCode::wrong_type,
                     "the source " + printable(path) + " is a " + to_string(seen.state.type) + ", not a file", path};
    }
    content.digest = seen.state.content;
    content.size = seen.state.size;
    content.source = path;
    content.known = !content.digest.empty();
    if (content.known) content.arguments["source_digest"] = content.digest;
    if (content.known && content.size <= kDiffLimit) {
        Result<Bytes> bytes = request.world.read(path, kDiffLimit);
        if (bytes.ok()) content.bytes = std::move(*bytes);  // else: no diff is shown
    }
    return {};
}

}  // namespace

const std::vector<std::string>& content_names() {
    static const std::vector<std::string> names = {"content", "content_base64", "source", "template"};
    return names;
}

Result<PlannedContent> plan_content(PlanRequest& request, ArgumentReader& reader) {
    PlannedContent content;
    std::vector<std::string> given;
    for (const std::string& name : content_names()) {
        if (reader.has(name)) given.push_back(name);
    }
    if (given.size() != 1) {
        reader.complain("content", "exactly one of " + join(content_names(), ", ") + " is wanted" +
                                       (given.empty() ? "" : ", not " + join_words(given)));
        return content;
    }
    if (given.front() == "source") {
        const std::string source = reader.text("source");
        if (!source.empty()) BACKOUT_TRY(take_source(request, source, content));
        return content;
    }
    if (given.front() == "template") {
        // The references in the file belong to the manifest: the planner resolves them and hands the text over.
        const Json text = reader.text_or_template("template_resolved");
        if (text.is_null()) {
            reader.complain("template", "the references in this file were not resolved");
        } else {
            take_inline(request, reader, "content", text, content);
        }
        return content;
    }
    const Json value = reader.text_or_template(given.front());
    if (!value.is_null()) take_inline(request, reader, given.front(), value, content);
    return content;
}

Result<StagedContent> stage_content(StepContext& context, const Json& arguments) {
    StagedContent content;
    if (arguments.contains("source")) {
        const std::string path = string_member(arguments, "source");
        const Result<Location> location = context.host.locate(path);
        if (!location.ok()) return source_error(path, "vanished");
        auto file = location->directory->open_read(location->name);
        if (!file.ok()) return source_error(path, "vanished or can't be read any more");
        BACKOUT_TRY_ASSIGN(content.digest, digest_file(**file));
        const std::string planned = string_member(arguments, "source_digest");
        if (!planned.empty() && planned != content.digest) return source_error(path, "changed");
        BACKOUT_TRY_ASSIGN(const FileStatus status, (*file)->status());
        content.size = status.size;
        content.source = std::move(*file);
        return content;
    }
    const char* name = arguments.contains("content") ? "content" : "content_base64";
    const Json& value = member(arguments, name);
    Result<std::string> text = embed_in_text(value);
    if (!text.ok()) return std::move(text).error().in(name);
    Bytes bytes = std::move(*text);
    if (std::string(name) == "content_base64") {
        Result<Bytes> decoded = from_base64(bytes);
        if (!decoded.ok()) return Error{ErrorCode::invalid, "content_base64 is no base64"};
        bytes = std::move(*decoded);
    }
    content.size = bytes.size();
    content.digest = sha256_hex(bytes);
    content.bytes = std::move(bytes);
    return content;
}

}  // namespace backout
