#include "cli/verbosity.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

Result<int> parse_level(const std::string& text) {
    const bool negative = !text.empty() && text[0] == '-';
    const std::string digits = negative ? text.substr(1) : text;
    if (digits.size() != 1 || digits[0] < '0' || digits[0] > '9') {
        return Error{ErrorCode::usage, "--show: '" + printable(text) + "' is no level; levels are -4 to 3"};
    }
    const int level = (negative ? -1 : 1) * (digits[0] - '0');
    if (level < kLevelNothing || level > kLevelDebug) {
        return Error{ErrorCode::usage, "--show: " + text + " is no level; levels are -4 to 3"};
    }
    return level;
}

}  // namespace

const std::vector<std::string>& channel_names() {
    static const std::vector<std::string> kNames = {"action", "api",    "debug",   "error",  "exec",
                                                    "file",   "hint",   "journal", "plan",   "progress",
                                                    "result", "timing", "trace",   "warning"};
    return kNames;
}

Result<Verbosity> Verbosity::make(int verbose_count, int quiet_count, const std::vector<std::string>& shows) {
    Verbosity verbosity;
    verbosity.level_ = verbose_count - quiet_count;
    for (const std::string& show : shows) {
        const std::size_t colon = show.find(':');
        const std::string channel = show.substr(0, colon);
        const std::vector<std::string>& names = channel_names();
        if (std::find(names.begin(), names.end(), channel) == names.end()) {
            return Error{ErrorCode::usage, "--show: there is no channel '" + printable(channel) + "'" +
                                               did_you_mean(channel, names) + "; channels are " + join_words(names)};
        }
        int level = kLevelDebug;
        if (colon != std::string::npos) {
            BACKOUT_TRY_ASSIGN(level, parse_level(show.substr(colon + 1)));
        }
        verbosity.channels_[channel] = level;
    }
    return verbosity;
}

bool Verbosity::shows(const std::string& channel, int level) const {
    if (silent()) return false;
    const auto own = channels_.find(channel);
    return level <= (own == channels_.end() ? level_ : own->second);
}

}  // namespace backout
