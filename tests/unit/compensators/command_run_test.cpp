#include "compensators/command_run.h"

#include "plan/template.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

Json shell(const std::string& script) {
    return Json{"sh", "-c", script};
}

class CommandRunOnDisk : public KindOnDisk {
  protected:
    std::unique_ptr<Compensator> kind = make_command_run_kind();

    /// Makes `flag`, takes it away, and looks for it.
    static Json flag_command() {
        return {{"argv", shell("echo run >> log; touch flag")},
                {"undo", {{"argv", shell("echo undo >> log; rm flag")}}},
                {"probe", {{"argv", shell("test -e flag")}}}};
    }
};

TEST_F(CommandRunOnDisk, runsUndoesAndRedoes) {
    const auto planned = plan(*kind, flag_command());
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "run");
    EXPECT_EQ(planned->undo.reversibility, Reversibility::reversible);
    EXPECT_FALSE(planned->every_time);
    EXPECT_FALSE(exists("log"));
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    EXPECT_EQ(where(*kind, *image), Where::before);
    ASSERT_OK(apply(*kind, *image));
    EXPECT_EQ(where(*kind, *image), Where::after);
    const auto inverse = invert(*kind, *image);
    ASSERT_OK(inverse);
    EXPECT_EQ(where(*kind, *inverse), Where::before);
    ASSERT_OK(apply(*kind, *inverse));
    EXPECT_EQ(where(*kind, *inverse), Where::after);
    EXPECT_FALSE(exists("flag"));
    const auto redo = invert(*kind, *inverse);
    ASSERT_OK(redo);
    ASSERT_OK(apply(*kind, *redo));
    EXPECT_EQ(read("log"), "run\nundo\nrun\n");
}

TEST_F(CommandRunOnDisk, whatIsDoneAlreadyIsNotDoneTwice) {
    const auto planned = plan(*kind, flag_command());
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    ASSERT_OK(apply(*kind, *image));
    const auto again = apply(*kind, *image);
    ASSERT_OK(again);
    EXPECT_TRUE(again->was_already);
    const auto inverse = invert(*kind, *image);
    ASSERT_OK(inverse);
    ASSERT_OK(apply(*kind, *inverse));
    const auto undone_again = apply(*kind, *inverse);
    ASSERT_OK(undone_again);
    EXPECT_TRUE(undone_again->was_already);
    EXPECT_EQ(read("log"), "run\nundo\n");
}

TEST_F(CommandRunOnDisk, isKeptWhereProbeOrMarksSayApplied) {
    write("flag", "");
    auto planned = plan(*kind, flag_command());
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "keep");
    EXPECT_EQ(planned->effect, Effect::none);
    planned = plan(*kind, {{"argv", {"touch", "flag"}}, {"creates", "flag"}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "keep");
    planned = plan(*kind, {{"argv", {"rm", "flag"}}, {"removes", "flag"}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "run");
    planned = plan(*kind, {{"argv", {"rm", "other"}}, {"removes", "other"}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "keep");
}

TEST_F(CommandRunOnDisk, aKeptCommandIsWatched) {
    write("flag", "");
    const auto planned = plan(*kind, flag_command());
    ASSERT_OK(planned);
    StepContext made = context();
    auto drift = kind->verify_kept(made, step_of(*kind, *planned));
    ASSERT_OK(drift);
    EXPECT_TRUE(drift->empty());
    std::filesystem::remove(path("flag"));
    drift = kind->verify_kept(made, step_of(*kind, *planned));
    ASSERT_OK(drift);
    ASSERT_EQ(drift->size(), 1U);
    EXPECT_EQ((*drift)[0].attribute, "probe");
    EXPECT_EQ((*drift)[0].found, "exit 1");
}

TEST_F(CommandRunOnDisk, declaresWhatItCanUndo) {
    const auto none = plan(*kind, {{"argv", {"true"}}});
    ASSERT_OK(none);
    EXPECT_EQ(none->undo.reversibility, Reversibility::irreversible);
    EXPECT_TRUE(none->every_time);
    const auto blind = plan(*kind, {{"argv", {"true"}}, {"undo", {{"argv", {"true"}}}}});
    ASSERT_OK(blind);
    EXPECT_EQ(blind->undo.reversibility, Reversibility::conditional);
    EXPECT_NE(blind->undo.condition.find("without proof"), std::string::npos);
    const auto image = stage(*kind, *none);
    ASSERT_OK(image);
    const auto inverse = invert(*kind, *image);
    ASSERT_FALSE(inverse.ok());
    EXPECT_EQ(inverse.error().code, ErrorCode::unsupported);
}

TEST_F(CommandRunOnDisk, withoutProbeItCannotTell) {
    const auto planned = plan(*kind, {{"argv", {"true"}}, {"undo", {{"argv", {"true"}}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    ASSERT_OK(apply(*kind, *image));
    StepContext made = context();
    const auto seen = kind->observe(made, *image, true);
    ASSERT_OK(seen);
    EXPECT_EQ(seen->where, Where::neither);
    EXPECT_FALSE(seen->can_tell);
}

TEST_F(CommandRunOnDisk, aHalfDoneCommandIsNeither) {
    const Json with = {{"argv", shell("touch flag")},
                       {"undo", {{"argv", shell("rm -f flag")}}},
                       {"probe", {{"argv", shell("test -e half && exit 2; test -e flag")}}}};
    const auto planned = plan(*kind, with);
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    write("half", "");
    EXPECT_EQ(where(*kind, *image), Where::neither);
    const auto half = plan(*kind, with);
    ASSERT_OK(half);
    EXPECT_EQ(half->operation, "run");
    EXPECT_EQ(half->warnings.size(), 1U);
}

TEST_F(CommandRunOnDisk, whatFailedHalfWayIsUndoneAlthoughItsMarkIsAbsent) {
    const auto planned = plan(*kind, {{"argv", shell("touch half; exit 1")},
                                      {"creates", path("end")},
                                      {"undo", {{"argv", shell("rm -f half end")}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    EXPECT_FALSE(apply(*kind, *image).ok());
    StepContext doubt = context();
    doubt.in_doubt = true;
    const auto seen = kind->observe(doubt, *image, false);
    ASSERT_OK(seen);
    EXPECT_EQ(seen->where, Where::neither);
    const auto inverse = kind->invert(doubt, *image);
    ASSERT_OK(inverse);
    ASSERT_OK(apply(*kind, inverse->image));
    EXPECT_FALSE(exists("half"));
}

TEST_F(CommandRunOnDisk, whatMovedNothingIsAsBefore) {
    write("dd/f", "");
    const auto try_out = [&](const Json& with) {
        const auto planned = plan(*kind, with);
        const auto image = stage(*kind, *planned);
        EXPECT_FALSE(apply(*kind, *image).ok());
        StepContext doubt = context();
        doubt.in_doubt = true;
        const auto seen = kind->observe(doubt, *image, false);
        EXPECT_TRUE(seen.ok());
        return seen->can_tell ? seen->where : Where::neither;
    };
    const Json touches = {path("dd")};
    const Json nothing = {{"argv", {"true"}}};
    const Json removes = {{"argv", {"/bin/rm", "-rf", "dd"}}};
    const Json fails = shell("echo x > dd/f; exit 1");
    EXPECT_EQ(try_out({{"argv", {"mkdir", path("dd")}}, {"touches", touches}, {"undo", nothing}}), Where::before);
    EXPECT_EQ(try_out({{"argv", {"mkdir", path("dd")}}, {"undo", removes}}), Where::before);
    EXPECT_EQ(try_out({{"argv", {"mkdir", path("dd")}}, {"undo", nothing}}), Where::neither) << "nothing tells";
    EXPECT_EQ(try_out({{"argv", fails}, {"touches", touches}, {"undo", nothing}}), Where::neither);
    EXPECT_EQ(try_out({{"argv", fails}, {"undo", removes}}), Where::neither);
}

TEST_F(CommandRunOnDisk, whatMadeItsMarkAndFailedIsUndone) {
    const auto planned = plan(
        *kind, {{"argv", shell("touch end; exit 1")}, {"creates", path("end")}, {"undo", {{"argv", shell("rm end")}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    EXPECT_FALSE(apply(*kind, *image).ok());
    StepContext doubt = context();
    doubt.in_doubt = true;
    const auto inverse = kind->invert(doubt, *image);
    ASSERT_OK(inverse);
    ASSERT_OK(apply(*kind, inverse->image));
    EXPECT_FALSE(exists("end"));
}

TEST_F(CommandRunOnDisk, aProbeThatSaysTheSameAsBeforeConfirmsTheUndo) {
    const auto planned = plan(*kind, {{"argv", shell("echo x > flag")},
                                      {"undo", {{"argv", shell("rm flag")}}},
                                      {"probe", {{"argv", shell("grep -q x flag 2>/dev/null")}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    EXPECT_EQ(where(*kind, *image), Where::neither) << "no proof that a half done command did nothing";
    ASSERT_OK(apply(*kind, *image));
    const auto inverse = invert(*kind, *image);
    ASSERT_OK(inverse);
    EXPECT_EQ(where(*kind, *inverse), Where::before);
    ASSERT_OK(apply(*kind, *inverse));
    EXPECT_EQ(where(*kind, *inverse), Where::after);
    write("flag", "y");  // exit 1: another answer, and yet "not applied"
    EXPECT_EQ(where(*kind, *inverse), Where::after);
}

TEST_F(CommandRunOnDisk, whatAProbeCallsNotAppliedIsNotUndone) {
    const auto planned = plan(*kind, {{"argv", shell("touch half; exit 1")},
                                      {"probe", {{"argv", shell("exit 1")}}},
                                      {"undo", {{"argv", shell("touch undone")}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    StepContext doubt = context();
    doubt.in_doubt = true;
    const auto seen = kind->observe(doubt, *image, false);
    ASSERT_OK(seen);
    EXPECT_EQ(seen->where, Where::before);
    const auto inverse = kind->invert(doubt, *image);
    ASSERT_OK(inverse);
    ASSERT_OK(apply(*kind, inverse->image));
    EXPECT_FALSE(exists("undone"));
}

TEST_F(CommandRunOnDisk, failureSaysExitAndLastWords) {
    const auto planned = plan(*kind, {{"argv", shell("echo first >&2; printf 'last\\033[31m\\n' >&2; exit 7")}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    const auto applied = apply(*kind, *image);
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code, ErrorCode::failed);
    EXPECT_NE(applied.error().message.find("exit 7: first | last\\x1b[31m"), std::string::npos)
        << applied.error().message;
}

TEST_F(CommandRunOnDisk, otherExitStatusesCanBeAllowed) {
    const auto planned = plan(*kind, {{"argv", shell("exit 7")}, {"exit", {0, 7}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    const auto applied = apply(*kind, *image);
    ASSERT_OK(applied);
    EXPECT_EQ(applied->result["exit"], 7);
}

TEST_F(CommandRunOnDisk, anUndoThatDidNotWorkIsAnError) {
    Json with = flag_command();
    with["undo"]["argv"] = {"true"};
    const auto planned = plan(*kind, with);
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    ASSERT_OK(apply(*kind, *image));
    const auto inverse = invert(*kind, *image);
    ASSERT_OK(inverse);
    const auto undone = apply(*kind, *inverse);
    ASSERT_FALSE(undone.ok());
    EXPECT_NE(undone.error().message.find("and yet its probe says exit 0"), std::string::npos);
}

TEST_F(CommandRunOnDisk, readsOutputsFromStandardOutput) {
    const auto planned = plan(*kind, {{"argv", {"echo", R"({"a": {"id": 12}, "b": [true]})"}},
                                      {"outputs", {{"id", "/a/id"}, {"first", "/b/0"}, {"all", ""}}}});
    ASSERT_OK(planned);
    const auto image = stage(*kind, *planned);
    ASSERT_OK(image);
    const auto applied = apply(*kind, *image);
    ASSERT_OK(applied);
    EXPECT_EQ(applied->outputs["id"], 12);
    EXPECT_EQ(applied->outputs["first"], true);
    EXPECT_EQ(applied->outputs["all"], R"({"a": {"id": 12}, "b": [true]})");
}

TEST_F(CommandRunOnDisk, aMissingOutputIsAFailure) {
    for (const char* text : {R"({"b": 1})", "no json"}) {
        const auto planned = plan(*kind, {{"argv", {"echo", text}}, {"outputs", {{"id", "/a/id"}}}});
        ASSERT_OK(planned);
        const auto image = stage(*kind, *planned);
        ASSERT_OK(image);
        const auto applied = apply(*kind, *image);
        ASSERT_FALSE(applied.ok()) << text;
        EXPECT_NE(applied.error().text().find("output 'id'"), std::string::npos) << applied.error().text();
    }
}

TEST_F(CommandRunOnDisk, secretsStayTemplatesInTheImageAndOutOfArgv) {
    const Json secret = {{"$template", Json::array({Json{{"ref", "inputs.token"}}})}};
    EXPECT_FALSE(plan(*kind, {{"argv", {"echo", secret}}}).ok());
    const auto planned = plan(*kind, {{"argv", shell("cat > got; printf %s \"$TOKEN\" >> got")},
                                      {"stdin", {{"$template", {"in ", {{"ref", "inputs.token"}}}}}},
                                      {"env", {{"TOKEN", secret}}}});
    ASSERT_OK(planned);
    StepContext made = context();
    made.expand = [](const Json& value) {
        return expand_templates(value, [](const std::string&) -> Result<Json> { return Json("s3cret"); });
    };
    PlannedStep step = step_of(*kind, *planned);
    const auto expanded = made.expand(planned->arguments);
    ASSERT_OK(expanded);
    step.arguments = *expanded;
    made.planned_arguments = &planned->arguments;
    const auto staged = kind->stage(made, step);
    ASSERT_OK(staged);
    EXPECT_EQ(dump_canonical(staged->image).find("s3cret"), std::string::npos);
    ASSERT_OK(kind->apply(made, staged->image));
    EXPECT_EQ(read("got"), "in s3crets3cret");
}

TEST_F(CommandRunOnDisk, somebodyElsesWorkBeforeStagingIsStale) {
    const auto planned = plan(*kind, flag_command());
    ASSERT_OK(planned);
    write("flag", "");
    const auto image = stage(*kind, *planned);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code, ErrorCode::stale);
}

TEST_F(CommandRunOnDisk, syncsWhatItTouchesOrEverything) {
    std::filesystem::create_directory(path("tree"));
    const auto declared = plan(*kind, {{"argv", {"touch", "tree/a"}}, {"touches", {"tree", "missing/x"}}});
    ASSERT_OK(declared);
    EXPECT_EQ(declared->resources.size(), 2U);
    EXPECT_TRUE(declared->resources[0].tree);
    EXPECT_EQ(declared->predictions.size(), 2U);
    EXPECT_FALSE(declared->predictions[0].known);
    StepContext made = context();
    const auto requests = kind->sync_of(made, declared->arguments);
    ASSERT_OK(requests);
    ASSERT_EQ(requests->size(), 3U);
    EXPECT_EQ((*requests)[0].what, SyncRequest::What::tree);
    EXPECT_EQ((*requests)[2].what, SyncRequest::What::names);
    const auto silent = plan(*kind, {{"argv", {"true"}}});
    ASSERT_OK(silent);
    const auto whole = kind->sync_of(made, silent->arguments);
    ASSERT_OK(whole);
    ASSERT_EQ(whole->size(), 1U);
    EXPECT_EQ((*whole)[0].what, SyncRequest::What::everything);
}

TEST_F(CommandRunOnDisk, aProbeThatCannotRunYetLeavesTheAnswerOpen) {
    const auto planned = plan(*kind, {{"argv", {"true"}}, {"probe", {{"argv", {path("later")}}}}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "run");
    EXPECT_TRUE(planned->before["state"].is_null());
    EXPECT_EQ(planned->warnings.size(), 1U);
}

TEST_F(CommandRunOnDisk, refusesMalformedArguments) {
    EXPECT_FALSE(plan(*kind, {{"argv", Json::array()}}).ok());
    EXPECT_FALSE(plan(*kind, {{"argv", "ls"}}).ok());
    EXPECT_FALSE(plan(*kind, {{"args", {"ls"}}}).ok());
    EXPECT_FALSE(plan(*kind, {{"argv", {"ls"}}, {"undo", {{"cmd", {"x"}}}}}).ok());
    EXPECT_FALSE(plan(*kind, {{"argv", {"ls"}}, {"outputs", {{"x", "no-pointer"}}}}).ok());
    EXPECT_FALSE(plan(*kind, {{"argv", {"ls"}}, {"env", {{"A=B", "x"}}}}).ok());
}

}  // namespace
}  // namespace backout
