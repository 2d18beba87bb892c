#include "compensators/archive_extract.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/digest.h"
#include "compensators/archive_extract_names.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

struct Item {
    std::string name;
    std::string content = {};
    unsigned type = AE_IFREG;
    unsigned mode = 0644;
    std::string link = {};  ///< symbolic links
    std::string hard_link = {};
    time_t mtime = 1'600'000'000;
    la_int64_t hole_behind = 0;  ///< bytes that aren't in the archive
};

/// Writes an archive with exactly these entries, honest or not.
void pack(const std::string& path, const std::vector<Item>& items, int filter = ARCHIVE_FILTER_NONE, bool zip = false) {
    struct archive* archive = archive_write_new();
    ASSERT_EQ(zip ? archive_write_set_format_zip(archive) : archive_write_set_format_pax(archive), ARCHIVE_OK);
    if (filter != ARCHIVE_FILTER_NONE) {
        ASSERT_GE(archive_write_add_filter(archive, filter), ARCHIVE_WARN);
    }
    ASSERT_EQ(archive_write_open_filename(archive, path.c_str()), ARCHIVE_OK);
    for (const Item& item : items) {
        struct archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, item.name.c_str());
        archive_entry_set_filetype(entry, item.type);
        archive_entry_set_perm(entry, static_cast<mode_t>(item.mode));
        const auto length = static_cast<la_int64_t>(item.content.size());
        archive_entry_set_size(entry, length + item.hole_behind);
        if (item.hole_behind > 0) archive_entry_sparse_add_entry(entry, 0, length);
        archive_entry_set_mtime(entry, item.mtime, 0);
        archive_entry_set_uid(entry, 12345);
        archive_entry_set_gid(entry, 12345);
        if (!item.link.empty()) archive_entry_set_symlink(entry, item.link.c_str());
        if (!item.hard_link.empty()) archive_entry_set_hardlink(entry, item.hard_link.c_str());
        ASSERT_GE(archive_write_header(archive, entry), ARCHIVE_WARN) << archive_error_string(archive);
        if (!item.content.empty()) {
            ASSERT_EQ(archive_write_data(archive, item.content.data(), item.content.size()),
                      static_cast<la_ssize_t>(item.content.size()));
        }
        archive_entry_free(entry);
    }
    ASSERT_EQ(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

std::vector<Item> honest() {
    return {{"app/", "", AE_IFDIR, 0750},
            {"app/run", "#!/bin/sh\n", AE_IFREG, 0755},
            {"app/data/deep/file", "deep", AE_IFREG, 0600},
            {"app/link", "", AE_IFLNK, 0777, "data/deep/file"},
            {"app/empty", ""}};
}

class ArchiveExtractOnDisk : public KindOnDisk {
  protected:
    std::unique_ptr<Compensator> kind = make_archive_extract_kind();

    static Json with() { return {{"source", "a.tar"}, {"path", "app"}, {"strip", 1}}; }
    Json done(const Json& arguments) {
        const auto planned = plan(*kind, arguments);
        EXPECT_OK(planned);
        if (!planned) return nullptr;
        EXPECT_NE(planned->operation, "keep");
        const auto image = stage(*kind, *planned);
        EXPECT_OK(image);
        if (!image) return nullptr;
        EXPECT_EQ(where(*kind, *image), Where::before);
        EXPECT_OK(apply(*kind, *image));
        EXPECT_EQ(where(*kind, *image), Where::after);
        const auto again = plan(*kind, arguments);
        EXPECT_OK(again);
        EXPECT_TRUE(again.ok() && again->operation == "keep");
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
    static std::vector<Difference> must_be_ok(const Result<std::vector<Difference>>& found) {
        EXPECT_OK(found);
        return found.ok() ? *found : std::vector<Difference>();
    }
    std::string refusal(const std::vector<Item>& items, const Json& more = Json::object()) {
        pack(path("evil.tar"), items);
        Json arguments = {{"source", "evil.tar"}, {"path", "app"}};
        arguments.update(more);
        const auto planned = plan(*kind, arguments);
        EXPECT_FALSE(planned.ok());
        EXPECT_FALSE(exists("app"));
        return planned ? "" : planned.error().text();
    }
};

TEST_F(ArchiveExtractOnDisk, readsEveryFormatAndGoesThereAndBack) {
    const std::vector<std::pair<int, bool>> formats = {{ARCHIVE_FILTER_NONE, false},  {ARCHIVE_FILTER_GZIP, false},
                                                       {ARCHIVE_FILTER_XZ, false},    {ARCHIVE_FILTER_ZSTD, false},
                                                       {ARCHIVE_FILTER_BZIP2, false}, {ARCHIVE_FILTER_NONE, true}};
    for (const auto& [filter, zip] : formats) {
        pack(path("a.tar"), honest(), filter, zip);
        const std::string before = everything();
        const Json image = done(with());
        EXPECT_EQ(read("app/run"), "#!/bin/sh\n");
        EXPECT_EQ(read("app/link"), "deep");
        struct stat status {};
        ASSERT_EQ(::stat(path("app/run").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777U, 0755U);
        EXPECT_EQ(status.st_mtime, 1'600'000'000);
        EXPECT_EQ(status.st_uid, ::geteuid());
        ASSERT_EQ(::stat(path("app").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777U, 0750U);
        EXPECT_TRUE(undone(image).conflicts.empty());
        EXPECT_EQ(everything(), before);
    }
}

TEST_F(ArchiveExtractOnDisk, aHoleAtTheEndBelongsToTheContent) {
    Item sparse{"app/sparse", std::string(4096, 'x')};
    sparse.hole_behind = 1 << 20;
    pack(path("a.tar"), {sparse});
    done(with());
    EXPECT_EQ(read("app/sparse"), std::string(4096, 'x') + std::string(1 << 20, '\0'));
}

TEST_F(ArchiveExtractOnDisk, planningShowsWhatComesAndGoesAndWritesNothing) {
    pack(path("a.tar"), honest());
    write("app/run", "old");
    write("app/theirs", "foreign");
    const std::string before = everything();
    const auto planned = plan(*kind, with());
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "update");
    EXPECT_EQ(planned->details["removed"], Json({"theirs"}));
    EXPECT_EQ(planned->details["update"], Json({"run"}));
    EXPECT_EQ(planned->details["create"], Json({"data/", "data/deep/", "data/deep/file", "empty", "link"}));
    EXPECT_EQ(planned->warnings.size(), 1U);
    EXPECT_EQ(everything(), before);
    EXPECT_TRUE(std::filesystem::is_empty(path(".store")));
}

TEST_F(ArchiveExtractOnDisk, replacesATreeAndBringsItBackWhole) {
    pack(path("a.tar"), honest());
    write("app/run", "old");
    write("app/theirs", "foreign");
    ASSERT_EQ(::chmod(path("app").c_str(), 0711), 0);
    const std::string before = everything();
    const Json image = done(with());
    EXPECT_FALSE(exists("app/theirs"));
    struct stat status {};
    ASSERT_EQ(::stat(path("app").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0711U);  // the folder's own mode is kept
    undone(image);
    EXPECT_EQ(everything(), before);
}

TEST_F(ArchiveExtractOnDisk, aKeptTreeIsWatchedButForWhatLaterStepsChange) {
    pack(path("a.tar"), honest());
    done(with());
    const auto kept = plan(*kind, with());
    ASSERT_OK(kept);
    const PlannedStep step = step_of(*kind, *kept);
    StepContext alone = context();
    StepContext changed = context();
    changed.superseded = {path("app/run")};
    write("app/run", "by a later step");
    EXPECT_EQ(must_be_ok(kind->verify_kept(alone, step)).size(), 1U);
    EXPECT_EQ(must_be_ok(kind->verify_kept(changed, step)).size(), 0U);
    write("app/data/deep/file", "by somebody else");
    const auto differences = must_be_ok(kind->verify_kept(changed, step));
    ASSERT_EQ(differences.size(), 1U);
    EXPECT_EQ(differences[0].path, path("app/data/deep/file"));
}

TEST_F(ArchiveExtractOnDisk, theDigestIsCheckedWhilePlanningAndBeforeTheRun) {
    pack(path("a.tar"), honest());
    Json arguments = with();
    arguments["sha256"] = std::string(64, '0');
    const auto refused = plan(*kind, arguments);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    arguments["sha256"] = sha256_hex(read("a.tar"));
    const auto planned = plan(*kind, arguments);
    ASSERT_OK(planned);
    pack(path("a.tar"), {{"app/other", "x"}});
    const auto image = stage(*kind, *planned);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code, ErrorCode::stale);
}

TEST_F(ArchiveExtractOnDisk, refusesNamesThatLeadOut) {
    EXPECT_NE(refusal({{"/etc/passwd", "x"}}).find("absolute"), std::string::npos);
    EXPECT_NE(refusal({{"a/../../b", "x"}}).find("'..'"), std::string::npos);
    EXPECT_NE(refusal({{"out", "", AE_IFLNK, 0777, "/etc"}}).find("leads out"), std::string::npos);
    EXPECT_NE(refusal({{"d/out", "", AE_IFLNK, 0777, "../../x"}}).find("leads out"), std::string::npos);
    EXPECT_NE(refusal({{"d/up", "", AE_IFLNK, 0777, ".."}, {"out", "", AE_IFLNK, 0777, "d/up/../x"}}).find("leads out"),
              std::string::npos);
    EXPECT_NE(refusal({{"dir", "", AE_IFLNK, 0777, "elsewhere"}, {"dir/file", "x"}}).find("below a symlink"),
              std::string::npos);
    EXPECT_NE(refusal({{"hard", "", AE_IFREG, 0644, "", "/etc/passwd"}}).find("absolute"), std::string::npos);
    EXPECT_NE(refusal({{"hard", "", AE_IFREG, 0644, "", "missing"}}).find("hard link"), std::string::npos);
    EXPECT_NE(refusal({{"twice", "1"}, {"twice", "2"}}).find("twice"), std::string::npos);
    EXPECT_NE(refusal({{"dir/", "", AE_IFDIR, 0755}, {"dir", "2"}}).find("twice"), std::string::npos);
    EXPECT_NE(refusal({{"null", "", AE_IFCHR, 0666}}).find("device"), std::string::npos);
    EXPECT_NE(refusal({{"pipe", "", AE_IFIFO, 0666}}).find("fifo"), std::string::npos);
    EXPECT_NE(refusal({{"a", "x"}}, {{"strip", 2}}).find("strip"), std::string::npos);
}

TEST_F(ArchiveExtractOnDisk, boundsWhatItUnpacks) {
    EXPECT_NE(refusal({{"a", "x"}, {"b", "x"}}, {{"limits", {{"entries", 1}}}}).find("limits.entries"),
              std::string::npos);
    EXPECT_NE(refusal({{"a", std::string(5000, 'x')}}, {{"limits", {{"bytes", 4000}}}}).find("limits.bytes"),
              std::string::npos);
    pack(path("bomb.tar"), {{"a", std::string(80U << 20, '\0')}}, ARCHIVE_FILTER_GZIP);
    const auto planned = plan(*kind, {{"source", "bomb.tar"}, {"path", "app"}, {"limits", {{"ratio", 100}}}});
    ASSERT_FALSE(planned.ok());
    EXPECT_NE(planned.error().text().find("limits.ratio"), std::string::npos);
}

TEST_F(ArchiveExtractOnDisk, allowsWhatIsAskedFor) {
    pack(path("a.tar"), {{"bin/su", "x", AE_IFREG, 04755},
                         {"bin/other", "x", AE_IFREG, 06755},
                         {"twin", "", AE_IFREG, 0644, "", "bin/su"},
                         {"out", "", AE_IFLNK, 0777, "/etc/hostname"},
                         {"Name", "1"},
                         {"name", "2"},
                         {"gr\xc3\xbc\xc3\x9f", "utf-8"}});
    const auto planned =
        plan(*kind, {{"source", "a.tar"}, {"path", "app"}, {"setuid", {"bin/su"}}, {"outside_links", true}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->warnings.size(), 2U) << dump_canonical(planned->warnings);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    ASSERT_OK(apply(*kind, *image));
    struct stat status {};
    ASSERT_EQ(::stat(path("app/bin/su").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 04755U);
    EXPECT_EQ(status.st_nlink, 2U);
    ASSERT_EQ(::stat(path("app/bin/other").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0755U);
    EXPECT_EQ(read("app/gr\xc3\xbc\xc3\x9f"), "utf-8");
    EXPECT_EQ(where(*kind, *image), Where::after);
    StepContext made = context();
    PlannedStep step = step_of(*kind, *planned);
    const auto drift = kind->verify_kept(made, step);
    ASSERT_OK(drift);
    EXPECT_TRUE(drift->empty()) << (*drift)[0].path << " " << (*drift)[0].attribute << " " << (*drift)[0].expected
                                << " " << (*drift)[0].found;
}

TEST_F(ArchiveExtractOnDisk, aTornArchiveIsRefused) {
    pack(path("whole.tar"), honest(), ARCHIVE_FILTER_GZIP);
    const std::string whole = read("whole.tar");
    write("a.tar", whole.substr(0, whole.size() / 2));
    EXPECT_FALSE(plan(*kind, with()).ok());
    write("a.tar", "this is no archive at all");
    EXPECT_FALSE(plan(*kind, with()).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "missing"}, {"path", "app"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"source", "a.tar"}, {"path", "app"}, {"strp", 1}}).ok());
    EXPECT_FALSE(exists("app"));
}

TEST(ArchiveNames, cleansAndStripsNames) {
    const ArchiveNames names(1);
    EXPECT_EQ(**names.clean("./a/b//c"), "b/c");
    EXPECT_EQ(**names.clean("a/"), "");
    EXPECT_FALSE(names.clean("./")->has_value());
    EXPECT_FALSE(names.clean("/a").ok());
    EXPECT_FALSE(names.clean("a/..").ok());
    EXPECT_FALSE(names.clean(std::string(300, 'x')).ok());
    EXPECT_TRUE(names.clean("..a/b..").ok());
}

}  // namespace
}  // namespace backout
