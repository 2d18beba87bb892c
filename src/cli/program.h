#pragma once
// The program from argv to exit code, without main: tests call it with an environment and streams of their own.

#include <string>
#include <vector>

#include "cli/channels.h"
#include "cli/environment.h"

namespace backout {

/// `words` are argv without the program's name.
int run_program(const std::vector<std::string>& words, const Environment& environment, const Streams& streams);

/// The call as it may stand in plans, journals and the lease: without values of --input.
std::string command_without_secrets(const std::vector<std::string>& words);

}  // namespace backout
