// file.edit, json.merge and json.patch on real files: there and back, with others writing to the same file.

#include "compensators/shared_file_kind.h"

#include "compensators/file_edit.h"
#include "compensators/json_merge.h"
#include "compensators/json_patch.h"
#include "plan/template.h"
#include "tests/unit/compensators/kind_on_disk.h"

namespace backout {
namespace {

class SharedFileOnDisk : public KindOnDisk {
  protected:
    std::unique_ptr<Compensator> edit = make_file_edit_kind();
    std::unique_ptr<Compensator> merge = make_json_merge_kind();
    std::unique_ptr<Compensator> patch = make_json_patch_kind();

    static Json line(const std::string& text) { return {{"path", "f"}, {"edits", {{{"line", text}}}}}; }

    /// Plans, stages and applies; returns the image.
    Json done(const Compensator& kind, const Json& with) {
        const auto planned = plan(kind, with);
        EXPECT_OK(planned);
        if (!planned) return nullptr;
        EXPECT_NE(planned->operation, "keep");
        const auto image = stage(kind, *planned);
        EXPECT_OK(image);
        if (!image) return nullptr;
        EXPECT_EQ(where(kind, *image), Where::before);
        EXPECT_OK(apply(kind, *image));
        EXPECT_EQ(where(kind, *image), Where::after);
        return *image;
    }
    Json inverse_of(const Compensator& kind, const Json& image) {
        const auto inverse = invert(kind, image);
        EXPECT_OK(inverse);
        return inverse ? *inverse : Json();
    }
};

TEST_F(SharedFileOnDisk, goesThereAndBackAndThereAgain) {
    write("f", "a\r\nend");
    ASSERT_EQ(::chmod(path("f").c_str(), 0640), 0);
    const std::string before = everything();
    const Json image = done(*edit, line("new"));
    EXPECT_EQ(read("f"), "a\r\nend\r\nnew");
    const Json inverse = inverse_of(*edit, image);
    EXPECT_EQ(where(*edit, inverse), Where::before);
    EXPECT_OK(apply(*edit, inverse));
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(where(*edit, inverse), Where::after);
    const Json again = inverse_of(*edit, inverse);
    EXPECT_OK(apply(*edit, again));
    EXPECT_EQ(read("f"), "a\r\nend\r\nnew");
    struct stat status {};
    ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(SharedFileOnDisk, planningShowsTheEditAndWritesNothing) {
    write("f", "a\n");
    const std::string before = everything();
    const auto planned = plan(*edit, line("b"));
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "update");
    EXPECT_NE(planned->details["diff"].get<std::string>().find("+b"), std::string::npos);
    EXPECT_EQ(planned->details["edits"][0], "line 'b' present");
    ASSERT_EQ(planned->predictions.size(), 1U);
    EXPECT_EQ(planned->predictions[0].content, "a\nb\n");
    EXPECT_EQ(everything(), before);
}

TEST_F(SharedFileOnDisk, whatIsThereIsKept) {
    write("f", "a\nb\n");
    const auto planned = plan(*edit, line("b"));
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "keep");
    StepContext made = context();
    write("f", "b\nothers\n");
    auto drift = edit->verify_kept(made, step_of(*edit, *planned));
    ASSERT_OK(drift);
    EXPECT_TRUE(drift->empty());
    write("f", "a\n");
    drift = edit->verify_kept(made, step_of(*edit, *planned));
    ASSERT_OK(drift);
    EXPECT_EQ(drift->size(), 1U);
}

TEST_F(SharedFileOnDisk, aMissingFileIsAnErrorUnlessCreateIsSet) {
    const auto refused = plan(*edit, line("a"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_NE(refused.error().message.find("\"create\": true"), std::string::npos);
    Json with = line("a");
    with["create"] = true;
    const Json image = done(*edit, with);
    EXPECT_EQ(read("f"), "a\n");
    const Json inverse = inverse_of(*edit, image);
    EXPECT_OK(apply(*edit, inverse));
    EXPECT_FALSE(exists("f"));
}

TEST_F(SharedFileOnDisk, linksAreFollowedOnlyWhereAsked) {
    write("real", "a\n");
    std::filesystem::create_symlink("real", path("f"));
    EXPECT_FALSE(plan(*edit, line("b")).ok());
    Json with = line("b");
    with["follow"] = true;
    done(*edit, with);
    EXPECT_TRUE(std::filesystem::is_symlink(path("f")));
    EXPECT_EQ(read("real"), "a\nb\n");
    std::filesystem::create_directory(path("d"));
    with["path"] = "d";
    EXPECT_FALSE(plan(*edit, with).ok());
}

TEST_F(SharedFileOnDisk, validationRefusesBeforeTheFileGoesLive) {
    write("f", "a\n");
    Json with = line("b");
    with["validate"] = {"sh", "-c", "grep -q b \"$1\" && echo no b please >&2 && exit 3", "sh", "${file}"};
    const auto planned = plan(*edit, with);
    ASSERT_OK(planned);
    const auto image = stage(*edit, *planned);
    ASSERT_FALSE(image.ok());
    EXPECT_NE(image.error().message.find("exit 3): no b please"), std::string::npos) << image.error().message;
    EXPECT_EQ(read("f"), "a\n");
    EXPECT_TRUE(std::filesystem::is_empty(path(".store")));
}

TEST_F(SharedFileOnDisk, othersEditsElsewhereSurviveTheUndo) {
    write("f", "a\nport=1\nz\n");
    const Json image =
        done(*edit, {{"path", "f"}, {"edits", {{{"regex", "port=1"}, {"replace", "port=2"}}, {{"line", "ours"}}}}});
    write("f", "top\na\nport=2\nz\nours\nbottom\n");
    EXPECT_EQ(where(*edit, image), Where::after);
    const Json inverse = inverse_of(*edit, image);
    EXPECT_EQ(where(*edit, inverse), Where::before);
    const auto undone = apply(*edit, inverse);
    ASSERT_OK(undone);
    EXPECT_TRUE(undone->conflicts.empty());
    EXPECT_EQ(read("f"), "top\na\nport=1\nz\nbottom\n");
    EXPECT_EQ(where(*edit, inverse), Where::after);
    // And the rollback taken back: the edit is made again on what is there by now.
    write("f", "top\na\nport=1\nz\nbottom\nmore\n");
    const Json again = inverse_of(*edit, inverse);
    EXPECT_OK(apply(*edit, again));
    EXPECT_EQ(read("f"), "top\na\nport=2\nz\nbottom\nmore\nours\n");
}

TEST_F(SharedFileOnDisk, aChangedEditOfOursIsAConflictAndTheRestGoesBack) {
    write("f", "a\nport=1\nz\n");
    const Json image =
        done(*edit, {{"path", "f"}, {"edits", {{{"regex", "port=1"}, {"replace", "port=2"}}, {{"line", "ours"}}}}});
    write("f", "a\nport=3\nz\nours\n");
    EXPECT_EQ(where(*edit, image), Where::neither);
    const Json inverse = inverse_of(*edit, image);
    const auto undone = apply(*edit, inverse);
    ASSERT_OK(undone);
    ASSERT_EQ(undone->conflicts.size(), 1U);
    EXPECT_EQ(undone->conflicts[0].attribute, "edit");
    EXPECT_NE(undone->conflicts[0].expected.find("port=2"), std::string::npos);
    EXPECT_EQ(read("f"), "a\nport=3\nz\n");
}

TEST_F(SharedFileOnDisk, whatSomebodyTookBackIsNoConflict) {
    write("f", "a\n");
    const Json image = done(*edit, line("ours"));
    write("f", "others\na\n");
    EXPECT_EQ(where(*edit, image), Where::before);
    const Json inverse = inverse_of(*edit, image);
    const auto undone = apply(*edit, inverse);
    ASSERT_OK(undone);
    EXPECT_TRUE(undone->was_already);
    EXPECT_TRUE(undone->conflicts.empty());
    EXPECT_EQ(read("f"), "others\na\n");
}

TEST_F(SharedFileOnDisk, aFileThatBecameSomethingElseIsAConflict) {
    write("f", "a\n");
    const Json image = done(*edit, line("ours"));
    std::filesystem::remove(path("f"));
    std::filesystem::create_directory(path("f"));
    EXPECT_EQ(where(*edit, image), Where::neither);
    const Json inverse = inverse_of(*edit, image);
    const auto undone = apply(*edit, inverse);
    ASSERT_OK(undone);
    EXPECT_FALSE(undone->conflicts.empty());
    EXPECT_TRUE(std::filesystem::is_directory(path("f")));
}

TEST_F(SharedFileOnDisk, aForeignChangeBeforeTheSwapIsNotOurs) {
    write("f", "a\n");
    const auto planned = plan(*edit, line("ours"));
    ASSERT_OK(planned);
    const auto image = stage(*edit, *planned);
    ASSERT_OK(image);
    write("f", "a\nothers\n");
    EXPECT_EQ(where(*edit, *image), Where::before);
    const auto applied = apply(*edit, *image);
    ASSERT_OK(applied);
    EXPECT_FALSE(applied->conflicts.empty());
    EXPECT_EQ(read("f"), "a\nothers\n");
    const auto stale = stage(*edit, *planned);
    ASSERT_FALSE(stale.ok());
    EXPECT_EQ(stale.error().code, ErrorCode::conflict);
}

TEST_F(SharedFileOnDisk, aPersonCanOverwriteAConflict) {
    write("f", "a\n");
    const Json image = done(*edit, line("ours"));
    write("f", "theirs\n");
    StepContext made = context();
    made.overwrite_conflicts = true;
    const auto inverse = edit->invert(made, image);
    ASSERT_OK(inverse);
    EXPECT_OK(edit->apply(made, inverse->image));
    EXPECT_EQ(read("f"), "a\n");
}

TEST_F(SharedFileOnDisk, jsonEntriesGoBackByThemselves) {
    write("f", "{\n  // note\n  \"a\": 1\n}\n");
    const Json image = done(*merge, {{"path", "f"}, {"merge", {{"a", 2}, {"new", {{"x", true}}}}}});
    EXPECT_EQ(read("f"), "{\n  // note\n  \"a\": 2,\n  \"new\": {\n    \"x\": true\n  }\n}\n");
    write("f", R"({"a":2,"new":{"x":true,"y":1},"other":[]})");
    EXPECT_EQ(where(*merge, image), Where::after);
    const Json inverse = inverse_of(*merge, image);
    EXPECT_OK(apply(*merge, inverse));
    EXPECT_EQ(read("f"), R"({"a":1,"new":{"y":1},"other":[]})");
    EXPECT_EQ(where(*merge, inverse), Where::after);
}

TEST_F(SharedFileOnDisk, aJsonEntryThatSomebodyChangedIsAConflict) {
    write("f", R"({"a": 1})");
    const Json image = done(*patch, {{"path", "f"}, {"patch", {{{"op", "replace"}, {"path", "/a"}, {"value", 2}}}}});
    write("f", R"({"a": 3, "b": 1})");
    EXPECT_EQ(where(*patch, image), Where::neither);
    const Json inverse = inverse_of(*patch, image);
    const auto undone = apply(*patch, inverse);
    ASSERT_OK(undone);
    ASSERT_EQ(undone->conflicts.size(), 1U);
    EXPECT_EQ(undone->conflicts[0].attribute, "entry /a");
    EXPECT_EQ(undone->conflicts[0].expected, "2");
    EXPECT_EQ(undone->conflicts[0].found, "3");
    EXPECT_EQ(where(*patch, inverse), Where::neither);
    EXPECT_EQ(read("f"), R"({"a": 3, "b": 1})");
    write("f", "no json any more");
    const Json broken = inverse_of(*patch, image);
    const auto left = apply(*patch, broken);
    ASSERT_OK(left);
    EXPECT_EQ(left->conflicts.size(), 1U);
}

TEST_F(SharedFileOnDisk, aJsonFileThatWeMadeGoesAwayUnlessOthersUseIt) {
    const Json with = {{"path", "f"}, {"create", true}, {"merge", {{"a", 1}}}};
    const Json image = done(*merge, with);
    EXPECT_EQ(read("f"), "{\n  \"a\": 1\n}\n");
    write("f", R"({"a":1})");
    const Json inverse = inverse_of(*merge, image);
    EXPECT_OK(apply(*merge, inverse));
    EXPECT_FALSE(exists("f"));
    const Json second = done(*merge, with);
    write("f", R"({"a":1,"b":2})");
    EXPECT_OK(apply(*merge, inverse_of(*merge, second)));
    EXPECT_EQ(read("f"), R"({"b":2})");
}

TEST_F(SharedFileOnDisk, aPatchThatRepeatsSaysSo) {
    write("f", "[1, 2, 3]");
    const auto planned = plan(*patch, {{"path", "f"}, {"patch", {{{"op", "remove"}, {"path", "/0"}}}}});
    ASSERT_OK(planned);
    EXPECT_TRUE(planned->every_time);
    EXPECT_EQ(planned->warnings.size(), 1U);
    const auto failing = plan(
        *patch,
        {{"path", "f"},
         {"patch", {{{"op", "test"}, {"path", "/0"}, {"value", 7}}, {{"op", "add"}, {"path", "/-"}, {"value", 7}}}}});
    ASSERT_FALSE(failing.ok());
    EXPECT_NE(failing.error().text().find("test failed"), std::string::npos);
}

TEST_F(SharedFileOnDisk, secretsAreInTheFileAndNowhereElse) {
    write("f", "a\n");
    const Json secret = {{"$template", {"token=", {{"ref", "inputs.token"}}}}};
    const auto expand = [](const Json& value) {
        return expand_templates(value, [](const std::string&) -> Result<Json> { return Json("s3cret"); });
    };
    const std::unique_ptr<WorldView> world = make_host_world_view(*host);
    PlanRequest request{"step", {{"path", "f"}, {"edits", {{{"line", secret}}}}}, folder, *world, *host, expand};
    const auto planned = edit->plan(request);
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "update");
    for (const Json& document : {planned->details, planned->arguments, planned->after, planned->before}) {
        EXPECT_EQ(dump_canonical(document).find("s3cret"), std::string::npos);
    }
    EXPECT_FALSE(planned->details.contains("diff"));
    StepContext made = context();
    made.expand = expand;
    made.planned_arguments = &planned->arguments;
    PlannedStep step = step_of(*edit, *planned);
    const auto arguments = expand(planned->arguments);
    ASSERT_OK(arguments);
    step.arguments = *arguments;
    const auto staged = edit->stage(made, step);
    ASSERT_OK(staged);
    EXPECT_EQ(dump_canonical(staged->image).find("s3cret"), std::string::npos);
    ASSERT_OK(edit->apply(made, staged->image));
    EXPECT_EQ(read("f"), "a\ntoken=s3cret\n");
    write("f", "a\nmore\ntoken=s3cret\n");
    const auto inverse = edit->invert(made, staged->image);
    ASSERT_OK(inverse);
    EXPECT_EQ(dump_canonical(inverse->image).find("s3cret"), std::string::npos);
    ASSERT_OK(edit->apply(made, inverse->image));
    EXPECT_EQ(read("f"), "a\nmore\n");
}

TEST_F(SharedFileOnDisk, valuesThatComeLaterLeaveTheResultOpen) {
    write("f", "{}");
    const Json later = {{"$template", Json::array({Json{{"ref", "actions.gist.id"}}})}};
    const auto planned = plan(*merge, {{"path", "f"}, {"merge", {{"id", later}}}});
    ASSERT_OK(planned);
    EXPECT_EQ(planned->operation, "update");
    EXPECT_EQ(planned->known_after, std::vector<std::string>{"gist"});
    ASSERT_EQ(planned->predictions.size(), 1U);
    EXPECT_FALSE(planned->predictions[0].known);
}

TEST_F(SharedFileOnDisk, refusesMalformedArguments) {
    write("f", "{}");
    EXPECT_FALSE(plan(*edit, {{"path", "f"}}).ok());
    EXPECT_FALSE(plan(*edit, {{"path", "f"}, {"edits", Json::array()}}).ok());
    EXPECT_FALSE(plan(*edit, {{"path", "f"}, {"edit", {{{"line", "a"}}}}}).ok());
    EXPECT_FALSE(plan(*merge, {{"path", "f"}, {"merge", {1, 2}}}).ok());
    EXPECT_FALSE(plan(*patch, {{"path", "f"}, {"patch", {{{"op", "ad"}}}}}).ok());
    write("f", "{");
    const auto broken = plan(*merge, {{"path", "f"}, {"merge", {{"a", 1}}}});
    ASSERT_FALSE(broken.ok());
    EXPECT_NE(broken.error().text().find("line 1, column"), std::string::npos);
}

}  // namespace
}  // namespace backout
