#include "host/posix_users.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "base/text.h"
#include "host/host.h"

namespace backout {
namespace {

constexpr std::uint64_t kMaximumAccountFile = 64U << 20;
constexpr std::size_t kMaximumEntry = 1U << 20;

Error unknown(Accounts accounts, const std::string& name) {
    const char* what = accounts == Accounts::users ? "user" : "group";
    return Error{ErrorCode::not_found, std::string("there is no ") + what + " '" + printable(name) + "'", name};
}

bool all_digits(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string account_file(Host& host, Accounts accounts) {
    const char* path = accounts == Accounts::users ? "/etc/passwd" : "/etc/group";
    return read_file(host, path, kMaximumAccountFile).value_or(std::string());
}

/// Calls a get…_r function with a buffer that grows until the entry fits. 0 and no entry: unknown.
template <typename Entry, typename Lookup>
int look_up(Lookup lookup, Entry& entry, bool& found, std::vector<char>& buffer) {
    buffer.resize(4096);
    for (;;) {
        Entry* result = nullptr;
        const int error_number = lookup(&entry, buffer.data(), buffer.size(), &result);
        found = result != nullptr;
        if (error_number == EINTR) continue;
        if (error_number != ERANGE || buffer.size() >= kMaximumEntry) return error_number;
        buffer.resize(buffer.size() * 2);
    }
}

Result<std::uint32_t> system_id(Accounts accounts, const std::string& name) {
    std::vector<char> buffer;
    bool found = false;
    if (accounts == Accounts::users) {
        struct passwd entry {};
        look_up([&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); }, entry, found, buffer);
        if (found) return entry.pw_uid;
    } else {
        struct group entry {};
        look_up([&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); }, entry, found, buffer);
        if (found) return entry.gr_gid;
    }
    return unknown(accounts, name);
}

std::string system_name(Accounts accounts, std::uint32_t id) {
    std::vector<char> buffer;
    bool found = false;
    if (accounts == Accounts::users) {
        struct passwd entry {};
        look_up([&](auto... rest) { return ::getpwuid_r(id, rest...); }, entry, found, buffer);
        if (found) return entry.pw_name;
    } else {
        struct group entry {};
        look_up([&](auto... rest) { return ::getgrgid_r(id, rest...); }, entry, found, buffer);
        if (found) return entry.gr_name;
    }
    return std::to_string(id);
}

}  // namespace

bool is_id(const std::string& text, std::uint32_t& id) {
    if (!all_digits(text)) return false;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
    return parsed.ec == std::errc() && id != std::numeric_limits<std::uint32_t>::max();
}

Result<std::uint32_t> id_in_text(const std::string& text, Accounts accounts, const std::string& name) {
    for (const std::string& line : split(text, '\n')) {
        const std::vector<std::string> fields = split(line, ':');
        std::uint32_t id = 0;
        if (fields.size() >= 3 && fields[0] == name && is_id(fields[2], id)) return id;
    }
    return unknown(accounts, name);
}

std::string name_in_text(const std::string& text, std::uint32_t id) {
    for (const std::string& line : split(text, '\n')) {
        const std::vector<std::string> fields = split(line, ':');
        std::uint32_t found = 0;
        if (fields.size() >= 3 && !fields[0].empty() && is_id(fields[2], found) && found == id) return fields[0];
    }
    return std::to_string(id);
}

Result<std::uint32_t> id_by_name(Host& host, Accounts accounts, const std::string& name) {
    std::uint32_t id = 0;
    if (is_id(name, id)) return id;
    if (all_digits(name)) return Error{ErrorCode::invalid, "the number " + name + " is no user or group id", name};
    if (name.find('\0') != std::string::npos || name.empty()) return unknown(accounts, name);
    if (host.root() == "/") return system_id(accounts, name);
    return id_in_text(account_file(host, accounts), accounts, name);
}

std::string name_by_id(Host& host, Accounts accounts, std::uint32_t id) {
    if (host.root() == "/") return system_name(accounts, id);
    return name_in_text(account_file(host, accounts), id);
}

}  // namespace backout
