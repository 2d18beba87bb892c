#include "planner/predicted_world.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "host/mem_host.h"

namespace backout {
namespace {

using testing::ElementsAre;

EntryState state_of(EntryType type, const std::string& content = "") {
    EntryState state;
    state.type = type;
    state.mode = type == EntryType::directory ? 0755 : 0644;
    if (type == EntryType::symlink) state.link = content;
    if (type == EntryType::file) {
        state.size = content.size();
        state.content = sha256_hex(content);
    }
    return state;
}

class PredictedWorldOnMemHost : public testing::Test {
  protected:
    PredictedWorldOnMemHost() {
        host.put_file("/etc/app/a", "A");
        host.put_file("/etc/app/sub/b", "B");
        host.put_file("/srv/r1/x", "X1");
        host.put_directory("/srv/r2");
    }
    void predict(const std::string& step, Prediction prediction) { ASSERT_TRUE(world.predict(step, prediction).ok()); }
    EntryType type(const std::string& path) {
        auto seen = world.look(path);
        EXPECT_TRUE(seen.ok()) << seen.error().text();
        return seen.ok() ? seen->state.type : EntryType::socket;
    }
    std::string key(const std::string& path) {
        auto found = world.key_of(path);
        return found.ok() ? *found : found.error().text();
    }

    MemHost host;
    std::unique_ptr<WorldView> real = make_host_world_view(host);
    PredictedWorld world{*real, host};
};

TEST_F(PredictedWorldOnMemHost, ShowsTheRealWorldAndWritesItDown) {
    EXPECT_EQ(type("/etc/app/a"), EntryType::file);
    EXPECT_EQ(type("/etc/none"), EntryType::absent);
    EXPECT_EQ(*world.read("/etc/app/a", 10), "A");
    EXPECT_TRUE(world.observed()["paths"]["/etc/none"].is_null());
    EXPECT_EQ(world.observed()["paths"]["/etc/app/a"]["content"], sha256_hex("A"));
    EXPECT_TRUE(world.steps_seen().empty());
}

TEST_F(PredictedWorldOnMemHost, LooksAtAKeyOnce) {
    EXPECT_EQ(type("/etc/app/a"), EntryType::file);
    host.remove("/etc/app/a");
    EXPECT_EQ(type("/etc/app/a"), EntryType::file) << "all steps see one state";
}

TEST_F(PredictedWorldOnMemHost, ShowsPredictionsInsteadAndTellsWhoseTheyWere) {
    predict("w", Prediction{"/etc/app/a", true, state_of(EntryType::file, "new"), Bytes("new")});
    world.begin_step();
    EXPECT_EQ(world.look("/etc/app/a")->state.content, sha256_hex("new"));
    EXPECT_EQ(*world.read("/etc/app/a", 10), "new");
    EXPECT_EQ(world.read("/etc/app/a", 2).error().code, ErrorCode::invalid);
    EXPECT_THAT(world.steps_seen(), ElementsAre("w"));
    world.begin_step();
    EXPECT_EQ(type("/etc/app/sub/b"), EntryType::file);
    EXPECT_TRUE(world.steps_seen().empty());
}

TEST_F(PredictedWorldOnMemHost, MadeDirectoriesAreEmptyAndDeletedTreesAreGone) {
    predict("make", Prediction{"/etc/new", true, state_of(EntryType::directory)});
    world.begin_step();
    EXPECT_EQ(type("/etc/new/x"), EntryType::absent);
    EXPECT_THAT(world.steps_seen(), ElementsAre("make"));
    EXPECT_FALSE(world.observed()["paths"].contains("/etc/new/x")) << "nobody looked at the real one";
    predict("delete", Prediction{"/etc/app", true, {}});
    world.begin_step();
    EXPECT_EQ(type("/etc/app/sub/b"), EntryType::absent);
    EXPECT_THAT(world.steps_seen(), ElementsAre("delete"));
    EXPECT_THAT(*world.list("/etc"), ElementsAre("new"));
}

TEST_F(PredictedWorldOnMemHost, AChangedDirectoryKeepsWhatItHolds) {
    EntryState changed = state_of(EntryType::directory);
    changed.mode = 0700;
    predict("mode", Prediction{"/etc/app", true, changed});
    EXPECT_EQ(type("/etc/app/a"), EntryType::file);
    EXPECT_EQ(world.look("/etc/app")->state.mode, 0700U);
    EXPECT_THAT(*world.list("/etc/app"), ElementsAre("a", "sub"));
}

TEST_F(PredictedWorldOnMemHost, ATreeThatComesWithContentsDecidesAboutAllBelow) {
    Prediction sync{"/etc/app", true, state_of(EntryType::directory)};
    sync.tree = {TreeEntry{"", state_of(EntryType::directory)}, TreeEntry{"n", state_of(EntryType::file, "N")},
                 TreeEntry{"sub", state_of(EntryType::directory)}, TreeEntry{"sub/m", state_of(EntryType::file, "M")}};
    sync.content_path = "/srv/r1";
    predict("sync", sync);
    EXPECT_EQ(type("/etc/app/a"), EntryType::absent);
    EXPECT_EQ(world.look("/etc/app/sub/m")->state.content, sha256_hex("M"));
    EXPECT_THAT(*world.list("/etc/app"), ElementsAre("n", "sub"));
    EXPECT_THAT(*world.list("/etc/app/sub"), ElementsAre("m"));
    host.put_file("/srv/r1/n", "N");
    EXPECT_EQ(*world.read("/etc/app/n", 10), "N");
}

TEST_F(PredictedWorldOnMemHost, ComposesTheStateOfATreeFromBoth) {
    predict("w", Prediction{"/etc/app/sub/c", true, state_of(EntryType::file, "C"), Bytes("C")});
    predict("d", Prediction{"/etc/app/a", true, {}});
    world.begin_step();
    const Seen predicted = *world.look_tree("/etc/app");
    EXPECT_THAT(world.steps_seen(), ElementsAre("d", "w"));
    host.remove("/etc/app/a");
    host.put_file("/etc/app/sub/c", "C");
    const Seen now = *real->look_tree("/etc/app");
    EXPECT_EQ(predicted.state, now.state);
    EXPECT_TRUE(world.observed()["paths"]["/etc/app"].contains("tree")) << "what the real tree was is a precondition";
}

TEST_F(PredictedWorldOnMemHost, SaysWhatIsKnownOnlyAfterAStep) {
    predict("run", Prediction{"/srv/r2", false});
    const Seen below = *world.look("/srv/r2/x/y");
    EXPECT_FALSE(below.known);
    EXPECT_EQ(below.known_after, "run");
    EXPECT_EQ(world.look_tree("/srv")->known_after, "run");
    EXPECT_EQ(world.read("/srv/r2/x", 10).error().code, ErrorCode::in_doubt);
    EXPECT_EQ(world.list("/srv/r2").error().code, ErrorCode::in_doubt);
}

TEST_F(PredictedWorldOnMemHost, FollowsLinksThatWillBeThere) {
    predict("link", Prediction{"/srv/current", true, state_of(EntryType::symlink, "r1")});
    EXPECT_EQ(key("/srv/current"), "/srv/current");
    EXPECT_EQ(key("/srv/current/x"), "/srv/r1/x");
    EXPECT_EQ(type("/srv/current/x"), EntryType::file);
    predict("swap", Prediction{"/srv/current", true, state_of(EntryType::symlink, "/srv/r2")});
    EXPECT_EQ(key("/srv/current/x"), "/srv/r2/x");
    predict("loop", Prediction{"/srv/current", true, state_of(EntryType::symlink, "current")});
    EXPECT_NE(key("/srv/current/x").find("too many symbolic links"), std::string::npos);
}

TEST_F(PredictedWorldOnMemHost, DoesNotFollowARealLinkThatWillBeGone) {
    host.put_symlink("/srv/l", "r1");
    EXPECT_EQ(key("/srv/l/x"), "/srv/r1/x");
    predict("replace", Prediction{"/srv/l", true, state_of(EntryType::directory)});
    EXPECT_EQ(key("/srv/l/x"), "/srv/l/x");
    EXPECT_EQ(type("/srv/l/x"), EntryType::absent);
}

TEST_F(PredictedWorldOnMemHost, ADirectoryMayTakeThePlaceOfAFile) {
    predict("delete", Prediction{"/etc/app/a", true, {}});
    predict("make", Prediction{"/etc/app/a", true, state_of(EntryType::directory)});
    EXPECT_EQ(key("/etc/app/a/x"), "/etc/app/a/x");
    EXPECT_EQ(type("/etc/app/a/x"), EntryType::absent);
}

TEST_F(PredictedWorldOnMemHost, LaterPredictionsReplaceEarlierOnesBelowThem) {
    predict("w", Prediction{"/etc/app/n", true, state_of(EntryType::file, "N"), Bytes("N")});
    predict("d", Prediction{"/etc/app", true, {}});
    EXPECT_EQ(type("/etc/app/n"), EntryType::absent);
    predict("m", Prediction{"/etc/app", true, state_of(EntryType::directory)});
    EXPECT_EQ(type("/etc/app/a"), EntryType::absent) << "the new folder isn't the old one";
    predict("w2", Prediction{"/etc/app/n", true, state_of(EntryType::file, "2"), Bytes("2")});
    EXPECT_THAT(*world.list("/etc/app"), ElementsAre("n"));
}

}  // namespace
}  // namespace backout
