// What only the real host can show: races, descriptors, ACLs, roots, the kernel's tables.

#include "host/posix_host.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "host/posix_file_system.h"
#include "host/posix_users.h"
#include "unit/host/host_fixture.h"

namespace backout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PosixHostOnDisk : public testing::Test {
  protected:
    static std::size_t open_descriptors() {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            count += entry.path().empty() ? 0 : 1;
        return count;
    }

    std::shared_ptr<Directory> make(const std::string& name) {
        EXPECT_OK(directory_->make_directory(name, 0755));
        return must(directory_->open_directory(name));
    }

    void give_to_stranger(const std::string& name) {
        AttributeChange change;
        change.uid = 4711;
        EXPECT_OK(directory_->set_attributes(name, change));
    }

    TemporaryFolder folder_;
    std::unique_ptr<Host> host_ = must(open_posix_host("/"));
    std::shared_ptr<Directory> directory_ = must(host_->open_directory(folder_.path()));
};

TEST_F(PosixHostOnDisk, a_parent_that_is_swapped_for_a_strangers_link_never_leads_astray) {
    if (host_->user_id() != 0) return;  // only root meets links of others that it could follow
    make("inside");
    const auto outside = make("outside");
    const UnixNanoseconds outside_mtime = must(outside->own_status()).mtime;
    EXPECT_OK(directory_->make_symlink("link", "outside"));
    give_to_stranger("link");
    std::atomic<bool> over{false};
    std::thread attacker([&] {
        while (!over) EXPECT_OK(directory_->exchange("inside", *directory_, "link"));
    });
    int written = 0;
    int refused = 0;
    for (int i = 0; i < 20'000 || (i < 60'000 && (written == 0 || refused == 0)); ++i) {
        const auto location = host_->locate(folder_.path() + "/inside/x");
        if (!location.ok()) {
            EXPECT_EQ(ErrorCode::not_permitted, location.error().code);
            ++refused;
            continue;
        }
        EXPECT_OK(write_new(*location->directory, "x", ""));
        EXPECT_OK(location->directory->remove_file("x"));
        ++written;
    }
    over = true;
    attacker.join();
    EXPECT_GT(written, 0);
    EXPECT_GT(refused, 0);
    EXPECT_EQ(outside_mtime, must(outside->own_status()).mtime);  // not even for an instant
}

TEST_F(PosixHostOnDisk, a_file_that_is_swapped_for_a_link_is_never_followed) {
    EXPECT_OK(write_new(*directory_, "outside", "secret", 0600));
    EXPECT_OK(write_new(*directory_, "file", "file", 0600));
    EXPECT_OK(directory_->make_symlink("link", "outside"));
    std::atomic<bool> over{false};
    std::thread attacker([&] {
        while (!over) EXPECT_OK(directory_->exchange("file", *directory_, "link"));
    });
    AttributeChange change;
    change.mode = 0644;
    change.mtime = kSecond;
    for (int i = 0; i < 5'000; ++i) {
        EXPECT_OK(directory_->set_attributes("file", change));
        const auto file = directory_->open_read("file");
        if (file.ok())
            EXPECT_EQ("file", must(read_all(**file, 100)));
        else
            EXPECT_EQ(ErrorCode::wrong_type, file.error().code) << file.error().text();
    }
    over = true;
    attacker.join();
    EXPECT_EQ(0600U, must(directory_->status("outside")).mode);
    EXPECT_NE(kSecond, must(directory_->status("outside")).mtime);
}

TEST_F(PosixHostOnDisk, links_in_proc_are_not_followed) {
    EXPECT_CODE(ErrorCode::not_permitted, host_->locate("/proc/self/root/etc/x"));
    EXPECT_CODE(ErrorCode::not_permitted, host_->locate("/proc/self/cwd/x"));
    const int fd = ::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::string magic = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
    EXPECT_CODE(ErrorCode::not_permitted, host_->locate(magic + "/x"));
    ::close(fd);
}

TEST_F(PosixHostOnDisk, a_root_is_not_left_by_links_or_dots) {
    make("root");
    make("secret");
    const auto inner = must(open_posix_host(folder_.path() + "/root"));
    EXPECT_EQ(folder_.path() + "/root", inner->root());
    const auto top = must(inner->open_directory("/"));
    EXPECT_OK(top->make_symlink("up", "../secret"));
    EXPECT_OK(top->make_symlink("absolute", folder_.path() + "/secret"));
    EXPECT_OK(top->make_symlink("slash", "/"));
    EXPECT_CODE(ErrorCode::not_found, inner->locate("/up/x"));
    EXPECT_CODE(ErrorCode::not_found, inner->locate("/absolute/x"));
    EXPECT_EQ("/x", must(inner->locate("/slash/x")).key());
    EXPECT_CODE(ErrorCode::not_found, open_posix_host(folder_.path() + "/nothing"));
}

TEST_F(PosixHostOnDisk, names_of_users_come_from_the_roots_own_files) {
    const auto etc = make("etc");
    EXPECT_OK(write_new(*etc, "passwd",
                        "# comment\nroot:x:0:0::/root:/bin/sh\nweb:x:4321:1:::\nbroken:x\nweb2:x:4321:1:::\n"));
    EXPECT_OK(write_new(*etc, "group", "root:x:0:\nstaff:x:50:a,b\n"));
    const auto inner = must(open_posix_host(folder_.path()));
    EXPECT_EQ(4321U, must(inner->user_by_name("web")));
    EXPECT_EQ("web", inner->user_name(4321));
    EXPECT_EQ(50U, must(inner->group_by_name("staff")));
    EXPECT_EQ("staff", inner->group_name(50));
    EXPECT_EQ("1", inner->user_name(1));  // daemon outside, nobody inside
    EXPECT_CODE(ErrorCode::not_found, inner->user_by_name("daemon"));
    EXPECT_EQ(1U, must(host_->user_by_name("daemon")));
    EXPECT_EQ("root", host_->user_name(0));
    EXPECT_EQ("root", host_->group_name(0));
    EXPECT_CODE(ErrorCode::invalid, host_->user_by_name("4294967295"));
    EXPECT_CODE(ErrorCode::invalid, host_->user_by_name("99999999999999"));
}

TEST_F(PosixHostOnDisk, access_lists_come_back_byte_for_byte) {
    EXPECT_OK(write_new(*directory_, "f", "x", 0640));
    // user::rw- user:4711:r-- group::r-- mask::r-- other::---, as the kernel stores it
    const auto entry = [](int tag, int permissions, std::uint32_t id) {
        Bytes bytes = {static_cast<char>(tag), 0, static_cast<char>(permissions), 0};
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((id >> shift) & 0xFFU);
        return bytes;
    };
    const std::uint32_t nobody = 0xFFFFFFFFU;
    const Bytes list = Bytes("\2\0\0\0", 4) + entry(1, 6, nobody) + entry(2, 4, 4711) + entry(4, 4, nobody) +
                       entry(16, 4, nobody) + entry(32, 0, nobody);
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"system.posix_acl_access", list}};
    const Status set = directory_->set_attributes("f", change);
    if (!set.ok() && set.error().code == ErrorCode::unsupported) return;  // mounted without ACLs
    EXPECT_OK(set);
    EXPECT_EQ(list, must(directory_->xattrs("f")).at("system.posix_acl_access"));
    const FileStatus former = must(directory_->status("f"));
    // Taken off, and put back as a rollback does: list and mode together.
    change.xattrs = ExtendedAttributes{};
    change.mode = 0600;
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_TRUE(must(directory_->xattrs("f")).empty());
    change.xattrs = ExtendedAttributes{{"system.posix_acl_access", list}};
    change.mode = former.mode;
    EXPECT_OK(directory_->set_attributes("f", change));
    EXPECT_EQ(list, must(directory_->xattrs("f")).at("system.posix_acl_access"));
    EXPECT_EQ(former.mode, must(directory_->status("f")).mode);
}

TEST_F(PosixHostOnDisk, links_carry_attributes_that_root_gives_them) {
    if (host_->user_id() != 0) return;
    EXPECT_OK(write_new(*directory_, "f", "x"));
    EXPECT_OK(directory_->make_symlink("l", "f"));
    AttributeChange change;
    change.xattrs = ExtendedAttributes{{"trusted.mark", "link"}};
    EXPECT_OK(directory_->set_attributes("l", change));
    EXPECT_EQ(*change.xattrs, must(directory_->xattrs("l")));
    EXPECT_TRUE(must(directory_->xattrs("f")).empty());
}

TEST_F(PosixHostOnDisk, holes_stay_holes_in_a_copy) {
    const auto file = must(directory_->create("f", 0644));
    EXPECT_OK(file->write_at(8U << 20, "data"));
    EXPECT_OK(file->set_size(64U << 20));
    EXPECT_OK(file->close());
    const auto copy = must(directory_->create("copy", 0644));
    EXPECT_OK(copy_content(*must(directory_->open_read("f")), *copy));
    EXPECT_OK(copy->close());
    struct stat status {};
    ASSERT_EQ(0, ::stat((folder_.path() + "/copy").c_str(), &status));
    EXPECT_EQ(64 << 20, status.st_size);
    EXPECT_LT(status.st_blocks * 512, 2 << 20);
    EXPECT_EQ("data", must(must(directory_->open_read("copy"))->read(8U << 20, 4)));
}

TEST_F(PosixHostOnDisk, a_deep_tree_is_removed_with_few_descriptors) {
    std::shared_ptr<Directory> deep = directory_;
    for (int depth = 0; depth < 1100; ++depth) {  // deeper than descriptors are allowed, longer than a path may be
        EXPECT_OK(deep->make_directory("dddd", 0755));
        deep = must(deep->open_directory("dddd"));
    }
    EXPECT_OK(write_new(*deep, "f", ""));
    deep.reset();
    EXPECT_OK(host_->sync({{SyncRequest::What::tree, directory_, "dddd"}}));
    EXPECT_OK(remove_tree(*directory_, "dddd"));
    EXPECT_THAT(must(directory_->list()), ElementsAre());
}

TEST_F(PosixHostOnDisk, no_descriptor_is_left_behind) {
    EXPECT_OK(write_new(*directory_, "f", "x"));
    make("d");
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 3; ++i) {
        EXPECT_OK(host_->locate(folder_.path() + "/d/x"));
        EXPECT_OK(directory_->list());
        EXPECT_OK(directory_->xattrs("f"));
        EXPECT_OK(directory_->set_attributes("f", AttributeChange{}));
        EXPECT_OK(
            host_->sync({{SyncRequest::What::tree, directory_, "d"}, {SyncRequest::What::file, directory_, "f"}}));
        EXPECT_CODE(ErrorCode::not_found, directory_->open_read("g"));
        ProcessSpec spec;
        spec.argv = {"/bin/true"};
        EXPECT_OK(host_->run(spec));
        spec.argv = {"/no/such/program"};
        EXPECT_OK(host_->run(spec));
    }
    EXPECT_EQ(before, open_descriptors());
}

TEST_F(PosixHostOnDisk, everything_can_be_synced) {
    EXPECT_OK(host_->sync_everything());
    EXPECT_OK(host_->sync({{SyncRequest::What::everything, nullptr, ""}}));
}

TEST_F(PosixHostOnDisk, proc_is_no_place_for_a_journal_and_tmpfs_forgets) {
    EXPECT_EQ("proc", must(host_->file_system(*must(host_->open_directory("/proc")))).type);
    const auto shared_memory = host_->open_directory("/dev/shm");
    if (!shared_memory.ok()) return;
    const FileSystemInfo info = must(host_->file_system(**shared_memory));
    if (info.type == "tmpfs") {
        EXPECT_FALSE(info.survives_power_cut);
        EXPECT_EQ("/dev/shm", info.mount_point);
    }
}

TEST(PosixFileSystem, mountinfo_is_read_with_its_escapes) {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 /mnt1 /a\\040b\\134c rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"
        "37 36 0:44 / /net ro,relatime - nfs4 server:/export\\011x rw\n"
        "38 36 0:45 / /z rw - tmpfs tmpfs ro\n"
        "garbage\n\n39 x\n");
    ASSERT_EQ(3U, mounts.size());
    EXPECT_EQ(36U, mounts[0].id);
    EXPECT_EQ("98:0", mounts[0].device);
    EXPECT_EQ("/a b\\c", mounts[0].point);
    EXPECT_EQ("ext3", mounts[0].type);
    EXPECT_EQ("/dev/root", mounts[0].source);
    EXPECT_FALSE(mounts[0].read_only);
    EXPECT_TRUE(mounts[1].read_only);
    EXPECT_EQ("server:/export\tx", mounts[1].source);
    EXPECT_TRUE(mounts[2].read_only);
    EXPECT_TRUE(is_network_type("nfs4"));
    EXPECT_TRUE(is_network_type("fuse.sshfs"));
    EXPECT_FALSE(is_network_type("ext4"));
    EXPECT_TRUE(is_pseudo_type("cgroup2"));
    EXPECT_FALSE(is_pseudo_type("xfs"));
}

TEST(PosixUsers, account_files_are_read_line_by_line) {
    const std::string text = "a:x:1:\n\n:x:2:\nbad:x:minus:\nb:x:3";
    EXPECT_EQ(1U, must(id_in_text(text, Accounts::groups, "a")));
    EXPECT_EQ(3U, must(id_in_text(text, Accounts::groups, "b")));
    EXPECT_CODE(ErrorCode::not_found, id_in_text(text, Accounts::groups, "bad"));
    EXPECT_CODE(ErrorCode::not_found, id_in_text(text, Accounts::users, "c"));
    EXPECT_EQ("2", name_in_text(text, 2));
    EXPECT_EQ("b", name_in_text(text, 3));
}

}  // namespace
}  // namespace backout
