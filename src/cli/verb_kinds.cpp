#include "base/text.h"
#include "cli/verbs.h"
#include "report/style.h"

namespace backout {

namespace {

Json parameter_to_json(const KindParameter& parameter) {
    return {{"name", parameter.name},
            {"type", parameter.type},
            {"required", parameter.required},
            {"description", parameter.description},
            {"schema", parameter.schema}};
}

Json kind_to_json(const KindInfo& kind) {
    Json parameters = Json::array();
    for (const KindParameter& parameter : kind.parameters) parameters.push_back(parameter_to_json(parameter));
    return {{"name", kind.name},
            {"summary", kind.summary},
            {"with", parameters},
            {"one_of", kind.one_of.empty() ? Json(nullptr) : Json(kind.one_of)},
            {"detects", kind.detects},
            {"verifies", kind.verifies},
            {"undo_restores", kind.undo_restores},
            {"undo_cannot", kind.undo_cannot},
            {"outputs", kind.outputs},
            {"example", kind.example}};
}

std::string section(const std::string& title, const std::string& text) {
    return text.empty() ? "" : "\n" + title + "\n  " + text + "\n";
}

std::string kind_as_text(const KindInfo& kind) {
    std::string text = kind.name + ": " + kind.summary + "\n\nwith\n";
    std::size_t width = 0;
    for (const KindParameter& parameter : kind.parameters) width = std::max(width, parameter.name.size());
    for (const KindParameter& parameter : kind.parameters) {
        text += "  " + padded(parameter.name, width) + "  " + parameter.type +
                (parameter.required ? ", required" : "") + ": " + parameter.description + "\n";
    }
    if (!kind.one_of.empty()) text += "  exactly one of " + kind.one_of + "\n";
    text += section("detects", kind.detects) + section("verifies", kind.verifies);
    text += section("undo restores", kind.undo_restores) + section("undo can't", kind.undo_cannot);
    text += section("outputs", join_words(kind.outputs));
    return text + section("example", kind.example);
}

Result<int> list_kinds(Context& context, const Registry& kinds) {
    Json list = Json::array();
    std::string text;
    for (const std::string& name : kinds.names()) {
        const KindInfo& kind = kinds.find(name)->info();
        list.push_back(kind_to_json(kind));
        text += padded(kind.name, 20) + " " + kind.summary + "\n";
    }
    context.show(list, text);
    return static_cast<int>(ExitCode::done);
}

// Documentation needs no state: it works where no session can be opened.
Result<int> run_kinds(Context& context) {
    const Registry kinds = make_builtin_registry();
    const std::string name = context.arguments.text("KIND");
    if (name.empty()) return list_kinds(context, kinds);
    const Compensator* kind = kinds.find(name);
    if (kind == nullptr)
        return Error{ErrorCode::usage, "there is no kind '" + name + "'" + did_you_mean(name, kinds.names())};
    context.show(kind_to_json(kind->info()), kind_as_text(kind->info()));
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec kinds_verb() {
    return {"kinds",
            "Describe the kinds of actions",
            "What `with` takes, what is detected, how it is verified, what undo restores and what it can't.",
            {{"KIND", "one kind, such as file.write", false}},
            {},
            {"backout kinds", "backout kinds file.write"},
            run_kinds};
}

}  // namespace backout
