#include "pieces.h"

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "scene_tools.h"

namespace backout::simulation {

namespace {

using Place = const std::string&;

void put_small_tree(MemHost& world, const std::string& top) {
    world.put_directory(top, 0750);
    put_owned(world, top + "/one", "1\n");
    world.put_symlink(top + "/link", "one");
    world.put_file(top + "/sub/two", "22\n", 0600);
}

constexpr const char* kSettings = "{\n  \"a\": { \"b\": 1 },\n  \"theirs\": [1, 2]\n}\n";

Json edits() {
    return Json::array({{{"line", "added"}, {"after", "^one$"}}, {{"regex", "^port .*"}, {"replace", "port 22"}}});
}

Json program(const std::string& mode, Place place) {
    return {{"argv", {"tool", mode, place + "/cmd"}}};
}

Json command(Place place, bool probe, bool undo) {
    Json with = program("apply", place);
    with["touches"] = {place + "/cmd.a", place + "/cmd.b"};
    if (probe) with["probe"] = program("probe", place);
    if (undo) with["undo"] = program("undo", place);
    return with;
}

void nothing(MemHost& world, Place place) {
    world.put_directory(place);
}

std::vector<Piece> file_pieces() {
    return {
        {"write_new", nothing, "file.write",
         [](Place p) {
             return Json{
                 {"path", p + "/new/deep/conf"}, {"content", "fresh\n"}, {"mode", "0640"}, {"make_parents", true}};
         }},
        {"write_replace", [](MemHost& w, Place p) { put_owned(w, p + "/conf", "old\n"); }, "file.write",
         [](Place p) {
             return Json{{"path", p + "/conf"}, {"content", "new\n"}};
         }},
        {"delete", [](MemHost& w, Place p) { put_owned(w, p + "/gone", "x\n"), put_twin(w, p + "/gone", p + "/twin"); },
         "file.delete",
         [](Place p) {
             return Json{{"path", p + "/gone"}};
         }},
        {"move", [](MemHost& w, Place p) { put_owned(w, p + "/from", "moved\n"), w.put_directory(p + "/d"); },
         "file.move",
         [](Place p) {
             return Json{{"from", p + "/from"}, {"to", p + "/d/to"}};
         }},
        {"link_new", nothing, "file.link",
         [](Place p) {
             return Json{{"path", p + "/link"}, {"to", "releases/2"}};
         }},
        {"link_switch", [](MemHost& w, Place p) { w.put_symlink(p + "/current", "releases/1", 1000); }, "file.link",
         [](Place p) {
             return Json{{"path", p + "/current"}, {"to", "releases/2"}};
         }},
        {"edit", [](MemHost& w, Place p) { put_owned(w, p + "/conf", "one\nport 80\nend\n"); }, "file.edit",
         [](Place p) {
             return Json{{"path", p + "/conf"}, {"edits", edits()}};
         }},
        {"attributes", [](MemHost& w, Place p) { put_owned(w, p + "/file", "same\n"); }, "file.attributes",
         [](Place p) {
             return Json{{"path", p + "/file"}, {"mode", "0600"}, {"owner", "1002"}};
         }},
        {"attributes_tree", [](MemHost& w, Place p) { put_small_tree(w, p + "/tree"); }, "file.attributes",
         [](Place p) {
             return Json{{"path", p + "/tree"}, {"mode", "0604"}, {"directory_mode", "0705"}, {"recurse", true}};
         }},
    };
}

std::vector<Piece> tree_pieces() {
    return {
        {"dir_create", nothing, "dir.create",
         [](Place p) {
             return Json{{"path", p + "/a/b"}, {"mode", "0750"}, {"make_parents", true}};
         }},
        {"dir_delete", [](MemHost& w, Place p) { put_small_tree(w, p + "/tree"); }, "dir.delete",
         [](Place p) {
             return Json{{"path", p + "/tree"}};
         }},
        {"dir_sync",
         [](MemHost& w, Place p) {
             w.put_file(p + "/release/index", "new index\n");
             w.put_file(p + "/release/css/site", "style\n");
             put_owned(w, p + "/app/index", "old index\n");
             w.put_file(p + "/app/stale", "stale\n");
         },
         "dir.sync",
         [](Place p) {
             return Json{{"source", p + "/release"}, {"path", p + "/app"}, {"delete", true}};
         }},
        {"archive_new", [](MemHost& w, Place p) { w.put_file(p + "/app.tar", sample_archive()); }, "archive.extract",
         [](Place p) {
             return Json{{"source", p + "/app.tar"}, {"path", p + "/app"}, {"strip", 1}};
         }},
        {"archive_replace",
         [](MemHost& w, Place p) { w.put_file(p + "/app.tar", sample_archive()), put_small_tree(w, p + "/app"); },
         "archive.extract",
         [](Place p) {
             return Json{{"source", p + "/app.tar"}, {"path", p + "/app"}, {"strip", 1}};
         }},
    };
}

std::vector<Piece> other_pieces() {
    return {
        {"json_merge", [](MemHost& w, Place p) { put_owned(w, p + "/s.json", kSettings); }, "json.merge",
         [](Place p) {
             return Json{{"path", p + "/s.json"}, {"merge", {{"a", {{"b", 2}, {"c", 3}}}}}};
         }},
        {"json_patch", [](MemHost& w, Place p) { put_owned(w, p + "/s.json", kSettings); }, "json.patch",
         [](Place p) {
             return Json{
                 {"path", p + "/s.json"},
                 {"patch", {{{"op", "add"}, {"path", "/new"}, {"value", true}}, {{"op", "remove"}, {"path", "/a/b"}}}}};
         }},
        {"command", nothing, "command.run", [](Place p) { return command(p, true, true); }},
        {"command_without_probe", nothing, "command.run", [](Place p) { return command(p, false, true); }},
        {"command_irreversible", nothing, "command.run", [](Place p) { return command(p, false, false); }, true},
        {"check", [](MemHost& w, Place p) { w.put_file(p + "/there", ""); }, "check",
         [](Place p) {
             return Json{{"file", p + "/there"}};
         }},
    };
}

}  // namespace

const std::vector<Piece>& all_pieces() {
    static const std::vector<Piece> pieces = [] {
        std::vector<Piece> all = file_pieces();
        for (const auto& more : {tree_pieces(), other_pieces()}) all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return pieces;
}

const Piece& piece_named(const std::string& name) {
    for (const Piece& piece : all_pieces()) {
        if (piece.name == name) return piece;
    }
    BACKOUT_ASSERT(false && "no such piece");
}

}  // namespace backout::simulation
