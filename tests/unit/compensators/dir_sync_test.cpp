#include "compensators/dir_sync.h"

#include "compensators/dir_sync_glob.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

TEST(GlobList, matchesNamesAnywhereAndPathsFromTheTop) {
    const GlobList globs({"*.log", "/cache", "a/**/z", "tmp/", "[xy]?"});
    EXPECT_TRUE(globs.excludes("x.log", false));
    EXPECT_TRUE(globs.excludes("deep/er/x.log", false));
    EXPECT_FALSE(globs.excludes("x.log.gz", false));
    EXPECT_TRUE(globs.excludes("cache", true));
    EXPECT_TRUE(globs.excludes("cache/below", false));
    EXPECT_FALSE(globs.excludes("deep/cache", true));
    EXPECT_TRUE(globs.excludes("a/z", false));
    EXPECT_TRUE(globs.excludes("a/b/c/z", false));
    EXPECT_FALSE(globs.excludes("b/z", false));
    EXPECT_TRUE(globs.excludes("deep/tmp/x", false));
    EXPECT_FALSE(globs.excludes("deep/tmp", false));
    EXPECT_TRUE(globs.excludes("x1", false));
    EXPECT_FALSE(GlobList({}).excludes("x", false));
    EXPECT_FALSE(GlobList({"**/**/**/**/**/**/**/**/**/q"}).excludes("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", false));
}

class DirSyncOnDisk : public KindOnDisk {
  protected:
    std::unique_ptr<Compensator> kind = make_dir_sync_kind();

    void SetUp() override {
        KindOnDisk::SetUp();
        write("source/same", "same");
        write("source/changed", "new");
        write("source/fresh", "fresh");
        write("source/sub/deep/file", "deep");
        write("source/app.log", "not copied");
        std::filesystem::create_symlink("same", path("source/link"));
        write("target/same", "same");
        write("target/changed", "old");
        write("target/theirs", "theirs");
        write("target/old/a", "a");
        write("target/old/b", "b");
        write("target/server.log", "log");
    }
    static Json with(bool remove) {
        return {{"source", "source/"}, {"path", "target"}, {"delete", remove}, {"exclude", {"*.log"}}};
    }
    Json done(const Json& arguments) {
        const auto planned = plan(*kind, arguments);
        EXPECT_OK(planned);
        if (!planned) return nullptr;
        const auto image = stage(*kind, *planned);
        EXPECT_OK(image);
        if (!image) return nullptr;
        EXPECT_EQ(where(*kind, *image), Where::before);
        EXPECT_OK(apply(*kind, *image));
        EXPECT_EQ(where(*kind, *image), Where::after);
        return *image;
    }
    Applied undone(const Json& image) {
        const auto inverse = invert(*kind, image);
        EXPECT_OK(inverse);
        if (!inverse) return {};
        auto applied = apply(*kind, *inverse);
        EXPECT_OK(applied);
        return applied ? std::move(applied).value() : Applied();
    }
};

TEST_F(DirSyncOnDisk, showsEveryEntryAndWritesNothing) {
    const std::string before = everything();
    const auto planned = plan(*kind, with(true));
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "update");
    EXPECT_EQ(planned->details["create"], Json({"fresh", "link", "sub/", "sub/deep/", "sub/deep/file"}));
    EXPECT_EQ(planned->details["update"], Json({"changed"}));
    EXPECT_EQ(planned->details["delete"], Json({"old/", "old/a", "old/b", "theirs"}));
    EXPECT_EQ(planned->details["counts"]["create"], 5);
    EXPECT_EQ(planned->details["bytes"], 3 + 5 + 4);
    EXPECT_EQ(planned->details["diff"],
              "+ fresh\n+ link\n+ sub/\n+ sub/deep/\n+ sub/deep/file\n~ changed: content\n- old/\n- old/a\n- old/b\n- "
              "theirs\n");
    EXPECT_EQ(everything(), before);
}

TEST_F(DirSyncOnDisk, goesThereAndBackAndConverges) {
    const std::string before = everything();
    const Json image = done(with(true));
    EXPECT_EQ(read("target/changed"), "new");
    EXPECT_EQ(read("target/sub/deep/file"), "deep");
    EXPECT_EQ(read("target/server.log"), "log");
    EXPECT_FALSE(exists("target/theirs"));
    EXPECT_FALSE(exists("target/app.log"));
    struct stat from {};
    struct stat to {};
    ASSERT_EQ(::stat(path("source/sub/deep/file").c_str(), &from), 0);
    ASSERT_EQ(::stat(path("target/sub/deep/file").c_str(), &to), 0);
    EXPECT_EQ(from.st_mtim.tv_nsec, to.st_mtim.tv_nsec);
    const auto again = plan(*kind, with(true));
    ASSERT_OK(again);
    EXPECT_EQ(again->operation, "keep");
    EXPECT_TRUE(undone(image).conflicts.empty());
    EXPECT_EQ(everything(), before);
}

TEST_F(DirSyncOnDisk, withoutDeleteOthersEntriesStay) {
    done(with(false));
    EXPECT_EQ(read("target/theirs"), "theirs");
    EXPECT_EQ(read("target/old/a"), "a");
}

TEST_F(DirSyncOnDisk, foreignEntriesSurviveTheUndoAndForeignChangesAreSingleConflicts) {
    const Json image = done(with(false));
    write("target/later", "later");
    write("target/changed", "changed by somebody");
    const Applied result = undone(image);
    ASSERT_EQ(result.conflicts.size(), 1U);
    EXPECT_NE(result.conflicts[0].path.find("target/changed"), std::string::npos);
    EXPECT_EQ(read("target/changed"), "changed by somebody");
    EXPECT_EQ(read("target/later"), "later");
    EXPECT_FALSE(exists("target/fresh"));
    EXPECT_FALSE(exists("target/sub"));
}

TEST_F(DirSyncOnDisk, aMissingTargetIsOneTree) {
    Json arguments = with(false);
    arguments["path"] = "new/place";
    EXPECT_FALSE(plan(*kind, arguments).ok());
    arguments["make_parents"] = true;
    const std::string before = everything();
    const Json image = done(arguments);
    EXPECT_EQ(read("new/place/same"), "same");
    EXPECT_FALSE(exists("new/place/app.log"));
    EXPECT_TRUE(undone(image).conflicts.empty());
    EXPECT_EQ(everything(), before);
}

TEST_F(DirSyncOnDisk, modesAreSetInPlace) {
    ASSERT_EQ(::chmod(path("source/same").c_str(), 0600), 0);
    const auto planned = plan(*kind, with(false));
    ASSERT_OK(planned);
    EXPECT_EQ(planned->details["attributes"], Json({"same"}));
    struct stat before {};
    ASSERT_EQ(::stat(path("target/same").c_str(), &before), 0);
    const Json image = done(with(false));
    struct stat after {};
    ASSERT_EQ(::stat(path("target/same").c_str(), &after), 0);
    EXPECT_EQ(after.st_mode & 07777U, 0600U);
    EXPECT_EQ(after.st_ino, before.st_ino);
    undone(image);
    ASSERT_EQ(::stat(path("target/same").c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
}

TEST_F(DirSyncOnDisk, aFolderGivesWayToAFileOnlyWithDelete) {
    write("source/old", "a file now");
    const auto refused = plan(*kind, with(false));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::wrong_type);
    const std::string before = everything();
    const Json image = done(with(true));
    EXPECT_EQ(read("target/old"), "a file now");
    undone(image);
    EXPECT_EQ(everything(), before);
    write("target/old/x.log", "protected");
    EXPECT_FALSE(plan(*kind, with(true)).ok());
}

TEST_F(DirSyncOnDisk, excludeProtectsFromDeletion) {
    write("target/gone/keep.log", "protected");
    write("target/gone/other", "x");
    done(with(true));
    EXPECT_EQ(read("target/gone/keep.log"), "protected");
    EXPECT_FALSE(exists("target/gone/other"));
}

TEST_F(DirSyncOnDisk, aSourceThatChangedSinceIsStale) {
    const auto planned = plan(*kind, with(false));
    ASSERT_OK(planned);
    write("source/fresh", "other bytes");
    const auto image = stage(*kind, *planned);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code, ErrorCode::stale);
    EXPECT_NE(image.error().message.find("source/fresh"), std::string::npos);
    EXPECT_TRUE(std::filesystem::is_empty(path(".store")));
}

TEST_F(DirSyncOnDisk, aTargetThatChangedSinceIsAConflict) {
    const auto planned = plan(*kind, with(false));
    ASSERT_OK(planned);
    write("target/changed", "third");
    const auto image = stage(*kind, *planned);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code, ErrorCode::conflict);
}

TEST_F(DirSyncOnDisk, aKeptTreeIsWatchedEntryByEntry) {
    done(with(false));
    const auto planned = plan(*kind, with(false));
    ASSERT_OK(planned);
    ASSERT_EQ(planned->operation, "keep");
    StepContext made = context();
    write("target/more", "theirs");
    auto drift = kind->verify_kept(made, step_of(*kind, *planned));
    ASSERT_OK(drift);
    EXPECT_TRUE(drift->empty());
    write("target/fresh", "drifted");
    drift = kind->verify_kept(made, step_of(*kind, *planned));
    ASSERT_OK(drift);
    ASSERT_FALSE(drift->empty());
    EXPECT_NE((*drift)[0].path.find("target/fresh"), std::string::npos);
}

TEST_F(DirSyncOnDisk, refusesWhatMakesNoSense) {
    EXPECT_FALSE(plan(*kind, {{"source", "source"}, {"path", "source/inner"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "source"}, {"path", "source"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "missing"}, {"path", "target"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "source/same"}, {"path", "target"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "source"}, {"path", "target/same"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "source"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "source"}, {"path", "target"}, {"excludes", {"x"}}}).ok());
}

}  // namespace
}  // namespace backout
