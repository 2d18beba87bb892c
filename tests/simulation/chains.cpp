// Steps that follow each other on one target.

#include <nlohmann/json.hpp>

#include "pieces.h"
#include "scene_tools.h"

namespace backout::simulation {

namespace {

using Place = const std::string&;
using Link = Chain::Link;

void conf(MemHost& world, Place place) {
    put_owned(world, place + "/conf", "one\nport 80\nend\n");
}
void nothing(MemHost& world, Place place) {
    world.put_directory(place);
}
void json(MemHost& world, Place place) {
    put_owned(world, place + "/conf", "{\n  \"a\": 1\n}\n");
}

Link write(const std::string& name, const std::string& content) {
    return {"file.write", [=](Place p) { return Json{{"path", p + name}, {"content", content}}; }};
}
Link edit(const std::string& line) {
    return {"file.edit", [=](Place p) {
                return Json{{"path", p + "/conf"}, {"edits", Json::array({{{"line", line}}})}};
            }};
}
Link move(const std::string& from, const std::string& to) {
    return {"file.move", [=](Place p) { return Json{{"from", p + from}, {"to", p + to}}; }};
}
Link mode(const std::string& name, const std::string& value) {
    return {"file.attributes", [=](Place p) { return Json{{"path", p + name}, {"mode", value}}; }};
}
Link on(const std::string& kind, const std::string& name) {
    return {kind, [=](Place p) { return Json{{"path", p + name}}; }};
}
Link link_to(const std::string& to) {
    return {"file.link", [=](Place p) { return Json{{"path", p + "/link"}, {"to", to}}; }};
}
Link merge(const Json& what) {
    return {"json.merge", [=](Place p) { return Json{{"path", p + "/conf"}, {"merge", what}}; }};
}
Link extract() {
    return {"archive.extract", [](Place p) { return Json{{"source", p + "/t.tar"}, {"path", p + "/app"}}; }};
}
Link sync_into(const std::string& name) {
    return {"dir.sync", [=](Place p) { return Json{{"source", p + "/src"}, {"path", p + name}, {"delete", true}}; }};
}

void tree_and_source(MemHost& world, Place place) {
    world.put_file(place + "/src/f", "from source\n");
    put_owned(world, place + "/app/f", "before\n");
    world.put_file(place + "/t.tar", sample_archive());
}
void only_source(MemHost& world, Place place) {
    world.put_file(place + "/src/f", "from source\n");
}
void tree(MemHost& world, Place place) {
    put_owned(world, place + "/app/f", "before\n");
}

std::vector<Chain> file_chains() {
    return {
        {"write_edit", conf, {write("/conf", "one\n"), edit("two")}},
        {"new_edit", nothing, {write("/conf", "one\n"), edit("two")}},
        {"write_write", conf, {write("/conf", "1\n"), write("/conf", "2\n")}},
        {"write_attributes", nothing, {write("/conf", "1\n"), mode("/conf", "0600")}},
        {"attributes_write", conf, {mode("/conf", "0600"), write("/conf", "1\n")}},
        {"attributes_delete", conf, {mode("/conf", "0600"), on("file.delete", "/conf")}},
        {"write_delete", conf, {write("/conf", "1\n"), on("file.delete", "/conf")}},
        {"delete_write", conf, {on("file.delete", "/conf"), write("/conf", "1\n")}},
        {"write_move", conf, {write("/conf", "1\n"), move("/conf", "/moved")}},
        {"move_write", conf, {move("/conf", "/moved"), write("/conf", "1\n")}},
        {"move_edit_back", conf, {edit("x"), move("/conf", "/moved")}},
        {"move_move", conf, {move("/conf", "/b"), move("/b", "/c")}},
        {"edit_edit", conf, {edit("two"), edit("three")}},
        {"edit_attributes", conf, {edit("two"), mode("/conf", "0600")}},
        {"merge_merge", json, {merge({{"b", 1}}), merge({{"a", nullptr}, {"c", 2}})}},
        {"link_link", nothing, {link_to("r/1"), link_to("r/2")}},
        {"link_delete", nothing, {link_to("r/1"), on("file.delete", "/link")}},
    };
}

std::vector<Chain> tree_chains() {
    return {
        {"create_write", nothing, {on("dir.create", "/app"), write("/app/f", "in it\n")}},
        {"create_attributes", nothing, {on("dir.create", "/app"), mode("/app", "0700")}},
        {"create_delete", nothing, {on("dir.create", "/app"), on("dir.delete", "/app")}},
        {"create_sync", only_source, {on("dir.create", "/app"), sync_into("/app")}},
        {"create_move_into", conf, {on("dir.create", "/app"), move("/conf", "/app/conf")}},
        {"delete_create", tree, {on("dir.delete", "/app"), on("dir.create", "/app")}},
        {"write_delete_tree", tree, {write("/app/f", "in it\n"), on("dir.delete", "/app")}},
        {"attributes_delete_tree", tree, {mode("/app", "0700"), on("dir.delete", "/app")}},
        {"sync_write", tree_and_source, {sync_into("/app"), write("/app/f", "mine\n")}},
        {"write_sync", tree_and_source, {write("/app/extra", "mine\n"), sync_into("/app")}},
        {"extract_write", tree_and_source, {extract(), write("/app/top/one", "mine\n")}},
        {"write_extract", tree_and_source, {write("/app/f", "mine\n"), extract()}},
        {"move_tree_write", tree, {move("/app", "/old"), write("/old/f", "mine\n")}},
        {"write_move_tree", tree, {write("/app/f", "mine\n"), move("/app", "/old")}},
    };
}

}  // namespace

const std::vector<Chain>& all_chains() {
    static const std::vector<Chain> chains = [] {
        std::vector<Chain> all = file_chains();
        const std::vector<Chain> more = tree_chains();
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return chains;
}

}  // namespace backout::simulation
