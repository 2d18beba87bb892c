#include "manifest/version.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace backout {
namespace {

Version version_of(const std::string& text) {
    auto version = parse_version(text);
    EXPECT_TRUE(version.ok()) << text;
    return version.ok() ? std::move(version).value() : Version{};
}

bool satisfies(const std::string& version, const std::string& specifiers) {
    const auto result = version_matches(version, specifiers);
    EXPECT_TRUE(result.ok()) << result.error().text();
    return result.ok() && result.value();
}

// PEP 440, "Summary of permitted suffixes and relative ordering", and the examples of the sections before it.
const std::vector<std::string> kAscending = {"0.9.dev0",
                                             "0.9",
                                             "1.dev0",
                                             "1.0.dev456",
                                             "1.0a1",
                                             "1.0a2.dev456",
                                             "1.0a12.dev456",
                                             "1.0a12",
                                             "1.0b1.dev456",
                                             "1.0b2",
                                             "1.0b2.post345.dev456",
                                             "1.0b2.post345",
                                             "1.0rc1.dev456",
                                             "1.0rc1",
                                             "1.0",
                                             "1.0+abc.5",
                                             "1.0+abc.7",
                                             "1.0+5",
                                             "1.0.post456.dev34",
                                             "1.0.post456",
                                             "1.0.15",
                                             "1.1.dev1",
                                             "1.1",
                                             "1.2.3",
                                             "1.2.10",
                                             "1.10",
                                             "2.7.0",
                                             "2.9.1+cpu",
                                             "2.9.1+cu126",
                                             "2.9.1+cu130",
                                             "2012.4",
                                             "2012.10",
                                             "1!0.5",
                                             "1!1.0",
                                             "2!0.1"};

TEST(Version, TheOrderOfPep440HoldsForEveryPair) {
    for (std::size_t a = 0; a < kAscending.size(); ++a) {
        for (std::size_t b = 0; b < kAscending.size(); ++b) {
            const int order = compare_versions(version_of(kAscending[a]), version_of(kAscending[b]));
            EXPECT_EQ(order < 0, a < b) << kAscending[a] << " " << kAscending[b];
            EXPECT_EQ(order > 0, a > b) << kAscending[a] << " " << kAscending[b];
        }
    }
}

TEST(Version, AlternativeSpellingsAreNormalized) {
    const std::vector<std::pair<std::string, std::string>> spellings = {
        {"v1.0", "1.0"},
        {" 1.0\n", "1.0"},
        {"1.1RC1", "1.1rc1"},
        {"1.1.a1", "1.1a1"},
        {"1.1-a1", "1.1a1"},
        {"1.1_beta_2", "1.1b2"},
        {"1.1alpha", "1.1a0"},
        {"1.1-preview.4", "1.1rc4"},
        {"1.1c3", "1.1rc3"},
        {"1.1pre", "1.1rc0"},
        {"1.0-1", "1.0.post1"},
        {"1.0-r4", "1.0.post4"},
        {"1.0.rev-4", "1.0.post4"},
        {"1.0post", "1.0.post0"},
        {"1.2.dev", "1.2.dev0"},
        {"1.2-DEV_3", "1.2.dev3"},
        {"1.0+Ubuntu-1", "1.0+ubuntu.1"},
        {"1.0+a_b.c", "1.0+a.b.c"},
        {"00001.002", "1.2"},
        {"0!1.0", "1.0"},
        {"1!2.0.0a1.post2.dev3+l.7", "1!2.0.0a1.post2.dev3+l.7"},
        {"1.0a.dev1", "1.0a0.dev1"},
        {"1.0.post.dev", "1.0.post0.dev0"}};
    for (const auto& [spelling, normal] : spellings) EXPECT_EQ(version_of(spelling).text(), normal) << spelling;
}

TEST(Version, TrailingZerosDoNotCount) {
    EXPECT_EQ(compare_versions(version_of("1.0"), version_of("1.0.0.0")), 0);
    EXPECT_EQ(compare_versions(version_of("1"), version_of("1.0a1")), 1);
}

TEST(Version, WhatIsNoneIsRefused) {
    for (const std::string text : {"", "a", "1.", ".1", "1..2", "1.0+", "1.0+a..b", "1.0+a-", "1.0x", "1.0 1", "1!",
                                   "1.0.a.b", "french toast", "1.0-", "9999999999999999999", "1.0dev1rc1", "${x}"}) {
        EXPECT_FALSE(parse_version(text).ok()) << text;
    }
    EXPECT_EQ(parse_version("latest").error().message,
              "'latest' is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130");
}

struct SpecifierCase {
    const char* version;
    const char* specifiers;
    bool expected;
};

TEST(VersionSpecifiers, FollowPep440) {
    const std::vector<SpecifierCase> cases = {{"3.5.1", ">=3.5,<3.6", true},
                                              {"3.6", ">=3.5,<3.6", false},
                                              {"3.6.0rc1", ">=3.5,<3.6", false},
                                              {"3.5rc1", ">=3.5", false},
                                              {"2.9.1+cu130", ">=2.9", true},
                                              {"2.9.1+cu130", "==2.9.1", true},
                                              {"2.9.1+cu130", "==2.9.1+cu130", true},
                                              {"2.9.1+cu130", "==2.9.1+cu126", false},
                                              {"2.9.1", "==2.9.1+cu130", false},
                                              {"2.9.1+cu130", "!=2.9.1", false},
                                              {"2.9.1+cu130", "<=2.9.1", true},
                                              {"2.9.1+cu130", ">2.9.1", false},
                                              {"2.9.1+cu130", "==2.9.*", true},
                                              {"2.10", "==2.1.*", false},
                                              {"2.1", "==2.1.0.*", true},
                                              {"3.4.5", "==3.4.*", true},
                                              {"3.4.5", "!=3.4.*", false},
                                              {"3.4rc1", "==3.4.*", true},
                                              {"1.1.post1", "==1.1", false},
                                              {"1.1.post1", "==1.1.post1", true},
                                              {"1.1.post1", "==1.1.*", true},
                                              {"1.1a1", "==1.1", false},
                                              {"1.1a1", "==1.1a1", true},
                                              {"1.1a1", "==1.1.*", true},
                                              {"2.2.post3", "~=2.2", true},
                                              {"2.3", "~=2.2", true},
                                              {"3.0", "~=2.2", false},
                                              {"1.4.5", "~=1.4.5a4", true},
                                              {"1.4.4", "~=1.4.5a4", false},
                                              {"1.5", "~=1.4.5", false},
                                              {"2.2.0", "~=2.2.0", true},
                                              {"2.2.1", "~=2.2.0", true},
                                              {"2.3.0", "~=2.2.0", false},
                                              {"1.7.1", ">1.7", true},
                                              {"1.7.0.post1", ">1.7", false},
                                              {"1.7.0.post3", ">1.7.post2", true},
                                              {"1.7.0", ">1.7.post2", false},
                                              {"3.1.dev0", "<3.1", false},
                                              {"3.0.dev0", "<3.1", true},
                                              {"3.1.dev0", "<3.1rc1", true},
                                              {"1!1.0", ">=2.0", true},
                                              {"1.0", "===1.0", true},
                                              {"1.0.0", "===1.0", false},
                                              {"1.0", "", true},
                                              {"1.0", " >= 0.5 , != 0.9 ", true},
                                              {"2.9.1", "<3,>=2,!=2.9.1", false}};
    for (const SpecifierCase& each : cases) {
        EXPECT_EQ(satisfies(each.version, each.specifiers), each.expected) << each.version << " " << each.specifiers;
    }
}

TEST(VersionSpecifiers, MalformedOnesAreRefusedByName) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"3.5", "'3.5' is no version specifier; one looks like >=3.5 or ==3.4.*"},
        {">=", "'>=' is no version specifier; one looks like >=3.5 or ==3.4.*"},
        {">=3,", "'' is no version specifier; one looks like >=3.5 or ==3.4.*"},
        {">=3.*", "'>=3.*': only == and != take '.*'"},
        {"~=3", "'~=3': ~= needs at least two numbers, as in ~=2.2"},
        {">=1.0+local", "'>=1.0+local': only ==, != and === take a local version"},
        {"==1.0.dev1.*", "'==1.0.dev1.*': '.*' can't follow a development release or a local version"},
        {">=x", "'x' is not a version; one looks like 2.9.1, 2.9.0rc1 or 2.9.1+cu130"}};
    for (const auto& [text, message] : cases) {
        const auto result = parse_specifiers(text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_EQ(result.error().message, message);
    }
}

}  // namespace
}  // namespace backout
