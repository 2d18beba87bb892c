#pragma once
// How things stand with a command: what its probe, `creates` and `removes` say. Shared by planning and running.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "compensators/entry_state.h"
#include "compensators/program.h"
#include "host/host.h"

namespace backout {

enum class CommandState {
    applied,
    not_applied,
    half,     ///< a probe's other answer, or `creates` and `removes` that contradict each other
    unknown,  ///< nobody to ask
};

struct CommandLook {
    CommandState state = CommandState::unknown;
    std::string reason = {};     ///< "its probe says exit 0", "/a is there"
    std::string attribute = {};  ///< for differences: "probe", "creates", "removes"
    std::string found = {};      ///< what was seen there
    bool probe_missing = false;  ///< the probe's program can't be started
};

/// `creates` and `removes` of `arguments` (paths, absolute, or null) in the real world.
Result<CommandLook> look_at_marks(Host& host, const Json& arguments);

/// Runs the probe. Requires: it is there, without templates. A probe that can't be started is `unknown`.
Result<CommandLook> ask_probe(Host& host, const Json& arguments, const ProgramOptions& options);

/// The probe if there is one, else the marks.
Result<CommandLook> look_at_command(Host& host, const Json& arguments, const ProgramOptions& options);

/// Both marks as one: all in place, none, or some.
CommandLook marks_of(const Json& arguments, bool creates_present, bool removes_present);

/// What stands at the paths in `touches`, or where there are none, at those that an undo by rm, rmdir or unlink would
/// remove: inodes, sizes and times of all that is there. Null where none are named, or one can't be read whole: then
/// nothing can be compared.
Json traces_before_command(Host& host, const Json& arguments);

/// What the paths in `touches` hold: type, content, mode, owner of all that is there, no times. With it an undo without
/// probe is proved by reading the target again. Null where none are named, or there is more than 64 MiB in them or 4096
/// entries: then nobody can tell.
Json touched_content(Host& host, const Json& arguments);

/// What is otherwise now, at most a few. Requires: `content` is of touched_content, not null.
Result<std::vector<Difference>> compare_touched_content(Host& host, const Json& content);

/// What must be durable when the command, or its undo, has run: what it touches; everything where that isn't said.
Result<std::vector<SyncRequest>> sync_requests(Host& host, const Json& arguments);

/// Is anybody there to ask?
bool can_be_asked(const Json& arguments);

inline constexpr Nanoseconds kProbeTimeout = 60 * kSecond;

}  // namespace backout
