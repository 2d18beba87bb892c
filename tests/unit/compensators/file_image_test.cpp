// File images on a host in memory: there and back, stopped between any two operations, refused exchanges, other
// people's changes at every moment, power cuts.

#include "compensators/file_image.h"

#include <random>

#include "unit/compensators/file_world.h"

namespace backout {
namespace {

struct Scenario {
    std::string name;
    std::string kind;
    Json with;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
    *out << scenario.name;
}

/// One of each: all start from the same world.
std::vector<Scenario> scenarios() {
    return {
        {"replace", "file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}}},
        {"create", "file.write", {{"path", "/etc/new.conf"}, {"content", "new\n"}, {"mode", "4750"}}},
        {"create_with_parents",
         "file.write",
         {{"path", "/srv/a/b/c.conf"}, {"content", "new\n"}, {"make_parents", true}}},
        {"replace_linked", "file.write", {{"path", "/etc/linked"}, {"content", "new\n"}}},
        {"replace_immutable", "file.write", {{"path", "/etc/fixed"}, {"content", "new\n"}}},
        {"delete_file", "file.delete", {{"path", "/etc/app.conf"}}},
        {"delete_link", "file.delete", {{"path", "/etc/link"}}},
        {"delete_immutable", "file.delete", {{"path", "/etc/fixed"}}},
        {"move_file", "file.move", {{"from", "/etc/app.conf"}, {"to", "/srv/app.conf"}}},
        {"move_immutable", "file.move", {{"from", "/etc/fixed"}, {"to", "/srv/fixed"}}},
        {"move_tree", "file.move", {{"from", "/srv/tree"}, {"to", "/etc/tree"}}},
        {"move_with_parents",
         "file.move",
         {{"from", "/etc/app.conf"}, {"to", "/srv/x/y/app.conf"}, {"make_parents", true}}},
        {"move_across_mounts", "file.move", {{"from", "/etc/app.conf"}, {"to", "/mnt/app.conf"}}},
        {"move_tree_across_mounts",
         "file.move",
         {{"from", "/srv/tree"}, {"to", "/mnt/p/tree"}, {"make_parents", true}}},
        {"make_link", "file.link", {{"path", "/etc/other"}, {"to", "../srv"}}},
        {"switch_link", "file.link", {{"path", "/etc/link"}, {"to", "elsewhere"}}},
        {"link_replaces_file", "file.link", {{"path", "/etc/app.conf"}, {"to", "elsewhere"}, {"replace", true}}},
        {"attributes",
         "file.attributes",
         {{"path", "/etc/app.conf"}, {"mode", "0600"}, {"owner", "7"}, {"group", "8"}}},
        {"attributes_immutable", "file.attributes", {{"path", "/etc/fixed"}, {"mode", "0600"}, {"owner", "7"}}},
        {"attributes_tree",
         "file.attributes",
         {{"path", "/srv/tree"}, {"mode", "0640"}, {"directory_mode", "0750"}, {"recurse", true}}},
        {"make_directory", "dir.create", {{"path", "/srv/made"}, {"mode", "0700"}}},
        {"make_directories", "dir.create", {{"path", "/srv/m/n/o"}, {"make_parents", true}}},
        {"directory_attributes", "dir.create", {{"path", "/srv/tree"}, {"mode", "0711"}}},
        {"delete_tree", "dir.delete", {{"path", "/srv/tree"}}},
    };
}

void furnish(MemHost& host) {
    host.put_file("/etc/app.conf", "old\n", 0640);
    host.put_file("/etc/fixed", "fixed\n", 0644);
    host.put_file("/etc/linked", "shared\n", 0600);
    host.put_symlink("/etc/link", "app.conf");
    host.put_file("/srv/tree/a", "a", 0644);
    host.put_file("/srv/tree/sub/b", "b", 0600);
    host.put_directory("/srv/tree/empty", 0700);
    host.put_symlink("/srv/tree/sub/l", "../a");
    host.mount("/mnt", "ext4");
    host.put_directory("/.store", 0700);
    host.put_directory("/mnt/.store", 0700);
    auto etc = must(host.open_directory("/etc"));
    must(etc->make_link("linked2", *etc, "linked"));
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"user.note", "kept"}};
    change.uid = 3;
    change.gid = 4;
    must(etc->set_attributes("app.conf", change));
    AttributeChange immutable;
    immutable.flags = kFlagImmutable;
    must(etc->set_attributes("fixed", immutable));
    host.settle();
}

class FileImageOnMemHost : public testing::TestWithParam<Scenario> {
  protected:
    FileImageOnMemHost() { furnish(host_); }

    SlowClock clock_;
    MemHost host_{&clock_};
};

std::string name_of(const testing::TestParamInfo<Scenario>& info) {
    return info.param.name;
}

TEST_P(FileImageOnMemHost, goes_there_and_back_and_there_again) {
    const Scenario& s = GetParam();
    StepRoad road(host_);
    const std::string before = picture(host_);
    const PlannedStep step = road.planned_step(s.kind, s.with);
    EXPECT_EQ(picture(host_), before) << "planning leaves no trace";
    const Json image = must(road.stage(step));
    EXPECT_EQ(picture(host_), before) << "staging leaves the targets alone";
    EXPECT_EQ(road.where(s.kind, image), Where::before);

    EXPECT_FALSE(must(road.apply(s.kind, image)).was_already);
    const std::string after = picture(host_);
    EXPECT_NE(after, before);
    EXPECT_EQ(road.where(s.kind, image), Where::after);
    EXPECT_EQ(road.where(s.kind, image, true), Where::after);
    EXPECT_TRUE(must(road.apply(s.kind, image)).was_already);
    EXPECT_EQ(picture(host_), after) << "twice is once";

    const Json inverse = road.take_back(s.kind, image);
    EXPECT_EQ(picture(host_), before);
    EXPECT_EQ(road.where(s.kind, image), Where::before);
    EXPECT_EQ(road.where(s.kind, inverse), Where::after);
    EXPECT_TRUE(must(road.apply(s.kind, inverse)).was_already);
    EXPECT_EQ(picture(host_), before);

    road.take_back(s.kind, inverse);
    EXPECT_EQ(picture(host_), after) << "what an undo displaced is the redo image";
    EXPECT_EQ(road.where(s.kind, image), Where::after);
}

TEST_P(FileImageOnMemHost, plans_nothing_once_it_is_done) {
    const Scenario& s = GetParam();
    StepRoad road(host_);
    road.run(s.kind, s.with);
    const Planned again = must(road.plan(s.kind, s.with));
    EXPECT_EQ(again.operation, "keep") << dump_pretty(again.details);
    StepContext context = road.context();
    const auto drift = must(road.kind(s.kind).verify_kept(context, road.step_of(s.kind, again)));
    EXPECT_TRUE(drift.empty()) << describe(drift.front());
}

TEST_P(FileImageOnMemHost, leaves_the_expectation_of_the_plan) {
    const Scenario& s = GetParam();
    StepRoad road(host_);
    const PlannedStep step = road.planned_step(s.kind, s.with);
    must(road.apply(s.kind, must(road.stage(step))));
    StepContext context = road.context();
    const auto drift = must(road.kind(s.kind).verify_kept(context, step));
    if (step.operation == "delete") return;
    EXPECT_TRUE(drift.empty()) << describe(drift.front());
}

// ---- stopped between any two operations -----------------------------------------------------------------------------

/// Lets the n-th change from now end the program. Returns a flag that tells whether it fired.
std::shared_ptr<bool> crash_at(MemHost& host, int n) {
    auto left = std::make_shared<int>(n);
    auto fired = std::make_shared<bool>(false);
    host.before_operation = [left, fired](const std::string&, const std::string&) -> Status {
        if (*fired || (*left)-- == 0) {
            *fired = true;
            throw SimulatedCrash{};
        }
        return {};
    };
    return fired;
}

/// Runs `action`, ended at its n-th change. False: it ended by itself before.
template <typename Action>
bool crashes(MemHost& host, int n, Action action) {
    const auto fired = crash_at(host, n);
    try {
        action();
    } catch (const SimulatedCrash&) {
    }
    host.before_operation = {};
    return *fired;
}

class Sweep {
  public:
    Sweep(const Scenario& scenario, bool exchange) : scenario_(scenario) {
        furnish(start_);
        start_.root_file_system().offers_exchange = exchange;
        StepRoad road(start_);
        before_ = picture(start_);
        image_ = must(road.stage(road.planned_step(scenario.kind, scenario.with)));
        auto done = start_.clone();
        StepRoad(*done).apply(scenario.kind, image_).value();
        after_ = without_directory_times(*done);
    }

    /// Stops apply at each operation, then goes on forward, and back.
    int run() {
        int points = 0;
        for (;; ++points) {
            auto host = start_.clone();
            StepRoad road(*host);
            if (!crashes(*host, points, [&] { must(road.apply(scenario_.kind, image_)); })) break;
            go_forward(*host->clone(), points);
            go_back(*host, points);
        }
        return points;
    }

  private:
    void go_forward(MemHost& host, int point) {
        StepRoad road(host);
        must(road.apply(scenario_.kind, image_));
        EXPECT_EQ(without_directory_times(host), after_) << scenario_.name << ": forward after a crash at " << point;
        EXPECT_EQ(road.where(scenario_.kind, image_), Where::after);
    }

    /// Stops the undo at each operation, too.
    void go_back(MemHost& crashed, int point) {
        const Where seen = StepRoad(crashed).where(scenario_.kind, image_);
        EXPECT_NE(seen, Where::neither) << scenario_.name << ": our own tear looks foreign at " << point;
        EXPECT_NE(seen, Where::unreadable);
        if (seen == Where::before) {
            EXPECT_EQ(picture(crashed), before_) << scenario_.name << ": nothing is to be done at " << point;
        }
        const Json inverse = must(StepRoad(crashed).invert(scenario_.kind, image_));
        for (int inner = 0;; ++inner) {
            auto host = crashed.clone();
            StepRoad road(*host);
            const bool stopped = crashes(*host, inner, [&] { must(road.apply(scenario_.kind, inverse)); });
            if (stopped) {
                EXPECT_NE(road.where(scenario_.kind, inverse), Where::neither)
                    << scenario_.name << " " << point << "/" << inner;
                const Applied applied = must(road.apply(scenario_.kind, inverse));
                EXPECT_TRUE(applied.conflicts.empty()) << scenario_.name << " " << describe(applied.conflicts.front());
            }
            EXPECT_EQ(picture(*host), before_)
                << scenario_.name << ": back after crashes at " << point << " and " << inner;
            EXPECT_EQ(road.where(scenario_.kind, image_), Where::before);
            if (!stopped) break;
        }
    }

    const Scenario& scenario_;
    SlowClock clock_;
    MemHost start_{&clock_};
    Json image_;
    std::string before_;
    std::string after_;
};

TEST_P(FileImageOnMemHost, goes_on_from_a_stop_between_any_two_operations) {
    EXPECT_GE(Sweep(GetParam(), true).run(), 1);
}

TEST_P(FileImageOnMemHost, goes_on_from_a_stop_where_exchange_is_refused) {
    EXPECT_GE(Sweep(GetParam(), false).run(), 1);
}

TEST_P(FileImageOnMemHost, survives_a_power_cut_at_any_operation) {
    const Scenario& s = GetParam();
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        MemHost host(&clock_);
        furnish(host);
        host.root_file_system().offers_exchange = round % 3 != 0;
        const auto start = contents(host);
        Json image;
        {
            StepRoad road(host);
            image = must(road.stage(road.planned_step(s.kind, s.with)));
            crashes(host, static_cast<int>(random() % 8), [&] { must(road.apply(s.kind, image)); });
        }
        host.power_cut([&](const std::string&, std::size_t options) { return random() % options; });
        StepRoad road(host);
        const Where seen = road.where(s.kind, image, true);
        ASSERT_NE(seen, Where::neither) << s.name << "\n" << host.describe();
        const Json inverse = must(road.invert(s.kind, image));
        const Applied applied = must(road.apply(s.kind, inverse));
        ASSERT_TRUE(applied.conflicts.empty()) << describe(applied.conflicts.front()) << "\n" << host.describe();
        host.power_cut([](const std::string&, std::size_t) { return std::size_t{0}; });
        ASSERT_EQ(contents(host), start) << s.name << ": back, and durably so";
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, FileImageOnMemHost, testing::ValuesIn(scenarios()), name_of);

// ---- what others do -------------------------------------------------------------------------------------------------

class ForeignChanges : public testing::Test {
  protected:
    ForeignChanges() : road_(host_) { furnish(host_); }

    Json stage(const std::string& kind, const Json& with) { return must(road_.stage(road_.planned_step(kind, with))); }

    SlowClock clock_;
    MemHost host_{&clock_};
    StepRoad road_;
};

TEST_F(ForeignChanges, between_plan_and_stage_is_told_with_path_attribute_then_and_now) {
    const PlannedStep step = road_.planned_step("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    host_.overwrite_file("/etc/app.conf", "theirs\n");
    const auto staged = road_.stage(step);
    ASSERT_FALSE(staged.ok());
    EXPECT_EQ(staged.error().code, ErrorCode::conflict);
    EXPECT_NE(staged.error().text().find("/etc/app.conf: content was"), std::string::npos) << staged.error().text();
    EXPECT_EQ(host_.content("/etc/app.conf"), "theirs\n");
    EXPECT_TRUE(must(must(host_.open_directory("/.store"))->list()).empty()) << "what was staged is removed";
}

TEST_F(ForeignChanges, between_stage_and_apply_is_kept_and_shown) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    host_.put_file("/etc/app.conf", "theirs\n", 0640);
    EXPECT_EQ(road_.where("file.write", image), Where::neither);
    const Applied applied = must(road_.apply("file.write", image));
    ASSERT_FALSE(applied.conflicts.empty());
    EXPECT_EQ(applied.conflicts.front().path, "/etc/app.conf");
    EXPECT_EQ(host_.content("/etc/app.conf"), "theirs\n");
}

TEST_F(ForeignChanges, in_place_with_the_same_size_is_seen) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    host_.overwrite_file("/etc/app.conf", "NEW\n");
    EXPECT_EQ(road_.where("file.write", image), Where::neither);
    const Json inverse = must(road_.invert("file.write", image));
    const Applied applied = must(road_.apply("file.write", inverse));
    ASSERT_EQ(applied.conflicts.size(), 1U);
    EXPECT_EQ(applied.conflicts.front().attribute, "content");
    EXPECT_NE(applied.conflicts.front().diff.find("-old"), std::string::npos) << applied.conflicts.front().diff;
    EXPECT_NE(applied.conflicts.front().diff.find("+NEW"), std::string::npos);
    EXPECT_EQ(host_.content("/etc/app.conf"), "NEW\n");
}

TEST_F(ForeignChanges, with_the_same_state_on_another_inode_is_no_change) {
    const Json image = stage("file.write", {{"path", "/etc/new.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    host_.remove("/etc/new.conf");
    host_.put_file("/etc/new.conf", "new\n", 0644);
    EXPECT_EQ(road_.where("file.write", image), Where::after);
    road_.take_back("file.write", image);
    EXPECT_FALSE(host_.content("/etc/new.conf"));
}

TEST_F(ForeignChanges, of_an_attribute_before_the_undo_is_a_conflict) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    AttributeChange change;
    change.mode = 0666;
    must(must(host_.open_directory("/etc"))->set_attributes("app.conf", change));
    const Applied applied = must(road_.apply("file.write", must(road_.invert("file.write", image))));
    ASSERT_EQ(applied.conflicts.size(), 1U);
    EXPECT_EQ(applied.conflicts.front().attribute, "mode");
    EXPECT_EQ(host_.content("/etc/app.conf"), "new\n");
}

TEST_F(ForeignChanges, that_remove_what_was_made_leave_nothing_to_undo) {
    const Json image = stage("file.write", {{"path", "/etc/new.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    host_.remove("/etc/new.conf");
    EXPECT_EQ(road_.where("file.write", image), Where::before);
    EXPECT_TRUE(must(road_.apply("file.write", must(road_.invert("file.write", image)))).was_already);
}

TEST_F(ForeignChanges, that_remove_what_was_replaced_are_a_conflict) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    host_.remove("/etc/app.conf");
    EXPECT_EQ(road_.where("file.write", image), Where::neither);
    const Applied applied = must(road_.apply("file.write", must(road_.invert("file.write", image))));
    ASSERT_FALSE(applied.conflicts.empty());
    EXPECT_FALSE(host_.content("/etc/app.conf"));
}

TEST_F(ForeignChanges, at_the_moment_of_the_exchange_are_put_back) {
    for (const bool in_place : {true, false}) {
        const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
        host_.before_operation = [&](const std::string& what, const std::string&) -> Status {
            if (what != "exchange") return {};
            host_.before_operation = {};
            if (in_place) {
                host_.overwrite_file("/etc/app.conf", "raced\n");
            } else {
                host_.put_file("/etc/app.conf", "raced again\n", 0640);
            }
            return {};
        };
        const Applied applied = must(road_.apply("file.write", image));
        ASSERT_FALSE(applied.conflicts.empty());
        EXPECT_EQ(host_.content("/etc/app.conf"), in_place ? "raced\n" : "raced again\n");
    }
}

TEST_F(ForeignChanges, at_the_moment_of_a_deletion_are_put_back) {
    const Json image = stage("file.delete", {{"path", "/etc/app.conf"}});
    host_.before_operation = [&](const std::string& what, const std::string&) -> Status {
        if (what != "move") return {};
        host_.before_operation = {};
        host_.put_file("/etc/app.conf", "raced\n", 0640);
        return {};
    };
    EXPECT_FALSE(must(road_.apply("file.delete", image)).conflicts.empty());
    EXPECT_EQ(host_.content("/etc/app.conf"), "raced\n");
}

TEST_F(ForeignChanges, whose_exchange_was_followed_by_a_crash_are_put_back_by_either_direction) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    int changes = 0;
    host_.before_operation = [&](const std::string& what, const std::string&) -> Status {
        if (what == "exchange" && changes++ == 0)
            host_.put_file("/etc/app.conf", "raced\n", 0640);
        else if (changes > 0)
            throw SimulatedCrash{};
        return {};
    };
    EXPECT_THROW(must(road_.apply("file.write", image)), SimulatedCrash);
    host_.before_operation = {};
    ASSERT_EQ(host_.content("/etc/app.conf"), "new\n");
    EXPECT_EQ(road_.where("file.write", image), Where::mixed);
    auto other = host_.clone();
    StepRoad back(*other);
    must(back.apply("file.write", must(back.invert("file.write", image, false, true))));
    EXPECT_EQ(other->content("/etc/app.conf"), "raced\n");
    EXPECT_FALSE(must(road_.apply("file.write", image)).conflicts.empty());
    EXPECT_EQ(host_.content("/etc/app.conf"), "raced\n");
}

TEST_F(ForeignChanges, are_kept_as_an_image_when_a_person_overwrites_them) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    host_.overwrite_file("/etc/app.conf", "theirs\n");
    const Json inverse = must(road_.invert("file.write", image, true));
    EXPECT_TRUE(must(road_.apply("file.write", inverse, true)).conflicts.empty());
    EXPECT_EQ(host_.content("/etc/app.conf"), "old\n");
    EXPECT_EQ(road_.where("file.write", inverse), Where::after) << "also seen without the flag";
    road_.take_back("file.write", inverse);
    EXPECT_EQ(host_.content("/etc/app.conf"), "theirs\n");
}

TEST_F(ForeignChanges, of_one_attribute_leave_the_others_to_us) {
    const Json image = stage("file.attributes", {{"path", "/etc/app.conf"}, {"mode", "0600"}, {"owner", "7"}});
    must(road_.apply("file.attributes", image));
    AttributeChange change;
    change.mode = 0640;  // the former value: every mix of ours is ours
    must(must(host_.open_directory("/etc"))->set_attributes("app.conf", change));
    EXPECT_EQ(road_.where("file.attributes", image), Where::mixed);
    road_.take_back("file.attributes", image);
    EXPECT_EQ(must(must(host_.open_directory("/etc"))->status("app.conf")).uid, 3U);
}

TEST_F(ForeignChanges, to_a_moved_file_are_a_conflict) {
    const Json image = stage("file.move", {{"from", "/etc/app.conf"}, {"to", "/srv/app.conf"}});
    must(road_.apply("file.move", image));
    host_.overwrite_file("/srv/app.conf", "theirs\n");
    EXPECT_FALSE(must(road_.apply("file.move", must(road_.invert("file.move", image)))).conflicts.empty());
    EXPECT_EQ(host_.content("/srv/app.conf"), "theirs\n");
}

// ---- trees ----------------------------------------------------------------------------------------------------------

TEST_F(ForeignChanges, in_a_directory_that_was_made_stay_with_the_directories_that_hold_them) {
    const Json image = stage("file.write", {{"path", "/srv/a/b/c.conf"}, {"content", "new\n"}, {"make_parents", true}});
    must(road_.apply("file.write", image));
    host_.put_file("/srv/a/theirs", "x");
    EXPECT_EQ(road_.where("file.write", image), Where::after) << "more entries are no drift";
    const Json inverse = must(road_.invert("file.write", image));
    const Applied applied = must(road_.apply("file.write", inverse));
    ASSERT_EQ(applied.conflicts.size(), 1U);
    EXPECT_EQ(applied.conflicts.front().path, "/srv/a/theirs");
    EXPECT_EQ(host_.content("/srv/a/theirs"), "x");
    EXPECT_FALSE(must(must(host_.open_directory("/srv/a"))->status("b")).present());
    EXPECT_TRUE(must(road_.apply("file.write", inverse)).was_already);
    must(road_.apply("file.write", must(road_.invert("file.write", inverse))));
    EXPECT_EQ(host_.content("/srv/a/b/c.conf"), "new\n") << "the pieces come back, too";
}

TEST_F(ForeignChanges, in_place_in_a_directory_that_was_made_are_named) {
    const Json image = stage("file.write", {{"path", "/srv/a/b/c.conf"}, {"content", "new\n"}, {"make_parents", true}});
    must(road_.apply("file.write", image));
    host_.overwrite_file("/srv/a/b/c.conf", "theirs\n");
    EXPECT_EQ(road_.where("file.write", image), Where::neither);
    const Applied applied = must(road_.apply("file.write", must(road_.invert("file.write", image))));
    ASSERT_EQ(applied.conflicts.size(), 1U);
    EXPECT_EQ(applied.conflicts.front().path, "/srv/a/b/c.conf");
    EXPECT_EQ(host_.content("/srv/a/b/c.conf"), "theirs\n");
}

TEST_F(ForeignChanges, that_remove_a_part_of_a_tree_that_was_made_let_the_rest_go) {
    const Json image = stage("file.write", {{"path", "/srv/a/b/c.conf"}, {"content", "new\n"}, {"make_parents", true}});
    must(road_.apply("file.write", image));
    host_.remove("/srv/a/b/c.conf");
    road_.take_back("file.write", image);
    EXPECT_FALSE(must(must(host_.open_directory("/srv"))->status("a")).present());
}

TEST_F(ForeignChanges, in_a_tree_between_plan_and_deletion_stop_it) {
    const Json image = stage("dir.delete", {{"path", "/srv/tree"}});
    host_.put_file("/srv/tree/sub/theirs", "x");
    const Applied applied = must(road_.apply("dir.delete", image));
    ASSERT_FALSE(applied.conflicts.empty());
    EXPECT_EQ(applied.conflicts.front().path, "/srv/tree/sub/theirs");
    EXPECT_EQ(host_.content("/srv/tree/a"), "a");
}

// ---- stores and secrets ---------------------------------------------------------------------------------------------

TEST_F(ForeignChanges, an_image_that_is_gone_is_told_and_nothing_is_touched) {
    const Json image = stage("file.write", {{"path", "/etc/app.conf"}, {"content", "new\n"}});
    must(road_.apply("file.write", image));
    StepContext context = road_.context();
    must(road_.kind("file.write").release(context, image));
    const Applied applied = must(road_.apply("file.write", must(road_.invert("file.write", image))));
    ASSERT_EQ(applied.conflicts.size(), 1U);
    EXPECT_EQ(applied.conflicts.front().attribute, "image");
    EXPECT_EQ(host_.content("/etc/app.conf"), "new\n");
}

TEST_F(ForeignChanges, a_store_that_a_rename_can_not_reach_is_not_used) {
    host_.put_directory("/mnt/etc");
    host_.settle();
    road_.store().elsewhere = "/mnt";
    const Json image = stage("file.write", {{"path", "/mnt/etc/x"}, {"content", "new\n"}});
    EXPECT_EQ(image["parts"][0]["store"], "/mnt/.store");
}

TEST_F(ForeignChanges, a_secret_leaves_no_digest_and_is_known_again_by_its_fingerprint) {
    PlannedStep step = road_.planned_step("file.write", {{"path", "/etc/app.conf"}, {"content", "hunter2\n"}});
    step.arguments["secret"] = true;
    step.before = Json{{"type", "file"}, {"uid", 3},      {"gid", 4},
                       {"mode", "0640"}, {"content", ""}, {"xattrs", {{"user.note", "a2VwdA=="}}}};
    const Json image = must(road_.stage(step));
    const std::string text = dump_canonical(image);
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_EQ(image["parts"][0]["after"]["content"], "");
    EXPECT_EQ(image["parts"][0]["before"]["content"], "");
    must(road_.apply("file.write", image));
    EXPECT_EQ(road_.where("file.write", image), Where::after);
    auto other = host_.clone();
    StepRoad(*other).take_back("file.write", image);
    EXPECT_EQ(other->content("/etc/app.conf"), "old\n");
    host_.overwrite_file("/etc/app.conf", "hunter3\n");
    EXPECT_EQ(road_.where("file.write", image), Where::neither);
}

TEST(FileImageCodec, keeps_every_member) {
    MemHost host;
    furnish(host);
    StepRoad road(host);
    for (const Scenario& s : scenarios()) {
        const Json image = must(road.stage(road.planned_step(s.kind, s.with)));
        EXPECT_EQ(file_image_to_json(must(file_image_from_json(image))), image) << s.name;
    }
    const auto broken = file_image_from_json(Json{{"format", "file-image/9"}});
    ASSERT_FALSE(broken.ok());
    EXPECT_EQ(broken.error().code, ErrorCode::journal);
}

}  // namespace
}  // namespace backout
