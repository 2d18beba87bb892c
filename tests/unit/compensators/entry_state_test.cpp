// States, trees and the real world's view.

#include "compensators/entry_state.h"

#include "compensators/tree.h"
#include "unit/compensators/file_world.h"

namespace backout {
namespace {

class EntryStates : public testing::Test {
  protected:
    EntryStates() {
        host_.put_file("/t/a", "a\n", 04755);
        host_.put_file("/t/a.b", "x", 0600);
        host_.put_file("/t/a-dir/x", "deep", 0644);
        host_.put_symlink("/t/link", "a");
        must(top()->make_special("null", EntryType::character_device, 0666, 259));
        AttributeChange change;
        change.xattrs = ExtendedAttributes{{"user.binary", std::string("\xff\0\x01", 3)}};
        change.flags = kFlagImmutable;
        must(top()->set_attributes("a", change));
    }
    std::shared_ptr<Directory> top() { return must(host_.open_directory("/t")); }

    MemHost host_;
};

TEST_F(EntryStates, come_back_from_json_as_they_were) {
    for (const std::string name : {"a", "a.b", "a-dir", "link", "null", "absent"}) {
        const EntryState state = must(capture_state(*top(), name));
        EXPECT_EQ(must(entry_state_from_json(entry_state_to_json(state))), state) << name;
    }
    EXPECT_EQ(entry_state_to_json(EntryState{}), nullptr);
    EXPECT_FALSE(entry_state_from_json(Json{{"type", "banana"}}).ok());
    EXPECT_FALSE(entry_state_from_json(Json{{"type", "file"}, {"mode", "09"}}).ok());
}

TEST_F(EntryStates, carry_names_that_are_not_utf8) {
    host_.put_file("/t/\xff\xfe", "x");
    const auto tree = must(capture_tree(*must(host_.open_directory("/")), "t"));
    const auto back = must(tree_from_json(must(parse_json(dump_canonical(tree_to_json(tree))))));
    ASSERT_EQ(back.size(), tree.size());
    for (std::size_t i = 0; i < tree.size(); ++i) {
        EXPECT_EQ(back[i].path, tree[i].path);
        EXPECT_EQ(back[i].state, tree[i].state);
    }
}

TEST_F(EntryStates, name_each_attribute_that_differs) {
    EntryState expected = must(capture_state(*top(), "a"));
    EntryState found = expected;
    EXPECT_TRUE(compare_states("/t/a", expected, found).empty());
    found.mode = 0755;
    found.uid = 9;
    found.content = std::string(64, '0');
    found.flags = 0;
    std::vector<std::string> attributes;
    for (const Difference& difference : compare_states("/t/a", expected, found))
        attributes.push_back(difference.attribute);
    EXPECT_EQ(attributes, (std::vector<std::string>{"content", "mode", "owner", "flags"}));
    expected.content.clear();
    EXPECT_EQ(compare_states("/t/a", expected, found).size(), 3U) << "unknown content matches any";
    EXPECT_EQ(compare_states("/t/a", expected, {}).front().attribute, "presence");
}

TEST_F(EntryStates, of_trees_change_with_anything_below) {
    const auto summary = [&] { return summarize_tree(must(capture_tree(*must(host_.open_directory("/")), "t"))); };
    const EntryState before = summary();
    EXPECT_EQ(before.tree_entries, 6U);
    EXPECT_EQ(summary(), before);
    host_.overwrite_file("/t/a-dir/x", "Deep");
    EXPECT_NE(summary().tree, before.tree);
    host_.overwrite_file("/t/a-dir/x", "deep");
    EXPECT_EQ(summary().tree, before.tree) << "times are not part of it";
    host_.put_directory("/t/more");
    EXPECT_EQ(summary().tree_entries, 7U);
}

TEST_F(EntryStates, of_trees_are_compared_entry_by_entry) {
    const auto tree = [&] { return must(capture_tree(*must(host_.open_directory("/")), "t")); };
    const auto before = tree();
    host_.put_file("/t/a-dir/more", "x");
    host_.remove("/t/a.b");
    const auto strict = compare_trees("/t", before, tree(), false);
    ASSERT_EQ(strict.size(), 2U);
    EXPECT_EQ(strict[0].path, "/t/a-dir/more");
    EXPECT_EQ(strict[1].path, "/t/a.b");
    EXPECT_EQ(compare_trees("/t", before, tree(), true).size(), 1U);
}

TEST_F(EntryStates, of_copies_are_those_of_the_originals_with_hard_links_kept) {
    AttributeChange change;
    change.flags = 0U;
    must(top()->set_attributes("a", change));
    must(must(top()->open_directory("a-dir"))->make_link("again", *top(), "a"));
    auto root = must(host_.open_directory("/"));
    must(copy_entry(*root, "t", *root, "copy"));
    const auto original = must(capture_tree(*root, "t"));
    const auto copy = must(capture_tree(*root, "copy"));
    EXPECT_TRUE(compare_trees("/copy", original, copy, false).empty());
    auto copied = must(host_.open_directory("/copy"));
    EXPECT_EQ(must(copied->status("a")).inode, must(must(copied->open_directory("a-dir"))->status("again")).inode);
    EXPECT_EQ(must(copied->status("a-dir")).mtime, must(top()->status("a-dir")).mtime);
}

TEST_F(EntryStates, stop_at_mounts) {
    host_.mount("/t/a-dir/m", "ext4");
    const auto tree = capture_tree(*must(host_.open_directory("/")), "t");
    ASSERT_FALSE(tree.ok());
    EXPECT_EQ(tree.error().code, ErrorCode::unsupported);
    EXPECT_EQ(tree.error().path, "/t/a-dir/m");
}

TEST_F(EntryStates, seen_in_the_real_world_have_real_keys) {
    host_.put_symlink("/short", "/t/a-dir");
    const auto world = make_host_world_view(host_);
    EXPECT_EQ(must(world->key_of("/short/x")), "/t/a-dir/x");
    EXPECT_EQ(must(world->key_of("/short/new/deeper")), "/t/a-dir/new/deeper");
    EXPECT_FALSE(must(world->look("/no/such/path")).state.present());
    EXPECT_EQ(must(world->look("/t/link")).state.link, "a");
    EXPECT_EQ(world->key_of("/t/a/below").error().code, ErrorCode::wrong_type);
    EXPECT_EQ(must(world->read("/t/a", 10)), "a\n");
    EXPECT_EQ(must(world->list("/t")).size(), 5U);
}

}  // namespace
}  // namespace backout
