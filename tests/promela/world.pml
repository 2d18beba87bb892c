/* Included by backout.pml: bounds, steps, the world of targets, the journal, and what must hold when a run is over. */

#ifndef SHAPE
#define SHAPE 1
#endif
#ifndef RUNS
#define RUNS 3        /* apply, its rollback, the rollback's rollback */
#endif
#ifndef CRASHES
#define CRASHES 2     /* kills, power cuts and failed commits together, in runs and in recoveries */
#endif
#ifdef WITNESSES
#define CAN_HAPPEN(what) assert(!(what))          /* "it can't be": run.py shows that it can */
#else
#define CAN_HAPPEN(what) skip
#endif

/* ---- the steps -------------------------------------------------------------------------------------------------- */

/* A window is a set of steps that share barriers and commits; a tearable step can be caught half done. */
#if SHAPE == 1        /* an atomic step, then a tearable one that depends on it */
#define N 2
#define WINDOWS 2
#define WINDOW(w) (1 << (w))
#define TEARABLE 2
#elif SHAPE == 2      /* two atomic steps in one window */
#define N 2
#define WINDOWS 1
#define WINDOW(w) 3
#define TEARABLE 0
#elif SHAPE == 3      /* two atomic steps in one window, then a tearable one */
#define N 3
#define WINDOWS 2
#define WINDOW(w) ((w) == 0 -> 3 : 4)
#define TEARABLE 4
#elif SHAPE == 4      /* three atomic steps, each after the other */
#define N 3
#define WINDOWS 3
#define WINDOW(w) (1 << (w))
#define TEARABLE 0
#elif SHAPE == 5      /* a tearable step, then two atomic ones in one window */
#define N 3
#define WINDOWS 2
#define WINDOW(w) ((w) == 0 -> 1 : 6)
#define TEARABLE 1
#endif

/* Sets of steps are bit masks. */
#define BIT(i) (1 << (i))
#define ALL ((1 << N) - 1)
#define HAS(set, i) (((set) >> (i)) & 1)
#define IS_TEARABLE(i) HAS(TEARABLE, i)
#if N == 2
#define EACH(P) ((P(0)) | ((P(1)) << 1))
#else
#define EACH(P) ((P(0)) | ((P(1)) << 1) | ((P(2)) << 2))
#endif
hidden byte x;        /* scratch within a d_step */
#define FOR_EACH(condition, action) \
    x = 0; do :: x < N && (condition) -> action; x++ :: x < N && !(condition) -> x++ :: x == N -> break od; x = 0

/* ---- the world -------------------------------------------------------------------------------------------------- */

/* A target: what stands at its path, and what lies in its slot of the image store (of a tearable step: only what it
 * saves). An exchange swaps the two. Both are names: a power cut may bring back any pair since the last sync. */
#define OLD 0
#define NEW 1
#define SOMEBODYS 2
#define TORN 3
#define NOTHING 0     /* in a slot; else 1 + what lies there */
#define PAIR(path, slot) ((path) * 4 + (slot))
byte cell[N];         /* the pair, as programs see it */
int  may[N];          /* a bit for each pair that may be on disk; a single bit is durable */
#define PATH(i) (cell[i] >> 2)
#define SLOT(i) (cell[i] & 3)
#define AT_PATH(what) (15 << PAIR(what, 0))       /* all pairs with this at the path, as bits of may[] */
#define IN_SLOT(what) (4369 << (1 + (what)))      /* all pairs with this in the slot */

/* The content of the file that is NEW: a name can be durable while the data isn't. */
#define WHOLE 0
#define DIRTY 1
#define LOST 2        /* the name came through a power cut, the data did not: 0 bytes */
byte data[N];

inline put(i, pair) { cell[i] = pair; may[i] = may[i] | (1 << cell[i]) }
inline exchange(i)  { put(i, PAIR(SLOT(i) - 1, PATH(i) + 1)) }
/* Barriers are for a set of targets at once: a cut inside one is a cut before it that happened to spare some. */
inline sync_data(set)  { FOR_EACH(HAS(set, x) && data[x] == DIRTY, data[x] = WHOLE) }
inline sync_names(set) { FOR_EACH(HAS(set, x), may[x] = 1 << cell[x]) }

/* What only the model knows. */
bool touched[N];      /* somebody else wrote to it */
bool theirs[N];       /* and that is still there: no power cut took it away */
bool doomed;          /* the run was said to have failed: it must not end as committed */

/* ---- the journal ------------------------------------------------------------------------------------------------ */

/* What the records of the last run fold to; phases as in journal/run_state.h. Earlier runs are over (rule 7). */
#define PENDING 0
#define IN_DOUBT 1
#define APPLIED 2
#define UNDO_IN_DOUBT 3
#define UNDONE 4
#define IN_CONFLICT 5
#define SETTLED 6     /* has no part in the run */
typedef Journal { byte number; bool back; bool finished; byte phase[N] };
Journal log;          /* as read: with a tail that may not be durable yet */
Journal disk;         /* what a power cut leaves */
#if N == 2
#define COPY(to, from) to.number = from.number; to.back = from.back; to.finished = from.finished; \
    to.phase[0] = from.phase[0]; to.phase[1] = from.phase[1]
#else
#define COPY(to, from) to.number = from.number; to.back = from.back; to.finished = from.finished; \
    to.phase[0] = from.phase[0]; to.phase[1] = from.phase[1]; to.phase[2] = from.phase[2]
#endif
inline set_phase(set, value) { FOR_EACH(HAS(set, x), log.phase[x] = value) }
#define IS_OPEN(i)     (log.phase[i] == PENDING || log.phase[i] == UNDONE)
#define IS_IN_DOUBT(i) (log.phase[i] == IN_DOUBT)
#define IS_APPLIED(i)  (log.phase[i] == APPLIED)
#define IS_UNDOING(i)  (log.phase[i] == UNDO_IN_DOUBT)
#define IS_CONFLICT(i) (log.phase[i] == IN_CONFLICT)
#define HAS_EFFECT(i)  (IS_IN_DOUBT(i) || IS_APPLIED(i) || IS_UNDOING(i))

/* Odd runs go from OLD to NEW, even ones from NEW to OLD: undo is the inverse image, so there is one code path. */
#define AIM  (log.number & 1)
#define FROM (1 - AIM)
#define REST (log.number > 0 && log.finished)     /* rule 7: over iff it has run_finished */
#define WORK (!REST || (!log.back && log.number < RUNS))

/* ---- when a run is over (P4, rules 8 and 9) --------------------------------------------------------------------- */

/* Checked as soon as a run is finished, and again by whoever finds it so. A power cut right then must change nothing:
 * it is not this pair but every pair that may be on disk that is held against the promise. */
#define IS_FOR_GOOD(i, what) \
    (PATH(i) == (what) && (may[i] & ~AT_PATH(what)) == 0 && (PATH(i) == OLD || data[i] == WHOLE))
#define KEEPS_IMAGE(i, what) (SLOT(i) == 1 + (what) && (may[i] & ~IN_SLOT(what)) == 0)
inline check_rest() {
    x = 0;
    do
    :: x < N ->
       if
       :: theirs[x] ->                            /* nothing of somebody else's is overwritten */
          assert(PATH(x) == SOMEBODYS || (IS_TEARABLE(x) && SLOT(x) == 1 + SOMEBODYS));
          assert(IS_TEARABLE(x) || (may[x] & IN_SLOT(SOMEBODYS)) == 0)
       :: else
       fi;
       if
       :: IS_APPLIED(x) ->                        /* the finished state */
          assert(!log.back);
          assert(theirs[x] || IS_FOR_GOOD(x, AIM));
          assert(theirs[x] || IS_TEARABLE(x) || KEEPS_IMAGE(x, FROM))     /* rule 6 */
       :: IS_OPEN(x) ->                           /* the start state */
          assert(log.back);
          assert(theirs[x] || IS_FOR_GOOD(x, FROM))
       :: IS_CONFLICT(x) ->                       /* or a named conflict: never with our own work, never as a success */
          assert(touched[x]);
          assert(log.number > 1 || log.back)
       :: log.phase[x] == SETTLED -> assert(touched[x])
       :: HAS_EFFECT(x) && !IS_APPLIED(x) -> assert(false)                 /* over, and still in doubt */
       fi;
       x++
    :: x == N -> break
    od;
    assert(!doomed || log.back);                  /* the direction is a record, never a guess */
    x = 0
}

/* What must be reachable, or the checks above would be empty. */
inline check_witnesses() {
    if
    :: log.number == 3 && !log.back && EACH(IS_APPLIED) == ALL -> CAN_HAPPEN(1)    /* a rollback is taken back */
    :: log.number == 2 && log.back && EACH(IS_OPEN) == ALL -> CAN_HAPPEN(2)        /* a rollback is turned round */
    :: log.number == 1 && log.back && EACH(IS_CONFLICT) -> CAN_HAPPEN(3)             /* a conflict: going back, */
    :: log.number == 2 && !log.back && EACH(IS_CONFLICT) -> CAN_HAPPEN(4)          /* in a run that takes back, */
    :: log.number == 3 && EACH(IS_CONFLICT) -> CAN_HAPPEN(5)                       /* in one that takes that back */
    :: else
    fi
}
