/* Included by backout.pml: lease, commits, looking, acting, barriers. Each d_step is one operation: a crash comes
 * before or after it. */

#define FREE 2
byte lease = FREE;    /* the kernel's lock, freed when its holder is gone */
bool alive[2];        /* works under the lease; losing it ends a life wherever it stands */
byte crashes;

#ifdef ONLY_HARM      /* a broken rule must show in what becomes of the world, not only in the rule itself */
#define RULE(condition) skip
#else
#define RULE(condition) assert(condition)
#endif

/* A commit: written, then durable. Between the two, a later life can read what a power cut may still take. A commit
 * that reports an error may have taken effect or not: nothing more is done, only reading again leads out (rule 10). */
inline commit_durable() {
    atomic {
        if
        :: COPY(disk, log)
        :: crashes < CRASHES ->
           crashes++;
           if
           :: COPY(disk, log)                     /* it had taken effect */
           :: COPY(log, disk)                     /* it had not */
           fi;
#ifndef COMMIT_ERROR_IGNORED
           alive[me] = false
#endif
        fi
    }
}
inline commit_riding() { set_phase(riding, APPLIED); riding = 0 }

/* ---- looking and acting ----------------------------------------------------------------------------------------- */

#define INTACT(i)    (PATH(i) != NEW || data[i] != LOST)
#define DISPLACED(i) (!IS_TEARABLE(i) && PATH(i) != SOMEBODYS && SLOT(i) == 1 + SOMEBODYS)    /* "mixed" */
#define AFTER(i)     (PATH(i) == AIM && INTACT(i) && !DISPLACED(i))
#define BEFORE(i)    (PATH(i) == FROM && INTACT(i) && !DISPLACED(i))
#define NEITHER(i)   (!AFTER(i) && !BEFORE(i) && !DISPLACED(i))

#define STAND 0
#define SWAP 1
#define TEAR 2
#define GIVE_BACK 3

/* Rule 2: looks just before it acts. What isn't as expected is added to `bad`. */
inline choose_move(i, to) {
    if
    :: IS_TEARABLE(i) -> move = (PATH(i) == to -> STAND : TEAR)
    :: else ->
       if
       :: SLOT(i) == NOTHING && PATH(i) != to -> move = STAND; bad = bad | BIT(i)             /* no image */
#ifdef NO_LOOK
       :: else -> move = (SLOT(i) == NOTHING -> STAND : SWAP)
#else
       :: DISPLACED(i) -> move = GIVE_BACK        /* the crash came before the look at what came out */
       :: !DISPLACED(i) && PATH(i) == to && INTACT(i) -> move = STAND                         /* already so (rule 6) */
       :: PATH(i) == 1 - to && INTACT(i) && SLOT(i) == 1 + to -> move = SWAP
       :: else -> move = STAND; bad = bad | BIT(i)
#endif
       fi
    fi
}

/* Rules 1 and 5: the intent, or the undo intent, is durable. */
#define INTENDED(i, to) (disk.number == log.number && disk.phase[i] == ((to) == AIM -> IN_DOUBT : UNDO_IN_DOUBT))

/* Brings step `i` to `to`, and looks at what came out: if it is somebody else's, it is given back. */
inline act_on(i, to) {
    d_step { choose_move(i, to) };
    if
    :: move == STAND
    :: move == TEAR ->
       d_step { RULE(INTENDED(i, to)); did = did | BIT(i); put(i, PAIR(TORN, SLOT(i))) };
       if
       :: d_step { put(i, PAIR(to, SLOT(i))); move = STAND }
       :: d_step { to == NEW && log.number == 1 -> bad = bad | BIT(i); move = STAND }         /* it fails half way */
       fi
    :: move == SWAP ->
       d_step {
           RULE(INTENDED(i, to)); did = did | BIT(i);
#ifdef IMAGE_CONSUMED
           if :: to == OLD -> put(i, PAIR(OLD, NOTHING)) :: else -> exchange(i) fi
#else
           exchange(i)
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
    :: move == GIVE_BACK -> d_step { CAN_HAPPEN(6); exchange(i); bad = bad | BIT(i); did = did | BIT(i); move = STAND }
    :: else
    fi
}
inline act_on_each(set, to) {
    do
    :: k < N && HAS(set, k) -> act_on(k, to); k++
    :: k < N && !HAS(set, k) -> k++
    :: k == N -> k = 0; break
    od;
    skip                                          /* for spin: no jump into a d_step */
}

/* Makes durable what was done (rule 3) and what was merely seen (rule 8) before either is recorded. */
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
