#pragma once
// What a verb has at hand: arguments, the world outside, the ways to speak, and the library's session, opened when it
// is first asked for. One a process; no verb keeps anything beyond it.

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/channels.h"
#include "cli/environment.h"
#include "cli/event_printer.h"
#include "cli/exit_codes.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "report/renderer.h"
#include "session/session.h"

namespace backout {

class SecretValues;

struct Context {
    const Arguments& arguments;
    const Environment& environment;
    Channels& channels;
    Terminal& terminal;
    Signals& signals;
    Directories directories;
    std::string program;  ///< how to call this program again, on the same state: "backout --state-dir /x"
    std::string command;  ///< this call, without secrets: for lease and journal
    bool json = false;
    RenderOptions render;
    EventPrinter& events;
    SecretValues& secrets;
    std::unique_ptr<Session> opened = nullptr;

    /// Errors: `not_found` (no such root), `not_permitted`, `usage`.
    Result<Session*> session();
    /// Prints a document: the one for programs with --json, else the one for people.
    void show(const Json& document, const std::string& text);
    std::unique_ptr<Renderer> renderer() const;
    /// Variables of the process, for `${env.NAME}` and inputs that name one.
    EnvironmentLookup environment_lookup() const;
    /// What the engine needs from the command line.
    Result<RunOptions> run_options() const;
};

}  // namespace backout
