// File kinds on the real file system: there and back with all that an inode has (times in nanoseconds, extended
// attributes, access lists, setuid, hard links, holes, flags), races with real threads, and stores on other mounts.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "unit/compensators/file_world.h"

namespace backout {
namespace {

namespace fs = std::filesystem;

/// A store beside the tree: the temporary directory may be on a file system whose top isn't ours to write to.
class DiskStore final : public ImageStore {
  public:
    DiskStore(Host& host, std::string path) : host_(host), path_(std::move(path)) {}
    Result<std::string> store_for(Directory&, bool) override { return path_; }
    Result<std::shared_ptr<Directory>> open(const std::string& store) override { return host_.open_directory(store); }

  private:
    Host& host_;
    std::string path_;
};

/// Everything that can be seen of a tree, but atime and ctime.
std::map<std::string, std::string> photograph(const std::string& top) {
    std::map<std::string, std::string> result;
    const auto add = [&](const fs::path& path) {
        struct stat s {};
        if (::lstat(path.c_str(), &s) != 0) throw std::runtime_error("lstat " + path.string());
        std::string text = std::to_string(s.st_ino) + " mode=" + std::to_string(s.st_mode) +
                           " owner=" + std::to_string(s.st_uid) + ":" + std::to_string(s.st_gid) +
                           " mtime=" + std::to_string(s.st_mtim.tv_sec) + "." + std::to_string(s.st_mtim.tv_nsec) +
                           " links=" + std::to_string(s.st_nlink);
        if (!S_ISDIR(s.st_mode))
            text += " size=" + std::to_string(s.st_size) + " blocks=" + std::to_string(s.st_blocks);
        char names[4096];
        const ssize_t length = ::llistxattr(path.c_str(), names, sizeof names);
        for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(std::string(names + at).size()) + 1) {
            char value[4096];
            const ssize_t size = ::lgetxattr(path.c_str(), names + at, value, sizeof value);
            text += std::string(" ") + (names + at) + "=" +
                    to_hex(std::string(value, static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
        }
        if (S_ISREG(s.st_mode) && s.st_size < 1 << 20) {
            std::ifstream file(path, std::ios::binary);
            text += " " + std::string(std::istreambuf_iterator<char>(file), {});
        }
        if (S_ISLNK(s.st_mode)) text += " -> " + fs::read_symlink(path).string();
        result[path.string()] = text;
    };
    add(top);
    for (const auto& entry : fs::recursive_directory_iterator(top)) add(entry.path());
    return result;
}

class FileKindsOnDisk : public testing::Test {
  protected:
    FileKindsOnDisk() {
        char pattern[] = "/tmp/backout-kinds-XXXXXX";
        top_ = ::mkdtemp(pattern);
        fs::create_directories(top_ + "/store");
        fs::create_directories(top_ + "/t/tree/sub");
        write("t/file", "old content\n");
        write("t/tree/a", "a\n");
        write("t/tree/sub/b", "b\n");
        fs::create_symlink("a", top_ + "/t/tree/link");
        fs::create_hard_link(top_ + "/t/tree/a", top_ + "/t/tree/sub/a-again");
        fs::create_symlink("file", top_ + "/t/link");
        fs::create_hard_link(top_ + "/t/file", top_ + "/t/file2");
        ::mkfifo((top_ + "/t/tree/fifo").c_str(), 0600);
        ::chmod((top_ + "/t/file").c_str(), 06755);
        xattrs_ = ::setxattr((top_ + "/t/file").c_str(), "user.note", "kept", 4, 0) == 0;
        // user::rwx, user:1234:rw-, group::r-x, mask::rwx, other::r-x
        const unsigned char list[] = {2, 0,    0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,  6,
                                      0, 0xd2, 4,   0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16, 0,
                                      7, 0,    255, 255, 255, 255, 32, 0, 5,   0,   255, 255, 255, 255};
        lists_ = ::setxattr((top_ + "/t/file").c_str(), "system.posix_acl_access", list, sizeof list, 0) == 0;
        set_time("t/file", 1'000'000'000, 123'456'789);
        set_time("t/tree/sub", 1'000'000'001, 1);
        set_time("t/tree", 1'000'000'002, 2);
        set_time("t", 1'000'000'003, 3);
        host_ = must(open_posix_host("/"));
        store_ = std::make_unique<DiskStore>(*host_, top_ + "/store");
    }
    ~FileKindsOnDisk() override { fs::remove_all(top_); }

    void write(const std::string& name, const std::string& content) { std::ofstream(top_ + "/" + name) << content; }
    std::string read(const std::string& name) {
        std::ifstream file(top_ + "/" + name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void set_time(const std::string& name, time_t seconds, long nanoseconds) {
        const struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
        ASSERT_EQ(::utimensat(AT_FDCWD, (top_ + "/" + name).c_str(), times, 0), 0);
    }
    StepContext context() {
        return {.host = *host_, .images = *store_, .slot_prefix = "d" + std::to_string(prefix_++), .step_id = "s"};
    }
    const Compensator& kind(const std::string& name) { return *registry_.find(name); }

    Json stage(const std::string& name, Json with) {
        const auto world = make_host_world_view(*host_);
        PlanRequest request{
            .id = "s", .with = std::move(with), .manifest_directory = top_, .world = *world, .host = *host_};
        const Planned planned = must(kind(name).plan(request));
        PlannedStep step;
        step.kind = name;
        step.arguments = planned.arguments;
        step.before = planned.before;
        step.after = planned.after;
        StepContext c = context();
        const Staged staged = must(kind(name).stage(c, step));
        must(host_->sync(staged.sync));
        return staged.image;
    }
    Applied apply(const std::string& name, const Json& image) {
        StepContext c = context();
        Applied applied = must(kind(name).apply(c, image));
        must(host_->sync(applied.sync));
        return applied;
    }
    Json invert(const std::string& name, const Json& image) {
        StepContext c = context();
        return must(kind(name).invert(c, image)).image;
    }
    Where where(const std::string& name, const Json& image) {
        StepContext c = context();
        return must(kind(name).observe(c, image, false)).where;
    }

    void there_and_back(const std::string& name, const Json& with) {
        SCOPED_TRACE(name + " " + with.dump());
        const auto before = photograph(top_ + "/t");
        const Json image = stage(name, with);
        EXPECT_EQ(photograph(top_ + "/t"), before);
        ASSERT_TRUE(apply(name, image).conflicts.empty());
        EXPECT_EQ(where(name, image), Where::after);
        EXPECT_NE(photograph(top_ + "/t"), before);
        const Json inverse = invert(name, image);
        const Applied undone = apply(name, inverse);
        ASSERT_TRUE(undone.conflicts.empty()) << describe(undone.conflicts.front());
        EXPECT_EQ(photograph(top_ + "/t"), before);
        EXPECT_EQ(where(name, image), Where::before);
    }

    std::string top_;
    std::unique_ptr<Host> host_;
    std::unique_ptr<DiskStore> store_;
    Registry registry_ = make_builtin_registry();
    bool xattrs_ = false;
    bool lists_ = false;
    int prefix_ = 0;
};

TEST_F(FileKindsOnDisk, bring_back_every_attribute_of_every_entry) {
    EXPECT_TRUE(xattrs_ || fs::temp_directory_path() != "/tmp") << "without xattrs this test says little";
    const std::string t = top_ + "/t";
    there_and_back("file.write", {{"path", t + "/file"}, {"content", "new\n"}});
    there_and_back("file.write", {{"path", t + "/file"}, {"content", "new\n"}, {"mode", "0640"}});
    there_and_back("file.write", {{"path", t + "/x/y/z"}, {"content", "new\n"}, {"make_parents", true}});
    there_and_back("file.delete", {{"path", t + "/file"}});
    there_and_back("file.delete", {{"path", t + "/link"}});
    there_and_back("file.delete", {{"path", t + "/tree/fifo"}});
    there_and_back("file.move", {{"from", t + "/file"}, {"to", t + "/tree/sub/moved"}});
    there_and_back("file.move", {{"from", t + "/tree"}, {"to", t + "/p/q"}, {"make_parents", true}});
    there_and_back("file.link", {{"path", t + "/link"}, {"to", "tree/a"}});
    there_and_back("file.link", {{"path", t + "/file"}, {"to", "tree/a"}, {"replace", true}});
    there_and_back("file.attributes", {{"path", t + "/file"}, {"mode", "0600"}});
    there_and_back("dir.create", {{"path", t + "/d/e"}, {"make_parents", true}});
    there_and_back("dir.create", {{"path", t + "/tree"}, {"mode", "0700"}});
    there_and_back("dir.delete", {{"path", t + "/tree"}});
}

TEST_F(FileKindsOnDisk, keep_owner_and_setuid_when_root_changes_owners) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const std::string t = top_ + "/t";
    there_and_back("file.attributes", {{"path", t + "/file"}, {"owner", "1234"}, {"group", "1235"}});
    there_and_back(
        "file.attributes",
        {{"path", t + "/tree"}, {"owner", "1234"}, {"mode", "0600"}, {"directory_mode", "0711"}, {"recurse", true}});
    there_and_back("file.write", {{"path", t + "/file"}, {"content", "new"}, {"owner", "1234"}, {"mode", "4755"}});
    apply("file.write",
          stage("file.write", {{"path", t + "/suid"}, {"content", "new"}, {"owner", "1234"}, {"mode", "6755"}}));
    struct stat s {};
    ASSERT_EQ(::stat((t + "/suid").c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 07777U, 06755U);
    EXPECT_EQ(s.st_uid, 1234U);
}

TEST_F(FileKindsOnDisk, write_the_expected_attributes_whatever_the_umask) {
    const mode_t former = ::umask(077);
    apply("file.write", stage("file.write", {{"path", top_ + "/t/p/new"}, {"content", "x"}, {"make_parents", true}}));
    ::umask(former);
    EXPECT_EQ(fs::status(top_ + "/t/p/new").permissions(), static_cast<fs::perms>(0644));
    EXPECT_EQ(fs::status(top_ + "/t/p").permissions(), static_cast<fs::perms>(0755));
}

TEST_F(FileKindsOnDisk, keep_unnamed_attributes_and_leave_other_names_alone) {
    const std::string t = top_ + "/t";
    apply("file.write", stage("file.write", {{"path", t + "/file"}, {"content", "new\n"}}));
    EXPECT_EQ(read("t/file"), "new\n");
    EXPECT_EQ(read("t/file2"), "old content\n");
    struct stat s {};
    ASSERT_EQ(::stat((t + "/file").c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 07777U, 06775U & (lists_ ? 07777U : 06755U));
    char value[8];
    EXPECT_EQ(::getxattr((t + "/file").c_str(), "user.note", value, sizeof value), xattrs_ ? 4 : -1);
    EXPECT_EQ(::getxattr((t + "/file").c_str(), "system.posix_acl_access", nullptr, 0) > 0, lists_);
}

TEST_F(FileKindsOnDisk, foresee_what_chmod_does_to_an_access_list) {
    if (!lists_) GTEST_SKIP() << "the file system has no access lists";
    const auto world = make_host_world_view(*host_);
    PlanRequest request{.id = "s",
                        .with = {{"path", top_ + "/t/file"}, {"content", "new\n"}, {"mode", "0641"}},
                        .manifest_directory = top_,
                        .world = *world,
                        .host = *host_};
    const Planned planned = must(kind("file.write").plan(request));
    apply("file.write", stage("file.write", request.with));
    auto directory = must(host_->open_directory(top_ + "/t"));
    const EntryState found = must(capture_state(*directory, "file"));
    const auto differences = compare_states("file", must(entry_state_from_json(planned.after)), found);
    EXPECT_TRUE(differences.empty()) << describe(differences.front());
}

TEST_F(FileKindsOnDisk, copy_holes_as_holes) {
    const std::string source = top_ + "/sparse";
    { std::ofstream(source) << "begin"; }
    fs::resize_file(source, 64 << 20);
    apply("file.write", stage("file.write", {{"path", top_ + "/t/sparse"}, {"source", source}}));
    struct stat s {};
    ASSERT_EQ(::stat((top_ + "/t/sparse").c_str(), &s), 0);
    EXPECT_EQ(s.st_size, 64 << 20);
    EXPECT_LT(s.st_blocks, 2048);
}

TEST_F(FileKindsOnDisk, replace_and_bring_back_immutable_files) {
    auto directory = must(host_->open_directory(top_ + "/t"));
    AttributeChange change;
    change.flags = kFlagImmutable;
    const Status set = directory->set_attributes("file", change);
    if (!set.ok()) GTEST_SKIP() << set.error().text();
    const auto before = photograph(top_ + "/t");
    const Json image = stage("file.write", {{"path", top_ + "/t/file"}, {"content", "new\n"}});
    ASSERT_TRUE(apply("file.write", image).conflicts.empty());
    EXPECT_EQ(must(directory->flags("file")), kFlagImmutable);
    EXPECT_EQ(where("file.write", image), Where::after);
    ASSERT_TRUE(apply("file.write", invert("file.write", image)).conflicts.empty());
    EXPECT_EQ(must(directory->flags("file")), kFlagImmutable);
    EXPECT_EQ(photograph(top_ + "/t"), before);
    change.flags = 0;
    must(directory->set_attributes("file", change));
}

TEST_F(FileKindsOnDisk, leave_the_time_of_a_directory_that_others_changed_since) {
    const Json image = stage("file.write", {{"path", top_ + "/t/new"}, {"content", "x"}});
    apply("file.write", image);
    set_time("t", 1'500'000'000, 0);
    apply("file.write", invert("file.write", image));
    struct stat s {};
    ASSERT_EQ(::stat((top_ + "/t").c_str(), &s), 0);
    EXPECT_NE(s.st_mtim.tv_sec, 1'000'000'003);
}

TEST_F(FileKindsOnDisk, bring_back_a_directory_that_somebody_still_wrote_into_and_say_so) {
    const Json image = stage("dir.delete", {{"path", top_ + "/t/tree"}});
    std::ofstream still_open(top_ + "/t/tree/a", std::ios::app);
    apply("dir.delete", image);
    still_open << "more" << std::flush;
    const Json inverse = invert("dir.delete", image);
    ASSERT_EQ(inverse["notes"].size(), 1U) << inverse.dump();
    apply("dir.delete", inverse);
    StepContext c = context();
    EXPECT_EQ(must(kind("dir.delete").observe(c, inverse, true)).where, Where::after);
    EXPECT_EQ(read("t/tree/a"), "a\nmore");
}

TEST_F(FileKindsOnDisk, bring_back_the_time_of_a_directory_in_which_several_steps_worked) {
    const auto before = photograph(top_ + "/t");
    const Json first = stage("file.write", {{"path", top_ + "/t/new"}, {"content", "x"}});
    const Json second = stage("file.delete", {{"path", top_ + "/t/link"}});  // one window: staged together
    apply("file.write", first);
    apply("file.delete", second);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    const Json third = stage("file.write", {{"path", top_ + "/t/file"}, {"content", "y"}});
    apply("file.write", third);
    apply("file.write", invert("file.write", third));
    apply("file.delete", invert("file.delete", second));
    apply("file.write", invert("file.write", first));
    EXPECT_EQ(photograph(top_ + "/t"), before);
}

TEST_F(FileKindsOnDisk, bring_back_the_time_of_a_directory_although_later_steps_touched_what_was_moved) {
    const auto before = photograph(top_ + "/t");
    const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); };
    const std::vector<std::pair<std::string, Json>> steps = {
        {"file.write", {{"path", top_ + "/t/made/new"}, {"content", "x"}, {"make_parents", true}}},
        {"file.move", {{"from", top_ + "/t/file"}, {"to", top_ + "/t/tree/file"}}},
        {"file.attributes", {{"path", top_ + "/t/made"}, {"mode", "0700"}}},
        {"file.attributes", {{"path", top_ + "/t/tree/file"}, {"mode", "0600"}}},
    };
    std::vector<Json> images;
    for (const auto& [name, with] : steps) {
        images.push_back(stage(name, with));
        apply(name, images.back());
        pause();
    }
    for (std::size_t i = steps.size(); i-- > 0; pause()) {
        const Applied undone = apply(steps[i].first, invert(steps[i].first, images[i]));
        ASSERT_TRUE(undone.conflicts.empty()) << describe(undone.conflicts.front());
    }
    EXPECT_EQ(photograph(top_ + "/t"), before);
}

TEST_F(FileKindsOnDisk, refuse_a_parent_that_became_a_link_after_planning) {
    fs::create_directories(top_ + "/elsewhere");
    const Json image = stage("file.write", {{"path", top_ + "/t/tree/new"}, {"content", "x"}});
    fs::rename(top_ + "/t/tree", top_ + "/t/tree-away");
    fs::create_directory_symlink(top_ + "/elsewhere", top_ + "/t/tree");
    EXPECT_FALSE(apply("file.write", image).conflicts.empty());
    EXPECT_TRUE(fs::is_empty(top_ + "/elsewhere"));
}

TEST_F(FileKindsOnDisk, never_lose_a_file_that_somebody_renames_over_at_the_same_time) {
    for (int round = 0; round < 50; ++round) {
        const std::string name = "t/raced" + std::to_string(round);
        write(name, "old\n");
        const Json image = stage("file.write", {{"path", top_ + "/" + name}, {"content", "ours\n"}});
        write("theirs", "theirs " + std::to_string(round));
        std::atomic<bool> go{false};
        std::thread other([&] {
            while (!go) {
            }
            fs::rename(top_ + "/theirs", top_ + "/" + name);
        });
        go = true;
        const Applied applied = apply("file.write", image);
        other.join();
        const std::string now = read(name);
        if (applied.conflicts.empty()) {
            EXPECT_TRUE(now == "ours\n" || now == "theirs " + std::to_string(round)) << now;
        } else {
            EXPECT_EQ(now, "theirs " + std::to_string(round));
        }
    }
}

TEST_F(FileKindsOnDisk, move_between_mounts_with_all_attributes) {
    struct stat here {};
    struct stat there {};
    if (::stat("/dev/shm", &there) != 0 || ::stat(top_.c_str(), &here) != 0 || here.st_dev == there.st_dev) {
        GTEST_SKIP() << "no second file system at hand";
    }
    char pattern[] = "/dev/shm/backout-kinds-XXXXXX";
    const std::string other = ::mkdtemp(pattern);
    fs::create_directories(other + "/store");
    class TwoStores final : public ImageStore {
      public:
        TwoStores(Host& host, std::string near, std::string far)
            : host_(host), near_(std::move(near)), far_(std::move(far)) {}
        Result<std::string> store_for(Directory& parent, bool) override {
            return parent.path().rfind("/dev/shm", 0) == 0 ? far_ : near_;
        }
        Result<std::shared_ptr<Directory>> open(const std::string& store) override {
            return host_.open_directory(store);
        }

      private:
        Host& host_;
        std::string near_;
        std::string far_;
    } stores(*host_, top_ + "/store", other + "/store");
    const auto before = photograph(top_ + "/t");
    const auto world = make_host_world_view(*host_);
    PlanRequest request{.id = "s",
                        .with = {{"from", top_ + "/t/tree"}, {"to", other + "/tree"}},
                        .manifest_directory = top_,
                        .world = *world,
                        .host = *host_};
    const Planned planned = must(kind("file.move").plan(request));
    PlannedStep step;
    step.arguments = planned.arguments;
    step.before = planned.before;
    StepContext c{.host = *host_, .images = stores, .slot_prefix = "m1", .step_id = "s"};
    const Json image = must(kind("file.move").stage(c, step)).image;
    ASSERT_TRUE(must(kind("file.move").apply(c, image)).conflicts.empty());
    EXPECT_FALSE(fs::exists(top_ + "/t/tree"));
    EXPECT_EQ(fs::read_symlink(other + "/tree/link"), "a");
    EXPECT_EQ(fs::hard_link_count(other + "/tree/a"), 2U);
    struct stat moved {};
    ASSERT_EQ(::stat((other + "/tree/sub").c_str(), &moved), 0);
    EXPECT_EQ(moved.st_mtim.tv_sec, 1'000'000'001);
    EXPECT_EQ(moved.st_mtim.tv_nsec, 1);
    c.slot_prefix = "m2";
    const Json inverse = must(kind("file.move").invert(c, image)).image;
    const Applied undone = must(kind("file.move").apply(c, inverse));
    ASSERT_TRUE(undone.conflicts.empty()) << describe(undone.conflicts.front());
    EXPECT_EQ(photograph(top_ + "/t"), before);
    EXPECT_FALSE(fs::exists(other + "/tree"));
    fs::remove_all(other);
}

}  // namespace
}  // namespace backout
