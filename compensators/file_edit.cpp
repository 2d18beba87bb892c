#include "compensators/file_edit.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "compensators/parameter_schema.h"
#include "compensators/shared_file_kind.h"
#include "compensators/text_edit.h"
#include "compensators/text_edit_reverse.h"

namespace backout {

namespace {

constexpr std::size_t kShownBytes = 200;

Json edit_schema() {
    const Json text = text_schema();
    const Json state = choice_schema({"present", "absent"});
    Json ini = {{"type", "object"}, {"required", Json::array({"key"})}, {"additionalProperties", false}};
    ini["properties"] = Json{{"section", text}, {"key", text}, {"value", text}, {"state", state}};
    Json item = {{"type", "object"}, {"additionalProperties", false}};
    item["properties"] = Json{
        {"line", text},   {"match", text},  {"after", text},   {"before", text},
        {"state", state}, {"regex", text},  {"replace", text}, {"count", Json{{"type", "integer"}, {"minimum", 0}}},
        {"block", text},  {"marker", text}, {"ini", ini}};
    return Json{{"type", "array"}, {"minItems", 1}, {"items", item}};
}

std::string shown(const Bytes& text) {
    return printable(text.size() > kShownBytes ? text.substr(0, kShownBytes) + "..." : text);
}

class FileEdit final : public SharedFileKind {
  public:
    const KindInfo& info() const override {
        static const KindInfo kInfo = make_info();
        return kInfo;
    }

  protected:
    std::string edit_name() const override { return "edits"; }
    Bytes new_content() const override { return ""; }
    std::vector<std::string> validate_edit(const Json& edit) const override { return validate_text_edits(edit); }

    std::vector<std::string> describe_edit(const Json& edits) const override {
        std::vector<std::string> lines;
        for (const Json& edit : edits) lines.push_back(describe_text_edit(edit));
        return lines;
    }

    Result<EditResult> apply_edit(const Json& edits, const Bytes& content) const override {
        BACKOUT_TRY_ASSIGN(TextEdited edited, apply_text_edits(edits, content));
        return EditResult{std::move(edited.content), std::move(edited.warnings), false};
    }

    Result<ReverseResult> reverse_edit(const Json& edits, const Bytes& before, const Bytes& current) const override {
        BACKOUT_TRY_ASSIGN(const TextEdited edited, apply_text_edits(edits, before));
        const bool ini = std::any_of(edits.begin(), edits.end(), [](const Json& edit) { return edit.contains("ini"); });
        const std::vector<Splice> splices = ini ? split_insertions(before, edited.splices) : edited.splices;
        const SpliceReversal reversal =
            reverse_splices(before, splices, current, ini ? TextSort::ini : TextSort::sections);
        ReverseResult result;
        result.content = reversal.content;
        result.empty = reversal.content.empty();
        for (std::size_t index = 0; index < reversal.fates.size(); ++index) {
            const Splice& splice = splices[index];
            if (reversal.fates[index] == SpliceFate::intact) ++result.intact;
            if (reversal.fates[index] == SpliceFate::undone) ++result.undone;
            if (reversal.fates[index] != SpliceFate::changed) continue;
            const std::string ours =
                splice.inserted.empty() ? "without: " + shown(splice.removed) : shown(splice.inserted);
            result.conflicts.push_back(
                Difference{"", "edit", ours, "changed by somebody, or not to be told from copies"});
        }
        return result;
    }

  private:
    static KindInfo make_info() {
        KindInfo info;
        info.name = "file.edit";
        info.summary = "Changes lines, matches, a marked block or ini keys of a file, and no other byte";
        info.parameters = shared_parameters(
            {"edits", "list of edits", true,
             "applied in order, each one of: {line, state, match, after|before}: the line is there (put behind the "
             "last "
             "line that matches `after`, in front of the first that matches `before`, else at the end; `match` names "
             "the "
             "one line to replace), or with \"state\": \"absent\" is not. {regex, replace, count}: every match is "
             "replaced (\\1 is a group); `count` is the number of places expected, those that look replaced already "
             "included; without it any number will do, also none. {block, marker, state, after|before}: lines between "
             "two "
             "markers, {mark} standing for BEGIN and END. {ini: {section, key, value | state: absent}}. ^ and $ stand "
             "at "
             "lines",
             edit_schema()});
        info.detects = "the file's content and attributes; an edit that changes nothing is kept";
        info.verifies = "that the edit is in place; what others changed elsewhere in the file is theirs";
        info.undo_restores =
            "the former file itself (bytes, times, inode); if others edited it since, only our edit is "
            "taken back, found by the lines around it (an ini key in its section)";
        info.undo_cannot =
            "an edit of ours that somebody changed, or that can't be told from a copy that somebody made of it: it is "
            "left and reported as a conflict";
        info.outputs = {"path", "digest (SHA-256; not of secrets)"};
        info.example = R"({ "action": "file.edit", "with": { "path": "/etc/ssh/sshd_config", "edits": [)"
                       R"( { "regex": "^#?Port .*", "replace": "Port 22", "count": 1 } ] } })";
        return info;
    }
};

}  // namespace

std::unique_ptr<Compensator> make_file_edit_kind() {
    return std::make_unique<FileEdit>();
}

}  // namespace backout
