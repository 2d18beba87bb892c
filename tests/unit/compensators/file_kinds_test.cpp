// What each file kind plans and refuses.

#include "base/digest.h"
#include "unit/compensators/file_world.h"

namespace backout {
namespace {

class FileKinds : public testing::Test {
  protected:
    FileKinds() : road_(host_) {
        host_.put_file("/etc/app.conf", "port=1\nname=x\n", 0640);
        host_.put_directory("/srv/dir");
        host_.put_symlink("/etc/link", "app.conf");
        host_.put_file("/work/release.txt", "from source\n");
        host_.put_directory("/.store", 0700);
        host_.mount("/mnt", "ext4");
        host_.add_user("alice", 1000);
    }

    Error refused(const std::string& kind, const Json& with) {
        auto planned = road_.plan(kind, with);
        if (planned.ok()) throw std::runtime_error("accepted: " + dump_canonical(planned->arguments));
        return planned.error();
    }

    MemHost host_;
    StepRoad road_;
};

TEST_F(FileKinds, write_shows_what_changes_with_a_diff) {
    const Planned planned =
        must(road_.plan("file.write", {{"path", "/etc/app.conf"}, {"content", "port=2\nname=x\n"}, {"mode", "0600"}}));
    EXPECT_EQ(planned.operation, "update");
    EXPECT_EQ(planned.target, "/etc/app.conf");
    EXPECT_NE(planned.details["diff"].get<std::string>().find("-port=1\n+port=2\n name=x\n"), std::string::npos);
    EXPECT_NE(dump_canonical(planned.details["changes"]).find(R"({"attribute":"mode","from":"0640","to":"0600"})"),
              std::string::npos);
    EXPECT_EQ(planned.after["mode"], "0600");
    EXPECT_EQ(planned.after["content"], sha256_hex("port=2\nname=x\n"));
    EXPECT_EQ(planned.resources.size(), 1U);
}

TEST_F(FileKinds, write_gives_new_files_0644_and_the_running_user) {
    const Planned planned = must(road_.plan("file.write", {{"path", "/etc/new"}, {"content", "x"}}));
    EXPECT_EQ(planned.operation, "create");
    EXPECT_EQ(planned.before, nullptr);
    EXPECT_EQ(planned.after["mode"], "0644");
    EXPECT_EQ(planned.after["uid"], 0);
}

TEST_F(FileKinds, write_takes_relative_paths_from_the_manifest_and_names_for_owners) {
    const Planned planned = must(road_.plan(
        "file.write", {{"path", "out/x"}, {"source", "release.txt"}, {"owner", "alice"}, {"make_parents", true}}));
    EXPECT_EQ(planned.arguments["path"], "/work/out/x");
    EXPECT_EQ(planned.arguments["source"], "/work/release.txt");
    EXPECT_EQ(planned.arguments["source_digest"], sha256_hex("from source\n"));
    EXPECT_EQ(planned.arguments["uid"], 1000);
    ASSERT_EQ(planned.resources.size(), 2U);
    EXPECT_EQ(planned.resources[0].key, "/work/out");
}

TEST_F(FileKinds, write_refuses_what_is_no_file_and_names_the_remedy) {
    EXPECT_NE(refused("file.write", {{"path", "/etc/link"}, {"content", ""}}).text().find("follow"), std::string::npos);
    EXPECT_NE(refused("file.write", {{"path", "/srv/dir"}, {"content", ""}}).text().find("dir.delete"),
              std::string::npos);
    EXPECT_EQ(refused("file.write", {{"path", "/mnt"}, {"content", ""}}).code, ErrorCode::wrong_type);
    must(must(host_.open_directory("/etc"))->make_special("fifo", EntryType::fifo, 0600, 0));
    EXPECT_EQ(refused("file.write", {{"path", "/etc/fifo"}, {"content", ""}}).code, ErrorCode::wrong_type);
    EXPECT_EQ(refused("file.write", {{"path", "/etc/app.conf/x"}, {"content", ""}}).code, ErrorCode::wrong_type);
    EXPECT_NE(refused("file.write", {{"path", "/no/such/x"}, {"content", ""}}).text().find("make_parents"),
              std::string::npos);
    EXPECT_EQ(refused("file.write", {{"path", "/etc/../x"}, {"content", ""}}).code, ErrorCode::invalid);
    EXPECT_EQ(refused("file.write", {{"path", "/etc/" + std::string(256, 'x')}, {"content", ""}}).code,
              ErrorCode::invalid);
}

TEST_F(FileKinds, write_refuses_arguments_all_at_once) {
    const std::string text =
        refused("file.write", {{"path", "/x"}, {"contents", ""}, {"mode", "9"}, {"owner", "bob"}}).text();
    EXPECT_NE(text.find("did you mean 'content'"), std::string::npos) << text;
    EXPECT_NE(text.find("mode"), std::string::npos);
    EXPECT_NE(text.find("bob"), std::string::npos);
    EXPECT_NE(refused("file.write", {{"path", "/x"}, {"content", ""}, {"source", "y"}}).text().find("exactly one"),
              std::string::npos);
    EXPECT_NE(refused("file.write", {{"path", "/x"}, {"content", ""}, {"validate", {"true"}}}).text().find("${file}"),
              std::string::npos);
}

TEST_F(FileKinds, write_finds_at_planning_what_it_may_not_change) {
    host_.file_system(*must(host_.open_directory("/mnt"))).value();
    AttributeChange change;
    change.flags = kFlagImmutable;
    must(must(host_.open_directory("/srv"))->set_attributes("dir", change));
    EXPECT_EQ(refused("file.write", {{"path", "/srv/dir/x"}, {"content", ""}}).code, ErrorCode::not_permitted);
    host_.set_user_id(1000);
    EXPECT_EQ(refused("file.write", {{"path", "/etc/x"}, {"content", ""}}).code, ErrorCode::not_permitted);
    EXPECT_EQ(refused("dir.create", {{"path", "/etc/x"}}).code, ErrorCode::not_permitted);
    EXPECT_EQ(refused("file.attributes", {{"path", "/etc/app.conf"}, {"mode", "0600"}}).code, ErrorCode::not_permitted);
}

TEST_F(FileKinds, write_follows_a_link_if_asked) {
    const Planned planned = must(road_.plan("file.write", {{"path", "/etc/link"}, {"content", "x"}, {"follow", true}}));
    EXPECT_EQ(planned.arguments["path"], "/etc/app.conf");
    EXPECT_EQ(planned.operation, "update");
}

TEST_F(FileKinds, write_warns_of_lost_capabilities_and_other_names) {
    auto etc = must(host_.open_directory("/etc"));
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"security.capability", "cap"}, {"user.x", "kept"}};
    must(etc->set_attributes("app.conf", change));
    must(etc->make_link("other", *etc, "app.conf"));
    const Planned planned = must(road_.plan("file.write", {{"path", "/etc/app.conf"}, {"content", "x"}}));
    ASSERT_EQ(planned.warnings.size(), 2U);
    EXPECT_FALSE(planned.after["xattrs"].contains("security.capability"));
    EXPECT_TRUE(planned.after["xattrs"].contains("user.x"));
}

TEST_F(FileKinds, write_never_guesses_what_a_later_value_will_be) {
    const Json later = {{"$template", {"v=", {{"ref", "actions.gist.id"}}}}};
    const Planned planned = must(road_.plan("file.write", {{"path", "/etc/app.conf"}, {"content", later}}));
    EXPECT_EQ(planned.operation, "set");
    EXPECT_EQ(planned.known_after, std::vector<std::string>{"gist"});
    EXPECT_EQ(planned.details["content"], "(known after gist)");
    EXPECT_EQ(planned.after["content"], nullptr);
    EXPECT_FALSE(planned.details.contains("diff"));
    PlannedStep step = road_.step_of("file.write", planned);
    step.arguments["content"] = "port=1\nname=x\n";  // it turns out to be what is there
    const Json image = must(road_.stage(step));
    EXPECT_TRUE(must(road_.apply("file.write", image)).was_already);
    EXPECT_EQ(road_.where("file.write", image), Where::both);
}

TEST_F(FileKinds, write_keeps_secrets_out_of_the_plan) {
    const Json secret = {{"$template", {{{"ref", "inputs.token"}}}}};
    const auto world = make_host_world_view(host_);
    PlanRequest request{.id = "s",
                        .with = {{"path", "/etc/app.conf"}, {"content", secret}},
                        .manifest_directory = "/",
                        .world = *world,
                        .host = host_};
    request.expand = [](const Json&) -> Result<Json> { return Json("hunter2"); };
    const Planned planned = must(road_.kind("file.write").plan(request));
    EXPECT_EQ(planned.operation, "update");
    EXPECT_EQ(planned.arguments["secret"], true);
    EXPECT_EQ(planned.details["content"], "(secret)");
    const std::string all = dump_canonical(planned.details) + dump_canonical(planned.arguments) +
                            dump_canonical(planned.before) + dump_canonical(planned.after);
    EXPECT_EQ(all.find("hunter2"), std::string::npos);
    EXPECT_EQ(all.find(sha256_hex("hunter2")), std::string::npos);
    EXPECT_EQ(all.find(sha256_hex("port=1\nname=x\n")), std::string::npos) << "the former value may be a secret, too";
    host_.put_file("/etc/app.conf", "hunter2", 0640);
    EXPECT_EQ(must(road_.kind("file.write").plan(request)).operation, "keep");
}

TEST_F(FileKinds, write_checks_its_source_again_when_it_stages) {
    const PlannedStep step = road_.planned_step("file.write", {{"path", "/etc/new"}, {"source", "release.txt"}});
    host_.put_file("/work/release.txt", "changed\n");
    EXPECT_NE(road_.stage(step).error().text().find("changed since the plan"), std::string::npos);
    host_.remove("/work/release.txt");
    EXPECT_NE(road_.stage(step).error().text().find("vanished"), std::string::npos);
    EXPECT_EQ(refused("file.write", {{"path", "/x"}, {"source", "release.txt"}}).code, ErrorCode::not_found);
}

TEST_F(FileKinds, write_lets_a_program_validate_the_new_file_before_it_goes_live) {
    Bytes seen;
    host_.add_program("checker", [&](MemHost& host, const ProcessSpec& spec) {
        seen = host.content(spec.argv.at(1)).value_or("?");
        ProcessOutcome outcome;
        outcome.started = true;
        outcome.exit_status = seen == "good" ? 0 : 1;
        outcome.errors = "line 1 is bad";
        return outcome;
    });
    const Json validate = {"checker", "${file}"};
    const auto bad = road_.stage(
        road_.planned_step("file.write", {{"path", "/etc/new"}, {"content", "bad"}, {"validate", validate}}));
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(seen, "bad");
    EXPECT_NE(bad.error().text().find("line 1 is bad"), std::string::npos) << bad.error().text();
    EXPECT_TRUE(must(must(host_.open_directory("/.store"))->list()).empty());
    EXPECT_FALSE(host_.content("/etc/new"));
    road_.run("file.write", {{"path", "/etc/new"}, {"content", "good"}, {"validate", validate}});
    EXPECT_EQ(host_.content("/etc/new"), "good");
}

TEST_F(FileKinds, delete_keeps_what_is_absent_and_refuses_the_other_kind) {
    EXPECT_EQ(must(road_.plan("file.delete", {{"path", "/no/such"}})).operation, "keep");
    EXPECT_EQ(must(road_.plan("dir.delete", {{"path", "/no/such"}})).operation, "keep");
    const auto directory = must(road_.plan("file.delete", {{"path", "/srv/dir"}})).unless_kept;
    ASSERT_TRUE(directory);
    EXPECT_NE(directory->text().find("dir.delete"), std::string::npos);
    const auto file = must(road_.plan("dir.delete", {{"path", "/etc/app.conf"}})).unless_kept;
    ASSERT_TRUE(file);
    EXPECT_NE(file->text().find("file.delete"), std::string::npos);
    EXPECT_EQ(refused("dir.delete", {{"path", "/mnt"}}).code, ErrorCode::wrong_type);
    EXPECT_EQ(refused("dir.delete", {{"path", "/"}}).code, ErrorCode::invalid);
    host_.mount("/srv/dir/inner", "ext4");
    EXPECT_NE(refused("dir.delete", {{"path", "/srv/dir"}}).text().find("/srv/dir/inner"), std::string::npos);
}

TEST_F(FileKinds, move_is_done_when_from_is_absent_and_to_is_there) {
    EXPECT_EQ(must(road_.plan("file.move", {{"from", "/etc/none"}, {"to", "/etc/app.conf"}})).operation, "keep");
    EXPECT_EQ(refused("file.move", {{"from", "/etc/none"}, {"to", "/etc/none2"}}).code, ErrorCode::not_found);
    const auto both = must(road_.plan("file.move", {{"from", "/etc/app.conf"}, {"to", "/etc/link"}}));
    ASSERT_TRUE(both.unless_kept);
    EXPECT_EQ(both.unless_kept->code, ErrorCode::exists);
    EXPECT_EQ(refused("file.move", {{"from", "/srv/dir"}, {"to", "/srv/dir/x"}}).code, ErrorCode::invalid);
}

TEST_F(FileKinds, link_takes_its_text_word_for_word_and_spares_files) {
    const Planned planned = must(road_.plan("file.link", {{"path", "/srv/current"}, {"to", "releases/../releases/1"}}));
    EXPECT_EQ(planned.operation, "create");
    EXPECT_EQ(planned.after["link"], "releases/../releases/1");
    EXPECT_EQ(must(road_.plan("file.link", {{"path", "/etc/link"}, {"to", "app.conf"}})).operation, "keep");
    EXPECT_NE(refused("file.link", {{"path", "/etc/app.conf"}, {"to", "x"}}).text().find("replace"), std::string::npos);
    EXPECT_EQ(refused("file.link", {{"path", "/srv/dir"}, {"to", "x"}, {"replace", true}}).code, ErrorCode::wrong_type);
}

TEST_F(FileKinds, attributes_say_which_entries_change_and_that_other_names_change_too) {
    auto etc = must(host_.open_directory("/etc"));
    must(etc->make_link("other", *etc, "app.conf"));
    const Planned planned = must(road_.plan("file.attributes", {{"path", "/etc/app.conf"}, {"mode", "4755"}}));
    ASSERT_EQ(planned.warnings.size(), 1U);
    EXPECT_EQ(planned.after["mode"], "4755");
    EXPECT_EQ(must(road_.plan("file.attributes", {{"path", "/etc/app.conf"}, {"mode", "0640"}})).operation, "keep");
    EXPECT_EQ(refused("file.attributes", {{"path", "/etc/none"}, {"mode", "0640"}}).code, ErrorCode::not_found);
    EXPECT_EQ(refused("file.attributes", {{"path", "/etc/app.conf"}}).code, ErrorCode::invalid);
    const Planned tree = must(road_.plan(
        "file.attributes", {{"path", "/etc"}, {"mode", "0600"}, {"directory_mode", "0700"}, {"recurse", true}}));
    EXPECT_EQ(tree.details["entries"], 3);
    EXPECT_TRUE(tree.resources.front().tree);
}

TEST_F(FileKinds, attributes_of_a_tree_are_named_entry_by_entry_up_to_a_limit) {
    for (int i = 10; i < 35; ++i) host_.put_file("/srv/t/f" + std::to_string(i), "x");
    const Planned planned = must(road_.plan(
        "file.attributes", {{"path", "/srv/t"}, {"mode", "0600"}, {"directory_mode", "0755"}, {"recurse", true}}));
    const std::string diff = string_member(planned.details, "diff");
    EXPECT_EQ(diff.substr(0, diff.find("\n")), "~ /srv/t/f10: mode 0644 → 0600");
    EXPECT_NE(diff.find("~ /srv/t/f29: mode 0644 → 0600\nand 5 more\n"), std::string::npos) << diff;
}

TEST_F(FileKinds, attributes_of_a_tree_end_at_what_is_mounted_in_it) {
    host_.put_file("/srv/t/f", "x");
    host_.put_directory("/srv/t/inner");
    host_.mount("/srv/t/inner", "ext4");
    host_.put_file("/srv/t/inner/f", "x");
    const Planned planned =
        must(road_.plan("file.attributes", {{"path", "/srv/t"}, {"mode", "0700"}, {"recurse", true}}));
    ASSERT_EQ(planned.warnings.size(), 1U);
    EXPECT_NE(planned.warnings[0].find("/srv/t/inner is a mount point"), std::string::npos) << planned.warnings[0];
    EXPECT_EQ(planned.predictions.size(), 2U);
    const Json image = must(road_.stage(road_.step_of("file.attributes", planned)));
    must(road_.apply("file.attributes", image));
    const auto after = host_.snapshot();
    EXPECT_EQ(after.at("/srv/t/f").status.mode, 0700U);
    EXPECT_EQ(after.at("/srv/t/inner/f").status.mode, 0644U);
}

TEST_F(FileKinds, attributes_are_looked_at_without_reading_contents) {
    host_.put_file("/srv/t/f", "x");
    const Planned tree = must(road_.plan("file.attributes", {{"path", "/srv/t"}, {"mode", "0600"}, {"recurse", true}}));
    ASSERT_EQ(tree.predictions.size(), 2U);
    EXPECT_EQ(tree.predictions[1].state.content, "");
    EXPECT_EQ(tree.predictions[1].content_path, "/srv/t/f");
    const Planned file = must(road_.plan("file.attributes", {{"path", "/srv/t/f"}, {"mode", "0600"}}));
    EXPECT_EQ(string_member(file.before, "content", "none"), "") << file.before.dump();
}

TEST_F(FileKinds, what_is_kept_is_not_watched_where_a_later_step_changes_it) {
    host_.put_file("/srv/t/f", "x", 0640);
    const PlannedStep attributes = road_.planned_step(
        "file.attributes", {{"path", "/srv/t"}, {"mode", "0640"}, {"directory_mode", "0755"}, {"recurse", true}});
    const PlannedStep move = road_.planned_step("file.move", {{"from", "/srv/was"}, {"to", "/srv/t/f"}});
    ASSERT_EQ(attributes.operation + move.operation, "keepkeep");
    host_.remove("/srv/t/f");
    host_.put_file("/srv/t/f", "x", 0600);
    host_.put_file("/srv/was", "new");
    StepContext context = road_.context();
    EXPECT_FALSE(must(road_.kind("file.attributes").verify_kept(context, attributes)).empty());
    EXPECT_FALSE(must(road_.kind("file.move").verify_kept(context, move)).empty());
    context.superseded = {"/srv/t/f", "/srv/was"};
    EXPECT_TRUE(must(road_.kind("file.attributes").verify_kept(context, attributes)).empty());
    EXPECT_TRUE(must(road_.kind("file.move").verify_kept(context, move)).empty());
}

TEST_F(FileKinds, create_directory_keeps_unnamed_attributes_of_what_is_there) {
    EXPECT_EQ(must(road_.plan("dir.create", {{"path", "/srv/dir"}})).operation, "keep");
    EXPECT_EQ(must(road_.plan("dir.create", {{"path", "/srv/dir"}, {"mode", "0700"}})).operation, "update");
    EXPECT_EQ(refused("dir.create", {{"path", "/etc/app.conf"}}).code, ErrorCode::wrong_type);
    EXPECT_EQ(refused("dir.create", {{"path", "/a/b"}}).code, ErrorCode::not_found);
}

/// A world in which an earlier step will have written /etc/app.conf.
class PredictedFile final : public WorldView {
  public:
    explicit PredictedFile(Host& host) : real_(make_host_world_view(host)) {}
    Result<std::string> key_of(const std::string& path) override { return real_->key_of(path); }
    Result<Seen> look(const std::string& path) override {
        BACKOUT_TRY_ASSIGN(Seen seen, real_->look(path));
        if (path != "/etc/app.conf") return seen;
        seen.state.content = sha256_hex("predicted\n");
        seen.link_count = 0;
        return seen;
    }
    Result<Seen> look_at_attributes(const std::string& path) override { return look(path); }
    Result<Seen> look_tree(const std::string& path) override { return real_->look_tree(path); }
    Result<Bytes> read(const std::string&, std::uint64_t) override { return Bytes("predicted\n"); }
    Result<std::vector<std::string>> list(const std::string& path) override { return real_->list(path); }

  private:
    std::unique_ptr<WorldView> real_;
};

TEST_F(FileKinds, attributes_and_moves_carry_on_a_content_that_is_only_predicted) {
    PredictedFile world(host_);
    const auto plan = [&](const std::string& kind, const Json& with) {
        PlanRequest request{.id = "s", .with = with, .manifest_directory = "/", .world = world, .host = host_};
        return must(road_.kind(kind).plan(request));
    };
    const Planned attributes = plan("file.attributes", {{"path", "/etc/app.conf"}, {"mode", "0600"}});
    ASSERT_EQ(attributes.predictions.size(), 1U);
    EXPECT_EQ(attributes.predictions[0].content, "predicted\n");
    const Planned moved = plan("file.move", {{"from", "/etc/app.conf"}, {"to", "/srv/app.conf"}});
    ASSERT_EQ(moved.predictions.size(), 2U);
    EXPECT_EQ(moved.predictions[1].content, "predicted\n");
    EXPECT_EQ(moved.predictions[1].content_path, "");
}

TEST_F(FileKinds, all_describe_themselves) {
    const Registry registry = make_builtin_registry();
    for (const std::string& name : registry.names()) {
        const KindInfo& info = registry.find(name)->info();
        EXPECT_EQ(info.name, name);
        EXPECT_FALSE(info.summary.empty() || info.detects.empty() || info.verifies.empty()) << name;
        EXPECT_FALSE(info.undo_restores.empty()) << name;
        EXPECT_FALSE(info.parameters.empty()) << name;
        for (const KindParameter& parameter : info.parameters)
            EXPECT_FALSE(parameter.schema.is_null()) << name << parameter.name;
        EXPECT_TRUE(parse_json(info.example).ok()) << name << ": " << info.example;
    }
}

}  // namespace
}  // namespace backout
