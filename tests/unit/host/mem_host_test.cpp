#include "host/mem_host.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "unit/host/host_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
using What = SyncRequest::What;

class MemHostWorld : public testing::Test {
  protected:
    MemHostWorld() {
        host_.put_directory("/a");
        host_.put_directory("/b");
        host_.settle();
        open();
    }

    void open() {
        a_ = must(host_.open_directory("/a"));
        b_ = must(host_.open_directory("/b"));
    }

    /// The world after each possible outcome of a power cut now: "/a/x=content" of the files, joined.
    std::set<std::string> outcomes() const {
        std::set<std::string> seen;
        PowerCutEnumerator all;
        do {
            const auto cut = host_.clone();
            cut->power_cut(all.chooser());
            std::string text;
            for (const auto& [path, entry] : cut->snapshot()) {
                if (entry.status.type != EntryType::directory) text += path + "=" + entry.content + " ";
            }
            seen.insert(text);
        } while (all.next());
        return seen;
    }

    MemHost host_;
    std::shared_ptr<Directory> a_;
    std::shared_ptr<Directory> b_;
};

TEST_F(MemHostWorld, nothing_is_durable_before_a_sync) {
    EXPECT_OK(write_new(*a_, "x", "1234"));
    // Lost; or the name alone; or the name with half or all of the content.
    EXPECT_THAT(outcomes(), UnorderedElementsAre("", "/a/x= ", "/a/x=12 ", "/a/x=1234 "));
}

TEST_F(MemHostWorld, a_synced_name_leads_to_an_empty_file_if_its_data_was_not_synced) {
    EXPECT_OK(write_new(*a_, "x", "1234"));
    EXPECT_OK(a_->sync());
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x= ", "/a/x=12 ", "/a/x=1234 "));
}

TEST_F(MemHostWorld, synced_data_without_a_synced_name_may_vanish_whole) {
    EXPECT_OK(write_new(*a_, "x", "1234"));
    EXPECT_OK(a_->sync_file("x"));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("", "/a/x=1234 "));
    EXPECT_OK(a_->sync());
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=1234 "));
}

TEST_F(MemHostWorld, an_exchange_survives_whole_or_not_and_needs_both_directories) {
    host_.put_file("/a/x", "X");
    host_.put_file("/b/y", "Y");
    host_.settle();
    EXPECT_OK(a_->exchange("x", *b_, "y"));
    const auto either = UnorderedElementsAre("/a/x=X /b/y=Y ", "/a/x=Y /b/y=X ");
    EXPECT_THAT(outcomes(), either);
    EXPECT_OK(a_->sync());
    EXPECT_THAT(outcomes(), either);
    EXPECT_OK(b_->sync());
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=Y /b/y=X "));
}

TEST_F(MemHostWorld, a_rename_never_shows_both_names_nor_none) {
    host_.put_file("/a/x", "X");
    host_.settle();
    EXPECT_OK(a_->move_to("x", *b_, "y"));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=X ", "/b/y=X "));
}

TEST_F(MemHostWorld, independent_changes_survive_in_any_combination) {
    host_.put_file("/a/x", "X");
    host_.put_file("/b/y", "Y");
    host_.settle();
    EXPECT_OK(a_->remove_file("x"));
    EXPECT_OK(b_->remove_file("y"));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=X /b/y=Y ", "/a/x=X ", "/b/y=Y ", ""));
    EXPECT_OK(b_->sync());  // the later one first
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=X ", ""));
}

TEST_F(MemHostWorld, changes_of_one_name_keep_their_order) {
    host_.put_file("/a/x", "old");
    host_.settle();
    EXPECT_OK(a_->remove_file("x"));
    EXPECT_OK(write_new(*a_, "x", "n"));
    EXPECT_OK(a_->sync_file("x"));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=old ", "", "/a/x=n "));
}

TEST_F(MemHostWorld, two_moves_of_directories_never_make_a_ring) {
    host_.put_directory("/a/p/q");
    host_.put_file("/a/p/q/x", "X");
    host_.settle();
    const auto root = must(host_.open_directory("/"));
    const auto p = must(host_.open_directory("/a/p"));
    EXPECT_OK(p->move_to("q", *root, "q"));
    const auto q = must(host_.open_directory("/q"));
    EXPECT_OK(a_->move_to("p", *q, "p"));
    for (const std::string& outcome : outcomes()) EXPECT_NE("", outcome);  // the file is always somewhere
}

TEST_F(MemHostWorld, attributes_survive_when_the_file_was_synced) {
    host_.put_file("/a/x", "X", 0600);
    host_.settle();
    AttributeChange change;
    change.mode = 0755;
    EXPECT_OK(a_->set_attributes("x", change));
    std::set<std::uint32_t> modes;
    for (int seed = 0; seed < 20; ++seed) {
        const auto cut = host_.clone();
        cut->power_cut(random_power_cut(static_cast<std::uint64_t>(seed)));
        modes.insert(cut->snapshot().at("/a/x").status.mode);
    }
    EXPECT_THAT(modes, ElementsAre(0600U, 0755U));
    EXPECT_OK(a_->sync_file("x"));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("/a/x=X "));
    host_.power_cut([](const std::string&, std::size_t) { return std::size_t{0}; });
    EXPECT_EQ(0755U, host_.snapshot().at("/a/x").status.mode);
}

TEST_F(MemHostWorld, barriers_sync_what_they_say) {
    const auto all_lost = [](const std::string&, std::size_t) { return std::size_t{0}; };
    const auto lines_after = [&](const std::vector<SyncRequest>& requests) {
        const auto world = host_.clone();
        const auto a = must(world->open_directory("/a"));
        EXPECT_OK(write_new(*a, "f", "F"));
        EXPECT_OK(a->make_directory("d", 0755));
        EXPECT_OK(write_new(*must(a->open_directory("d")), "g", "G"));
        std::vector<SyncRequest> own = requests;
        for (SyncRequest& request : own) request.directory = a;
        EXPECT_OK(world->sync(own));
        world->power_cut(all_lost);
        std::string files;
        for (const auto& [path, entry] : world->snapshot()) files += path + "=" + entry.content + " ";
        return files;
    };
    EXPECT_EQ("/a= /b= ", lines_after({{What::file, nullptr, "f"}}));
    EXPECT_EQ("/a= /a/d= /a/f=F /b= ", lines_after({{What::names, nullptr, ""}, {What::file, nullptr, "f"}}));
    EXPECT_EQ("/a= /a/d= /a/d/g=G /a/f= /b= ", lines_after({{What::names, nullptr, ""}, {What::tree, nullptr, "d"}}));
    EXPECT_EQ("/a= /a/d= /a/d/g=G /a/f=F /b= ", lines_after({{What::filesystem, nullptr, ""}}));
    EXPECT_EQ("/a= /a/d= /a/d/g=G /a/f=F /b= ", lines_after({{What::everything, nullptr, ""}}));
}

TEST_F(MemHostWorld, a_kill_keeps_what_was_done_and_a_refusal_changes_nothing) {
    int left = 2;
    host_.before_operation = [&](const std::string& what, const std::string&) -> Status {
        if (left-- == 0) throw SimulatedCrash{};
        return what == "write" ? Status{Error{ErrorCode::no_space, "full"}} : Status{};
    };
    const auto file = must(a_->create("x", 0644));
    EXPECT_CODE(ErrorCode::no_space, file->write("data"));
    EXPECT_THROW((void)file->close(), SimulatedCrash);
    host_.before_operation = {};
    EXPECT_EQ("", host_.content("/a/x"));
}

TEST_F(MemHostWorld, every_change_and_every_sync_passes_the_hook) {
    std::vector<std::string> seen;
    host_.before_operation = [&](const std::string& what, const std::string& path) -> Status {
        seen.push_back(what + " " + path);
        return {};
    };
    EXPECT_OK(write_new(*a_, "f", "x"));
    EXPECT_OK(a_->make_directory("d", 0755));
    EXPECT_OK(a_->make_symlink("l", "f"));
    EXPECT_OK(a_->make_link("h", *a_, "f"));
    EXPECT_OK(a_->exchange("f", *a_, "d"));
    EXPECT_OK(a_->move_to("f", *b_, "d"));
    EXPECT_OK(a_->replace_to("h", *a_, "l"));
    EXPECT_OK(a_->set_attributes("l", AttributeChange{}));
    EXPECT_OK(a_->remove_file("l"));
    EXPECT_OK(b_->remove_directory("d"));
    EXPECT_OK(a_->sync_file("d"));
    EXPECT_OK(host_.sync({{What::names, a_, ""}, {What::tree, a_, "d"}, {What::everything, nullptr, ""}}));
    EXPECT_THAT(seen, ElementsAre("create /a/f", "write /a/f", "close /a/f", "make_directory /a/d", "make_symlink /a/l",
                                  "make_link /a/h", "exchange /a/f", "move /a/f", "replace /a/h", "set_attributes /a/l",
                                  "remove_file /a/l", "remove_directory /b/d", "sync_file /a/d", "sync_tree /a/d",
                                  "sync_file /a/d", "sync_everything /", "sync /a"));
}

TEST_F(MemHostWorld, a_refused_sync_leaves_all_in_doubt) {
    EXPECT_OK(write_new(*a_, "x", "X"));
    host_.before_operation = [](const std::string&, const std::string&) -> Status {
        return system_error(EIO, "sync", "");
    };
    EXPECT_CODE(ErrorCode::io, host_.sync({{What::file, a_, "x"}, {What::names, a_, ""}}));
    EXPECT_THAT(outcomes(), UnorderedElementsAre("", "/a/x= ", "/a/x=X "));
}

TEST_F(MemHostWorld, handles_from_before_a_power_cut_are_dead) {
    const auto file = must(a_->create("x", 0644));
    host_.power_cut(random_power_cut(1));
    EXPECT_CODE(ErrorCode::io, a_->list());
    EXPECT_CODE(ErrorCode::io, file->write("x"));
    open();
    EXPECT_OK(a_->list());
}

TEST_F(MemHostWorld, mounts_are_borders) {
    host_.put_file("/a/x", "X");
    MemFileSystem& data = host_.mount("/data", "xfs");
    const auto directory = must(host_.open_directory("/data"));
    EXPECT_CODE(ErrorCode::cross_device, a_->exchange("x", *directory, "y"));
    EXPECT_CODE(ErrorCode::cross_device, a_->move_to("x", *directory, "y"));
    EXPECT_CODE(ErrorCode::cross_device, directory->make_link("y", *a_, "x"));
    EXPECT_EQ("xfs", must(host_.file_system(*directory)).type);
    EXPECT_EQ("/data", must(host_.file_system(*directory)).mount_point);
    EXPECT_NE(must(a_->own_status()).mount, must(directory->own_status()).mount);
    const auto root = must(host_.open_directory("/"));
    EXPECT_EQ(must(directory->own_status()).inode, must(root->status("data")).inode);
    EXPECT_CODE(ErrorCode::io, root->move_to("data", *root, "moved"));
    EXPECT_OK(write_new(*directory, "inside", ""));
    EXPECT_CODE(ErrorCode::io, remove_tree(*root, "data"));  // a mount point stays
    data.offers_exchange = false;
    EXPECT_OK(write_new(*directory, "p", ""));
    EXPECT_OK(write_new(*directory, "q", ""));
    EXPECT_CODE(ErrorCode::unsupported, directory->exchange("p", *directory, "q"));
    data.info.read_only = true;
    EXPECT_CODE(ErrorCode::not_permitted, directory->create("r", 0644));
    EXPECT_CODE(ErrorCode::not_permitted, directory->remove_file("p"));
}

TEST_F(MemHostWorld, remove_tree_stops_at_a_mount) {
    host_.put_file("/a/d/x", "X");
    host_.mount("/a/d/mnt", "ext4");
    host_.put_file("/a/d/mnt/precious", "P");
    const Status refused = remove_tree(*a_, "d");
    EXPECT_CODE(ErrorCode::cross_device, refused);
    EXPECT_EQ("/a/d/mnt", refused.error().path);
    EXPECT_EQ("P", host_.content("/a/d/mnt/precious"));
}

TEST_F(MemHostWorld, a_clone_is_a_world_of_its_own) {
    host_.put_file("/a/x", "X");
    const auto copy = host_.clone();
    EXPECT_EQ(host_.describe(), copy->describe());
    copy->put_file("/a/x", "Y");
    copy->remove("/b");
    EXPECT_EQ("X", host_.content("/a/x"));
    EXPECT_THAT(must(must(host_.open_directory("/"))->list()), ElementsAre("a", "b"));
    EXPECT_NE(host_.describe(), copy->describe());
}

TEST_F(MemHostWorld, programs_are_functions) {
    host_.add_program("tool", [](MemHost& host, const ProcessSpec& spec) {
        host.put_file("/a/made", spec.argv.at(1));
        ProcessOutcome outcome;
        outcome.started = true;
        outcome.output = spec.input;
        return outcome;
    });
    ProcessSpec spec;
    spec.argv = {"/usr/bin/tool", "word"};
    spec.input = "in";
    int noted = 0;
    spec.on_start = [&](int pid, std::uint64_t) { noted = pid; };
    const ProcessOutcome outcome = must(host_.run(spec));
    EXPECT_TRUE(outcome.succeeded());
    EXPECT_EQ("in", outcome.output);
    EXPECT_EQ("word", host_.content("/a/made"));
    EXPECT_NE(0, noted);
    spec.argv = {"nothing"};
    EXPECT_EQ("could not be started: no such program: nothing", must(host_.run(spec)).summary());
    EXPECT_THAT(host_.runs(), ElementsAre(ElementsAre("/usr/bin/tool", "word"), ElementsAre("nothing")));
}

TEST_F(MemHostWorld, network_is_what_the_test_says) {
    EXPECT_CODE(ErrorCode::io, host_.http({"GET", "http://x/"}, nullptr));
    host_.set_http([](const HttpRequest& request) -> Result<HttpResponse> {
        return HttpResponse{200, {}, request.url};
    });
    EXPECT_EQ("http://x/", must(host_.http({"GET", "http://x/"}, nullptr)).body);
    EXPECT_CODE(ErrorCode::io, host_.connect_tcp("x", 80, kSecond));
    host_.add_listener("x", 80);
    EXPECT_OK(host_.connect_tcp("x", 80, kSecond));
    host_.add_user("www", 33);
    EXPECT_EQ(33U, must(host_.user_by_name("www")));
    EXPECT_EQ("www", host_.user_name(33));
}

TEST_F(MemHostWorld, descriptions_show_all_that_has_to_come_back) {
    host_.put_file("/a/x", "X\n", 04755);
    const std::string former = host_.describe();
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"user.a", "1"}};
    EXPECT_OK(a_->set_attributes("x", change));
    EXPECT_NE(former, host_.describe());
    EXPECT_THAT(host_.describe(), testing::HasSubstr("user.a=1 'X\\n'"));
    change.xattrs = ExtendedAttributes{};
    EXPECT_OK(a_->set_attributes("x", change));
    EXPECT_EQ(former, host_.describe());
}

/// Random work, a cut at any moment: no cut may show what no order of the model allows.
TEST_F(MemHostWorld, after_any_cut_the_tree_is_sound) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    int cuts = 0;
    for (int round = 0; round < 300; ++round) {
        MemHost host;
        host.put_directory("/d");
        host.put_directory("/e");
        host.settle();
        std::vector<std::shared_ptr<Directory>> directories = {must(host.open_directory("/d")),
                                                               must(host.open_directory("/e"))};
        for (int step = 0; step < 30; ++step) {
            Directory& here = *directories[random() % 2];
            Directory& there = *directories[random() % 2];
            const std::string name(1, static_cast<char>('a' + random() % 4));
            const std::string other(1, static_cast<char>('a' + random() % 4));
            // Most of these fail for want of a name: that is as good.
            switch (random() % 8) {
                case 0: (void)write_new(here, name, "c" + std::to_string(step)); break;
                case 1: (void)here.make_directory(name, 0755); break;
                case 2: (void)here.exchange(name, there, other); break;
                case 3: (void)here.move_to(name, there, other); break;
                case 4: (void)here.remove_file(name); break;
                case 5: (void)here.make_link(name, there, other); break;
                case 6: (void)here.sync(); break;
                default: (void)here.sync_file(name); break;
            }
        }
        host.power_cut(random_power_cut(random()));
        ++cuts;
        std::map<std::uint64_t, std::uint64_t> names;
        const auto entries = host.snapshot();
        for (const auto& [path, entry] : entries) ++names[entry.status.inode];
        for (const auto& [path, entry] : entries) {
            ASSERT_EQ(names[entry.status.inode], entry.status.link_count) << path << "\n" << host.describe();
            ASSERT_TRUE(entry.status.type != EntryType::directory || names[entry.status.inode] == 1) << path;
        }
        const std::string settled = host.describe();
        host.power_cut(random_power_cut(random()));  // what survived is durable
        ASSERT_EQ(settled, host.describe());
    }
    EXPECT_EQ(300, cuts);
}

}  // namespace
}  // namespace backout
