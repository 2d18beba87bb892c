#include "planner/template_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "plan/template.h"

namespace backout {

namespace {

void append_text(Json& parts, const std::string& text) {
    if (text.empty()) return;
    if (!parts.empty() && parts.back().is_string()) {
        parts.back().get_ref<std::string&>() += text;
    } else {
        parts.push_back(text);
    }
}

// A line that is one reference comes with the value's own type; in a file everything is text.
Status append_value(Json& parts, const Json& value) {
    if (value.is_object() && value.contains(kTemplateKey)) {
        for (const Json& part : value[kTemplateKey]) {
            if (part.is_string()) {
                append_text(parts, part.get<std::string>());
            } else {
                parts.push_back(part);
            }
        }
        return {};
    }
    BACKOUT_TRY_ASSIGN(const std::string text, embed_in_text(value));
    append_text(parts, text);
    return {};
}

}  // namespace

Result<Json> resolve_template_text(const std::string& name, const std::string& text,
                                   const ReferenceSource& references) {
    if (!is_utf8(text)) {
        return Error{ErrorCode::invalid, name + ":1:1: a template is UTF-8 text; use \"source\" for other files", name};
    }
    Resolver resolver(name, references);
    Json parts = Json::array();
    std::string problems;
    std::uint32_t line = 1;
    // Line by line: a node knows its columns, and a reference never goes over the end of a line.
    for (std::size_t start = 0; start < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
        const std::string piece = text.substr(start, end - start);
        start = end;
        if (!may_have_references(piece)) {
            append_text(parts, piece);
            continue;
        }
        // A string's characters begin one column behind its quote.
        auto value = resolver.resolve(Node(Position{line, 0}, Node::Text{piece, nullptr}));
        std::string problem = value.ok() ? "" : value.error().message;
        if (value.ok()) {
            const Status appended = append_value(parts, *value);
            if (!appended.ok()) problem = name + ":" + std::to_string(line) + ":1: " + appended.error().message;
        }
        if (!problem.empty()) problems += (problems.empty() ? "" : "\n") + problem;
    }
    if (!problems.empty()) return Error{ErrorCode::invalid, problems, name};
    if (parts.empty()) return Json("");
    if (parts.size() == 1 && parts[0].is_string()) return parts[0];
    return Json{{kTemplateKey, std::move(parts)}};
}

std::vector<std::string> actions_in_template(const std::string& text, const ActionIds& ids) {
    std::vector<std::string> found;
    if (!may_have_references(text)) return found;
    std::vector<TextProblem> ignored;
    for (const auto& piece : parse_text(text, ignored)) {
        const auto* reference = std::get_if<Reference>(&piece);
        if (reference == nullptr || reference->root != Reference::Root::actions) continue;
        const auto output = ids.split(reference->rest);
        if (output && std::find(found.begin(), found.end(), output->id) == found.end()) found.push_back(output->id);
    }
    return found;
}

}  // namespace backout
