#pragma once
// How much is said: a line of level L on a channel is shown iff L ≤ (number of -v) − (number of -Q), or the channel's
// own level where --show gave it one. −4 is a wall that no channel passes. Pure.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace backout {

/// Levels by name, as in the contract.
enum Level : int {
    kLevelNothing = -4,
    kLevelErrors = -3,
    kLevelWarnings = -2,
    kLevelResults = -1,
    kLevelActions = 0,  ///< hints, and one line an action
    kLevelTiming = 1,   ///< timing, API calls, progress
    kLevelDetails = 2,  ///< payloads, URLs, diffs; secrets redacted
    kLevelDebug = 3,
};

/// What --show accepts.
const std::vector<std::string>& channel_names();

class Verbosity {
  public:
    Verbosity() = default;
    /// `shows` are arguments of --show: "CHANNEL" (everything of it) or "CHANNEL:LEVEL".
    /// Errors: `usage` for an unknown channel, naming the channels, and for a level that is no number from -4 to 3.
    static Result<Verbosity> make(int verbose_count, int quiet_count, const std::vector<std::string>& shows);

    bool shows(const std::string& channel, int level) const;
    int level() const { return level_; }
    /// Nothing at all is said, not even errors.
    bool silent() const { return level_ <= kLevelNothing; }

  private:
    int level_ = 0;
    std::map<std::string, int> channels_;
};

}  // namespace backout
