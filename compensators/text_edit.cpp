#include "compensators/text_edit.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "compensators/argument_reader.h"
#include "compensators/pattern.h"
#include "compensators/text_edit_steps.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void check_regex(ArgumentReader& reader, const std::string& name) {
    const std::string regex = reader.text(name);
    if (regex.empty() && reader.has(name)) return;
    const auto compiled = Pattern::compile(regex);
    if (!compiled) reader.complain(name, compiled.error().message);
}

void check_state(ArgumentReader& reader) {
    const std::string state = reader.text("state", "present");
    if (state != "present" && state != "absent") reader.complain("state", "\"present\" or \"absent\" is expected");
}

void check_place(ArgumentReader& reader) {
    check_regex(reader, "after");
    check_regex(reader, "before");
    if (reader.has("after") && reader.has("before")) reader.complain("before", "can't be given together with after");
}

void check_one_line(ArgumentReader& reader, const std::string& name) {
    const Json text = reader.text_or_template(name);
    if (text.is_string() && text.get_ref<const std::string&>().find_first_of("\r\n") != std::string::npos) {
        reader.complain(name, "must be a single line; use block for several");
    }
}

void check_line(const Json& edit, ArgumentReader& reader) {
    reader.only({"line", "state", "match", "after", "before"});
    check_state(reader);
    check_place(reader);
    check_regex(reader, "match");
    check_one_line(reader, "line");
    if (!reader.has("line") && !wants_absent(edit)) reader.complain("line", "is missing");
}

void check_replacement(ArgumentReader& reader) {
    reader.only({"regex", "replace", "count"});
    check_regex(reader, "regex");
    reader.require("replace");
    reader.text_or_template("replace");
    reader.integer("count", 0, 1'000'000);
}

void check_block(ArgumentReader& reader, std::set<std::string>& markers) {
    reader.only({"block", "marker", "state", "after", "before"});
    check_state(reader);
    check_place(reader);
    reader.text_or_template("block");
    const std::string marker = reader.text("marker", "# {mark} backout");
    const std::size_t mark = marker.find("{mark}");
    if (mark == std::string::npos || marker.find("{mark}", mark + 1) != std::string::npos) {
        reader.complain("marker", "must hold {mark} once, where BEGIN and END go");
    }
    if (marker.find_first_of("\r\n") != std::string::npos) reader.complain("marker", "must be a single line");
    if (!markers.insert(marker).second) reader.complain("marker", "is that of another block; give each one its own");
}

void check_ini(const Json& edit, ArgumentReader& reader) {
    reader.only({"ini", "state"});
    check_state(reader);
    ArgumentReader ini(edit["ini"], "ini.");
    ini.only({"section", "key", "value", "state"});
    check_state(ini);
    ini.require("key");
    check_one_line(ini, "section");
    check_one_line(ini, "key");
    check_one_line(ini, "value");
    const bool absent = wants_absent(edit) || wants_absent(edit["ini"]);
    if (absent && ini.has("value")) ini.complain("value", "is given, and absence wanted");
    if (!absent && !ini.has("value")) ini.complain("value", "is missing (or \"state\": \"absent\")");
    reader.take_problems_of(ini);
}

void check_edit(const Json& edit, ArgumentReader& reader, std::set<std::string>& markers) {
    std::vector<std::string> sorts;
    for (const char* name : {"line", "regex", "block", "ini"}) {
        if (reader.has(name)) sorts.emplace_back(name);
    }
    if (sorts.empty() && reader.has("match") && wants_absent(edit)) sorts.emplace_back("line");
    if (sorts.size() != 1) {
        reader.only(
            {"line", "regex", "block", "ini", "state", "match", "after", "before", "replace", "count", "marker"});
        reader.complain("edit", "exactly one of line, regex, block and ini is wanted");
    } else if (sorts[0] == "line") {
        check_line(edit, reader);
    } else if (sorts[0] == "regex") {
        check_replacement(reader);
    } else if (sorts[0] == "block") {
        check_block(reader, markers);
    } else {
        check_ini(edit, reader);
    }
}

Status apply_edit(const Json& edit, EditedText& text, std::vector<std::string>& warnings) {
    if (edit.contains("block")) return edit_block(edit, text);
    if (edit.contains("ini")) return edit_ini(edit, text);
    if (!edit.contains("regex")) return edit_line(edit, text);
    BACKOUT_TRY_ASSIGN(const bool nothing, edit_regex(edit, text));
    if (nothing) warnings.push_back("'" + edit["regex"].get<std::string>() + "' matches nothing");
    return {};
}

std::string short_text(const Json& value) {
    const std::string text = printable(describe_template(value));
    return "'" + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + "'";
}

std::string edit_name(std::size_t index) {
    return "edits[" + std::to_string(index) + "]";
}

}  // namespace

std::vector<std::string> validate_text_edits(const Json& edits) {
    std::vector<std::string> problems;
    if (!edits.is_array() || edits.empty()) return {"edits: a list with at least one edit is expected"};
    std::set<std::string> markers;
    for (std::size_t index = 0; index < edits.size(); ++index) {
        ArgumentReader reader(edits[index], edit_name(index) + ".");
        if (edits[index].is_object()) check_edit(edits[index], reader, markers);
        problems.insert(problems.end(), reader.problems().begin(), reader.problems().end());
    }
    return problems;
}

Result<TextEdited> apply_text_edits(const Json& edits, const Bytes& content) {
    if (content.compare(0, 2, "\xFF\xFE") == 0 || content.compare(0, 2, "\xFE\xFF") == 0) {
        return Error{ErrorCode::invalid,
                     "the file is in UTF-16, which file.edit can't change; write it whole with file.write"};
    }
    const bool marked = content.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0;
    SpliceList list(content);
    EditedText text(list, marked ? kByteOrderMark.size() : 0);
    TextEdited edited;
    for (std::size_t index = 0; index < edits.size(); ++index) {
        std::vector<std::string> warnings;
        auto done = apply_edit(edits[index], text, warnings);
        if (!done) return std::move(done).error().in(edit_name(index));
        for (const std::string& warning : warnings) edited.warnings.push_back(edit_name(index) + ": " + warning);
    }
    edited.content = list.current();
    edited.splices = list.splices();
    return edited;
}

std::string describe_text_edit(const Json& edit) {
    const std::string state = wants_absent(edit) || wants_absent(member(edit, "ini")) ? " absent" : " present";
    if (edit.contains("regex")) return "regex " + short_text(edit["regex"]) + " -> " + short_text(edit["replace"]);
    if (edit.contains("block")) return "block " + short_text(edit["block"]) + state;
    if (!edit.contains("ini")) {
        return edit.contains("line") ? "line " + short_text(edit["line"]) + state
                                     : "lines matching " + short_text(edit["match"]) + state;
    }
    const Json& ini = edit["ini"];
    std::string text = "ini [" +
                       printable(describe_template(member(ini, "section").is_null() ? Json("") : ini["section"])) +
                       "] " + printable(describe_template(member(ini, "key")));
    return ini.contains("value") ? text + " = " + short_text(ini["value"]) : text + state;
}

}  // namespace backout
