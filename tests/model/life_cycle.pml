/*
 * Tasks that end one by one, cancelling, deleting, copies of earlier work, batches.
 *
 * Job 0 has tasks 0 and 1 and belongs to original 0. Job 1 has task 2 and belongs to original 1, which has the same bytes:
 * accepted after task 0 was made, it is offered a copy of variant 0. With OFFER, job 0's task 1 is offered a copy of a
 * variant that is never deleted. A variant has its task's number. Delivery is abstract: a request is `waiting`, in one
 * hand that may acknowledge it, or done with; path.pml shows that the path below does that much.
 *
 * What the client may do:  CANCEL job 0, DELETE_ORIGINAL 0, DELETE_VARIANT 0, REUSE (job 1 comes later), BATCH (both jobs)
 * Faults:  CRASHES of processors, REBALANCES (leaves a zombie), REPLAYS (Kafka delivers what was acknowledged), LOSSES
 *          (Kafka loses all), READERS (a result is applied twice), CLEANERS (the cleaner dies), BAD (a task is refused),
 *          RETRIES (an attempt fails)
 *
 * The protocol, without any switch:
 *   end of a job     one transaction: state, tasks, event, batch counter; a cleaning row unless every variant has a live row
 *   delete           one transaction: rows marked, offers to them withdrawn, the original's unfinished jobs ended as
 *                    cancelled (as above), event, a cleaning row
 *   cleaner of a job       stop mark, sweep, wait until every execution that began before the mark is over, sweep, forget
 *   cleaner of an original its bytes, sweep of its jobs' variants, the same wait counted from there, sweep, forget
 *   a sweep          removes the blobs of those tasks whose variant has no live row
 *   processor        looks for the mark, then for the original, before it makes or copies anything
 *   results          a task's first end wins while its job is unfinished; anything else is ignored
 *
 * Naive designs, each broken by a counterexample:
 *   MARK_FIRST       cancel leaves the mark before it commits
 *   MARK_AFTER       cancel commits, and its request leaves the mark afterwards; no cleaner
 *   NO_MARK          the cleaner sweeps twice, and leaves no mark
 *   LATE_SWEEPS      with NO_MARK: besides, each late answer to an ended job has it cleaned again
 *   ONE_SWEEP        the cleaner leaves the mark and sweeps once
 *   ROWS_ONLY        delete removes the blobs of those rows that there are
 *   VARIANT_ONCE     a variant that is deleted is removed from the store once
 *   BYTES_FIRST      delete removes the bytes before it marks the row
 *   COPY_FIRST       a processor copies what it is offered before it looks for the original
 *   LATE_ROWS        results add their variants' rows whether their job has ended or not
 *   LATE_OFFERS      a task's success is offered for reuse whether its row is live or not
 *   COUNT_TASKS      a job counts the ends of its tasks
 *   GC_TAKES_MARKS   `icecube gc` takes a mark, which has no row, for garbage
 *   STRICT_COPY      not a design: asks whether a copy is ever taken from a variant that is deleted already
 */
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef REBALANCES
#define REBALANCES 0
#endif
#ifndef REPLAYS
#define REPLAYS 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef READERS
#define READERS 0
#endif
#ifndef CLEANERS
#define CLEANERS 0
#endif
#ifndef BAD
#define BAD 0
#endif
#ifndef RETRIES
#define RETRIES 0
#endif

#ifdef BATCH
#define BATCHED true
#else
#define BATCHED false                /* each job alone: the counter tells nothing */
#endif
#define OPEN 0                       /* jobs and tasks */
#define DONE 1
#define BROKE 2
#define CANCELLED 3
#define LIVE 1                       /* rows: 0 none yet */
#define DELETED 2
#define PROGRESS 0                   /* results */
#define ANSWER 1
#define STOPPED 2
#define MISSING 3
#define AGAIN 4

/* PostgreSQL */
byte job[2], task[3], row[3], original[2], ends[2], attempt[2];
bool known[2], offer = false, offered = false;
byte batch_open = 2, batch_ends = 0, cleaning[2], cleaning_original = 0, sweep_variant = 0;
byte counted = 0;                    /* COUNT_TASKS */
byte listed = 0;                     /* ROWS_ONLY */

/* The blob store */
bool blob[3], bytes[2], mark[2];

/* Kafka */
bool waiting[2];
chan results = [4] of { byte, byte, byte, byte };   /* kind, job, tasks made, tasks refused */

/* Processors: 0 idle, 1 has the request, 2 may make, 3 a task's end is to be told, 4 knows its answer, 5 has answered */
byte at[2], his[2], made[2], refused[2], answer[2], telling[2];
bool mine[2];                        /* whether it may still acknowledge */
byte old[2];                         /* bit 0: began before the job's mark; bit 1: before the original's bytes went */

bool calm = false, asked_cancel = false, asked_original = false, asked_variant = false, marked_first = false;
byte crashes = CRASHES, rebalances = REBALANCES, replays = REPLAYS, losses = LOSSES, readers = READERS, cleaners = CLEANERS,
     bad = BAD, retries = RETRIES;
byte k, j, m, r, t;                  /* of the step under way */

#define HAS(p, x) ((made[p] | refused[p]) & (1 << (x)))
#define ALL_MADE(p) ((his[p] == 0 && HAS(p, 0) && HAS(p, 1)) || (his[p] == 1 && HAS(p, 2)))
#define TASKS_ENDED(x) ((x == 0 && task[0] && task[1]) || (x == 1 && task[2]))
#define TASKS_DONE(x) ((x == 0 && task[0] == DONE && task[1] == DONE) || (x == 1 && task[2] == DONE))
#define ALL_LIVE(x) ((x == 0 && row[0] == LIVE && row[1] == LIVE) || (x == 1 && row[2] == LIVE))

inline end_job(x, s) {               /* the one place where jobs end; in the caller's transaction */
    assert(job[x] == OPEN && (s != DONE || TASKS_DONE(x)));
    job[x] = s; ends[x]++;
    if
    :: x == 0 && !task[0] -> task[0] = s
    :: else
    fi;
    if
    :: x == 0 && !task[1] -> task[1] = s
    :: else
    fi;
    if
    :: x == 1 && !task[2] -> task[2] = s
    :: else
    fi;
    printf("    job %d has ended as %d (1 completed, 2 failed, 3 cancelled)\n", x, s);
    assert(ends[x] == 1);
    batch_open--;
    if
    :: batch_open == 0 -> batch_ends++; assert((batch_ends == 1 || !BATCHED) && (!BATCHED || (job[0] && job[1])))
    :: else
    fi;
#if !defined(MARK_AFTER) && !defined(ROWS_ONLY)
    if
    :: !ALL_LIVE(x) -> cleaning[x] = 1
    :: else
    fi
#endif
}

inline end_task(x, s) {
    if
    :: task[x] == OPEN ->
        task[x] = s;
        if
        :: s == DONE -> row[x] = LIVE
        :: else
        fi;
#ifndef LATE_OFFERS
        if
        :: s == DONE && x == 0 -> offer = true
        :: else
        fi
#endif
    :: else
    fi;
#ifdef LATE_OFFERS
    if
    :: s == DONE && x == 0 -> offer = true
    :: else
    fi
#endif
}

inline end_tasks() {                 /* m made, r refused; each is looked at whatever the job */
    t = 0;
    do
    :: t < 3 ->
        if
        :: m & (1 << t) -> end_task(t, DONE)
        :: r & (1 << t) -> end_task(t, BROKE)
        :: else
        fi;
        t++
    :: else -> t = 0; break
    od
}

inline apply() {
    printf("result applied: kind %d (0 progress, 1 answer, 2 stopped, 3 missing, 4 again), job %d, made %d, refused %d\n", k, j, m, r);
#ifdef LATE_ROWS
    if
    :: m & 1 && !row[0] -> row[0] = LIVE
    :: else
    fi;
    if
    :: m & 2 && !row[1] -> row[1] = LIVE
    :: else
    fi;
#endif
#ifdef LATE_OFFERS
    if
    :: m & 1 -> offer = true
    :: else
    fi;
#endif
    if
    :: job[j] != OPEN ->
#ifdef LATE_SWEEPS
        if
        :: k != PROGRESS && !ALL_LIVE(j) -> cleaning[j] = 1
        :: else
        fi
#else
        skip
#endif
    :: else ->
        end_tasks();
#ifdef COUNT_TASKS
        if
        :: k == PROGRESS && j == 0 ->
            counted++;
            if
            :: counted == 2 -> end_job(0, DONE)
            :: else
            fi
        :: else
        fi;
#else
        if
        :: TASKS_ENDED(j) && TASKS_DONE(j) -> end_job(j, DONE)
        :: TASKS_ENDED(j) && !TASKS_DONE(j) -> end_job(j, BROKE)
        :: !TASKS_ENDED(j) && k == STOPPED -> assert(false)  /* a job that nobody has cancelled is stopped */
        :: !TASKS_ENDED(j) && k == MISSING -> end_job(j, BROKE)
        :: !TASKS_ENDED(j) && k == AGAIN -> attempt[j]++; waiting[j] = true
        :: !TASKS_ENDED(j) && k <= ANSWER -> skip
        fi;
#endif
    fi;
    k = 0; j = 0; m = 0; r = 0
}

inline sweep(x) {
    if
    :: x == 0 && row[0] != LIVE -> blob[0] = false
    :: else
    fi;
    if
    :: x == 0 && row[1] != LIVE -> blob[1] = false
    :: else
    fi;
    if
    :: x == 1 && row[2] != LIVE -> blob[2] = false
    :: else
    fi
}

inline began_before(x, which) {
    if
    :: at[0] >= 2 && at[0] <= 3 && his[0] == x -> old[0] = old[0] | which
    :: else
    fi;
    if
    :: at[1] >= 2 && at[1] <= 3 && his[1] == x -> old[1] = old[1] | which
    :: else
    fi
}
#define GRACE_OVER(which) (!((old[0] | old[1]) & (which)))

inline lay_down(p) {
    at[p] = 0; his[p] = 0; made[p] = 0; refused[p] = 0; answer[p] = 0; telling[p] = 0; mine[p] = false; old[p] = 0
}

#ifdef COPY_FIRST
#define ORIGINAL_SEEN(p) true
#else
#define ORIGINAL_SEEN(p) bytes[his[p]]
#endif
#ifdef OFFER
#define COPIES(x) (x == 1)
#else
#define COPIES(x) false
#endif

inline make(p, x) {
    if
#ifdef COPY_FIRST
    :: !COPIES(x) && !bytes[his[p]] -> answer[p] = MISSING; at[p] = 4
    :: COPIES(x) || bytes[his[p]] ->
#else
    :: true ->                       /* it has the original in hand, whatever became of it since */
#endif
#ifdef STRICT_COPY
        if
        :: x == 2 && offered && blob[0] -> assert(row[0] == LIVE)
        :: else
        fi;
#endif
        blob[x] = true; made[p] = made[p] | (1 << x); telling[p] = 1 << x; at[p] = 3;
        printf("processor %d stores variant %d\n", p, x)
    :: bad && !calm && x == 1 ->
        bad--; refused[p] = refused[p] | (1 << x); telling[p] = 1 << x; at[p] = 3; printf("processor %d refuses task %d\n", p, x)
    fi
}

inline processor_steps(p) {
    if
    :: at[p] == 0 && waiting[0] -> waiting[0] = false; his[p] = 0; mine[p] = true; at[p] = 1; printf("processor %d takes job 0\n", p)
    :: at[p] == 0 && waiting[1] -> waiting[1] = false; his[p] = 1; mine[p] = true; at[p] = 1; printf("processor %d takes job 1\n", p)
    :: at[p] == 1 ->
        if
        :: mark[his[p]] -> answer[p] = STOPPED; at[p] = 4; printf("processor %d sees the stop mark\n", p)
        :: !mark[his[p]] && !ORIGINAL_SEEN(p) -> answer[p] = MISSING; at[p] = 4; printf("processor %d misses the original\n", p)
        :: !mark[his[p]] && ORIGINAL_SEEN(p) -> at[p] = 2; printf("processor %d sees no mark\n", p)
        fi
    :: at[p] == 2 && his[p] == 0 && !HAS(p, 0) -> make(p, 0)
    :: at[p] == 2 && his[p] == 0 && !HAS(p, 1) -> make(p, 1)
    :: at[p] == 2 && his[p] == 1 && !HAS(p, 2) -> make(p, 2)
    :: at[p] == 2 && ALL_MADE(p) -> answer[p] = ANSWER; at[p] = 4
    :: at[p] == 2 && !ALL_MADE(p) && retries && !calm -> retries--; answer[p] = AGAIN; at[p] = 4; printf("processor %d fails this attempt\n", p)
    :: at[p] == 3 && nfull(results) ->
        results ! PROGRESS, his[p], made[p] & telling[p], refused[p] & telling[p]; telling[p] = 0; at[p] = 2
    :: at[p] == 4 && nfull(results) ->
        results ! answer[p], his[p], made[p], refused[p]; at[p] = 5; printf("processor %d answers %d\n", p, answer[p])
    :: at[p] == 5 -> lay_down(p)
    :: at[p] && crashes && !calm ->
        crashes--;
        if
        :: mine[p] -> waiting[his[p]] = true
        :: else
        fi;
        lay_down(p); printf("processor %d dies\n", p)
    :: at[p] && mine[p] && rebalances && !calm ->
        rebalances--; mine[p] = false; waiting[his[p]] = true; printf("processor %d loses its partition, and works on\n", p)
    fi
}
#define processor_can(p) ((at[p] == 0 && (waiting[0] || waiting[1])) || at[p] == 1 || at[p] == 2 || \
                          (at[p] >= 3 && at[p] <= 4 && nfull(results)) || at[p] == 5 || (at[p] && (crashes || rebalances) && !calm))
#define NOBODY_HAS(x) (!waiting[x] && !(at[0] && his[0] == x && mine[0]) && !(at[1] && his[1] == x && mine[1]))

active proctype system() {
    bytes[0] = true; bytes[1] = true; original[0] = LIVE; original[1] = LIVE; known[0] = true; waiting[0] = true;
#ifdef BATCH
    known[1] = true; waiting[1] = true;
#else
    batch_open = 1;
#endif
    do
    :: atomic { processor_can(0) -> processor_steps(0) }
    :: atomic { processor_can(1) -> processor_steps(1) }

    /* results, and one applied twice */
    :: atomic { nempty(results) -> results ? k, j, m, r; apply() }
    :: atomic { nempty(results) && readers && !calm -> readers--; results ? <k, j, m, r>; apply() }

    /* Kafka */
    :: atomic { replays && !calm && NOBODY_HAS(0) -> replays--; waiting[0] = true; printf("Kafka delivers job 0 again\n") }
    :: atomic { losses && !calm ->
        losses--; waiting[0] = false; waiting[1] = false; mine[0] = false; mine[1] = false;
        do
        :: nempty(results) -> results ? k, j, m, r
        :: else -> k = 0; j = 0; m = 0; r = 0; break
        od;
        printf("Kafka loses everything\n") }
    /* the reconciler: nobody has the request, and every answer is applied */
    :: atomic { known[0] && job[0] == OPEN && NOBODY_HAS(0) && empty(results) -> waiting[0] = true; printf("job 0 is asked for again\n") }
    :: atomic { known[1] && job[1] == OPEN && NOBODY_HAS(1) && empty(results) -> waiting[1] = true; printf("job 1 is asked for again\n") }

    /* the client */
#ifdef CANCEL
#ifdef MARK_FIRST
    :: atomic { !asked_cancel && !calm && job[0] == OPEN -> asked_cancel = true; marked_first = true; mark[0] = true; printf("cancel: mark left\n") }
    :: atomic { marked_first && job[0] == OPEN -> marked_first = false; end_job(0, CANCELLED); printf("cancel: committed\n") }
    :: atomic { marked_first && !calm -> marked_first = false; printf("cancel: the API process dies before it commits\n") }
#else
    :: atomic { !asked_cancel && !calm && job[0] == OPEN ->
        asked_cancel = true; end_job(0, CANCELLED); printf("cancel: committed\n");
#ifdef MARK_AFTER
        marked_first = true;
#endif
        skip }
#ifdef MARK_AFTER
    :: atomic { marked_first -> marked_first = false; mark[0] = true; printf("cancel: mark left\n") }
    :: atomic { marked_first && !calm -> marked_first = false; printf("cancel: the API process dies before it leaves the mark\n") }
#endif
#endif
#endif
#ifdef DELETE_VARIANT
#ifdef BYTES_FIRST
    :: atomic { !asked_variant && !calm && row[0] == LIVE -> asked_variant = true; blob[0] = false; printf("delete: bytes of variant 0 removed\n") }
    :: atomic { asked_variant && row[0] == LIVE -> row[0] = DELETED; offer = false; printf("delete: row of variant 0 marked\n") }
#else
    :: atomic { !asked_variant && !calm && row[0] == LIVE ->
        asked_variant = true; row[0] = DELETED; offer = false; sweep_variant = 1; printf("variant 0 is deleted\n");
#ifndef VARIANT_ONCE
        if
        :: job[0] != OPEN -> cleaning[0] = 1
        :: else -> skip              /* the end of the job will see to it */
        fi;
#endif
        skip }
    :: atomic { sweep_variant -> sweep_variant = 0; assert(row[0] != LIVE); blob[0] = false; printf("bytes of variant 0 removed\n") }
#endif
#endif
#ifdef DELETE_ORIGINAL
    :: atomic { !asked_original && !calm ->
        asked_original = true; original[0] = DELETED; listed = (row[0] == LIVE) + 2 * (row[1] == LIVE); offer = false;
        if
        :: row[0] == LIVE -> row[0] = DELETED
        :: else
        fi;
        if
        :: row[1] == LIVE -> row[1] = DELETED
        :: else
        fi;
        if
        :: job[0] == OPEN -> end_job(0, CANCELLED)
        :: else
        fi;
        cleaning_original = 1; printf("original 0 is deleted\n") }
#endif
#ifdef REUSE
    :: atomic { !known[1] -> known[1] = true; waiting[1] = true; batch_open++; offered = offer; printf("job 1 accepted, offered a copy: %d\n", offered) }
#endif

    /* the cleaner of job 0 */
    :: atomic { cleaning[0] == 1 ->
#ifndef NO_MARK
        mark[0] = true; printf("cleaner: mark of job 0\n");
#endif
        began_before(0, 1); cleaning[0] = 2 }
    :: atomic { cleaning[0] == 2 -> sweep(0); cleaning[0] = 3; printf("cleaner: sweeps job 0\n");
#ifdef ONE_SWEEP
        cleaning[0] = 0;
#endif
        skip }
    :: atomic { cleaning[0] == 3 && GRACE_OVER(1) -> sweep(0); cleaning[0] = 0; printf("cleaner: grace is over, sweeps job 0 again\n") }
    :: atomic { cleaning[0] > 1 && cleaners && !calm -> cleaners--; cleaning[0] = 1; printf("the cleaner dies\n") }
#ifdef GC_TAKES_MARKS
    :: atomic { mark[0] && !cleaning[0] && !calm -> mark[0] = false; printf("gc removes the mark\n") }
#endif
    /* of job 1, in one step: nobody deletes there, this is for tasks that broke */
    :: atomic { cleaning[1] == 1 && !(his[0] == 1 && at[0]) && !(his[1] == 1 && at[1]) -> mark[1] = true; sweep(1); cleaning[1] = 0 }

    /* the cleaner of original 0 */
    :: atomic { cleaning_original == 1 -> bytes[0] = false; began_before(0, 2); cleaning_original = 2; printf("cleaner: bytes of original 0 removed\n") }
    :: atomic { cleaning_original == 2 ->
#ifdef ROWS_ONLY
        if
        :: listed & 1 -> blob[0] = false
        :: else
        fi;
        if
        :: listed & 2 -> blob[1] = false
        :: else
        fi;
#else
        sweep(0);
#endif
        cleaning_original = 3; printf("cleaner: sweeps original 0\n");
#ifdef ONE_SWEEP
        cleaning_original = 0;
#endif
        skip }
    :: atomic { cleaning_original == 3 && GRACE_OVER(2) ->
#ifdef ROWS_ONLY
        if
        :: listed & 1 -> blob[0] = false
        :: else
        fi;
        if
        :: listed & 2 -> blob[1] = false
        :: else
        fi;
#else
        sweep(0);
#endif
        cleaning_original = 0; printf("cleaner: grace is over, sweeps original 0 again\n") }
    :: atomic { cleaning_original > 1 && cleaners && !calm -> cleaners--; cleaning_original = 1; printf("the cleaner dies\n") }

    :: atomic { !calm -> calm = true }
    :: else -> break
    od;
    /* quiet */
    printf("quiet: jobs %d %d, rows %d %d %d, blobs %d %d %d, originals %d %d\n", job[0], job[1], row[0], row[1], row[2], blob[0], blob[1], blob[2], bytes[0], bytes[1]);
    assert(job[0] && (!known[1] || job[1] == DONE));            /* every job ends, the other's as if nothing had been deleted */
    assert(batch_open == 0 && (batch_ends == 1 || !BATCHED));      /* a batch ends, once */
    assert(blob[0] == (row[0] == LIVE) && blob[1] == (row[1] == LIVE) && blob[2] == (row[2] == LIVE)); /* nothing left behind */
    assert(bytes[0] == (original[0] == LIVE) && bytes[1] == (original[1] == LIVE))
}

/* What has a live row can be read; nothing hangs on a deleted original; only living variants are offered */
active proctype watch() {
    atomic { !( (row[0] != LIVE || blob[0]) && (row[1] != LIVE || blob[1]) && (row[2] != LIVE || blob[2]) &&
                (original[0] == LIVE || (row[0] != LIVE && row[1] != LIVE)) && (!offer || row[0] == LIVE) ) -> assert(false) }
}
