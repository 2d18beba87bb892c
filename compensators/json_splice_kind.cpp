#include "compensators/json_splice_kind.h"

#include <nlohmann/json.hpp>

#include "compensators/json_splice_reverse.h"

namespace backout {

namespace {

constexpr std::size_t kShownBytes = 200;

std::string shown(const std::string& text) {
    if (text.empty()) return "absent";
    return printable(text.size() > kShownBytes ? text.substr(0, kShownBytes) + "..." : text);
}

/// A file of white space alone holds no JSON; it is taken as an empty object, as programs that begin one do.
bool is_blank(const Bytes& content) {
    return content.find_first_not_of(" \t\r\n") == Bytes::npos;
}

}  // namespace

Result<EditResult> JsonFileKind::apply_edit(const Json& edit, const Bytes& content) const {
    if (!is_blank(content)) return change(edit, content);
    BACKOUT_TRY_ASSIGN(EditResult edited, change(edit, new_content()));
    if (edited.content == new_content()) edited.content = content;
    return edited;
}

Result<ReverseResult> JsonFileKind::reverse_edit(const Json& edit, const Bytes& before, const Bytes& current) const {
    BACKOUT_TRY_ASSIGN(const EditResult edited, apply_edit(edit, before));
    BACKOUT_TRY_ASSIGN(JsonReversal reversal,
                       reverse_json_text(is_blank(before) ? new_content() : before, edited.content, current));
    ReverseResult result;
    result.content = std::move(reversal.content);
    result.intact = reversal.intact;
    result.undone = reversal.undone;
    result.empty = reversal.empty;
    for (const JsonConflict& conflict : reversal.conflicts) {
        result.conflicts.push_back(
            Difference{"", "entry " + printable(conflict.pointer), shown(conflict.expected), shown(conflict.found)});
    }
    return result;
}

}  // namespace backout
