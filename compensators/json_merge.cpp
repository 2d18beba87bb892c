#include "compensators/json_merge.h"

#include <nlohmann/json.hpp>

#include "compensators/json_merge_text.h"
#include "compensators/json_splice.h"
#include "compensators/json_splice_kind.h"
#include "compensators/parameter_schema.h"
#include "plan/template.h"

namespace backout {

namespace {

void describe_members(const Json& merge, const JsonPath& path, std::vector<std::string>& lines) {
    for (const auto& [key, value] : merge.items()) {
        JsonPath place = path;
        place.push_back(key);
        const bool is_template = value.is_object() && value.contains(kTemplateKey);
        if (value.is_object() && !value.empty() && !is_template) {
            describe_members(value, place, lines);
            continue;
        }
        const std::string text = is_template ? describe_template(value) : dump_canonical(value);
        lines.push_back(printable(json_pointer_of(place)) +
                        (value.is_null() ? " removed" : " = " + printable(text.substr(0, 200))));
    }
}

class JsonMerge final : public JsonFileKind {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

  protected:
    std::string edit_name() const override { return "merge"; }

    std::vector<std::string> validate_edit(const Json& edit) const override {
        if (edit.is_object()) return {};
        return {"merge: an object is expected: its members are merged, and those that are null removed (RFC 7396)"};
    }

    std::vector<std::string> describe_edit(const Json& edit) const override {
        std::vector<std::string> lines;
        describe_members(edit, {}, lines);
        return lines;
    }

    Result<EditResult> change(const Json& edit, const Bytes& content) const override {
        if (!edit.is_object()) return Error{ErrorCode::invalid, "merge: an object is expected"};
        BACKOUT_TRY_ASSIGN(Bytes merged, merge_json_text(content, edit));
        return EditResult{std::move(merged)};
    }

  private:
    static KindInfo make_info() {
        KindInfo info;
        info.name = "json.merge";
        info.summary = "Merges members into a JSON file, and leaves all other bytes of it alone";
        info.parameters = shared_parameters(
            {"merge", "object", true,
             "members to set; null removes one; objects are merged, all else is replaced (RFC 7396)", object_schema()});
        info.detects =
            "the file's content and attributes; members that are already so are not touched. Comments, trailing "
            "commas and a byte order mark are tolerated and kept; an empty file counts as {}";
        info.verifies = "the touched entries; other programs' entries are theirs";
        info.undo_restores =
            "the former file itself (bytes, times, inode); if others changed it since, only the touched "
            "entries, as they were written";
        info.undo_cannot = "an entry of ours that somebody changed: it is left and reported as a conflict";
        info.outputs = {"path", "digest (SHA-256; not of secrets)"};
        info.example = R"({ "action": "json.merge", "with": { "path": "/etc/app.json", "create": true,)"
                       R"( "merge": { "log": { "level": "info" }, "old": null } } })";
        return info;
    }
};

}  // namespace

std::unique_ptr<Compensator> make_json_merge_kind() {
    return std::make_unique<JsonMerge>();
}

}  // namespace backout
