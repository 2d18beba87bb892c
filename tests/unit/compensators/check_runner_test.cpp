#include "compensators/check_runner.h"

#include "compensators/check.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

class CheckOnDisk : public KindOnDisk {
  protected:
    CheckOutcome ask(const Json& check) {
        auto outcome = run_check(*host, clock, check, nullptr, folder);
        EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().text());
        return outcome.ok() ? *outcome : CheckOutcome();
    }
};

TEST_F(CheckOnDisk, aCommandIsJudgedByItsExitStatusAndOutput) {
    EXPECT_TRUE(ask({{"command", {"true"}}}).passed);
    EXPECT_TRUE(ask({{"command", {"sh", "-c", "exit 3"}}, {"exit", {3, 4}}}).passed);
    const CheckOutcome failed = ask({{"command", {"sh", "-c", "echo broken >&2; exit 2"}}});
    EXPECT_FALSE(failed.passed);
    EXPECT_EQ(failed.reason, "exit 2, expected 0: broken");
    EXPECT_TRUE(ask({{"command", {"printf", "a\nversion 7\n"}}, {"stdout", "^version \\d$"}}).passed);
    EXPECT_FALSE(ask({{"command", {"echo", "version x"}}, {"stdout", "^version \\d$"}}).passed);
    EXPECT_FALSE(ask({{"command", {"/nonexistent/program"}}}).passed);
}

TEST_F(CheckOnDisk, aCommandWorksInTheFolderWithItsVariables) {
    const CheckOutcome outcome =
        ask({{"command", {"sh", "-c", "echo $PWD $WORD"}}, {"env", {{"WORD", "w"}}}, {"stdout", folder + " w$"}});
    EXPECT_TRUE(outcome.passed) << outcome.reason;
}

TEST_F(CheckOnDisk, aFileIsThereOrAbsentOrHasItsDigest) {
    write("a", "abc");
    const std::string digest = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    EXPECT_TRUE(ask({{"file", "a"}}).passed);
    EXPECT_TRUE(ask({{"file", "/"}}).passed);
    EXPECT_FALSE(ask({{"file", "/"}, {"absent", true}}).passed);
    EXPECT_TRUE(ask({{"file", path("a")}, {"sha256", digest}}).passed);
    EXPECT_FALSE(ask({{"file", "a"}, {"absent", true}}).passed);
    EXPECT_FALSE(ask({{"file", "b"}}).passed);
    EXPECT_TRUE(ask({{"file", "no/such/folder"}, {"absent", true}}).passed);
    std::filesystem::create_symlink("a", path("link"));
    EXPECT_TRUE(ask({{"file", "link"}, {"sha256", digest}}).passed);
    write("a", "abd");
    EXPECT_FALSE(ask({{"file", "a"}, {"sha256", digest}}).passed);
}

TEST_F(CheckOnDisk, aUrlIsJudgedByStatusAndBody) {
    host->on_http = [](const HttpRequest& request) -> Result<HttpResponse> {
        EXPECT_EQ(request.url, "http://127.0.0.1/health");
        return HttpResponse{204, {}, "all good"};
    };
    EXPECT_FALSE(ask({{"http", "http://127.0.0.1/health"}}).passed);
    EXPECT_TRUE(ask({{"http", "http://127.0.0.1/health"}, {"status", 204}, {"body", "good"}}).passed);
    EXPECT_FALSE(ask({{"http", "http://127.0.0.1/health"}, {"status", 204}, {"body", "bad"}}).passed);
}

TEST_F(CheckOnDisk, tcpTakesNamesAndAddresses) {
    host->on_connect = [](const std::string& name, int port) -> Status {
        if (name == "::1" && port == 22) return {};
        return Error{ErrorCode::failed, "refused"};
    };
    EXPECT_TRUE(ask({{"tcp", "[::1]:22"}}).passed);
    EXPECT_EQ(ask({{"tcp", "localhost:23"}}).reason, "refused");
}

TEST_F(CheckOnDisk, withinAsksAgainUntilYes) {
    int naps = 0;
    clock.on_sleep = [this, &naps] {
        if (++naps == 25) write("ready", "");
    };
    const CheckOutcome outcome = ask({{"file", "ready"}, {"within", "30s"}, {"every", "1s"}});
    EXPECT_TRUE(outcome.passed);
    EXPECT_EQ(outcome.tries, 4);  // at 0, 1, 2 and 3 seconds; naps are of a tenth
    EXPECT_EQ(outcome.duration, 3 * kSecond);
}

TEST_F(CheckOnDisk, withinEndsWithTheLastReason) {
    const CheckOutcome outcome = ask({{"file", "ready"}, {"within", "2500ms"}, {"every", "1s"}});
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.tries, 4);  // the last one when the time is over
    EXPECT_NE(outcome.reason.find("absent"), std::string::npos);
}

TEST_F(CheckOnDisk, aStopEndsTheWaiting) {
    StopToken stop;
    clock.on_sleep = [&stop] { stop.request(15); };
    const auto outcome = run_check(*host, clock, {{"file", "x"}, {"within", "1h"}}, &stop, folder);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, ErrorCode::canceled);
}

TEST(ValidateCheck, namesEachMistake) {
    EXPECT_TRUE(validate_check({{"command", {"x"}}}).empty());
    EXPECT_FALSE(validate_check(Json::array()).empty());
    EXPECT_FALSE(validate_check({{"command", {"x"}}, {"tcp", "a:1"}}).empty());
    EXPECT_FALSE(validate_check({{"command", Json::array()}}).empty());
    EXPECT_FALSE(validate_check({{"comand", {"x"}}}).empty());
    EXPECT_FALSE(validate_check({{"command", {"x"}}, {"status", 200}}).empty());
    EXPECT_FALSE(validate_check({{"http", "ftp://x"}}).empty());
    EXPECT_FALSE(validate_check({{"tcp", "host"}}).empty());
    EXPECT_FALSE(validate_check({{"tcp", "host:70000"}}).empty());
    EXPECT_FALSE(validate_check({{"file", "a"}, {"sha256", "12"}}).empty());
    EXPECT_FALSE(validate_check({{"file", "a"}, {"absent", true}, {"exists", true}}).empty());
    EXPECT_FALSE(validate_check({{"command", {"x"}}, {"stdout", "("}}).empty());
    EXPECT_FALSE(validate_check({{"command", {"x"}}, {"within", 3}}).empty());
}

TEST_F(CheckOnDisk, theKindFailsTheStepAndHasNothingToUndo) {
    const std::unique_ptr<Compensator> kind = make_check_kind();
    const auto planned = plan(*kind, {{"file", "a"}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "check");
    EXPECT_TRUE(planned->every_time);
    EXPECT_EQ(planned->effect, Effect::none);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    EXPECT_FALSE(apply(*kind, *image).ok());
    write("a", "");
    EXPECT_OK(apply(*kind, *image));
    EXPECT_EQ(where(*kind, *image), Where::both);
    const auto inverse = invert(*kind, *image);
    ASSERT_OK(inverse);
    std::filesystem::remove(path("a"));
    EXPECT_OK(apply(*kind, *inverse));
    EXPECT_FALSE(plan(*kind, {{"fil", "a"}}).ok());
}

}  // namespace
}  // namespace backout
