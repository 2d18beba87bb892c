// What every Host promises, asked of each of them: the real one below "/", the real one with a root of its own, and the
// one in memory.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "host/mem_host.h"
#include "unit/host/host_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

enum class Kind { posix, posix_in_root, memory };

class HostContract : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        if (GetParam() == Kind::memory) {
            host_ = std::make_unique<MemHost>();
            base_ = "/work";
            EXPECT_OK(must(host_->open_directory("/"))->make_directory("work", 0755));
        } else {
            folder_ = std::make_unique<TemporaryFolder>();
            host_ = must(open_posix_host(GetParam() == Kind::posix ? "/" : folder_->path()));
            base_ = GetParam() == Kind::posix ? folder_->path() : "/work";
            if (GetParam() == Kind::posix_in_root) {
                EXPECT_OK(must(host_->open_directory("/"))->make_directory("work", 0755));
            }
        }
        directory_ = must(host_->open_directory(base_));
        base_ = directory_->path();
    }

    bool is_root() const { return host_->user_id() == 0; }
    Location at(const std::string& below) { return must(host_->locate(base_ + "/" + below)); }

    std::unique_ptr<TemporaryFolder> folder_;
    std::unique_ptr<Host> host_;
    std::string base_;
    std::shared_ptr<Directory> directory_;
};

TEST_P(HostContract, an_absent_entry_has_a_status_and_no_error) {
    EXPECT_EQ(EntryType::absent, must(directory_->status("nothing")).type);
    EXPECT_CODE(ErrorCode::not_found, directory_->open_read("nothing"));
    EXPECT_CODE(ErrorCode::not_found, directory_->open_directory("nothing"));
    EXPECT_CODE(ErrorCode::not_found, directory_->read_link("nothing"));
    EXPECT_CODE(ErrorCode::not_found, directory_->remove_file("nothing"));
    EXPECT_CODE(ErrorCode::not_found, directory_->set_attributes("nothing", AttributeChange{}));
    EXPECT_CODE(ErrorCode::not_found, directory_->sync_file("nothing"));
}

TEST_P(HostContract, a_new_file_holds_what_was_written_with_exactly_the_mode_asked_for) {
    const mode_t former = ::umask(077);
    EXPECT_OK(write_new(*directory_, "a", "one\0two", 0666));
    EXPECT_OK(directory_->make_directory("d", 0777));
    ::umask(former);
    EXPECT_EQ(0666U, must(directory_->status("a")).mode);
    EXPECT_EQ(0777U, must(directory_->status("d")).mode);
    EXPECT_EQ("one", content_of(*directory_, "a"));
    EXPECT_EQ(3U, must(directory_->status("a")).size);
    EXPECT_CODE(ErrorCode::exists, directory_->create("a", 0644));
    EXPECT_CODE(ErrorCode::exists, directory_->make_directory("a", 0755));
    EXPECT_EQ("one", content_of(*directory_, "a"));
}

TEST_P(HostContract, names_that_are_no_component_are_refused_everywhere) {
    const std::vector<std::string> names = {"", ".", "..", "a/b", std::string("a\0b", 3), std::string(256, 'x')};
    for (const std::string& name : names) {
        EXPECT_CODE(ErrorCode::invalid, directory_->status(name));
        EXPECT_CODE(ErrorCode::invalid, directory_->create(name, 0644));
        EXPECT_CODE(ErrorCode::invalid, directory_->make_directory(name, 0755));
        EXPECT_CODE(ErrorCode::invalid, directory_->remove_file(name));
        EXPECT_CODE(ErrorCode::invalid, directory_->exchange(name, *directory_, "b"));
    }
    EXPECT_OK(write_new(*directory_, std::string(255, 'x'), ""));
}

TEST_P(HostContract, paths_are_checked_before_they_are_walked) {
    EXPECT_CODE(ErrorCode::invalid, host_->locate(""));
    EXPECT_CODE(ErrorCode::invalid, host_->locate("/"));
    EXPECT_CODE(ErrorCode::invalid, host_->locate("relative/path"));
    EXPECT_CODE(ErrorCode::invalid, host_->locate(base_ + "/../x"));
    EXPECT_CODE(ErrorCode::invalid, host_->locate(base_ + "/" + std::string(256, 'x')));
    EXPECT_CODE(ErrorCode::invalid, host_->locate(base_ + std::string("/a\0b", 4)));
    std::string deep;
    while (deep.size() < 4096) deep += "/x";
    EXPECT_CODE(ErrorCode::invalid, host_->locate(deep));
    EXPECT_EQ(base_ + "/a", must(host_->locate(base_ + "//./a/")).key());
}

TEST_P(HostContract, the_first_missing_parent_is_named) {
    const auto missing = host_->locate(base_ + "/one/two/three");
    EXPECT_CODE(ErrorCode::not_found, missing);
    EXPECT_EQ(base_ + "/one", missing.error().path);
    EXPECT_OK(write_new(*directory_, "file", ""));
    const auto through_file = host_->locate(base_ + "/file/x");
    EXPECT_CODE(ErrorCode::wrong_type, through_file);
    EXPECT_EQ(base_ + "/file", through_file.error().path);
}

TEST_P(HostContract, links_above_the_last_component_are_resolved_in_the_key) {
    EXPECT_OK(directory_->make_directory("real", 0755));
    EXPECT_OK(directory_->make_directory("other", 0755));
    EXPECT_OK(directory_->make_symlink("absolute", base_ + "/real"));
    EXPECT_OK(at("other/x").directory->make_symlink("up", "../absolute"));
    EXPECT_EQ(base_ + "/real/x", at("absolute/x").key());
    EXPECT_EQ(base_ + "/real/x", at("other/up/x").key());
    EXPECT_EQ(base_ + "/real", must(host_->open_directory(base_ + "/other/up"))->path());
    // The last component itself is never followed.
    EXPECT_EQ(base_ + "/absolute", at("absolute").key());
    EXPECT_EQ(EntryType::symlink, must(directory_->status("absolute")).type);
    EXPECT_CODE(ErrorCode::wrong_type, directory_->open_directory("absolute"));
}

TEST_P(HostContract, a_ring_of_links_ends) {
    EXPECT_OK(directory_->make_symlink("a", "b"));
    EXPECT_OK(directory_->make_symlink("b", "a"));
    EXPECT_CODE(ErrorCode::invalid, host_->locate(base_ + "/a/x"));
}

TEST_P(HostContract, a_link_of_a_stranger_is_not_followed) {
    if (!is_root()) return;  // only root can make such a link
    EXPECT_OK(directory_->make_directory("real", 0755));
    EXPECT_OK(directory_->make_symlink("link", "real"));
    AttributeChange change;
    change.uid = 4711;
    EXPECT_OK(directory_->set_attributes("link", change));
    const auto refused = host_->locate(base_ + "/link/x");
    EXPECT_CODE(ErrorCode::not_permitted, refused);
    EXPECT_EQ(base_ + "/link", refused.error().path);
    // A directory's owner may fill it with links, but lead nobody with them to what isn't his.
    EXPECT_OK(directory_->set_own_attributes(change));
    EXPECT_CODE(ErrorCode::not_permitted, host_->locate(base_ + "/link/x"));
    EXPECT_CODE(ErrorCode::not_permitted, host_->open_directory(base_ + "/link"));
    EXPECT_OK(must(host_->open_directory(base_ + "/real"))->set_own_attributes(change));
    EXPECT_EQ(base_ + "/real/x", at("link/x").key());
}

TEST_P(HostContract, dots_in_a_link_stay_below_the_root) {
    EXPECT_OK(directory_->make_symlink("far", "../../../../../../../../../../../../../../../.."));
    EXPECT_EQ("/", must(host_->open_directory(base_ + "/far"))->path());
    EXPECT_EQ("/x", at("far/x").key());
}

TEST_P(HostContract, lists_are_sorted_by_bytes) {
    for (const char* name : {"b", "B", "a", "\xff", ".hidden"}) EXPECT_OK(write_new(*directory_, name, ""));
    EXPECT_THAT(must(directory_->list()), ElementsAre(".hidden", "B", "a", "b", "\xff"));
}

TEST_P(HostContract, symlinks_keep_their_text_word_for_word) {
    EXPECT_OK(directory_->make_symlink("l", "../x//y/"));
    EXPECT_EQ("../x//y/", must(directory_->read_link("l")));
    EXPECT_OK(write_new(*directory_, "f", ""));
    EXPECT_CODE(ErrorCode::wrong_type, directory_->read_link("f"));
    EXPECT_CODE(ErrorCode::wrong_type, directory_->open_read("l"));
    EXPECT_CODE(ErrorCode::invalid, directory_->make_symlink("m", ""));
}

TEST_P(HostContract, exchange_swaps_whole_inodes_whatever_they_are) {
    EXPECT_OK(write_new(*directory_, "file", "content", 0600));
    EXPECT_OK(directory_->make_directory("tree", 0700));
    EXPECT_OK(write_new(*at("tree/x").directory, "x", "below"));
    const FileStatus file = must(directory_->status("file"));
    EXPECT_OK(directory_->exchange("file", *directory_, "tree"));
    EXPECT_EQ("content", content_of(*directory_, "tree"));
    EXPECT_EQ("below", content_of(*at("file/x").directory, "x"));
    EXPECT_EQ(file.inode, must(directory_->status("tree")).inode);
    EXPECT_CODE(ErrorCode::not_found, directory_->exchange("file", *directory_, "nothing"));
    EXPECT_CODE(ErrorCode::not_found, directory_->exchange("nothing", *directory_, "file"));
}

TEST_P(HostContract, exchange_twice_is_the_start) {
    EXPECT_OK(write_new(*directory_, "a", "A"));
    EXPECT_OK(directory_->make_directory("d", 0755));
    const auto other = must(directory_->open_directory("d"));
    EXPECT_OK(write_new(*other, "b", "B"));
    EXPECT_OK(directory_->exchange("a", *other, "b"));
    EXPECT_EQ("B", content_of(*directory_, "a"));
    EXPECT_OK(directory_->exchange("a", *other, "b"));
    EXPECT_EQ("A", content_of(*directory_, "a"));
    EXPECT_EQ("B", content_of(*other, "b"));
}

TEST_P(HostContract, move_refuses_a_taken_name_and_replace_takes_it) {
    EXPECT_OK(write_new(*directory_, "a", "A"));
    EXPECT_OK(write_new(*directory_, "b", "B"));
    EXPECT_CODE(ErrorCode::exists, directory_->move_to("a", *directory_, "b"));
    EXPECT_EQ("B", content_of(*directory_, "b"));
    EXPECT_OK(directory_->replace_to("a", *directory_, "b"));
    EXPECT_EQ("A", content_of(*directory_, "b"));
    EXPECT_OK(directory_->move_to("b", *directory_, "c"));
    EXPECT_THAT(must(directory_->list()), ElementsAre("c"));
    EXPECT_CODE(ErrorCode::not_found, directory_->move_to("b", *directory_, "d"));
}

TEST_P(HostContract, replace_of_two_names_of_one_inode_leaves_one) {
    EXPECT_OK(write_new(*directory_, "a", "A"));
    EXPECT_OK(directory_->make_link("b", *directory_, "a"));
    EXPECT_EQ(2U, must(directory_->status("a")).link_count);
    EXPECT_OK(directory_->replace_to("a", *directory_, "b"));
    EXPECT_THAT(must(directory_->list()), ElementsAre("b"));
    EXPECT_EQ(1U, must(directory_->status("b")).link_count);
    EXPECT_OK(directory_->replace_to("b", *directory_, "b"));
    EXPECT_THAT(must(directory_->list()), ElementsAre("b"));
}

TEST_P(HostContract, a_directory_can_not_move_into_itself) {
    EXPECT_OK(directory_->make_directory("d", 0755));
    const auto inner = must(directory_->open_directory("d"));
    EXPECT_CODE(ErrorCode::io, directory_->replace_to("d", *inner, "e"));
    EXPECT_CODE(ErrorCode::io, directory_->move_to("d", *inner, "e"));
    EXPECT_THAT(must(inner->list()), ElementsAre());
}

TEST_P(HostContract, remove_file_and_remove_directory_keep_to_their_kind) {
    EXPECT_OK(directory_->make_directory("d", 0755));
    EXPECT_OK(write_new(*at("d/x").directory, "x", ""));
    EXPECT_OK(write_new(*directory_, "f", ""));
    EXPECT_CODE(ErrorCode::wrong_type, directory_->remove_file("d"));
    EXPECT_CODE(ErrorCode::wrong_type, directory_->remove_directory("f"));
    EXPECT_CODE(ErrorCode::exists, directory_->remove_directory("d"));
    EXPECT_OK(at("d/x").directory->remove_file("x"));
    EXPECT_OK(directory_->remove_directory("d"));
    EXPECT_OK(directory_->remove_file("f"));
    EXPECT_THAT(must(directory_->list()), ElementsAre());
}

TEST_P(HostContract, attributes_are_set_and_unset_members_left_alone) {
    EXPECT_OK(write_new(*directory_, "f", "x", 0640));
    const FileStatus former = must(directory_->status("f"));
    AttributeChange change;
    change.mtime = 1'234'567'890'123'456'789;
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_EQ(1'234'567'890'123'456'789, must(directory_->status("f")).mtime);
    EXPECT_EQ(0640U, must(directory_->status("f")).mode);
    change = {};
    change.mode = 0000;
    EXPECT_OK(directory_->set_attributes("f", change));
    const FileStatus now = must(directory_->status("f"));
    EXPECT_EQ(0000U, now.mode);
    EXPECT_EQ(former.uid, now.uid);
    EXPECT_EQ(1'234'567'890'123'456'789, now.mtime);
    change.mtime = -5;  // before 1970
    change.mode = 0400;
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_EQ(-5, must(directory_->status("f")).mtime);
}

TEST_P(HostContract, a_new_owner_keeps_the_suid_bit_that_nobody_asked_to_drop) {
    if (!is_root()) return;
    EXPECT_OK(write_new(*directory_, "f", "x", 06755));
    AttributeChange change;
    change.uid = 4711;
    change.gid = 4712;
    EXPECT_OK(directory_->set_attributes("f", change));
    const FileStatus now = must(directory_->status("f"));
    EXPECT_EQ(06755U, now.mode);
    EXPECT_EQ(4711U, now.uid);
    EXPECT_EQ(4712U, now.gid);
}

TEST_P(HostContract, attributes_of_a_link_are_its_own) {
    EXPECT_OK(write_new(*directory_, "f", "x"));
    EXPECT_OK(directory_->make_symlink("l", "f"));
    const FileStatus target = must(directory_->status("f"));
    AttributeChange change;
    change.mtime = 7 * kSecond;
    change.mode = 0600;  // links have none
    if (is_root()) change.uid = 4711;
    EXPECT_OK(directory_->set_attributes("l", change));
    EXPECT_EQ(7 * kSecond, must(directory_->status("l")).mtime);
    if (is_root()) {
        EXPECT_EQ(4711U, must(directory_->status("l")).uid);
    }
    EXPECT_EQ(target.mtime, must(directory_->status("f")).mtime);
    EXPECT_EQ(target.uid, must(directory_->status("f")).uid);
    EXPECT_EQ(target.mode, must(directory_->status("f")).mode);
}

TEST_P(HostContract, extended_attributes_become_exactly_the_set) {
    EXPECT_OK(write_new(*directory_, "f", "x", 0600));
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"user.a", "1"}, {"user.b", std::string("\0\xff", 2)}, {"user.empty", ""}};
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_EQ(*change.xattrs, must(directory_->xattrs("f")));
    change.xattrs = ExtendedAttributes{{"user.b", "2"}};
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_EQ(*change.xattrs, must(directory_->xattrs("f")));
    EXPECT_OK(directory_->make_directory("d", 0700));
    EXPECT_OK(must(directory_->open_directory("d"))->set_own_attributes(change));
    EXPECT_EQ(*change.xattrs, must(directory_->xattrs("d")));
    EXPECT_TRUE(must(directory_->xattrs("f")).count("user.b") == 1);
}

TEST_P(HostContract, special_files_are_made_and_never_opened) {
    EXPECT_OK(directory_->make_special("fifo", EntryType::fifo, 0622, 0));
    EXPECT_EQ(EntryType::fifo, must(directory_->status("fifo")).type);
    EXPECT_EQ(0622U, must(directory_->status("fifo")).mode);
    EXPECT_CODE(ErrorCode::wrong_type, directory_->open_read("fifo"));  // and doesn't hang
    EXPECT_EQ(0U, must(directory_->flags("fifo")));
    EXPECT_TRUE(must(directory_->xattrs("fifo")).empty());
    AttributeChange change;
    change.mode = 0600;
    change.mtime = kSecond;
    EXPECT_OK(directory_->set_attributes("fifo", change));
    EXPECT_OK(directory_->sync_file("fifo"));
    EXPECT_OK(remove_tree(*directory_, "fifo"));
}

TEST_P(HostContract, an_open_directory_follows_its_inode_not_its_name) {
    EXPECT_OK(directory_->make_directory("d", 0755));
    const auto open = must(directory_->open_directory("d"));
    EXPECT_OK(directory_->move_to("d", *directory_, "e"));
    EXPECT_OK(write_new(*open, "x", "here"));
    EXPECT_EQ("here", content_of(*at("e/x").directory, "x"));
}

TEST_P(HostContract, barriers_take_anything_twice) {
    EXPECT_OK(directory_->make_directory("d", 0755));
    EXPECT_OK(write_new(*at("d/x").directory, "x", "data"));
    EXPECT_OK(directory_->make_symlink("l", "nowhere"));
    using What = SyncRequest::What;
    const std::vector<SyncRequest> requests = {{What::names, directory_, ""},     {What::names, directory_, ""},
                                               {What::file, directory_, "d"},     {What::tree, directory_, "d"},
                                               {What::file, directory_, "l"},     {What::tree, directory_, "d"},
                                               {What::filesystem, directory_, ""}};
    EXPECT_OK(host_->sync(requests));
    EXPECT_CODE(ErrorCode::not_found, host_->sync({{What::tree, directory_, "nothing"}}));
    EXPECT_CODE(ErrorCode::not_found, host_->sync({{What::file, directory_, "nothing"}}));
    EXPECT_OK(host_->sync({}));
}

TEST_P(HostContract, a_large_tree_is_synced_too) {
    EXPECT_OK(directory_->make_directory("d", 0755));
    const auto tree = must(directory_->open_directory("d"));
    for (int i = 0; i < 200; ++i) EXPECT_OK(write_new(*tree, std::to_string(i), "x"));
    EXPECT_OK(host_->sync({{SyncRequest::What::tree, directory_, "d"}}));
    std::vector<SyncRequest> many;
    for (int i = 0; i < 200; ++i) many.push_back({SyncRequest::What::file, tree, std::to_string(i)});
    EXPECT_OK(host_->sync(many));
}

TEST_P(HostContract, remove_tree_removes_all_and_follows_nothing) {
    EXPECT_OK(directory_->make_directory("kept", 0755));
    EXPECT_OK(write_new(*at("kept/x").directory, "x", "kept"));
    EXPECT_OK(directory_->make_directory("d", 0755));
    const auto tree = must(directory_->open_directory("d"));
    EXPECT_OK(tree->make_symlink("link", "../kept"));
    EXPECT_OK(write_new(*tree, "closed", "", 0000));
    std::shared_ptr<Directory> deep = tree;
    for (int depth = 0; depth < 100; ++depth) {  // deeper than the directories it keeps open
        EXPECT_OK(write_new(*deep, "a", "x"));
        EXPECT_OK(deep->make_directory("m", depth % 2 == 0 ? 0000U : 0700U));
        EXPECT_OK(write_new(*deep, "z", "x"));
        AttributeChange open;
        open.mode = 0700;
        EXPECT_OK(deep->set_attributes("m", open));
        deep = must(deep->open_directory("m"));
    }
    EXPECT_OK(remove_tree(*directory_, "d"));
    EXPECT_THAT(must(directory_->list()), ElementsAre("kept"));
    EXPECT_EQ("kept", content_of(*at("kept/x").directory, "x"));
    EXPECT_OK(remove_tree(*directory_, "d"));  // absent is success
}

TEST_P(HostContract, read_all_takes_the_limit_and_not_a_byte_more) {
    EXPECT_OK(write_new(*directory_, "f", "12345"));
    EXPECT_EQ("12345", must(read_file(*host_, base_ + "/f", 5)));
    const auto refused = read_file(*host_, base_ + "/f", 4);
    EXPECT_CODE(ErrorCode::invalid, refused);
    EXPECT_THAT(refused.error().text(), HasSubstr(base_ + "/f"));
    EXPECT_CODE(ErrorCode::not_found, read_file(*host_, base_ + "/g", 4));
}

TEST_P(HostContract, digests_and_copies_see_every_byte) {
    Bytes content;
    for (int i = 0; i < 300'000; ++i) content += static_cast<char>(i * 7 + i / 1000);
    EXPECT_OK(write_new(*directory_, "f", content));
    const auto file = must(directory_->open_read("f"));
    EXPECT_EQ(sha256_hex(content), must(digest_file(*file)));
    const auto copy = must(directory_->create("copy", 0644));
    EXPECT_OK(copy_content(*file, *copy));
    EXPECT_OK(copy->close());
    EXPECT_EQ(content, content_of(*directory_, "copy"));
}

TEST_P(HostContract, sparse_writes_read_back_as_zeros_and_copies_end_with_a_hole) {
    const auto file = must(directory_->create("f", 0644));
    EXPECT_OK(file->reserve(1000));
    EXPECT_OK(file->write_at(200'000, "data"));
    EXPECT_OK(file->set_size(400'000));
    EXPECT_OK(file->close());
    const auto input = must(directory_->open_read("f"));
    EXPECT_EQ(std::string(3, '\0') + "dat", must(input->read(199'997, 6)));
    EXPECT_TRUE(must(input->read(400'000, 10)).empty());
    const auto copy = must(directory_->create("copy", 0644));
    EXPECT_OK(copy_content(*input, *copy));
    EXPECT_OK(copy->close());
    EXPECT_EQ(400'000U, must(directory_->status("copy")).size);
    EXPECT_EQ(content_of(*directory_, "f"), content_of(*directory_, "copy"));
}

TEST_P(HostContract, immutable_files_stay_until_the_flag_goes) {
    if (!is_root()) return;
    EXPECT_OK(write_new(*directory_, "f", "x"));
    AttributeChange change;
    change.flags = kFlagImmutable;
    const Status set = directory_->set_attributes("f", change);
    if (!set.ok() && set.error().code == ErrorCode::unsupported) return;  // a file system without flags
    EXPECT_OK(set);
    EXPECT_EQ(kFlagImmutable, must(directory_->flags("f")));
    EXPECT_CODE(ErrorCode::not_permitted, directory_->remove_file("f"));
    EXPECT_CODE(ErrorCode::not_permitted, directory_->move_to("f", *directory_, "g"));
    const Status removed = remove_tree(*directory_, "f");
    EXPECT_CODE(ErrorCode::not_permitted, removed);
    EXPECT_THAT(removed.error().message, HasSubstr("immutable"));
    change.flags = 0;
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_OK(directory_->remove_file("f"));
}

TEST_P(HostContract, users_are_known_by_name_and_number) {
    EXPECT_EQ(1000U, must(host_->user_by_name("1000")));
    EXPECT_EQ(1000U, must(host_->group_by_name("1000")));
    EXPECT_CODE(ErrorCode::not_found, host_->user_by_name("nobody-has-this-name"));
    EXPECT_EQ("987654", host_->user_name(987654));
    EXPECT_EQ("987654", host_->group_name(987654));
    EXPECT_FALSE(host_->host_name().empty());
}

TEST_P(HostContract, the_file_system_of_a_directory_is_known) {
    const FileSystemInfo info = must(host_->file_system(*directory_));
    EXPECT_FALSE(info.type.empty());
    EXPECT_FALSE(info.network);
    EXPECT_FALSE(info.read_only);
    EXPECT_GT(info.free_bytes, 0U);
    EXPECT_EQ('/', info.mount_point.front());
    EXPECT_EQ(must(directory_->own_status()).mount, info.mount);
}

INSTANTIATE_TEST_SUITE_P(, HostContract, testing::Values(Kind::posix, Kind::posix_in_root, Kind::memory),
                         [](const auto& kind) {
                             if (kind.param == Kind::posix) return "Posix";
                             return kind.param == Kind::memory ? "Memory" : "PosixInRoot";
                         });

}  // namespace
}  // namespace backout
