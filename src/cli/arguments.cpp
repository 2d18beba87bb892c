#include "cli/arguments.h"

#include <charconv>

#include "base/bytes.h"

namespace backout {

bool Arguments::has(const std::string& name) const {
    return count(name) > 0 || !list(name).empty();
}

int Arguments::count(const std::string& name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
}

std::string Arguments::text(const std::string& name, const std::string& fallback) const {
    const std::vector<std::string>& values = list(name);
    return values.empty() ? fallback : values.back();
}

const std::vector<std::string>& Arguments::list(const std::string& name) const {
    static const std::vector<std::string> kNone;
    const auto found = values_.find(name);
    return found == values_.end() ? kNone : found->second;
}

Result<Nanoseconds> Arguments::duration(const std::string& name, Nanoseconds fallback) const {
    if (list(name).empty()) return fallback;
    Result<Nanoseconds> parsed = parse_duration(text(name));
    if (parsed.ok()) return parsed;
    return Error{ErrorCode::usage, name + ": " + parsed.error().message};
}

Result<std::size_t> Arguments::number(const std::string& name, std::size_t fallback) const {
    if (list(name).empty()) return fallback;
    const std::string given = text(name);
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error == std::errc{} && end == given.data() + given.size()) return value;
    return Error{ErrorCode::usage, name + ": '" + printable(given) + "' is no number; write one such as 10"};
}

}  // namespace backout
