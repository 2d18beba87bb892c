#pragma once
// What the process was started with: the only place that reads environment, home directory and descriptors. Everybody
// else gets values, so that tests can give others.

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/arguments.h"

namespace backout {

struct Environment {
    std::function<std::optional<std::string>(const std::string& name)> variable;  ///< nothing if unset
    std::string home;      ///< of the user, from the password database
    std::string user;      ///< login name, or the number
    unsigned user_id = 0;  ///< effective
    std::string working_directory;
    bool input_is_terminal = false;
    bool output_is_terminal = false;
    bool errors_are_terminal = false;
    std::size_t columns = 80;  ///< of the terminal that errors go to
};
Environment real_environment();

/// Before anything else: descriptors 0-2 are open (on /dev/null if they weren't), and a start with foreign privileges
/// (setuid, setgid) is refused (`not_permitted`), since the environment would then be somebody else's.
Status prepare_process();

/// No core dumps from here on, and nobody may read the memory: secrets are held.
void protect_memory();

struct Directories {
    std::string state;
    std::string root;
};
/// --state-dir, BACKOUT_STATE_DIR, or the default: inside --root DIR/var/lib/backout; for root /var/lib/backout; else
/// $XDG_STATE_HOME/backout. Absolute. Errors: `usage` when nothing tells where.
Result<Directories> directories_of(const Arguments& arguments, const Environment& environment);

/// `path` made absolute against `directory`, without "." and doubled slashes; ".." is taken back word by word.
std::string path_from(const std::string& path, const std::string& directory);

/// "--color": always, never, or auto: a terminal, no NO_COLOR, and no dumb TERM.
bool wants_color(const Arguments& arguments, const Environment& environment, bool stream_is_terminal);

}  // namespace backout
