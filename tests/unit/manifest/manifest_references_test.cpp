#include "manifest/manifest_references.h"

#include <gtest/gtest.h>

#include "manifest_testing.h"

namespace backout {
namespace {

GivenInputs secret_given() {
    GivenInputs given;
    given.from_file = Json{{"s", "q"}};
    return given;
}

class ReferencesOnManifest : public testing::Test {
  protected:
    ReferencesOnManifest()
        : manifest(good_manifest(
              manifest_text(R"({"id":"a","action":"k"},{"id":"kept","action":"k"})",
                            R"("inputs":{"x":{"default":1},"s":{"secret":true}},"facts":{"py":{"detect":"d"}},)"))),
          references(manifest, resolve_inputs(manifest, secret_given(), {}).value(), [](const std::string& name) {
              if (name == "BAD") return std::optional<std::string>("\xFF");
              return name == "HOME" ? std::optional<std::string>("/root") : std::nullopt;
          }) {
        manifest.directory = "/m";
        references.set_fact("py", Json::parse(R"({"version": "3", "mods": [{"name": "torch"}]})"));
        references.set_outputs("kept", Json{{"id", 7}});
    }

    ReferenceAnswer look_up(const std::string& text) {
        TextProblem problem;
        const auto reference = parse_reference(text, problem);
        return reference ? references.look_up(*reference) : ReferenceAnswer{};
    }

    Manifest manifest;
    ManifestReferences references;
};

TEST_F(ReferencesOnManifest, KnownValues) {
    EXPECT_EQ(*look_up("inputs.x").value, 1);
    EXPECT_EQ(*look_up("facts.py.version").value, "3");
    EXPECT_EQ(*look_up("facts.py.mods.0.name").value, "torch");
    EXPECT_EQ(*look_up("env.HOME").value, "/root");
    EXPECT_EQ(*look_up("manifest.dir").value, "/m");
    EXPECT_EQ(*look_up("actions.kept.id").value, 7);
}

TEST_F(ReferencesOnManifest, UnknownAndUnsaidOnes) {
    using Kind = ReferenceAnswer::Kind;
    EXPECT_EQ(look_up("inputs.s").kind, Kind::secret);
    EXPECT_EQ(look_up("inputs.s").value, nullptr);
    EXPECT_EQ(look_up("backout.run").kind, Kind::run);
    EXPECT_EQ(look_up("actions.a.url").kind, Kind::deferred);
    EXPECT_EQ(look_up("actions.a.url").action, "a");
    EXPECT_EQ(look_up("actions.b.url").kind, Kind::unknown);
    EXPECT_EQ(look_up("facts.py.versoin").kind, Kind::absent);
    EXPECT_EQ(look_up("facts.py.versoin").message, "facts.py has no 'versoin' (did you mean 'version'?)");
    EXPECT_EQ(look_up("facts.py.mods.1").message, "facts.py.mods has no '1'");
    EXPECT_EQ(look_up("actions.kept.other").kind, Kind::absent);
    EXPECT_EQ(look_up("env.GONE").kind, Kind::absent);
    EXPECT_EQ(look_up("env.BAD").kind, Kind::unknown);
    EXPECT_EQ(look_up("facts.zz.a").kind, Kind::unknown);
}

}  // namespace
}  // namespace backout
