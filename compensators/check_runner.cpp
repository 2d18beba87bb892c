#include "compensators/check_runner.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/pattern.h"
#include "compensators/program.h"
#include "plan/template.h"

namespace backout {

namespace {

constexpr Nanoseconds kEvery = kSecond;
constexpr Nanoseconds kTryTimeout = 30 * kSecond;
constexpr Nanoseconds kLeastTimeout = kSecond;    // what the last try gets, late as it is
constexpr Nanoseconds kNap = 100 * kMillisecond;  // a sleep is cut into these, so that a signal is noticed soon
constexpr int kMostLinks = 40;

/// The answer of one try.
struct Answer {
    bool yes = false;
    std::string reason;
};

struct Question {
    Host& host;
    const Json& check;
    const StopToken* stop;
    const std::string& directory;
    Nanoseconds timeout;
};

bool asked_to_stop(const StopToken* stop) {
    return stop != nullptr && stop->level() == StopLevel::at_once;
}

std::vector<std::int64_t> numbers(const Json& value, std::int64_t fallback) {
    if (value.is_number_integer()) return {value.get<std::int64_t>()};
    if (value.is_array()) return value.get<std::vector<std::int64_t>>();
    return {fallback};
}

std::string one_of(const std::vector<std::int64_t>& wanted) {
    std::vector<std::string> words;
    for (const std::int64_t number : wanted) words.push_back(std::to_string(number));
    return join(words, " or ");
}

bool contains(const std::vector<std::int64_t>& wanted, std::int64_t found) {
    return std::find(wanted.begin(), wanted.end(), found) != wanted.end();
}

Result<Answer> compare_text(const Json& regex, const Bytes& text, const std::string& what, std::string so_far) {
    if (!regex.is_string()) return Answer{true, std::move(so_far)};
    BACKOUT_TRY_ASSIGN(const Pattern pattern, Pattern::compile(regex.get<std::string>()));
    BACKOUT_TRY_ASSIGN(const bool matches, pattern.matches(text));
    if (matches) return Answer{true, std::move(so_far)};
    return Answer{false, what + " doesn't match '" + pattern.text() + "': " + printable(text.substr(0, 200))};
}

Result<Answer> ask_command(const Question& question) {
    const Json& check = question.check;
    Json program = {{"argv", check["command"]}, {"env", member(check, "env")}, {"stdin", member(check, "stdin")}};
    program["cwd"] = source_path(question.directory, string_member(check, "cwd", "."));
    ProgramOptions options;
    options.timeout = question.timeout;
    options.stop = question.stop;
    BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, run_program(question.host, program, options));
    const std::vector<std::int64_t> wanted = numbers(member(check, "exit"), 0);
    const bool ended = outcome.started && outcome.signal == 0 && !outcome.timed_out;
    if (ended && contains(wanted, outcome.exit_status)) {
        return compare_text(member(check, "stdout"), outcome.output, "standard output", outcome.summary());
    }
    std::string reason = outcome.summary();
    if (ended) reason += ", expected " + one_of(wanted);
    const std::string words = last_words(outcome);
    return Answer{false, words.empty() ? reason : reason + ": " + words};
}

Result<Answer> ask_http(const Question& question) {
    HttpRequest request;
    request.url = string_member(question.check, "http");
    request.timeout = question.timeout;
    for (const auto& [name, value] : member(question.check, "headers").items()) {
        request.headers.emplace_back(name, value.get<std::string>());
    }
    const auto response = question.host.http(request, question.stop);
    if (!response) {
        if (response.error().code == ErrorCode::canceled) return response.error();
        return Answer{false, response.error().text()};
    }
    const std::string status = "status " + std::to_string(response->status);
    const std::vector<std::int64_t> wanted = numbers(member(question.check, "status"), 200);
    if (!contains(wanted, response->status)) return Answer{false, status + ", expected " + one_of(wanted)};
    return compare_text(member(question.check, "body"), response->body, "the body", status);
}

/// "host:80" and "[::1]:80" taken apart; port 0 if it can't be.
std::pair<std::string, int> host_and_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return {text, 0};
    std::string name = text.substr(0, colon);
    if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
        name = name.substr(1, name.size() - 2);
    } else if (name.find(':') != std::string::npos) {
        return {text, 0};
    }
    int port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    const bool sound = parsed.ec == std::errc() && parsed.ptr == end && port > 0 && port < 65536;
    return {name, sound ? port : 0};
}

Result<Answer> ask_tcp(const Question& question) {
    const auto [name, port] = host_and_port(string_member(question.check, "tcp"));
    const Status connected = question.host.connect_tcp(name, port, question.timeout);
    if (connected) return Answer{true, "connected"};
    if (connected.error().code == ErrorCode::canceled) return connected.error();
    return Answer{false, connected.error().text()};
}

/// The entry that `path` leads to, links followed, or the error that ends the way.
Result<Location> follow(Host& host, std::string path) {
    for (int links = 0; links < kMostLinks; ++links) {
        BACKOUT_TRY_ASSIGN(Location place, host.locate(path));
        BACKOUT_TRY_ASSIGN(const FileStatus status, place.directory->status(place.name));
        if (status.type != EntryType::symlink) return place;
        BACKOUT_TRY_ASSIGN(const std::string target, place.directory->read_link(place.name));
        path = source_path(place.directory->path(), target);
    }
    return Error{ErrorCode::invalid, "too many links", path};
}

Result<Answer> compare_digest(const Question& question, const std::string& path) {
    BACKOUT_TRY_ASSIGN(const Location place, follow(question.host, path));
    BACKOUT_TRY_ASSIGN(const std::unique_ptr<InputFile> file, place.directory->open_read(place.name));
    BACKOUT_TRY_ASSIGN(const std::string digest, digest_file(*file));
    const std::string wanted = string_member(question.check, "sha256");
    const bool same = std::equal(digest.begin(), digest.end(), wanted.begin(), wanted.end(),
                                 [](char a, char b) { return a == static_cast<char>(b | 0x20) || a == b; });
    return Answer{same, same ? "sha256 " + digest : "sha256 is " + digest + ", expected " + wanted};
}

/// The root itself stands in no directory where one could look for it.
Result<bool> is_there(Host& host, const std::string& path) {
    if (path.find_first_not_of('/') == std::string::npos) return true;
    const auto place = host.locate(path);
    if (!place && place.error().code == ErrorCode::not_found) return false;
    if (!place) return place.error();
    BACKOUT_TRY_ASSIGN(const FileStatus status, place->directory->status(place->name));
    return status.present();
}

Result<Answer> ask_file(const Question& question) {
    const std::string path = source_path(question.directory, string_member(question.check, "file"));
    const bool absent = bool_member(question.check, "absent", false) || !bool_member(question.check, "exists", true);
    const Result<bool> there = is_there(question.host, path);
    if (!there) return Answer{false, there.error().text()};
    if (absent) return Answer{!*there, path + " is " + (*there ? "there" : "absent")};
    if (!*there) return Answer{false, path + " is absent"};
    if (!member(question.check, "sha256").is_string()) return Answer{true, path + " is there"};
    auto answer = compare_digest(question, path);
    return answer ? std::move(answer) : Result<Answer>(Answer{false, answer.error().text()});
}

Result<Answer> ask(const Question& question) {
    if (question.check.contains("command")) return ask_command(question);
    if (question.check.contains("http")) return ask_http(question);
    if (question.check.contains("tcp")) return ask_tcp(question);
    return ask_file(question);
}

Nanoseconds duration_member(const Json& check, const std::string& name, Nanoseconds fallback) {
    return parse_duration(string_member(check, name)).value_or(fallback);
}

void sleep_until(Clock& clock, Nanoseconds moment, const StopToken* stop) {
    while (!asked_to_stop(stop)) {
        const Nanoseconds left = moment - clock.monotonic();
        if (left <= 0) return;
        clock.sleep(std::min(left, kNap));
    }
}

void validate_regex(ArgumentReader& reader, const std::string& name) {
    const Json regex = reader.text_or_template(name);
    if (!regex.is_string()) return;
    const auto compiled = Pattern::compile(regex.get<std::string>());
    if (!compiled) reader.complain(name, compiled.error().message);
}

void validate_command(ArgumentReader& reader) {
    reader.only({"command", "exit", "stdout", "env", "cwd", "stdin", "within", "every", "timeout"});
    const Json argv = reader.texts_or_templates("command");
    if (argv.empty()) reader.complain("command", "names no program");
    if (has_secret(argv))
        reader.complain("command", "holds a secret, which every user could read; give it in env or stdin");
    reader.text_map("env");
    reader.text_or_template("cwd");
    reader.text_or_template("stdin");
    reader.integers("exit", {0});
    validate_regex(reader, "stdout");
}

void validate_http(ArgumentReader& reader) {
    reader.only({"http", "status", "body", "headers", "within", "every", "timeout"});
    const Json url = reader.text_or_template("http");
    if (url.is_string() && url.get<std::string>().rfind("http://", 0) != 0 &&
        url.get<std::string>().rfind("https://", 0) != 0) {
        reader.complain("http", "a URL with http:// or https:// is expected");
    }
    reader.integers("status", {200});
    reader.text_map("headers");
    validate_regex(reader, "body");
}

void validate_tcp(ArgumentReader& reader) {
    reader.only({"tcp", "within", "every", "timeout"});
    const Json address = reader.text_or_template("tcp");
    if (address.is_string() && host_and_port(address.get<std::string>()).second == 0) {
        reader.complain("tcp", "HOST:PORT is expected, like \"localhost:8080\" or \"[::1]:22\"");
    }
}

void validate_file(ArgumentReader& reader) {
    reader.only({"file", "sha256", "absent", "exists", "within", "every", "timeout"});
    reader.text_or_template("file");
    const bool said_absent = reader.flag("absent", false);
    const bool exists = reader.flag("exists", !said_absent);
    const bool absent = said_absent || !exists;
    if (said_absent == exists && reader.has("absent")) reader.complain("absent", "says the contrary of exists");
    const Json digest = reader.text_or_template("sha256");
    if (!digest.is_null() && absent) reader.complain("sha256", "an absent file has none");
    if (digest.is_string() && from_hex(digest.get<std::string>()).value_or("").size() != 32) {
        reader.complain("sha256", "64 hexadecimal digits are expected");
    }
}

void validate_times(ArgumentReader& reader) {
    for (const char* name : {"within", "every", "timeout"}) {
        if (reader.duration(name, kSecond) <= 0) reader.complain(name, "must be longer than nothing");
    }
}

/// A URL for people's eyes: what stands for a user and a password in it is for the server alone.
std::string without_password(const std::string& url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) return url;
    const std::size_t begin = scheme + 3;
    const std::size_t at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
    return at == std::string::npos || at < begin ? url : url.substr(0, begin) + "***" + url.substr(at);
}

}  // namespace

const std::vector<std::string>& check_keys() {
    static const std::vector<std::string> kKeys = {"command", "exit",   "stdout", "env",     "cwd",   "stdin",
                                                   "http",    "status", "body",   "headers", "tcp",   "file",
                                                   "sha256",  "absent", "exists", "within",  "every", "timeout"};
    return kKeys;
}

std::vector<std::string> validate_check(const Json& check) {
    ArgumentReader reader(check);
    if (!check.is_object()) return reader.problems();
    std::vector<std::string> asked;
    for (const char* name : {"command", "http", "tcp", "file"}) {
        if (reader.has(name)) asked.emplace_back(name);
    }
    if (asked.empty()) reader.only(check_keys());
    if (asked.size() != 1) {
        const std::string found = asked.empty() ? "none is" : join_words(asked) + " are";
        reader.complain("check", "exactly one of command, http, tcp and file is wanted, " + found + " given");
        return reader.problems();
    }
    if (asked[0] == "command") validate_command(reader);
    if (asked[0] == "http") validate_http(reader);
    if (asked[0] == "tcp") validate_tcp(reader);
    if (asked[0] == "file") validate_file(reader);
    validate_times(reader);
    return reader.problems();
}

std::string describe_check(const Json& check) {
    if (check.contains("command")) return "command " + describe_argv(check["command"]);
    if (check.contains("http")) return "http " + printable(without_password(describe_template(check["http"])));
    if (check.contains("tcp")) return "tcp " + printable(describe_template(check["tcp"]));
    const std::string file = "file " + printable(describe_template(member(check, "file")));
    if (bool_member(check, "absent", false) || !bool_member(check, "exists", true)) return file + " is absent";
    return check.contains("sha256") ? file + " has its sha256" : file + " is there";
}

Json check_without_secrets(const Json& check) {
    Json shown = check;
    if (shown.contains("http") && shown["http"].is_string()) {
        shown["http"] = without_password(shown["http"].get<std::string>());
    }
    for (const char* name : {"headers", "env"}) {
        if (!shown.contains(name) || !shown[name].is_object()) continue;
        for (auto& [key, value] : shown[name].items()) value = "***";
    }
    return shown;
}

Result<CheckOutcome> run_check(Host& host, Clock& clock, const Json& check, const StopToken* stop,
                               const std::string& directory) {
    const std::vector<std::string> problems = validate_check(check);
    if (!problems.empty()) return Error{ErrorCode::invalid, "check: " + join(problems, "; ")};
    const Nanoseconds start = clock.monotonic();
    const Nanoseconds within = duration_member(check, "within", 0);
    const Nanoseconds every = duration_member(check, "every", kEvery);
    const Nanoseconds try_timeout = duration_member(check, "timeout", kTryTimeout);
    CheckOutcome outcome;
    while (!asked_to_stop(stop)) {
        const Nanoseconds left = start + within - clock.monotonic();
        const Nanoseconds limit = within == 0 ? try_timeout : std::min(try_timeout, std::max(left, kLeastTimeout));
        BACKOUT_TRY_ASSIGN(const Answer answer, ask({host, check, stop, directory, limit}));
        outcome.passed = answer.yes;
        outcome.reason = answer.reason;
        ++outcome.tries;
        outcome.duration = clock.monotonic() - start;
        // The last try is made when the time is over, so that a long pause doesn't hide a late yes.
        if (outcome.passed || outcome.duration >= within) return outcome;
        sleep_until(clock, std::min(clock.monotonic() + every, start + within), stop);
    }
    return Error{ErrorCode::canceled, "stopped while checking " + describe_check(check)};
}

}  // namespace backout
