#pragma once
// What was asked for, after the command line was read: a verb, its words and flags. Values are text; verbs read them.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace backout {

class Arguments {
  public:
    std::string verb;
    bool help = false;
    bool version = false;
    std::string help_text;  ///< for help: what to print

    void set(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }
    void set_count(const std::string& name, int count) { counts_[name] = count; }

    /// A flag such as "--yes" was given.
    bool has(const std::string& name) const;
    int count(const std::string& name) const;
    /// The last value of "--state-dir" or of a word such as "RUN"; `fallback` if it wasn't given.
    std::string text(const std::string& name, const std::string& fallback = "") const;
    const std::vector<std::string>& list(const std::string& name) const;
    /// Errors: `usage`, naming the flag.
    Result<Nanoseconds> duration(const std::string& name, Nanoseconds fallback) const;
    Result<std::size_t> number(const std::string& name, std::size_t fallback) const;

  private:
    std::map<std::string, std::vector<std::string>> values_;
    std::map<std::string, int> counts_;
};

}  // namespace backout
