#include "journal/file_image_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/mem_host.h"
#include "journal/ledger_access.h"
#include "journal/mem_journal.h"
#include "journal/open.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class FileImageStoreOnMemHost : public ::testing::Test {
  protected:
    FileImageStoreOnMemHost() {
        host_.put_directory("/var/lib/backout", 0700);
        host_.put_directory("/etc/app");
        host_.mount("/srv", "xfs");
        host_.put_directory("/srv/a/b");
        host_.settle();
    }

    FileImageStore store() { return {host_, journal_, "/var/lib/backout"}; }
    std::shared_ptr<Directory> open(const std::string& path) {
        auto directory = host_.open_directory(path);
        if (!directory.ok()) ADD_FAILURE() << directory.error().text();
        return directory.ok() ? *directory : nullptr;
    }
    std::string outside(const std::string& place) {
        return place + "/.backout-" + std::to_string(host_.user_id()) + "/" + journal_id_of(*journal_.secret_key());
    }

    MemHost host_;
    MemJournal journal_;
};

TEST_F(FileImageStoreOnMemHost, UsesTheStateDirectoryOnItsOwnMount) {
    auto images = store();
    EXPECT_EQ(*images.store_for(*open("/etc/app"), false), "/var/lib/backout/images");
    EXPECT_EQ(open("/var/lib/backout/images")->own_status()->mode, 0700U);
    EXPECT_THAT(*journal_.image_stores(), IsEmpty());
    EXPECT_TRUE(images.open("/var/lib/backout/images").ok());
}

TEST_F(FileImageStoreOnMemHost, UsesTheMountPointOfAnotherMount) {
    auto images = store();
    const auto path = images.store_for(*open("/srv/a/b"), false);
    ASSERT_TRUE(path.ok()) << path.error().text();
    EXPECT_EQ(*path, outside("/srv"));
    EXPECT_THAT(*journal_.image_stores(), ElementsAre(*path));
    EXPECT_EQ(open(*path)->own_status()->mode, 0700U);
    EXPECT_EQ(open("/srv/.backout-" + std::to_string(host_.user_id()))->own_status()->mode, 0700U);
}

TEST_F(FileImageStoreOnMemHost, AnnouncesBeforeItMakes) {
    bool announced_first = true;
    int made = 0;
    host_.before_operation = [&](const std::string& what, const std::string& path) -> Status {
        if (what == "make_directory" && path.find(".backout-") != std::string::npos) {
            ++made;
            announced_first = announced_first && !journal_.image_stores()->empty();
        }
        return {};
    };
    auto images = store();
    ASSERT_TRUE(images.store_for(*open("/srv/a"), false).ok());
    EXPECT_EQ(made, 2);
    EXPECT_TRUE(announced_first);
}

TEST_F(FileImageStoreOnMemHost, IsThereAfterAPowerCut) {
    auto images = store();
    const std::string path = *images.store_for(*open("/srv/a"), false);
    host_.before_operation = {};
    EXPECT_EQ(host_.pending_operations(), 0U);
}

TEST_F(FileImageStoreOnMemHost, LeavesTheStateDirectoryWhenAsked) {
    auto images = store();
    // Near, for whatever boundary refused the rename lies somewhere above; not in the folder that programs read.
    EXPECT_EQ(*images.store_for(*open("/srv/a/b"), true), outside("/srv/a"));
    EXPECT_EQ(*images.store_for(*open("/srv/a"), true), outside("/srv"));
    EXPECT_EQ(*images.store_for(*open("/srv"), true), outside("/srv"));
}

TEST_F(FileImageStoreOnMemHost, GoesDownWhereItMayNotMakeADirectory) {
    host_.before_operation = [](const std::string& what, const std::string& path) -> Status {
        if (what == "make_directory" && path.rfind("/srv/.backout", 0) == 0) {
            return Error{ErrorCode::not_permitted, "no", path};
        }
        return {};
    };
    auto images = store();
    EXPECT_EQ(*images.store_for(*open("/srv/a/b"), false), outside("/srv/a"));
    EXPECT_THAT(*journal_.image_stores(), ElementsAre(outside("/srv/a")));
}

TEST_F(FileImageStoreOnMemHost, RefusesAPlaceThatSomebodyElseMade) {
    const std::string squatted = "/srv/.backout-" + std::to_string(host_.user_id());
    host_.put_directory(squatted, 0777);
    auto images = store();
    EXPECT_EQ(*images.store_for(*open("/srv/a/b"), false), outside("/srv/a"));
    const auto nowhere = images.store_for(*open("/srv"), true);
    ASSERT_FALSE(nowhere.ok());
    EXPECT_EQ(nowhere.error().code, ErrorCode::not_permitted);
    EXPECT_THAT(nowhere.error().message, HasSubstr(squatted));
}

TEST_F(FileImageStoreOnMemHost, RefusesToOpenAStoreThatOthersMayEnter) {
    host_.put_directory("/srv/open", 0755);
    auto images = store();
    EXPECT_EQ(images.open("/srv/open").error().code, ErrorCode::not_permitted);
    EXPECT_EQ(images.open("/srv/absent").error().code, ErrorCode::not_found);
}

TEST_F(FileImageStoreOnMemHost, RefusesAJournalThatCantAnnounce) {
    auto state = std::make_shared<MemTablesState>();
    MemJournalHooks hooks;
    hooks.before_commit = [](std::uint64_t) -> Status { return Error{ErrorCode::journal, "disk gone"}; };
    MemJournal failing(state, hooks);
    FileImageStore images(host_, failing, "/var/lib/backout");
    EXPECT_EQ(images.store_for(*open("/srv/a"), false).error().code, ErrorCode::journal);
    EXPECT_EQ(host_.describe().find(".backout-"), std::string::npos);
}

TEST_F(FileImageStoreOnMemHost, ListsAndRemovesTheSlotsOfOneRun) {
    auto images = store();
    const std::string here = *images.store_for(*open("/etc/app"), false);
    const std::string there = *images.store_for(*open("/srv/a"), false);
    host_.put_file(here + "/r1-s1-0", "12345");
    host_.put_file(here + "/r10-s1-0", "1");
    host_.put_file(there + "/r1-s2-0/deep/file", "123");
    const auto stores = all_image_stores(host_, journal_, "/var/lib/backout");
    EXPECT_THAT(*stores, ElementsAre(here, there));
    EXPECT_EQ(slots_of_run(host_, *stores, 1)->size(), 2U);
    EXPECT_EQ(*bytes_in_store(host_, here), 6U);
    EXPECT_EQ(*bytes_in_store(host_, there), 3U);
    ASSERT_TRUE(remove_slots_of_run(host_, *stores, 1).ok());
    EXPECT_THAT(*slots_in_store(host_, here), ElementsAre("r10-s1-0"));
    EXPECT_THAT(*slots_in_store(host_, there), IsEmpty());
}

TEST_F(FileImageStoreOnMemHost, RemovesAnEmptyStoreAndOnlyAnEmptyOne) {
    auto images = store();
    const std::string there = *images.store_for(*open("/srv/a"), false);
    host_.put_file(there + "/r1-s1-0", "x");
    ASSERT_TRUE(remove_store_if_empty(host_, journal_, there).ok());
    EXPECT_THAT(*journal_.image_stores(), ElementsAre(there));
    host_.remove(there + "/r1-s1-0");
    ASSERT_TRUE(remove_store_if_empty(host_, journal_, there).ok());
    EXPECT_THAT(*journal_.image_stores(), IsEmpty());
    EXPECT_EQ(host_.describe().find(".backout-"), std::string::npos);
    EXPECT_TRUE(remove_store_if_empty(host_, journal_, there).ok());
}

TEST(FileImageStoreOnDisk, TakesAnInodeInByOneRename) {
    TemporaryDirectory directory;
    const auto host = open_posix_host("/");
    ASSERT_TRUE(host.ok());
    ASSERT_EQ(::mkdir((directory / "state").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir((directory / "target").c_str(), 0755), 0);
    MemJournal journal;
    FileImageStore images(**host, journal, directory / "state");
    const auto target = (*host)->open_directory(directory / "target");
    ASSERT_TRUE(target.ok());
    const auto path = images.store_for(**target, false);
    ASSERT_TRUE(path.ok()) << path.error().text();
    EXPECT_EQ(*path, directory / "state/images");
    auto file = (*target)->create("file", 0644);
    ASSERT_TRUE(file.ok() && (*file)->close().ok());
    const auto store = images.open(*path);
    ASSERT_TRUE(store.ok());
    EXPECT_TRUE((*target)->move_to("file", **store, "r1-s1-0").ok());
}

TEST(FileImageStoreOnDisk, FindsTheMountOfDevShm) {
    const auto host = open_posix_host("/");
    ASSERT_TRUE(host.ok());
    const auto shm = (*host)->open_directory("/dev/shm");
    const TemporaryDirectory directory(std::filesystem::temp_directory_path().string());
    if (!shm.ok() || (*shm)->own_status()->mount == (*(*host)->open_directory(directory.path()))->own_status()->mount) {
        GTEST_SKIP() << "/dev/shm is no mount of its own here";
    }
    MemJournal journal;
    FileImageStore images(**host, journal, directory.path());
    const auto path = images.store_for(**shm, false);
    ASSERT_TRUE(path.ok()) << path.error().text();
    EXPECT_THAT(*path, StartsWith("/dev/shm/.backout-" + std::to_string(::geteuid()) + "/"));
    EXPECT_TRUE(remove_store_if_empty(**host, journal, *path).ok());
    EXPECT_EQ(::access(path->c_str(), F_OK), -1);
}

}  // namespace
}  // namespace backout
