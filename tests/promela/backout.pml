/* The protocol of journal/RECOVERY.md as a Promela model, for the model checker spin. "Rule n" is invariant n there.
 *
 *   executor   the program: takes the lease, reads the journal, begins a run or carries one on; twice, side by side
 *   nature     kills it, cuts the power, and once writes to a target as somebody else; at any moment
 *
 * Runs: the first changes every step from OLD to NEW, the second takes the first back, the third takes the second back.
 * run.py compiles it with bounds (SHAPE, RUNS, CRASHES, FOREIGN) and, one at a time, with a rule broken on purpose. */

#ifndef SHAPE
#define SHAPE 1
#endif
#ifndef RUNS
#define RUNS 3       /* apply, its rollback, the rollback's rollback */
#endif
#ifndef CRASHES
#define CRASHES 2    /* kills, power cuts and failed commits, in runs and in recoveries */
#endif

/* The steps. A window is a set of steps that share barriers and commits; tearable steps can be caught half done. */
#if SHAPE == 1       /* an atomic step, then a tearable one that depends on it */
#define N 2
#define WINDOWS 2
#define WINDOW(w) (1 << (w))
#define TEARABLE 2
#elif SHAPE == 2     /* two atomic steps in one window */
#define N 2
#define WINDOWS 1
#define WINDOW(w) 3
#define TEARABLE 0
#elif SHAPE == 3     /* two atomic steps in one window, then a tearable one */
#define N 3
#define WINDOWS 2
#define WINDOW(w) ((w) == 0 -> 3 : 4)
#define TEARABLE 4
#elif SHAPE == 4     /* three atomic steps, each after the other */
#define N 3
#define WINDOWS 3
#define WINDOW(w) (1 << (w))
#define TEARABLE 0
#endif
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)
#if N == 2
#define EACH(P) ((P(0)) | ((P(1)) << 1))
#else
#define EACH(P) ((P(0)) | ((P(1)) << 1) | ((P(2)) << 2))
#endif

/* ---- the world -------------------------------------------------------------------------------------------------- */

/* A target: what stands at its path, and what lies in its slot of the image store (a tearable step has a slot only for
 * what it saves). Exchange swaps the two. Both are names: a power cut may bring back every pair since the last sync. */
#define OLD 0
#define NEW 1
#define SOMEBODYS 2
#define TORN 3
#define NOTHING 0                       /* in a slot; else 1 + what lies there */
#define PAIR(path, slot) ((path) * 4 + (slot))
byte cell[N];                           /* as programs see it */
int  may[N];                            /* a bit for each pair that may be on disk; with one bit it is durable */
#define PATH(i) (cell[i] >> 2)
#define SLOT(i) (cell[i] & 3)
#define DURABLE(i) (may[i] == (1 << cell[i]))
#define AT_PATH(what) (15 << PAIR(what, 0))        /* all pairs with this at the path, as bits of may[] */
#define IN_SLOT(what) (4369 << (1 + (what)))      /* all pairs with this in the slot */

/* The content of the file that is NEW: names can be durable while data isn't. */
#define WHOLE 0
#define DIRTY 1
#define LOST 2                          /* the name came through the power cut, the data did not: 0 bytes */
byte data[N];

inline put(i, pair) { cell[i] = pair; may[i] = may[i] | (1 << cell[i]) }
inline exchange(i)  { put(i, PAIR(SLOT(i) - 1, PATH(i) + 1)) }
/* Barriers are for a set of targets. A cut inside one is a cut before it that happened to spare some. */
inline sync_data(set)  { x = 0; do :: x < N -> if :: HAS(set, x) -> data[x] = (data[x] == DIRTY -> WHOLE : data[x])
                                                  :: else fi; x++ :: else -> break od; x = 0 }
inline sync_names(set) { x = 0; do :: x < N -> if :: HAS(set, x) -> may[x] = 1 << cell[x] :: else fi; x++
                                   :: else -> break od; x = 0 }

/* What only the model knows. */
bool touched[N];                        /* somebody else wrote to it */
bool theirs[N];                         /* and that is still there: no power cut took it away */
bool doomed;                            /* the run was said to have failed: it must not end as committed */
hidden byte x;                          /* scratch within a d_step */

/* ---- the journal ------------------------------------------------------------------------------------------------ */

/* What the records fold to (rule 4 is the store's and isn't modelled). Phases as in journal/run_state.h. */
#define PENDING 0
#define IN_DOUBT 1
#define APPLIED 2
#define UNDO_IN_DOUBT 3
#define UNDONE 4
#define IN_CONFLICT 5
#define SETTLED 6
typedef Journal { byte number; bool back; bool finished; byte phase[N] };
Journal log;                            /* as read: with a tail that may not be durable yet */
Journal disk;                           /* what a power cut leaves */
#if N == 2
#define COPY(to, from) to.number = from.number; to.back = from.back; to.finished = from.finished; \
                       to.phase[0] = from.phase[0]; to.phase[1] = from.phase[1]
#else
#define COPY(to, from) to.number = from.number; to.back = from.back; to.finished = from.finished; \
                       to.phase[0] = from.phase[0]; to.phase[1] = from.phase[1]; to.phase[2] = from.phase[2]
#endif
inline set_phase(set, value) { x = 0; do :: x < N -> if :: HAS(set, x) -> log.phase[x] = value :: else fi; x++
                                         :: else -> break od; x = 0 }
#define IS_PENDING(i)  (log.phase[i] == PENDING)
#define IS_OPEN(i)     (log.phase[i] == PENDING || log.phase[i] == UNDONE)
#define IS_IN_DOUBT(i) (log.phase[i] == IN_DOUBT)
#define IS_APPLIED(i)  (log.phase[i] == APPLIED)
#define IS_UNDOING(i)  (log.phase[i] == UNDO_IN_DOUBT)
#define IS_CONFLICT(i) (log.phase[i] == IN_CONFLICT)
#define HAS_EFFECT(i)  (IS_IN_DOUBT(i) || IS_APPLIED(i) || IS_UNDOING(i))

/* Which way the run goes: odd runs to NEW, even ones to OLD. Undo is the inverse image, so there is one code path. */
#define AIM  (log.number & 1)
#define FROM (1 - AIM)
#define REST (log.number > 0 && log.finished)                    /* rule 7: over iff it has run_finished */
#define WORK (!REST || (!log.back && log.number < RUNS))

/* ---- the end of a run (rules 8 and 9, P4) ------------------------------------------------------------------------ */

/* Checked of each target when a run is over, and again whenever a later life finds it so. A power cut right then must
 * change nothing: every pair that may be on disk is held against the promise. */
#define ALL_DURABLE_AT(i, p) (PATH(i) == (p) && (may[i] & ~AT_PATH(p)) == 0 && (PATH(i) == OLD || data[i] == WHOLE))
inline check_rest() {
    x = 0;
    do
    :: x < N ->
       if
       :: theirs[x] -> assert(PATH(x) == SOMEBODYS || (HAS(TEARABLE, x) && SLOT(x) == 1 + SOMEBODYS));
                       assert(HAS(TEARABLE, x) || (may[x] & IN_SLOT(SOMEBODYS)) == 0)    /* nor after a power cut */
       :: else
       fi;
       if
       :: IS_APPLIED(x) -> assert(!log.back);
                           assert(touched[x] || ALL_DURABLE_AT(x, AIM));
                           assert(touched[x] || HAS(TEARABLE, x) || (DURABLE(x) && SLOT(x) == 1 + FROM))  /* rule 6 */
       :: IS_OPEN(x) -> assert(log.back);
                        assert(touched[x] || ALL_DURABLE_AT(x, FROM))
       :: IS_CONFLICT(x) -> assert(touched[x]);             /* never a conflict with our own work */
                            assert(log.number > 1 || log.back)
       :: log.phase[x] == SETTLED -> assert(touched[x])
       :: else -> assert(false)                             /* over, and still in doubt */
       fi;
       x++
    :: else -> break
    od;
    assert(!doomed || log.back);                            /* the direction is a record, never a guess */
    x = 0
}

/* ---- the executor ----------------------------------------------------------------------------------------------- */

#define FREE 2
byte lease = FREE;                      /* the kernel's lock: dies with its holder */
bool alive[2];                          /* holds the lease and works; losing it ends a life wherever it stands */
byte crashes;

#ifdef ONLY_HARM                        /* broken variants must be seen in what they do, not only in the rule itself */
#define RULE(condition) skip
#else
#define RULE(condition) assert(condition)
#endif

/* A commit: written, then durable. Between the two, others can read what a power cut may still take. A commit that
 * reports an error may have taken effect or not: nothing more is done, only reading again leads out (rule 10). */
inline commit_durable() {
    atomic {
        if
        :: COPY(disk, log)
        :: crashes < CRASHES ->
           crashes++;
           if
           :: COPY(disk, log)           /* it had taken effect */
           :: COPY(log, disk)           /* it had not */
           fi;
#ifndef COMMIT_ERROR_IGNORED
           alive[me] = false
#endif
        fi
    }
}
inline commit_riding() { set_phase(riding, APPLIED); riding = 0 }

/* Looking, for a step of the present run. */
#define INTACT(i)    (PATH(i) != NEW || data[i] != LOST)
#define DISPLACED(i) (!HAS(TEARABLE, i) && PATH(i) != SOMEBODYS && SLOT(i) == 1 + SOMEBODYS)     /* "mixed" */
#define AFTER(i)     (PATH(i) == AIM && INTACT(i) && !DISPLACED(i))
#define BEFORE(i)    (PATH(i) == FROM && INTACT(i) && !DISPLACED(i))
#define NEITHER(i)   (!AFTER(i) && !BEFORE(i) && !DISPLACED(i))

/* Brings step `i` to `to`: look; act; look at what came out (rule 2). A conflict adds it to `bad`. */
#define STAND 0
#define SWAP 1
#define TEAR 2
#define GIVE_BACK 3
inline act_on(i, to) {
    d_step {
        if
        :: HAS(TEARABLE, i) -> move = (PATH(i) == to -> STAND : TEAR)
        :: else ->
           if
           :: SLOT(i) == NOTHING && PATH(i) != to -> move = STAND; bad = bad | BIT(i)            /* no image */
#ifdef NO_LOOK
           :: else -> move = SWAP
#else
           :: DISPLACED(i) -> move = GIVE_BACK
           :: PATH(i) == to && INTACT(i) -> move = STAND                                         /* already so */
           :: PATH(i) == 1 - to && INTACT(i) && SLOT(i) == 1 + to -> move = SWAP
           :: else -> move = STAND; bad = bad | BIT(i)
#endif
           fi
        fi
    };
    if
    :: move == STAND
    :: move == TEAR ->
       d_step { RULE(disk.phase[i] == IN_DOUBT || disk.phase[i] == UNDO_IN_DOUBT);               /* rules 1 and 5 */
                did = did | BIT(i); put(i, PAIR(TORN, SLOT(i))) };
       if
       :: d_step { put(i, PAIR(to, SLOT(i))); move = STAND }
       :: d_step { to == NEW && log.number == 1 -> bad = bad | BIT(i); move = STAND }               /* it fails half way */
       fi
    :: move == SWAP ->
       d_step { RULE(disk.phase[i] == IN_DOUBT || disk.phase[i] == UNDO_IN_DOUBT);
                did = did | BIT(i);
#ifdef IMAGE_CONSUMED
                if :: to == OLD -> put(i, PAIR(OLD, NOTHING)) :: else -> exchange(i) fi
#else
                if :: SLOT(i) != NOTHING -> exchange(i) :: else fi
#endif
              };
#ifdef NO_LOOK_AFTER
       move = STAND
#else
       d_step { move = (SLOT(i) == 1 + SOMEBODYS -> GIVE_BACK : STAND) }
#endif
    :: move == GIVE_BACK
    fi;
    if
    :: move == GIVE_BACK -> d_step { exchange(i); bad = bad | BIT(i); did = did | BIT(i); move = STAND }
    :: else
    fi
}

/* Makes what was done durable before it is recorded (rule 3), and so what was merely seen (rule 8). */
inline barrier_2(set) {
#ifdef NO_BARRIER2
    skip
#elif defined(NO_SYNC_OF_SEEN)
    sync_names((set) & did)
#else
    sync_names(set)
#endif
}
inline sync_of_conflict(set) {
#ifdef NO_SYNC_OF_CONFLICT
    skip
#else
    sync_names(set)
#endif
}

inline sync_of_given_back(set) {
#ifdef NO_SYNC_OF_GIVEN_BACK
    skip
#else
    sync_names(set)
#endif
}

/* The table "going back" of RECOVERY.md for the steps of `set`, all of one window:
 *   before → sync, mark; after, mixed → restore; neither → restore our own tear, else conflict. */
#define TO_MARK(i)    BEFORE(i)
#define TO_RESTORE(i) (AFTER(i) || DISPLACED(i) || (HAS(TEARABLE, i) && NEITHER(i) && !IS_APPLIED(i)))
#define WORTH_SAVING(i) (HAS(TEARABLE, i) && PATH(i) == SOMEBODYS)
inline take_back(set) {
    d_step {
        restore = (set) & EACH(TO_RESTORE);
        mark = (set) & EACH(TO_MARK);
#ifdef NO_LOOK
        restore = set; mark = 0;
#endif
        bad = (set) & ~(restore | mark)
    };
#ifdef CONFLICT_TRIED_AGAIN
    bad = 0;
#endif
    if
    :: bad -> d_step { sync_of_conflict(bad) };
              d_step { set_phase(bad, IN_CONFLICT); bad = 0 };
              commit_durable()
    :: else
    fi;
    d_step { did = 0; barrier_2(mark) };
#ifndef TEAR_NOT_SAVED
    if
    :: restore & EACH(WORTH_SAVING) ->                      /* a tear may be a person's repair: kept as an image */
       d_step { x = 0; do :: x < N -> if :: HAS(restore, x) && WORTH_SAVING(x) -> put(x, PAIR(SOMEBODYS, 1 + SOMEBODYS))
                                         :: else fi; x++ :: else -> break od; x = 0; };
       d_step { sync_names(restore) }
    :: else
    fi;
#endif
#ifndef NO_UNDO_INTENT
    if
    :: restore & ~EACH(IS_UNDOING) -> d_step { set_phase(restore, UNDO_IN_DOUBT) }; commit_durable()
    :: else
    fi;
#endif
    k = 0;
    do
    :: k < N && HAS(restore, k) -> act_on(k, FROM); k++
    :: k < N && !HAS(restore, k) -> k++
    :: k == N -> k = 0; break
    od;
    skip;                                                   /* spin: no jump into a d_step */
    d_step { barrier_2(restore); did = 0 };
    if
    :: restore | mark -> d_step { set_phase((restore | mark) & ~bad, UNDONE); set_phase(bad, IN_CONFLICT);
                                  restore = 0; mark = 0; bad = 0 };
                         commit_durable()
    :: else
    fi
}

/* The step failed for good: the run turns back, and that is a record. A run that takes another back never turns round
 * by itself (rule 11): it names the conflict and goes on. */
inline failed(set, untouched) {
    d_step { sync_of_given_back(set) };
    d_step {
        commit_riding();
        if
        :: log.number == 1 -> back = true; set_phase(untouched, UNDONE);
#ifndef NO_ABORTING_RECORD
                           log.back = true
#endif
        :: else -> set_phase(set, IN_CONFLICT); todo = todo & ~(set)
        fi;
        bad = 0
    };
    commit_durable();
    doomed = back                                           /* only now anybody is told */
}

#define STAGEABLE(i) (BEFORE(i) && (log.number == 1 || HAS(TEARABLE, i) || SLOT(i) == 1 + AIM))
#define TORN_OR_UNDOING(i) (IS_UNDOING(i) || (IS_IN_DOUBT(i) && HAS(TEARABLE, i) && NEITHER(i)))
#define FOREIGN_DOUBT(i) (IS_IN_DOUBT(i) && !HAS(TEARABLE, i) && NEITHER(i))
#define NOT_AS_PLANNED(i) (!AFTER(i))

/* One window going forward, live or after a crash. */
inline window_forward(set) {
    /* In doubt: "neither, tearable → undo, then apply", and an undo that was begun is ended first. */
    if
    :: (set) & EACH(TORN_OR_UNDOING) -> todo = (set) & EACH(TORN_OR_UNDOING); take_back(todo); todo = 0
    :: else
    fi;
    /* "before → apply again; after → sync, mark applied": acting looks first. "Neither, atomic → conflict." */
    d_step { bad = (set) & EACH(FOREIGN_DOUBT) };
    if :: bad -> failed(bad, 0) :: else fi;
    if
    :: !back ->
       /* Stage what is open; barrier 1: data, and names. */
       d_step {
           fresh = (set) & EACH(IS_OPEN);
           bad = fresh & ~EACH(STAGEABLE);
           fresh = fresh & ~bad;
           todo = (set) & EACH(IS_IN_DOUBT)
       };
       k = 0;
       do
       :: k < N && HAS(fresh, k) && !HAS(TEARABLE, k) && log.number == 1 ->
          d_step { put(k, PAIR(PATH(k), 1 + NEW)); data[k] = DIRTY; k++ }
       :: k < N && !(HAS(fresh, k) && !HAS(TEARABLE, k) && log.number == 1) -> k++
       :: k == N -> k = 0; break
       od;
       skip;
#ifndef NO_BARRIER1
       d_step { sync_data(fresh); sync_names(fresh) };
#endif
       if :: bad -> failed(bad, 0) :: else fi
    :: else
    fi;
    if
    :: !back ->
#ifndef INTENT_LATE
       /* One commit: what rides, and all intents. */
       if
       :: riding | fresh -> d_step { commit_riding(); set_phase(fresh, IN_DOUBT); todo = todo | fresh; fresh = 0 };
                            commit_durable()
       :: else
       fi;
#else
       todo = todo | fresh;
#endif
       do
       :: k < N && HAS(todo, k) -> act_on(k, AIM); k++
       :: k < N && !HAS(todo, k) -> k++
       :: k == N -> k = 0; break
       od;
#ifdef INTENT_LATE
       if
       :: riding | fresh -> d_step { commit_riding(); set_phase(fresh, IN_DOUBT); fresh = 0 }; commit_durable()
       :: else
       fi;
#endif
       if :: bad -> failed(bad, bad & ~TEARABLE) :: else fi
    :: else
    fi;
    if
    :: !back ->
       d_step { barrier_2(todo); did = 0 };
       /* Verify; outcomes ride with the next commit, those of tearable steps are committed at once. */
       d_step { bad = todo & EACH(NOT_AS_PLANNED) };
       if :: bad -> failed(bad, 0) :: else fi
    :: else
    fi;
    if
    :: !back -> d_step { riding = riding | todo };
                if
                :: todo & TEARABLE -> d_step { todo = 0; commit_riding() }; commit_durable()
                :: else -> todo = 0
                fi
    :: else -> d_step { todo = 0; fresh = 0; did = 0; bad = 0 }
    fi
}

#define DRIFTED(i) ((IS_APPLIED(i) || HAS(riding, i)) && !AFTER(i))

inline forward() {
    w = 0;
    do
    :: w < WINDOWS && !back -> window_forward(WINDOW(w)); w++
    :: w == WINDOWS || back -> w = 0; break
    od;
    if
    :: back
    :: !back ->                                             /* the last look at the whole plan */
       if
       :: log.number == 1 -> failed(0, 0)                         /* a check of the plan fails */
       :: log.number > 1 || !EACH(DRIFTED) ->
          d_step { commit_riding(); log.finished = true };
          commit_durable();
          d_step { check_rest() }
       fi
    fi
}

inline go_back() {
    w = WINDOWS;                                            /* rule 5: strictly backwards */
    do
    :: w > 0 -> w--;
       if
       :: WINDOW(w) & EACH(HAS_EFFECT) -> todo = WINDOW(w) & EACH(HAS_EFFECT); take_back(todo); todo = 0;
#ifdef CONFLICT_TRIED_AGAIN
                                          w = (WINDOW(w) & EACH(HAS_EFFECT) -> w + 1 : w)
#endif
       :: else
       fi
    :: w == 0 -> break
    od;
    if
    :: log.number == 1 && EACH(IS_OPEN) == (1 << N) - 1 ->     /* all as before: nobody needs the images */
       d_step { x = 0; do :: x < N -> if :: !HAS(TEARABLE, x) && SLOT(x) != NOTHING -> put(x, PAIR(PATH(x), NOTHING))
                                         :: else fi; x++ :: else -> break od; x = 0; }
    :: else
    fi;
    d_step { log.finished = true; log.back = true };        /* with conflicts: incomplete (rule 11) */
    commit_durable();
    d_step { check_rest() }
}

/* `resume --forward` of a run that goes back: an undo that was begun is ended, then the direction turns. */
inline turn_forward() {
    w = WINDOWS;
    do
    :: w > 0 -> w--;
       if
       :: WINDOW(w) & EACH(IS_UNDOING) -> todo = WINDOW(w) & EACH(IS_UNDOING); take_back(todo); todo = 0
       :: else
       fi
    :: w == 0 -> break
    od;
    if
#ifndef TURN_OVER_CONFLICT
    :: EACH(IS_CONFLICT) -> back = true                     /* refused: it goes on back */
#endif
    :: else -> d_step { log.back = false; back = false; doomed = false;
                        set_phase(EACH(IS_OPEN), PENDING) };
               commit_durable()
    fi
}

/* One life of the program, from taking the lease to its end. Recovery is the same loop, entered with records. */
inline life() {
    if
    :: REST || log.number == 0 ->                              /* a new run: `apply`, or `rollback` of the last one */
       d_step { if :: log.number > 0 -> check_rest() :: else fi;
                set_phase(EACH(IS_OPEN) | EACH(IS_CONFLICT) , (log.number == 0 -> PENDING : SETTLED));
                set_phase(EACH(IS_APPLIED), PENDING);
                log.number++; log.finished = false; log.back = false };
       commit_durable()
    :: else ->                                              /* rule 7: the unfinished one is carried on */
       if
       :: back = log.back                                   /* `resume` */
       :: !log.back -> d_step { log.back = true; back = true }                    /* `rollback` */
       :: log.back && !EACH(IS_CONFLICT) -> d_step { back = true; turning = true }  /* `resume --forward` */
       fi;
#ifndef NO_RESUMED_RECORD
       commit_durable();                                    /* run_resumed: what was read is durable from here on */
#endif
       if :: turning -> turning = false; turn_forward() :: else fi
    fi;
    do
    :: !log.finished && !back -> forward()
    :: !log.finished && back -> go_back()
    :: log.finished -> break
    od;
    skip;
    alive[me] = false
}

proctype executor(bit me) {
    byte w, k, move;
    byte todo, fresh, restore, mark, bad, did, riding;      /* sets of steps */
    bool back, turning;
    do
    :: atomic {
#ifdef NO_LEASE
           WORK && !alive[me] ->
#else
           lease == FREE && WORK ->                         /* whoever comes second is refused, or waits */
#endif
           lease = me;
           alive[me] = true; RULE(!alive[1 - me]) };
       { life() } unless { !alive[me] };
       d_step {
#ifndef LEASE_STAYS
                lease = FREE;
#endif
                w = 0; k = 0; move = 0; todo = 0; fresh = 0; restore = 0; mark = 0; bad = 0; did = 0; riding = 0;
                back = false; turning = false }             /* nothing is remembered but what was committed */
    :: d_step { lease == FREE && !WORK && crashes == CRASHES -> check_rest() }; break
    od
}

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
    /* Somebody replaces a file, and doesn't sync. Tearable steps have no look just before: only between two lives. */
    :: atomic { !wrote -> wrote = true;
                if
                :: c = 0
                :: c = 1
#if N == 3
                :: c = 2
#endif
                fi;
                if
                :: !HAS(TEARABLE, c) || lease == FREE ->
                   put(c, PAIR(SOMEBODYS, SLOT(c))); touched[c] = true; theirs[c] = true
                :: else
                fi;
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
