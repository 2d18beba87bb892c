#include "compensators/json_patch.h"

#include <nlohmann/json.hpp>

#include "compensators/json_patch_text.h"
#include "compensators/json_splice_kind.h"
#include "compensators/parameter_schema.h"
#include "plan/template.h"

namespace backout {

namespace {

Json patch_schema() {
    Json item = {{"type", "object"}, {"required", Json::array({"op", "path"})}};
    item["properties"] = Json{{"op", choice_schema({"add", "remove", "replace", "move", "copy", "test"})},
                              {"path", text_schema()},
                              {"from", text_schema()},
                              {"value", Json::object()}};
    return Json{{"type", "array"}, {"minItems", 1}, {"items", item}};
}

class JsonPatch final : public JsonFileKind {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

  protected:
    std::string edit_name() const override { return "patch"; }
    std::vector<std::string> validate_edit(const Json& edit) const override { return validate_json_patch(edit); }

    std::vector<std::string> describe_edit(const Json& patch) const override {
        std::vector<std::string> lines;
        for (const Json& operation : patch) {
            std::string line = string_member(operation, "op") + " " + string_member(operation, "path");
            if (operation.contains("from")) line += " from " + string_member(operation, "from");
            if (operation.contains("value")) {
                const Json& value = operation["value"];
                const bool is_template = value.is_object() && value.contains(kTemplateKey);
                line += " = " + (is_template ? describe_template(value) : dump_canonical(value)).substr(0, 200);
            }
            lines.push_back(printable(line));
        }
        return lines;
    }

    Result<EditResult> change(const Json& edit, const Bytes& content) const override {
        BACKOUT_TRY_ASSIGN(JsonPatched patched, patch_json_text(content, edit));
        return EditResult{std::move(patched.content), {}, patched.repeats};
    }

  private:
    static KindInfo make_info() {
        KindInfo info;
        info.name = "json.patch";
        info.summary = "Applies a JSON patch to a file, and leaves all other bytes of it alone";
        info.parameters = shared_parameters(
            {"patch", "list of operations", true,
             "RFC 6902: add, remove, replace, move, copy, test. An operation whose result is there already is done: an "
             "equal value at the place of an add, replace or copy (for \"/-\": anywhere in the array), nothing at the "
             "place "
             "of a member's remove, nothing at `from` and something at `path` of a move. Removing from an array by "
             "index "
             "takes another element each time, and the plan says so",
             patch_schema()});
        info.detects =
            "the file's content and attributes; a test that fails is an error of the plan, unless the rest of the "
            "patch is there already. Comments and trailing commas are tolerated and kept";
        info.verifies = "the touched entries; other programs' entries are theirs";
        info.undo_restores =
            "the former file itself (bytes, times, inode); if others changed it since, only the touched "
            "entries, as they were written; elements of arrays are found by their neighbours";
        info.undo_cannot = "an entry of ours that somebody changed: it is left and reported as a conflict";
        info.outputs = {"path", "digest (SHA-256; not of secrets)"};
        info.example = R"({ "action": "json.patch", "with": { "path": "/etc/app.json",)"
                       R"( "patch": [ { "op": "replace", "path": "/log/level", "value": "info" } ] } })";
        return info;
    }
};

}  // namespace

std::unique_ptr<Compensator> make_json_patch_kind() {
    return std::make_unique<JsonPatch>();
}

}  // namespace backout
