/* Included by backout.pml: the program. Recovery is the same loop as running; nothing is remembered but what was
 * committed. */

/* ---- going back ------------------------------------------------------------------------------------------------- */

/* The table of RECOVERY.md, going back. "Mixed" is restored: what came out is given back. */
#define TO_MARK(i)      BEFORE(i)
#define OWN_TEAR(i)     (IS_TEARABLE(i) && NEITHER(i) && !IS_APPLIED(i))
#define TO_RESTORE(i)   (AFTER(i) || DISPLACED(i) || OWN_TEAR(i))
#define WORTH_SAVING(i) (IS_TEARABLE(i) && PATH(i) == SOMEBODYS)

/* For steps of one window: look; name conflicts; intend; restore; sync; record. */
inline take_back(set) {
    d_step {
#ifdef NO_LOOK
        restore = set;
#else
        restore = (set) & EACH(TO_RESTORE); mark = (set) & EACH(TO_MARK);
#endif
        bad = (set) & ~(restore | mark);
#ifdef CONFLICT_TRIED_AGAIN
        bad = 0
#endif
    };
    if
    :: bad -> d_step { sync_of_conflict(bad) };
              d_step { set_phase(bad, IN_CONFLICT); bad = 0 };
              commit_durable()
    :: else
    fi;
    d_step { barrier_2(mark) };
#ifndef TEAR_NOT_SAVED
    if
    :: restore & EACH(WORTH_SAVING) ->            /* a tear may also be a person's repair: kept as an image */
       d_step { CAN_HAPPEN(7); FOR_EACH(HAS(restore, x) && WORTH_SAVING(x), put(x, PAIR(SOMEBODYS, 1 + SOMEBODYS))) };
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
    act_on_each(restore, FROM);
    d_step { barrier_2(restore); did = 0 };
    if
    :: restore | mark ->
       d_step {
           set_phase((restore | mark) & ~bad, UNDONE);
           set_phase(bad, IN_CONFLICT);
           restore = 0; mark = 0; bad = 0
       };
       commit_durable()
    :: else
    fi
}

inline take_back_windows(set) {
    w = WINDOWS;                                  /* rule 5: strictly backwards */
    do
    :: w > 0 ->
       w--;
       if
       :: WINDOW(w) & (set) ->
          at_hand = WINDOW(w) & (set);
          take_back(at_hand);
          at_hand = 0;
#ifdef CONFLICT_TRIED_AGAIN
          w = (WINDOW(w) & (set) -> w + 1 : w)
#endif
       :: else
       fi
    :: w == 0 -> break
    od
}

inline go_back() {
    take_back_windows(EACH(HAS_EFFECT));
    if
    :: log.number == 1 && EACH(IS_OPEN) == ALL -> /* all as before: nobody needs the images */
       d_step { FOR_EACH(!IS_TEARABLE(x) && SLOT(x) != NOTHING, put(x, PAIR(PATH(x), NOTHING))) }
    :: else
    fi;
    d_step { log.finished = true; log.back = true };         /* with conflicts: incomplete (rule 11) */
    commit_durable();
    d_step { check_rest(); check_witnesses() }
}

/* `resume --forward` of a run that goes back: an undo that was begun is ended, then the direction turns. */
inline turn_forward() {
    take_back_windows(EACH(IS_UNDOING));
    if
#ifndef TURN_OVER_CONFLICT
    :: EACH(IS_CONFLICT) -> back = true           /* refused: it goes on back */
#endif
    :: else ->
       d_step { CAN_HAPPEN(8); log.back = false; back = false; doomed = false; set_phase(EACH(IS_OPEN), PENDING) };
       commit_durable()
    fi
}

/* ---- going forward ---------------------------------------------------------------------------------------------- */

/* A step failed for good. The first run turns back, and that is a record. A run that takes another back never turns
 * round by itself (rule 11): it names the conflict and goes on. Of what was given back, nothing is left to undo. */
inline failed(set, untouched) {
    d_step { sync_of_given_back(set) };
    d_step {
        commit_riding();
        if
        :: log.number == 1 ->
           back = true;
           set_phase(untouched, UNDONE);
#ifndef NO_ABORTING_RECORD
           log.back = true
#endif
        :: else -> set_phase(set, IN_CONFLICT); at_hand = at_hand & ~(set)
        fi;
        bad = 0
    };
    commit_durable();
    doomed = back                                 /* only now anybody is told */
}

#define OWN_DOUBT(i)     (IS_UNDOING(i) || (IS_IN_DOUBT(i) && OWN_TEAR(i)))
#define FOREIGN_DOUBT(i) (IS_IN_DOUBT(i) && !IS_TEARABLE(i) && NEITHER(i))
#define STAGEABLE(i)     (BEFORE(i) && (log.number == 1 || IS_TEARABLE(i) || SLOT(i) == 1 + AIM))
#define NOT_AS_PLANNED(i) (!AFTER(i))

/* What a crash left in doubt. "Neither, tearable: undo, then apply"; an undo that was begun is ended first. */
inline settle_doubts(set) {
    if
    :: (set) & EACH(OWN_DOUBT) -> at_hand = (set) & EACH(OWN_DOUBT); take_back(at_hand); at_hand = 0
    :: else
    fi;
    d_step { bad = (set) & EACH(FOREIGN_DOUBT) };            /* "neither, atomic: conflict" */
    if :: bad -> failed(bad, 0) :: else fi;
    at_hand = (set) & EACH(IS_IN_DOUBT)              /* "before: apply again; after: sync, mark": acting looks first */
}

/* New content is staged by the first run; the others find theirs in the slot. Barrier 1: data, and names (rule 1). */
#define STAGES(i) (HAS(fresh, i) && !IS_TEARABLE(i) && log.number == 1)
inline stage(set) {
    d_step {
        fresh = (set) & EACH(IS_OPEN);
        bad = fresh & ~EACH(STAGEABLE);
        fresh = fresh & ~bad
    };
    do
    :: k < N && STAGES(k) -> d_step { put(k, PAIR(PATH(k), 1 + NEW)); data[k] = DIRTY; k++ }
    :: k < N && !STAGES(k) -> k++
    :: k == N -> k = 0; break
    od;
    skip;
#ifndef NO_BARRIER1
    d_step { sync_data(fresh); sync_names(fresh) };
#endif
    if :: bad -> failed(bad, 0) :: else fi
}

/* One commit for the outcomes that ride and the intents of the window. */
inline commit_intents() {
    if
    :: riding | fresh -> d_step { commit_riding(); set_phase(fresh, IN_DOUBT); fresh = 0 }; commit_durable()
    :: else
    fi
}

inline act() {
    at_hand = at_hand | fresh;
#ifdef INTENT_LATE
    act_on_each(at_hand, AIM);
    commit_intents();
#else
    commit_intents();
    act_on_each(at_hand, AIM);
#endif
    if :: bad -> failed(bad, bad & ~TEARABLE) :: else fi
}

/* Barrier 2, then verify. Outcomes ride with the next commit; those of tearable steps are committed at once. */
inline record_outcomes() {
    d_step { barrier_2(at_hand); did = 0 };
    d_step { bad = at_hand & EACH(NOT_AS_PLANNED) };
    if
    :: bad -> failed(bad, 0)
    :: else
    fi;
    if
    :: !back -> riding = riding | at_hand;
                if
                :: at_hand & TEARABLE -> d_step { commit_riding() }; commit_durable()
                :: else
                fi
    :: else
    fi
}

/* One window in time: every member reaches a line before any member crosses it. */
inline window_forward(set) {
    settle_doubts(set);
    if :: !back -> stage(set) :: else fi;
    if :: !back -> act() :: else fi;
    if :: !back -> record_outcomes() :: else fi;
    d_step { at_hand = 0; fresh = 0; did = 0; bad = 0 }
}

#define DRIFTED(i) ((IS_APPLIED(i) || HAS(riding, i)) && !AFTER(i))

inline forward() {
    do
    :: w < WINDOWS && !back -> window_forward(WINDOW(w)); w++
    :: w == WINDOWS || back -> w = 0; break
    od;
    if
    :: back
    :: !back && log.number == 1 -> failed(0, 0)   /* the last look: a check of the whole plan fails */
    :: !back && (log.number > 1 || !EACH(DRIFTED)) ->
       d_step { commit_riding(); log.finished = true };
       commit_durable();
       d_step { check_rest(); check_witnesses() }
    fi
}

/* ---- a life ----------------------------------------------------------------------------------------------------- */

/* `apply`, or `rollback` of the last run. Steps that the last run didn't do have no part in taking it back. */
inline begin_run() {
    d_step {
        if :: log.number > 0 -> check_rest() :: else fi;
        set_phase(EACH(IS_OPEN) | EACH(IS_CONFLICT), (log.number == 0 -> PENDING : SETTLED));
        set_phase(EACH(IS_APPLIED), PENDING);
        log.number++; log.finished = false; log.back = false
    };
    commit_durable()
}

/* Rule 7: an unfinished run is carried on before anything else is begun. */
inline carry_on() {
    if
    :: back = log.back                                                            /* `resume` */
    :: !log.back -> d_step { log.back = true; back = true }                       /* `rollback`, or `resume --back` */
    :: log.back && !EACH(IS_CONFLICT) -> d_step { back = true; turning = true }   /* `resume --forward` */
    fi;
#ifndef NO_RESUMED_RECORD
    commit_durable();                             /* run_resumed: from here on, what was read is durable */
#endif
    if :: turning -> turning = false; turn_forward() :: else fi
}

inline life() {
    if
    :: REST || log.number == 0 -> begin_run()
    :: else -> carry_on()
    fi;
    do
    :: !log.finished && !back -> forward()
    :: !log.finished && back -> go_back()
    :: log.finished -> break
    od;
    alive[me] = false
}

proctype executor(bit me) {
    byte w, k, move;
    byte at_hand, fresh, restore, mark, bad, did, riding;       /* sets of steps */
    bool back, turning;
    do
    :: atomic {
#ifdef NO_LEASE
           WORK && !alive[me] ->
#else
           lease == FREE && WORK ->               /* P10: whoever comes second is refused, or waits */
#endif
           lease = me; alive[me] = true; RULE(!alive[1 - me])
       };
       { life() } unless { !alive[me] };
       d_step {                                   /* the process is gone, with all that it knew */
#ifndef LEASE_STAYS
           lease = FREE;
#endif
           w = 0; k = 0; move = STAND; at_hand = 0; fresh = 0; restore = 0; mark = 0; bad = 0; did = 0; riding = 0;
           back = false; turning = false
       }
    :: d_step { lease == FREE && !WORK && crashes == CRASHES -> check_rest() }; break
    od
}
