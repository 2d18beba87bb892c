// The session as a program embeds it, on a real state directory: what it says when it can't, and what it never touches.

#include "session/local_session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using testing::HasSubstr;

class SessionOnDisk : public testing::Test {
  protected:
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    SessionOptions options() const {
        SessionOptions options;
        options.state_directory = path("state");
        options.user = "tester";
        options.command = "a test";
        return options;
    }
    std::unique_ptr<Session> open() const {
        auto session = Session::open(options(), make_builtin_registry(), make_builtin_detectors());
        EXPECT_TRUE(session.ok()) << session.error().text();
        return std::move(*session);
    }
    Plan plan(Session& session, const std::string& file = "out") const {
        const std::string manifest = R"({"backout": 1, "name": "test", "actions": [
            {"id": "conf", "action": "file.write", "with": {"path": ")" +
                                     path(file) + R"(", "content": "x"}},
            {"id": "more", "action": "file.write", "depends_on": ["conf"], "with": {"path": ")" +
                                     path(file + "2") + R"(", "content": "x"}}]})";
        auto made = session.plan(manifest, PlanOptions{}, nullptr);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return std::move(*made);
    }
    RunOutcome applied(Session& session, const std::string& file = "out") const {
        auto outcome = session.apply(plan(session, file), RunOptions{});
        EXPECT_TRUE(outcome.ok()) << outcome.error().text();
        return std::move(*outcome);
    }
    /// A run that a signal stopped before its first step.
    std::string left_unfinished(Session& session) const {
        StopToken stop;
        stop.request(15);
        RunOptions stopping;
        stopping.stop = &stop;
        stopping.on_signal = OnSignal::stop;
        auto outcome = session.apply(plan(session, "stopped"), stopping);
        EXPECT_TRUE(outcome.ok()) << outcome.error().text();
        EXPECT_FALSE(outcome->state.finished);
        EXPECT_EQ(outcome->exit_status, 128 + 15);
        return outcome->summary.run;
    }

    TemporaryDirectory folder_;
};

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code, const std::string& part) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().text();
    EXPECT_THAT(result.error().text(), HasSubstr(part));
}

TEST_F(SessionOnDisk, ReadingWhereNoRunWasMadeLeavesNoTrace) {
    const auto session = open();
    EXPECT_TRUE(session->status(true)->unfinished.empty());
    EXPECT_TRUE(session->history(0, 0)->empty());
    EXPECT_EQ(session->plan_rollback({})->note, "no run was made");
    EXPECT_TRUE(session->doctor().ok());
    EXPECT_TRUE(session->ready_for_run().ok());
    expect_error(session->show("r-1"), ErrorCode::not_found, "there is no run 'r-1'");
    expect_error(session->log("r-1"), ErrorCode::not_found, "there is no run 'r-1'");
    expect_error(session->verify_run("", false), ErrorCode::not_found, "name a manifest or a plan");
    RollbackRequest named;
    named.run = "r-1";
    expect_error(session->plan_rollback(named), ErrorCode::not_found, "there is no run 'r-1'");
    expect_error(session->resolve("r-1", "conf", "done", "why"), ErrorCode::not_found, "there is no run 'r-1'");
    EXPECT_FALSE(session->resume("", {}, {})->has_value());
    EXPECT_TRUE(session->rollback({}, {})->empty());
    EXPECT_FALSE(std::filesystem::exists(path("state")));
}

TEST_F(SessionOnDisk, AWrongRunIsNotFound) {
    const auto session = open();
    applied(*session);
    expect_error(session->show("r-7"), ErrorCode::not_found, "r-7");
    expect_error(session->log("r-7"), ErrorCode::not_found, "r-7");
    expect_error(session->verify_run("r-7", false), ErrorCode::not_found, "r-7");
    expect_error(session->resume("r-7", {}, {}), ErrorCode::not_found, "r-7");
    RollbackRequest request;
    request.run = "r-7";
    expect_error(session->rollback(request, {}), ErrorCode::not_found, "r-7");
}

TEST_F(SessionOnDisk, AFinishedRunIsNotResumed) {
    const auto session = open();
    const std::string run = applied(*session).summary.run;
    EXPECT_FALSE(session->resume(run, {}, {})->has_value());
    EXPECT_FALSE(session->resume("", {}, {})->has_value());
}

TEST_F(SessionOnDisk, OutcomesCarryTheLineOfHistory) {
    const auto session = open();
    const RunOutcome outcome = applied(*session);
    EXPECT_TRUE(outcome.summary.changed);
    EXPECT_EQ(outcome.summary.phase, RunPhase::committed);
    EXPECT_NE(outcome.summary.finished, 0);
    const auto back = session->rollback({}, {});
    ASSERT_EQ(back->size(), 1U);
    EXPECT_EQ(back->front().summary.undoes, outcome.summary.run);
}

TEST_F(SessionOnDisk, AHeldLeaseIsToldWithItsHolder) {
    const auto session = open();
    applied(*session);
    SystemClock clock;
    const LeaseHolder other{4711, "somebody", "another program", clock.now()};
    const auto lease = acquire_lease(path("state"), other, clock, 0, nullptr);
    ASSERT_TRUE(lease.ok()) << lease.error().text();
    expect_error(session->apply(plan(*session, "second"), {}), ErrorCode::locked, "4711");
    expect_error(session->rollback({}, {}), ErrorCode::locked, "somebody");
    expect_error(session->resume("", {}, {}), ErrorCode::locked, "another program");
    EXPECT_FALSE(session->ready_for_run().ok());
    EXPECT_TRUE(session->history(0, 0).ok()) << "readers never wait";
    EXPECT_FALSE(std::filesystem::exists(path("second")));
}

TEST_F(SessionOnDisk, AnUnfinishedRunIsInTheWay) {
    const auto session = open();
    const std::string first = applied(*session).summary.run;
    const std::string run = left_unfinished(*session);
    expect_error(session->apply(plan(*session, "second"), {}), ErrorCode::unfinished, run);
    RollbackRequest request;
    request.run = first;
    expect_error(session->rollback(request, {}), ErrorCode::unfinished, run);
    EXPECT_FALSE(session->ready_for_run().ok());
    const auto resumed = session->resume("", {}, {});
    ASSERT_TRUE(resumed.ok()) << resumed.error().text();
    ASSERT_TRUE(resumed->has_value());
    EXPECT_EQ((*resumed)->summary.run, run);
    EXPECT_EQ((*resumed)->summary.phase, RunPhase::committed);
}

TEST_F(SessionOnDisk, OnlyStuckStepsAreResolved) {
    const auto session = open();
    const std::string run = applied(*session).summary.run;
    expect_error(session->resolve(run, "conf", "perhaps", "why"), ErrorCode::usage, "done, undone, skipped");
    expect_error(session->resolve(run, "cnof", "done", "why"), ErrorCode::not_found, "did you mean 'conf'");
    expect_error(session->resolve(run, "3", "done", "why"), ErrorCode::not_found, "1 conf, 2 more");
    expect_error(session->resolve(run, "2", "done", "why"), ErrorCode::invalid, "more");
}

TEST_F(SessionOnDisk, APlanIsUsedOnce) {
    const auto session = open();
    const Plan made = plan(*session);
    ASSERT_TRUE(session->apply(made, {}).ok());
    expect_error(session->apply(made, {}), ErrorCode::stale, "r-1");
}

/// file.write, but that two signals come while an inverse image is being made.
class StoppedWhileInverting final : public Compensator {
  public:
    explicit StoppedWhileInverting(StopToken& stop) : stop_(stop), inner_(*builtin().find("file.write")) {
        info_ = inner_.info();
        info_.name = "stopped.write";
    }
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override { return inner_.plan(request); }
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override {
        return inner_.stage(context, step);
    }
    Result<Staged> invert(StepContext& context, const Json& image) const override {
        stop_.request(15);
        stop_.request(15);
        return inner_.invert(context, image);
    }
    Result<Applied> apply(StepContext& context, const Json& image) const override {
        return inner_.apply(context, image);
    }
    Result<Observation> observe(StepContext& context, const Json& image, bool deep) const override {
        return inner_.observe(context, image, deep);
    }
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override {
        return inner_.verify_kept(context, step);
    }
    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override {
        return inner_.sync_of(context, image);
    }
    Status release(StepContext& context, const Json& image) const override { return inner_.release(context, image); }
    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override {
        return inner_.outputs_of_kept(context, step);
    }

  private:
    static const Registry& builtin() {
        static const Registry registry = make_builtin_registry();
        return registry;
    }
    StopToken& stop_;
    const Compensator& inner_;
    KindInfo info_;
};

/// An inverse image shares its slots with the image that it takes back: dropping the one must not cost the other.
TEST_F(SessionOnDisk, ARollbackStoppedBeforeItsIntentLosesNoImage) {
    StopToken stop;
    Registry kinds;
    kinds.add(std::make_unique<StoppedWhileInverting>(stop));
    auto opened = Session::open(options(), std::move(kinds), make_builtin_detectors());
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    Session& session = **opened;
    std::ofstream(path("out")) << "former";
    const std::string manifest = R"({"backout": 1, "name": "test", "actions": [
        {"id": "conf", "action": "stopped.write", "with": {"path": ")" +
                                 path("out") + R"(", "content": "x"}}]})";
    const auto made = session.plan(manifest, PlanOptions{}, nullptr);
    ASSERT_TRUE(made.ok()) << made.error().text();
    ASSERT_TRUE(session.apply(*made, {}).ok());
    RunOptions stopping;
    stopping.stop = &stop;
    const auto stopped = session.rollback({}, stopping);
    ASSERT_TRUE(stopped.ok()) << stopped.error().text();
    ASSERT_FALSE(stopped->front().state.finished);
    const auto resumed = session.resume("", {}, {});
    ASSERT_TRUE(resumed.ok()) << resumed.error().text();
    EXPECT_EQ((*resumed)->exit_status, 0);
    std::string content;
    std::ifstream(path("out")) >> content;
    EXPECT_EQ(content, "former");
}

/// Standard output and errors go to a file while this lives.
class OutputTaken {
  public:
    explicit OutputTaken(const std::string& file) : saved_{::dup(1), ::dup(2)} {
        std::fflush(nullptr);  // what was printed before is not the session's
        const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        ::dup2(fd, 1);
        ::dup2(fd, 2);
        ::close(fd);
    }
    OutputTaken(const OutputTaken&) = delete;
    OutputTaken& operator=(const OutputTaken&) = delete;
    ~OutputTaken() {
        for (int fd : {1, 2}) {
            ::dup2(saved_[fd - 1], fd);
            ::close(saved_[fd - 1]);
        }
    }

  private:
    int saved_[2];
};

TEST_F(SessionOnDisk, NothingIsWrittenToTheTerminal) {
    {
        const OutputTaken taken(path("printed"));
        const auto session = open();
        applied(*session);
        EXPECT_TRUE(session->rollback({}, {}).ok());
        EXPECT_FALSE(session->show("r-9").ok());
        std::fflush(nullptr);
    }
    EXPECT_EQ(std::filesystem::file_size(path("printed")), 0U);
}

}  // namespace
}  // namespace backout
