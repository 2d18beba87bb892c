#pragma once
// argv to Arguments. The verbs declare what they take as data; this pair is the only one that knows the parsing
// library.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/arguments.h"

namespace backout {

struct Context;

struct FlagSpec {
    std::string names;       ///< "-o,--output" or "--yes"; the last one is the name in Arguments
    std::string value = {};  ///< "FILE"; empty: it takes no value
    std::string help = {};
    bool repeatable = false;
    std::vector<std::string> choices = {};

    std::string name() const;  ///< "--output"
};

struct WordSpec {
    std::string name;  ///< "MANIFEST"
    std::string help;
    bool required = true;
};

struct VerbSpec {
    std::string name;
    std::string summary;  ///< one line, for the list of verbs
    std::string about;    ///< what a person wants to know before using it
    std::vector<WordSpec> words;
    std::vector<FlagSpec> flags;
    std::vector<std::string> examples;
    Result<int> (*run)(Context& context) = nullptr;
};

/// Flags that are accepted before and after every verb.
const std::vector<FlagSpec>& global_flags();

/// Errors: `usage`, naming the nearest verb or flag.
Result<Arguments> parse_command_line(const std::vector<std::string>& words, const std::vector<VerbSpec>& verbs);

}  // namespace backout
