/* The protocol of journal/RECOVERY.md as a Promela model, for the model checker spin. "Rule n" is invariant n there.
 *
 *   executor   the program: takes the lease, reads the journal, begins a run or carries one on; there are two of them
 *   nature     kills them, cuts the power, and once writes to a target as somebody else; at any moment
 *
 * Runs: the first changes every step from OLD to NEW, the second takes the first back, the third takes the second back.
 * run.py compiles it with bounds (SHAPE, RUNS, CRASHES, FOREIGN) and, one at a time, with a rule broken on purpose. */

#include "world.pml"
#include "acting.pml"
#include "executor.pml"

/* ---- nature ----------------------------------------------------------------------------------------------------- */

/* Of everything that was not durable, any subset is lost. */
inline cut(i) {
    do
    :: (may[i] >> c) & 1 -> break
    :: c < 15 && (may[i] >> (c + 1)) -> c++
    od;
    cell[i] = c; may[i] = 1 << c; c = 0;
    if
    :: data[i] == DIRTY && (PATH(i) == NEW || SLOT(i) == 1 + NEW) -> data[i] = LOST
    :: data[i] == DIRTY -> data[i] = WHOLE
    :: data[i] != DIRTY
    fi;
    theirs[i] = theirs[i] && (PATH(i) == SOMEBODYS || SLOT(i) == 1 + SOMEBODYS)
}

proctype nature() {
    byte c;
    bool wrote;
    do
    :: atomic { crashes < CRASHES && alive[0] -> crashes++; alive[0] = false }
    :: atomic { crashes < CRASHES && alive[1] -> crashes++; alive[1] = false }
    :: atomic { crashes < CRASHES -> crashes++; cut(0); cut(1);
#if N == 3
                cut(2);
#endif
                COPY(log, disk); alive[0] = false; alive[1] = false }
#ifdef FOREIGN
    /* Somebody replaces a file, and doesn't sync. A command sees nothing that came out: there only between lives. */
    :: atomic { !wrote -> wrote = true;
                do
                :: c < N - 1 -> c++
                :: !IS_TEARABLE(c) || lease == FREE ->
                   put(c, PAIR(SOMEBODYS, SLOT(c))); touched[c] = true; theirs[c] = true; break
                :: IS_TEARABLE(c) && lease != FREE -> break
                od;
                c = 0 }
#endif
    :: atomic { lease == FREE && !WORK -> crashes = CRASHES; break }
    :: atomic { crashes == CRASHES -> break }
    od
}

init {
    atomic {
        may[0] = 1; may[1] = 1;
#if N == 3
        may[2] = 1;
#endif
        run executor(0);
#ifndef ONE_EXECUTOR
        run executor(1);
#endif
        run nature()
    }
}
