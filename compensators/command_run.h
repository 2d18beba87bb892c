#pragma once
// The kind `command.run`: one program, with a program that undoes it and one that tells how things stand. Tearable: a
// kill in the middle leaves whatever the program had done by then; only its probe (or `creates` and `removes`) can say
// what. An image holds both programs with templates unexpanded, and a direction: `invert` turns it round. Nothing is
// stored of what the program changed, so a command without `undo` is irreversible, and says so before consent.

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_command_run_kind();

}  // namespace backout
