#pragma once
// Places where a promise rests on one sync, one commit or one order. In a build with -DBACKOUT_MUTANTS=ON each of them
// can be left out by name (environment variable BACKOUT_MUTANT), and the fault tests must notice: tests/faults/mutants.
// In every other build the question is a constant, and nothing of it is left in the program.

namespace backout {

#ifdef BACKOUT_MUTANTS
/// True if this run of the program is to do without it. Threads: any.
bool left_out(const char* name);
#else
constexpr bool left_out(const char* /*name*/) {
    return false;
}
#endif

}  // namespace backout
