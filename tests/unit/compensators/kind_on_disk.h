#pragma once
// Kinds on the real file system, in a temporary folder: plan, stage, apply, observe and invert as the engine does it,
// without journal. Images go through their text form each time, as they would in a journal.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compensators/compensator.h"
#include "tests/unit/compensators/stub_host.h"

namespace backout {

/// Slots in one folder beside the targets.
class FolderImageStore final : public ImageStore {
  public:
    FolderImageStore(Host& host, std::string folder) : host_(host), folder_(std::move(folder)) {}
    Result<std::string> store_for(Directory& /*parent*/, bool /*exclude_state*/) override { return folder_; }
    Result<std::shared_ptr<Directory>> open(const std::string& store) override { return host_.open_directory(store); }

  private:
    Host& host_;
    std::string folder_;
};

class KindOnDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        char pattern[] = "/tmp/backout-kind-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        folder = pattern;
        ASSERT_EQ(::mkdir((folder + "/.store").c_str(), 0700), 0);
        auto opened = open_posix_host("/");
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        real_host = std::move(opened).value();
        host = std::make_unique<StubHost>(*real_host);
        images = std::make_unique<FolderImageStore>(*host, folder + "/.store");
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    std::string path(const std::string& name) const { return folder + "/" + name; }
    void write(const std::string& name, const std::string& content) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
    }
    std::string read(const std::string& name) const {
        std::ifstream stream(path(name), std::ios::binary);
        std::ostringstream text;
        text << stream.rdbuf();
        return stream ? text.str() : "(absent)";
    }
    bool exists(const std::string& name) const {
        struct stat status {};
        return ::lstat(path(name).c_str(), &status) == 0;
    }
    /// Every entry below the folder but the store, with type, mode, mtime and content: equal texts, equal trees.
    std::string everything() const {
        std::string text;
        std::vector<std::string> names;
        for (auto at = std::filesystem::recursive_directory_iterator(folder); at != std::filesystem::end(at); ++at) {
            if (at->path() == folder + "/.store") {
                at.disable_recursion_pending();
            } else {
                names.push_back(at->path().string());
            }
        }
        std::sort(names.begin(), names.end());
        for (const std::string& name : names) {
            struct stat status {};
            EXPECT_EQ(::lstat(name.c_str(), &status), 0) << name;
            text += name.substr(folder.size()) + " " + std::to_string(status.st_mode) + " " +
                    std::to_string(status.st_uid) + " ";
            if (S_ISREG(status.st_mode)) {
                text += std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
                        read(name.substr(folder.size() + 1));
            }
            if (S_ISLNK(status.st_mode)) text += std::filesystem::read_symlink(name).string();
            text += "\n";
        }
        return text;
    }

    Result<Planned> plan(const Compensator& kind, const Json& with) {
        const std::unique_ptr<WorldView> world = make_host_world_view(*host);
        PlanRequest request{"step", with, folder, *world, *host};
        return kind.plan(request);
    }
    static PlannedStep step_of(const Compensator& kind, const Planned& planned) {
        PlannedStep step;
        step.step = 1;
        step.id = "step";
        step.kind = kind.info().name;
        step.operation = planned.operation;
        step.target = planned.target;
        step.arguments = planned.arguments;
        step.before = planned.before;
        step.after = planned.after;
        step.details = planned.details;
        step.undo = planned.undo;
        step.resources = planned.resources;
        step.effect = planned.effect;
        return step;
    }
    StepContext context() {
        StepContext made{*host, *images};
        made.slot_prefix = "s" + std::to_string(++slots);
        made.step_id = "step";
        made.clock = &clock;
        return made;
    }
    static Json through_text(const Json& image) {
        const auto parsed = parse_json(dump_canonical(image));
        EXPECT_TRUE(parsed.ok());
        return parsed.ok() ? *parsed : Json();
    }
    Result<Json> stage(const Compensator& kind, const Planned& planned) {
        StepContext made = context();
        BACKOUT_TRY_ASSIGN(Staged staged, kind.stage(made, step_of(kind, planned)));
        BACKOUT_TRY(host->sync(staged.sync));
        return through_text(staged.image);
    }
    Result<Applied> apply(const Compensator& kind, const Json& image) {
        StepContext made = context();
        BACKOUT_TRY_ASSIGN(Applied applied, kind.apply(made, image));
        BACKOUT_TRY(host->sync(applied.sync));
        return applied;
    }
    Result<Json> invert(const Compensator& kind, const Json& image) {
        StepContext made = context();
        BACKOUT_TRY_ASSIGN(Staged staged, kind.invert(made, image));
        BACKOUT_TRY(host->sync(staged.sync));
        return through_text(staged.image);
    }
    Where where(const Compensator& kind, const Json& image, bool deep = true) {
        StepContext made = context();
        const auto seen = kind.observe(made, image, deep);
        EXPECT_TRUE(seen.ok()) << (seen.ok() ? "" : seen.error().text());
        return seen.ok() ? seen->where : Where::unreadable;
    }

    std::string folder;
    std::unique_ptr<Host> real_host;
    std::unique_ptr<StubHost> host;
    std::unique_ptr<ImageStore> images;
    StubClock clock;
    int slots = 0;
};

#define EXPECT_OK(result)                                                                                     \
    do {                                                                                                      \
        const auto& expect_ok_result = (result);                                                              \
        EXPECT_TRUE(expect_ok_result.ok()) << (expect_ok_result.ok() ? "" : expect_ok_result.error().text()); \
    } while (false)
#define ASSERT_OK(result)                                                                                     \
    do {                                                                                                      \
        const auto& assert_ok_result = (result);                                                              \
        ASSERT_TRUE(assert_ok_result.ok()) << (assert_ok_result.ok() ? "" : assert_ok_result.error().text()); \
    } while (false)

}  // namespace backout
