// Random bytes and mutated manifests: never a crash, and either a manifest or a problem with a place in the text.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "manifest_testing.h"

namespace backout {
namespace {

const std::string kSeed =
    R"~({"backout":1,"name":"a","inputs":{"x":{"default":"\ud83d\ude00","pattern":"^.*$"}},
 "facts":{"f":{"detect":"d","with":{"a":"${inputs.x}"}}}, // comment
 "actions":[{"id":"a","action":"k.o","with":{"path":"/x/${facts.f.y}","n":[1,-2.5e3,null,true]},
  "when":"version(facts.f.v) >= version('1.0') and (inputs.x in ['a', \"b\"] or not defined(env.Y))",
  "timeout":"5s","retry":{"attempts":2}},{"action":"k","depends_on":["a"],"with":{"path":"${actions.a.o}",
  "s":{"select":{"table":[{"a":">=1","b":"c"}],"on":{"a":"2"},"value":"${row.b}"}}}}],
 "verify":[{"tcp":"h:1"}],"on_drift":"stop"})~";

const std::vector<std::string> kPieces = {
    "\"",     "{",    "}",        "[",       "]",  ",",    ":",   "${",        "}",        "'",  "\\u",
    "\\",     "\xFF", "\xF0\x9F", "//",      "/*", "null", "1e9", "$template", "actions.", "\n", std::string(1, '\0'),
    "select", "not ", "(",        "version("};

std::string mutated(std::mt19937_64& random) {
    std::string text = kSeed;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t change = 0; change < changes; ++change) {
        const std::size_t at = random() % (text.size() + 1);
        switch (random() % 4) {
            case 0: text.erase(at, random() % 8); break;
            case 1: text.insert(at, kPieces[random() % kPieces.size()]); break;
            case 2: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(random());
        }
        if (text.empty()) text = "{";
    }
    return text;
}

void expect_sound(const std::string& text) {
    const ParsedManifest parsed = parse_manifest(text, "m");
    ASSERT_EQ(parsed.manifest.has_value(), parsed.errors.empty());
    const auto lines = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n') + 1);
    for (const Problem& problem : parsed.errors.problems) {
        EXPECT_GE(problem.position.line, 1U) << problem.message;
        EXPECT_LE(problem.position.line, lines) << problem.message;
        EXPECT_GE(problem.position.column, 1U);
        EXPECT_LE(problem.position.column, text.size() + 1);
        EXPECT_FALSE(problem.message.empty());
    }
    if (!parsed.manifest) return;
    const ManifestReferences references(*parsed.manifest, {}, {});
    Resolver resolver("m", references);
    for (const Action& action : parsed.manifest->actions) {
        (void)resolver.resolve(action.with).ok();
        if (action.when) (void)resolver.decide(*action.when).ok();
    }
}

TEST(ParseProperty, MutatedManifestsNeverCrash) {
    const char* given = std::getenv("BACKOUT_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("BACKOUT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    ASSERT_EQ(problems_of(kSeed), "");
    int good = 0;
    for (int round = 0; round < 5000 && !testing::Test::HasFatalFailure(); ++round) {
        const std::string text = mutated(random);
        SCOPED_TRACE(text);
        expect_sound(text);
        good += parse_manifest(text, "m").manifest.has_value() ? 1 : 0;
    }
    EXPECT_GT(good, 0) << "no mutation left a manifest good: the search is too wild to be of use";
}

TEST(ParseProperty, RandomBytesNeverCrash) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 64, ' ');
        for (char& character : text) character = static_cast<char>(random());
        expect_sound(text);
    }
}

TEST(ParseProperty, EveryPrefixOfAManifestIsRefused) {
    for (std::size_t length = 0; length < kSeed.size(); ++length) {
        const std::string text = kSeed.substr(0, length);
        EXPECT_FALSE(parse_manifest(text, "m").manifest.has_value()) << text;
        expect_sound(text);
    }
}

}  // namespace
}  // namespace backout
