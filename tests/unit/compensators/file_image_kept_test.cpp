// What comes back is what was put aside, to where it was taken from: damaged images, directories that were swapped, and
// the attributes and times that a replacement keeps.

#include <fcntl.h>
#include <sys/xattr.h>

#include "compensators/file_delete.h"
#include "compensators/file_edit.h"
#include "compensators/file_image.h"
#include "compensators/file_write.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

class KeptImagesOnDisk : public KindOnDisk {
  protected:
    std::unique_ptr<Compensator> kind = make_file_write_kind();

    Json run(const Compensator& with_kind, const Json& with) {
        const auto planned = plan(with_kind, with);
        EXPECT_TRUE(planned.ok()) << (planned.ok() ? "" : planned.error().text());
        const auto image = stage(with_kind, *planned);
        EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().text());
        EXPECT_TRUE(apply(with_kind, *image).ok());
        return *image;
    }
    Json write_file(const std::string& name, const std::string& content) {
        return run(*kind, {{"path", path(name)}, {"content", content}});
    }
    /// Inverts and applies: the conflicts, in words.
    std::string take_back(const Compensator& with_kind, const Json& image, bool overwrite = false,
                          Json* inverse = nullptr) {
        StepContext made = context();
        made.overwrite_conflicts = overwrite;
        const auto staged = with_kind.invert(made, image);
        EXPECT_TRUE(staged.ok()) << (staged.ok() ? "" : staged.error().text());
        if (inverse != nullptr) *inverse = staged->image;
        const auto applied = with_kind.apply(made, staged->image);
        EXPECT_TRUE(applied.ok()) << (applied.ok() ? "" : applied.error().text());
        std::string words;
        for (const Difference& one : applied->conflicts) words += describe(one) + "\n";
        return words;
    }
    std::string slot() const {
        for (const auto& entry : std::filesystem::directory_iterator(path(".store"))) {
            if (entry.path().filename().string().find('.') == std::string::npos) return entry.path().string();
        }
        return "";
    }
    /// With the same size and times, as a failing disk would.
    void damage(const std::string& file, const std::string& content) const {
        const auto time = std::filesystem::last_write_time(file);
        std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
        std::filesystem::last_write_time(file, time);
    }
    std::vector<Difference> kept_damage(const Json& image) {
        StepContext made = context();
        const auto found = kept_damage_of_image(made, image);
        EXPECT_TRUE(found.ok());
        return found.ok() ? *found : std::vector<Difference>();
    }
    std::int64_t folder_time(const std::string& name) const {
        struct stat status {};
        EXPECT_EQ(::stat(path(name).c_str(), &status), 0);
        return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
};

TEST_F(KeptImagesOnDisk, aDamagedImageIsNotRestored) {
    write("a", "0\n");
    const Json image = write_file("a", "1\n");
    EXPECT_TRUE(kept_damage(image).empty());
    for (const char* evil : {"X\n", "EVIL"}) {
        damage(slot(), evil);
        ASSERT_EQ(kept_damage(image).size(), 1U) << evil;
        const std::string conflicts = take_back(*kind, image);
        EXPECT_NE(conflicts.find(path("a")), std::string::npos) << conflicts;
        EXPECT_NE(conflicts.find("damaged, or written to since"), std::string::npos) << conflicts;
        EXPECT_EQ(read("a"), "1\n");
    }
    EXPECT_EQ(take_back(*kind, image, true), "");
    EXPECT_EQ(read("a"), "EVIL");
}

TEST_F(KeptImagesOnDisk, aDamagedImageIsInConflictAfterACrashToo) {
    write("a", "0\n");
    const Json image = write_file("a", "1\n");
    damage(slot(), "X\n");
    const auto inverse = invert(*kind, image);
    ASSERT_OK(inverse);
    EXPECT_EQ(where(*kind, *inverse), Where::neither);
}

TEST_F(KeptImagesOnDisk, aLogThatGrewComesBackAsItIs) {
    write("log", "0\n");
    const int fd = ::open(path("log").c_str(), O_WRONLY | O_APPEND);
    ASSERT_GE(fd, 0);
    const auto remover = make_file_delete_kind();
    const Json image = run(*remover, {{"path", path("log")}});
    ASSERT_EQ(::write(fd, "more\n", 5), 5);
    ::close(fd);
    EXPECT_TRUE(kept_damage(image).empty());
    Json inverse;
    EXPECT_EQ(take_back(*remover, image, false, &inverse), "");
    EXPECT_EQ(read("log"), "0\nmore\n");
    EXPECT_EQ(inverse["notes"].size(), 1U) << inverse;
}

TEST_F(KeptImagesOnDisk, aWriterWithAnOpenDescriptorIsAConflict) {
    write("log", "0\n");
    const int fd = ::open(path("log").c_str(), O_WRONLY);
    ASSERT_GE(fd, 0);
    const auto remover = make_file_delete_kind();
    const Json image = run(*remover, {{"path", path("log")}});
    ASSERT_EQ(::write(fd, "more\n", 5), 5);
    ::close(fd);
    EXPECT_NE(take_back(*remover, image).find("open descriptor"), std::string::npos);
    EXPECT_FALSE(exists("log"));
    EXPECT_EQ(take_back(*remover, image, true), "");
    EXPECT_EQ(read("log"), "more\n");
}

TEST_F(KeptImagesOnDisk, aMissingImageIsNamed) {
    write("a", "0\n");
    const Json image = write_file("a", "1\n");
    std::filesystem::remove(slot());
    ASSERT_EQ(kept_damage(image).size(), 1U);
    EXPECT_EQ(kept_damage(image)[0].found, "gone");
    EXPECT_NE(take_back(*kind, image), "");
    EXPECT_EQ(read("a"), "1\n");
}

TEST_F(KeptImagesOnDisk, aCopyOfTheStoreFromABackupWillDo) {
    write("a", "0\n");
    const Json image = write_file("a", "1\n");
    const std::string kept = slot();
    std::filesystem::copy_file(kept, kept + "x");
    std::filesystem::rename(kept + "x", kept);
    EXPECT_EQ(take_back(*kind, image), "");
    EXPECT_EQ(read("a"), "0\n");
}

TEST_F(KeptImagesOnDisk, aParentThatBecameALinkIsAConflict) {
    std::filesystem::create_directory(path("real"));
    const Json image = write_file("real/x", "1\n");
    std::filesystem::rename(path("real"), path("moved"));
    std::filesystem::create_directory(path("evil"));
    std::filesystem::create_directory_symlink("evil", path("real"));
    write("evil/x", "1\n");
    EXPECT_EQ(where(*kind, image), Where::neither);
    EXPECT_NE(take_back(*kind, image).find("behind a link"), std::string::npos);
    std::filesystem::remove_all(path("evil"));  // the link leads nowhere now
    EXPECT_NE(take_back(*kind, image), "");
    EXPECT_EQ(read("moved/x"), "1\n");
}

TEST_F(KeptImagesOnDisk, anotherDirectoryWithoutOurFileIsAConflict) {
    std::filesystem::create_directory(path("real"));
    const Json image = write_file("real/x", "1\n");
    std::filesystem::rename(path("real"), path("moved"));
    std::filesystem::create_directory(path("real"));
    EXPECT_EQ(where(*kind, image), Where::neither);
    EXPECT_NE(take_back(*kind, image).find("another directory"), std::string::npos);
}

TEST_F(KeptImagesOnDisk, aDirectoryMadeAnewWithOurFileInItIsTheRightOne) {
    std::filesystem::create_directory(path("real"));
    const Json image = write_file("real/x", "1\n");
    std::filesystem::rename(path("real"), path("moved"));
    std::filesystem::copy(path("moved"), path("real"));
    Json inverse;
    EXPECT_EQ(take_back(*kind, image, false, &inverse), "");
    EXPECT_FALSE(exists("real/x"));
    EXPECT_EQ(where(*kind, inverse), Where::after);
}

TEST_F(KeptImagesOnDisk, doingAgainPutsTheDirectorysTimeBackToo) {
    std::filesystem::create_directory(path("d"));
    std::filesystem::last_write_time(path("d"), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    const std::int64_t before = folder_time("d");
    const Json image = write_file("d/x", "1\n");
    const std::int64_t after = folder_time("d");
    ::usleep(100'000);
    Json inverse;
    EXPECT_EQ(take_back(*kind, image, false, &inverse), "");
    EXPECT_EQ(folder_time("d"), before);
    ::usleep(100'000);
    EXPECT_EQ(take_back(*kind, inverse), "");
    EXPECT_EQ(folder_time("d"), after);
}

TEST_F(KeptImagesOnDisk, newContentDoesNotGetTheCapabilitiesOfTheFormer) {
    // cap_net_bind_service=ep
    const unsigned char value[20] = {1, 0, 0, 2, 0, 4};
    const auto set = [&](const char* name) {
        write(name, "a=1\n");
        return ::setxattr(path(name).c_str(), "security.capability", value, sizeof value, 0) == 0;
    };
    if (::geteuid() != 0 || !set("w") || !set("e")) GTEST_SKIP() << "capabilities can't be given here";
    const auto capability = [&](const char* name) {
        unsigned char found[64] = {};
        const ssize_t size = ::getxattr(path(name).c_str(), "security.capability", found, sizeof found);
        return std::string(reinterpret_cast<char*>(found), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    };
    const std::string before = capability("w");
    const Json written = write_file("w", "1\n");
    const auto editor = make_file_edit_kind();
    const Json edited =
        run(*editor, {{"path", path("e")}, {"edits", Json::array({{{"regex", "a=1"}, {"replace", "a=2"}}})}});
    EXPECT_EQ(capability("w"), "");
    EXPECT_EQ(capability("e"), "");
    EXPECT_EQ(where(*kind, written), Where::after);
    EXPECT_EQ(where(*editor, edited), Where::after);
    EXPECT_EQ(take_back(*kind, written), "");
    EXPECT_EQ(capability("w"), before) << "the former inode is back, with all that is its own";
}

}  // namespace
}  // namespace backout
