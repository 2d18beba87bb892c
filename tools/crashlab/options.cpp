#include "options.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

namespace crashlab {
namespace {

constexpr const char* kHelp =
    R"(Stops a tree of processes at its N-th system call that has an effect on files, and does something there.

  crashlab [OPTIONS] -- PROGRAM ARGUMENT...

  --at N           the N-th point; without it, points are only counted
  --action ACTION  kill (default)  the call doesn't happen; no process of the tree does anything after it
                   killafter       the call happens, nothing after it
                   torn            half of the write happens, nothing after it (other calls: as kill)
                   short           half of the write happens and is reported; the program goes on
                   errno=E         the call doesn't happen and reports E (EIO, ENOSPC ... or a number)
                   errno=E+        the same for each later one
                   failafter=E[+]  the call happens and reports E
                   cut             power cut of the file system at --mount, then kill (ext4, xfs; needs root)
                   cutlog          the same, but its log got out: names survive, unsynced contents don't
                   cutlive         the file system is gone, the program goes on
                   copy            at every point: copy --image (reflink) to --copies/N; and once at the end.
                                   A second --image goes to --copies/N-2, and so on
                   hook=COMMAND    at every point: sh -c COMMAND with CRASHLAB_POINT, CRASHLAB_CALL, CRASHLAB_PATH
  --count GROUPS   effects (default), reads, descriptors, processes; separated by commas
  --calls NAMES    only these calls of the groups
  --under DIR      only calls on files below DIR; may be repeated
  --kill-root-only kill PROGRAM alone; what it had started lives on, and crashlab ends with the last of it
  --mount DIR  --image FILE  --copies DIR   see cut and copy; the first two may be repeated
  --ack FILE       what the program prints goes there; its size at each point is noted in the log
  --log FILE       a line a point: number, process, call, size of --ack, path; separated by tabs
  --timeout S      120

The last line on standard error: crashlab: points=P acted=0|1 killed=0|1 exit=E call=NAME path=PATH
Exit status: 0 the program ended by itself, 9 it was killed, 3 it took too long, 2 wrong usage, or not possible here.
)";

const std::map<std::string, int>& errors() {
    static const std::map<std::string, int> known = {
        {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EROFS", EROFS},   {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE},
        {"ENFILE", ENFILE}, {"EINTR", EINTR},   {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EPERM", EPERM},
        {"EAGAIN", EAGAIN}, {"EBUSY", EBUSY},   {"EXDEV", EXDEV},   {"EFBIG", EFBIG},   {"EMLINK", EMLINK},
        {"ELOOP", ELOOP},   {"ENOENT", ENOENT}, {"EEXIST", EEXIST}, {"ESTALE", ESTALE}, {"ENOTSUP", ENOTSUP}};
    return known;
}

[[noreturn]] void wrong(const std::string& what) {
    std::fprintf(stderr, "crashlab: %s; --help tells how it is used\n", what.c_str());
    std::exit(2);
}

std::vector<std::string> split(const std::string& words) {
    std::vector<std::string> found;
    std::size_t begin = 0;
    while (begin <= words.size()) {
        const std::size_t end = std::min(words.find(',', begin), words.size());
        if (end > begin) found.push_back(words.substr(begin, end - begin));
        begin = end + 1;
    }
    return found;
}

std::vector<Group> groups_of(const std::string& words) {
    static const std::map<std::string, Group> known = {{"effects", Group::effects},
                                                       {"reads", Group::reads},
                                                       {"descriptors", Group::descriptors},
                                                       {"processes", Group::processes}};
    std::vector<Group> groups;
    for (const std::string& word : split(words)) {
        const auto found = known.find(word);
        if (found == known.end()) wrong("'" + word + "' is no group of calls");
        groups.push_back(found->second);
    }
    return groups;
}

std::vector<std::string> calls_of(const std::string& words) {
    std::vector<std::string> names = split(words);
    for (const std::string& name : names) {
        if (!is_call(name)) wrong("the call '" + name + "' isn't watched");
    }
    return names;
}

void set_error_action(Options& options, Action action, std::string error) {
    options.action = action;
    options.sticky = !error.empty() && error.back() == '+';
    if (options.sticky) error.pop_back();
    options.error = error_of(error);
    if (options.error == 0) wrong("there is no error '" + error + "'");
}

void set_action(Options& options, const std::string& word) {
    static const std::map<std::string, Action> known = {{"kill", Action::kill},      {"killafter", Action::kill_after},
                                                        {"torn", Action::torn},      {"cut", Action::cut},
                                                        {"cutlog", Action::cut_log}, {"cutlive", Action::cut_live},
                                                        {"short", Action::shorten},  {"copy", Action::copy}};
    const std::size_t sign = word.find('=');
    const std::string name = word.substr(0, sign);
    const std::string value = sign == std::string::npos ? "" : word.substr(sign + 1);
    if (name == "errno") return set_error_action(options, Action::fail, value);
    if (name == "failafter") return set_error_action(options, Action::fail_after, value);
    if (name == "hook" && !value.empty()) {
        options.action = Action::hook;
        options.hook = value;
        return;
    }
    const auto found = known.find(word);
    if (found == known.end()) wrong("there is no action '" + word + "'");
    options.action = found->second;
}

long number_of(const std::string& name, const std::string& value) {
    char* end = nullptr;
    const long number = std::strtol(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0' || number < 0) wrong(name + " takes a number, not '" + value + "'");
    return number;
}

std::string real_path(const std::string& path) {
    char* found = ::realpath(path.c_str(), nullptr);
    if (found == nullptr) fail(path);
    std::string result = found;
    std::free(found);
    return result;
}

bool set_file_option(Options& options, const std::string& name, const std::string& value) {
    if (name == "--under") {
        options.selection.folders.push_back(real_path(value));
    } else if (name == "--mount") {
        options.mounts.push_back(value);
    } else if (name == "--image") {
        options.images.push_back(value);
    } else if (name == "--copies") {
        options.copies = value;
    } else if (name == "--ack") {
        options.acknowledged = value;
    } else if (name == "--log") {
        options.log = std::fopen(value.c_str(), "we");
        if (options.log == nullptr) fail(value);
    } else {
        return false;
    }
    return true;
}

void set_option(Options& options, const std::string& name, const std::string& value) {
    if (set_file_option(options, name, value)) return;
    if (name == "--at") {
        options.at = number_of(name, value);
    } else if (name == "--timeout") {
        options.timeout_seconds = static_cast<unsigned>(number_of(name, value));
    } else if (name == "--action") {
        set_action(options, value);
    } else if (name == "--count") {
        options.selection.groups = groups_of(value);
    } else if (name == "--calls") {
        options.selection.names = calls_of(value);
    } else {
        wrong("there is no option '" + name + "'");
    }
}

void check(const Options& options) {
    const bool cuts =
        options.action == Action::cut || options.action == Action::cut_log || options.action == Action::cut_live;
    if (cuts && options.mounts.empty()) wrong("cutting the power needs --mount");
    if (options.action == Action::copy && (options.images.empty() || options.copies.empty())) {
        wrong("copy needs --image and --copies");
    }
    if (options.root_only && options.action != Action::kill && options.action != Action::kill_after) {
        wrong("--kill-root-only goes with kill and killafter");
    }
}

}  // namespace

int error_of(const std::string& word) {
    const auto found = errors().find(word);
    if (found != errors().end()) return found->second;
    return static_cast<int>(std::strtol(word.c_str(), nullptr, 10));
}

void fail(const std::string& what) {
    std::fprintf(stderr, "crashlab: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(2);
}

Options read_options(int count, char** words) {
    Options options;
    int index = 1;
    for (; index < count && std::strcmp(words[index], "--") != 0; ++index) {
        const std::string name = words[index];
        if (name == "--help") {
            std::fputs(kHelp, stdout);
            std::exit(0);
        }
        if (name == "--kill-root-only") {
            options.root_only = true;
            continue;
        }
        if (index + 1 >= count) wrong(name + " needs a value");
        set_option(options, name, words[++index]);
    }
    if (index + 1 >= count) wrong("no program is named behind --");
    options.program = words + index + 1;
    check(options);
    return options;
}

}  // namespace crashlab
