#include "compensators/command_run_info.h"

#include "compensators/parameter_schema.h"

namespace backout {

namespace {

Json program_schema() {
    Json schema = object_schema();
    schema["required"] = Json::array({"argv"});
    schema["properties"] = Json{
        {"argv", text_list_schema()}, {"env", text_map_schema()}, {"cwd", path_schema()}, {"stdin", text_schema()}};
    schema["additionalProperties"] = false;
    return schema;
}

}  // namespace

KindInfo command_run_info() {
    KindInfo info;
    info.name = "command.run";
    info.summary = "Runs a program; another one undoes it, and a third tells how things stand";
    info.parameters = {
        {"argv", "list of strings", true, "the program and its arguments, taken as they are (no shell)",
         text_list_schema()},
        {"env", "object", false, "variables besides the clean environment (PATH, HOME, LANG=C.UTF-8)",
         text_map_schema()},
        {"cwd", "path", false, "working directory; default: the manifest's folder", path_schema()},
        {"stdin", "string", false, "standard input; default: none", text_schema()},
        {"exit", "number or list", false, "exit statuses that mean success; default 0", integers_schema()},
        {"creates", "path", false, "the command makes this: where it is there, nothing is run", path_schema()},
        {"removes", "path", false, "the command removes this: where it is absent, nothing is run", path_schema()},
        {"touches", "list of paths", false,
         "what the command changes: these trees are written to disk before the step counts as done (without it, every "
         "writable local file system is), and no other step may change them without an order",
         text_list_schema()},
        {"undo", "object", false,
         "argv, env, cwd, stdin of the program that takes the command back; it may name outputs of its own action",
         program_schema()},
        {"probe", "object", false,
         "argv, env, cwd, stdin of a program that only looks: exit 0 applied, 1 not applied, anything else half done; "
         "it "
         "runs while planning, too, so it must change nothing",
         program_schema()},
        {"outputs", "object", false,
         "name: JSON pointer into what the command writes to standard output, or \"\" for the whole text",
         text_map_schema()},
    };
    info.detects =
        "the probe's answer (behind a step that changes something it is asked when its turn comes); without probe "
        "whether creates and removes are there";
    info.verifies = "exit status, then the probe again; without probe that creates is there and removes is absent";
    info.undo_restores =
        "what undo.argv restores, confirmed by the probe: it says 1, or what it said before the step; an undo that is "
        "already done is not run. Of a command that failed or was cut off the probe says whether it is to be undone; "
        "without probe it is as before if nothing has moved in touches, or of what an undo by rm or rmdir would "
        "remove; "
        "else its undo is run";
    info.undo_cannot =
        "anything without undo: such a step is irreversible and needs consent of its own. Without probe the undo is "
        "proved by comparing what touches names (up to 64 MiB) with what it held before; without both it can't be "
        "proved, and the report says so. An undo that names outputs of its own action can't be run where the "
        "command failed or was cut off before they were known: what it made is named, and stays";
    info.outputs = {"the names in outputs"};
    info.example =
        R"({ "action": "command.run", "with": { "argv": ["useradd", "app"], "undo": { "argv": ["userdel", "app"] },)"
        R"( "probe": { "argv": ["sh", "-c", "id -u app >/dev/null 2>&1 || exit 1"] } } })";
    return info;
}

}  // namespace backout
